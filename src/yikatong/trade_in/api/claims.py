"""How every party finds a claim and moves it: within its region, under what it may state, each step once."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from yikatong.access import service as access
from yikatong.access.model import Reason as AccessReason
from yikatong.cards import service as cards
from yikatong.cards.model import Reason as CardsReason
from yikatong.cards.model import Resident, Terms, Vault
from yikatong.catalogue import service as catalogue
from yikatong.catalogue.model import Reason as CatalogueReason
from yikatong.kernel.ids import ResidentId
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Reason as AnyReason
from yikatong.kernel.outcomes import Refused
from yikatong.payouts.model import Reason as PayoutReason
from yikatong.places.model import enclosing_codes
from yikatong.plumbing.database import Connection
from yikatong.plumbing.http import Call, CallerKind, Refusal, read_or_refuse
from yikatong.programmes.model import Reason as ProgrammeReason
from yikatong.trade_in import service
from yikatong.trade_in.api.shapes import StepAnswer, show_step
from yikatong.trade_in.model import (
    PROGRAMME,
    Act,
    Acted,
    Actor,
    Application,
    ChainTerms,
    Deed,
    KeptClaim,
    Order,
    PreparedSale,
    Qualified,
    Reason,
)
from yikatong.trade_in.outside import VehicleRegister

T = TypeVar("T")

OwnCommit = Callable[[], AbstractAsyncContextManager[Connection]]
"""Opens a transaction that commits by itself, whatever becomes of the call's."""

Admit = Callable[[Application], Awaitable[Qualified | Refused]]
"""Brings an application to its end, in commits of its own."""

STATED: Mapping[Act, frozenset[str]] = {
    Act.QUALIFY: frozenset(
        {
            "old_battery",
            "new_battery",
            "bought_on",
            "channel",
            "old_registered_on",
            "old_owner_is_applicant",
            "old_is_plated",
            "pledge_is_given",
        }
    ),
    Act.SUBMIT: frozenset({"evidence"}),
    Act.RECEIVE_OLD: frozenset({"battery_is_checked"}),
    Act.SELL: frozenset(
        {"new_battery", "channel", "new_is_certified", "invoice_names_applicant", "new_owner_is_applicant"}
    ),
    Act.REGISTER_NEW: frozenset({"new_owner_is_applicant"}),
    Act.CHECK: frozenset(
        {
            "evidence",
            "reference_price",
            "old_owner_is_applicant",
            "new_owner_is_applicant",
            "invoice_names_applicant",
            "new_is_certified",
            "old_is_plated",
            "pledge_is_given",
            "battery_is_checked",
        }
    ),
}
"""What a party may state with its step; everything else the platform knows from its own rows, or somebody else says."""

PLACES: tuple[AnyReason, ...] = (AccessReason.REGION_IS_OUT_OF_SCOPE, AccessReason.DIVISION_IS_OUT_OF_SCOPE)
"""How every route that names a place may refuse."""

SCOPE: tuple[AnyReason, ...] = (Reason.CLAIM_IS_UNKNOWN, *PLACES)
"""How every route that names a claim may refuse."""

MOVED: tuple[AnyReason, ...] = (
    *SCOPE,
    Reason.DEED_IS_ANOTHER,
    CardsReason.PERSON_IS_ERASED,
    Reason.CLAIM_WAS_RESUMED,
    Reason.CLAIM_IS_PAID_IN_ANOTHER_WAY,
    Reason.CLAIM_IS_IN_ANOTHER_STATE,
    Reason.OLD_BIKE_IS_IN_ANOTHER_STATE,
    Reason.PLATE_IS_IN_ANOTHER_STATE,
    Reason.NEW_BIKE_IS_IN_ANOTHER_STATE,
    Reason.STEP_IS_IN_THE_FUTURE,
    Reason.STEP_IS_BEFORE_THE_ONE_IT_FOLLOWS,
    Reason.CLAIM_IS_WITH_ANOTHER_PARTY,
    Reason.SALE_IS_BEING_PAID,
)
"""How every route that moves a claim may refuse besides."""


LEAVES_ROSTER: tuple[AnyReason, ...] = (
    PayoutReason.PAYOUT_LINE_HAS_ENDED,
    PayoutReason.PAYOUT_BATCH_IS_IN_ANOTHER_STATE,
    PayoutReason.ROSTER_IS_UNKNOWN,
)
"""How a route may refuse besides that takes a claim off its roster."""


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """What handlers of claims work with."""

    chain: ChainTerms
    vault: Vault
    vehicles: VehicleRegister
    own_commit: OwnCommit
    admit: Admit

    @property
    def bucket_count(self) -> int:
        """How many buckets residents lie in."""
        return self.chain.bucket_count

    @property
    def residents(self) -> Terms:
        """By which terms residents are found."""
        return Terms(bucket_count=self.bucket_count)

    @property
    def decided(self) -> tuple[AnyReason, ...]:
        """How a route may refuse whose step the formula decides."""
        return (*ProgrammeReason, *self.chain.shelf.newest_formula(PROGRAMME).order)

    async def get_claim(self, call: Call) -> KeptClaim:
        """The claim that an address names, if its place lies in the caller's region and divisions.

        Refuses, in this order: CLAIM_IS_UNKNOWN, REGION_IS_OUT_OF_SCOPE, DIVISION_IS_OUT_OF_SCOPE.
        """
        claim_id = read_or_refuse("claim", call.path["claim_id"], reason=Reason.CLAIM_IS_UNKNOWN)
        return verify_claim(call, await service.get_claim(call.conn, claim_id=claim_id, bucket_count=self.bucket_count))

    async def get_claim_of_code(self, call: Call, code: str) -> KeptClaim:
        """The claim for which a vehicle counts. Refuses as `get_claim`."""
        return verify_claim(call, await service.get_claim_of_code(call.conn, code=code, bucket_count=self.bucket_count))

    async def get_claim_of_resident(self, call: Call, resident_id: ResidentId) -> KeptClaim:
        """The claim that an address names, if it is this resident's. Refuses CLAIM_IS_UNKNOWN, also for another's."""
        claim_id = read_or_refuse("claim", call.path["claim_id"], reason=Reason.CLAIM_IS_UNKNOWN)
        kept = await service.get_claim(call.conn, claim_id=claim_id, bucket_count=self.bucket_count)
        if kept.claim.resident_id != resident_id:
            raise Refused(Reason.CLAIM_IS_UNKNOWN)
        return kept

    async def get_resident_to_look_at(self, call: Call) -> Resident:
        """The resident that an address names, to an operator. Refuses as `cards.get_resident_to_look_at`."""
        return await cards.get_resident_to_look_at(
            call.conn,
            caller=call.by(),
            shown_id=call.path["resident_id"],
            vault=self.vault,
            terms=self.residents,
            now=call.now,
        )

    async def find_sale(self, call: Call, kept: KeptClaim) -> PreparedSale | None:
        """The sale that waits to be paid under a claim, or None."""
        claim_id = kept.claim.claim_id
        return await service.find_prepared_sale(call.conn, claim_id=claim_id, bucket_count=self.bucket_count)

    async def with_new_code(
        self, call: Call, kept: KeptClaim, code: str, sell: Callable[[], Awaitable[T | Refused]]
    ) -> T | Refused:
        """Sell a bike whose code was claimed in a commit of its own; where it is refused, the bike is free again.

        The call's own transaction is open still, and may have the code locked: then its term frees it.
        """
        claim_id = kept.claim.claim_id
        async with self.own_commit() as conn:
            await service.claim_new_code(conn, claim_id=claim_id, code=code, chain=self.chain, now=call.now)
        try:
            sold = await sell()
        except Refused:
            await self._free_code(claim_id, code)
            raise
        if isinstance(sold, Refused):
            await self._free_code(claim_id, code)
        return sold

    async def _free_code(self, claim_id: UUID, code: str) -> None:
        async with self.own_commit() as conn:
            await service.free_new_code(conn, claim_id=claim_id, code=code)

    async def act(
        self,
        call: Call,
        kept: KeptClaim,
        act: Act,
        actor: Actor,
        *,
        by: UUID,
        request_id: UUID,
        on: date | None = None,
        stated: Mapping[str, str] | None = None,
        deed: Mapping[str, Any] | None = None,
        **parts: Any,
    ) -> Acted | Refused:
        """Do a step of a party on a claim, today unless another day is said.

        Refuses FACT_IS_NOT_FOR_THIS_PARTY, then as `service.act`; what the formula refused is kept.
        """
        order = Order(
            request_id=request_id,
            claim_id=kept.claim.claim_id,
            deed=Deed(act=act, actor=actor, by=by, on=on or day_of(call.now), **(deed or {})),
            facts=verify_stated(act, stated or {}),
            **parts,
        )
        acted = await service.act(
            call.conn, order=order, chain=self.chain, vault=self.vault, now=call.now, ids=call.ids
        )
        call.concerns(kept.claim.resident_id)
        return acted

    async def move(
        self, call: Call, kept: KeptClaim, act: Act, actor: Actor, *, by: UUID, request_id: UUID, **parts: Any
    ) -> StepAnswer | Refusal:
        """Do a step as `act`, and show what it came to."""
        return show_acted(await self.act(call, kept, act, actor, by=by, request_id=request_id, **parts))


def show_acted(acted: Acted | Refused) -> StepAnswer | Refusal:
    """What a step came to; a refusal with what it keeps."""
    return Refusal(acted) if isinstance(acted, Refused) else show_step(acted.kept, acted.change)


def verify_place(call: Call, place: str) -> str:
    """A place of the caller's region and divisions.

    Divisions bound operators; the staff of a store and the system of a police force serve the whole region.
    Refuses, in this order: REGION_IS_OUT_OF_SCOPE, DIVISION_IS_OUT_OF_SCOPE.
    """
    if call.by().region not in enclosing_codes(place):
        raise Refused(AccessReason.REGION_IS_OUT_OF_SCOPE)
    if call.by().kind is CallerKind.OPERATOR:
        access.verify_division(call.by(), division=place)
    return place


def verify_claim(call: Call, kept: KeptClaim) -> KeptClaim:
    """A claim whose place is the caller's; who looks or moves is recorded for its resident. As `verify_place`."""
    verify_place(call, kept.place)
    call.concerns(kept.claim.resident_id)
    return kept


def read_after(after: str | None) -> UUID:
    """After which claim a page of claims begins. Refuses CLAIM_IS_UNKNOWN."""
    return UUID(int=0) if after is None else read_or_refuse("claim", after, reason=Reason.CLAIM_IS_UNKNOWN)


def verify_stated(act: Act, facts: Mapping[str, str]) -> dict[str, str]:
    """The facts, if this step states them. Refuses FACT_IS_NOT_FOR_THIS_PARTY and names the others."""
    wrong = sorted(facts.keys() - STATED.get(act, frozenset()))
    if wrong:
        raise Refused(Reason.FACT_IS_NOT_FOR_THIS_PARTY, facts=", ".join(wrong))
    return dict(facts)


def verify_bike(code: str, *, expected: str) -> str:
    """The code of a bike that is at hand, if it is the claim's. Refuses VEHICLE_IS_ANOTHER."""
    if code != expected:
        raise Refused(Reason.VEHICLE_IS_ANOTHER)
    return code


def provider_of(call: Call) -> UUID:
    """The store or recycler whose staff calls."""
    provider_id = call.by().provider_id
    assert provider_id is not None, "a member of staff works for a provider"
    return provider_id


async def credit_code_of(call: Call) -> str:
    """The credit code of the store or recycler whose staff calls. Refuses PROVIDER_IS_UNKNOWN."""
    caller = call.by()
    provider = await catalogue.get_provider(call.conn, region=caller.region, provider_id=provider_of(call))
    return provider.credit_code


PROVIDER: tuple[AnyReason, ...] = (CatalogueReason.PROVIDER_IS_UNKNOWN,)
"""How every route of a store or recycler may refuse besides."""
