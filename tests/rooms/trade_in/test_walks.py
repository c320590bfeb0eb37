"""Everybody's deeds at once on the real database: no fen is lost, no vehicle counts twice, no state is skipped.

Several people act at the same moment, each in a transaction of its own, whole or not at all; what may be refused is
tried too. After each moment the budget is counted, and at the end of a walk the audit is asked.
"""

import asyncio
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest

from tests.support.builders.chain import STATED, Place, a_code
from tests.support.builders.ledger import IDS
from yikatong.cards.model import Registered
from yikatong.kernel.ids import show_id
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Refused
from yikatong.ledger.model import AccountKind, AccountName, name_account, owner_of
from yikatong.plumbing.database import Database
from yikatong.trade_in import audit, service
from yikatong.trade_in.model import (
    MOVES,
    Act,
    Acted,
    Actor,
    ClaimState,
    KeptClaim,
    Mode,
    NewState,
    OldState,
    PlateState,
    Qualified,
)

pytestmark = pytest.mark.anyio

ONE = 50_000
FUNDED = 4 * ONE
MOMENTS = 45
AT_ONCE = 3
LATER = "{kind: claim_later, paid_by: treasury, clause: notice}"
AT_SALE = "{kind: deduct_at_sale, clause: notice}"
TWICE = "{count: 2, per: scheme, clause: notice}"
NOT_BY_ACT = (Act.QUALIFY, Act.DEDUCT, Act.UNDO_DEDUCTION)


class Walk:
    """One place, three residents, four old bikes and three new ones, too little money, a few weeks."""

    def __init__(self, place: Place, *, seed: int, residents: list[Registered]) -> None:
        self.place = place
        self.random = Random(seed)
        self.residents = residents
        self.old_codes = [a_code() for _ in range(4)]
        self.new_codes = [a_code() for _ in range(3)]
        self.claims: dict[UUID, KeptClaim] = {}
        self.acts: set[Act] = set()
        self.clearing: AccountName = name_account(
            owner_of("roster", IDS.new().hex), AccountKind.PAYOUT_CLEARING, "trade_in"
        )

    async def moment(self) -> None:
        """A few things at once; then everything is counted."""
        self.place.now += timedelta(days=self.random.choice((0, 0, 0, 0, 1, 3)))
        await asyncio.gather(*(self.try_one() for _ in range(AT_ONCE)))
        self.claims = {
            kept.claim.claim_id: kept for resident in self.residents for kept in await self.claims_of(resident)
        }
        await self.nothing_is_lost()

    async def claims_of(self, resident: Registered) -> tuple[KeptClaim, ...]:
        """A resident's claims as they stand."""
        async with self.place.db.transaction() as conn:
            return await service.list_claims_of_resident(
                conn, resident_id=resident.resident_id, bucket_count=self.place.chain.bucket_count
            )

    async def try_one(self) -> None:
        """Apply, act, prepare or tidy; what is refused has changed nothing, which the count will show."""
        kinds = (self.apply, self.act, self.act, self.act, self.act, self.act, self.prepare, self.tidy)
        try:
            await self.random.choice(kinds)()
        except Refused:
            return

    async def apply(self) -> None:
        """A resident asks to be qualified with one of the old bikes."""
        application = self.place.an_application(
            self.random.choice(self.residents), old_code=self.random.choice(self.old_codes)
        )
        if isinstance(await self.place.admit(application), Qualified):
            self.acts.add(Act.QUALIFY)

    async def act(self) -> None:
        """Somebody does what the table allows now, or whatever comes to mind."""
        if not self.claims:
            return
        kept = self.random.choice(list(self.claims.values()))
        fits = [pair for pair in MOVES if pair[0] not in NOT_BY_ACT and is_possible(kept, pair)]
        pairs = fits if fits and self.random.random() < 0.9 else [pair for pair in MOVES if pair[0] not in NOT_BY_ACT]
        act, actor = self.random.choice(pairs)
        if act is Act.PAY:
            await self.send(kept)
        more: dict[str, Any] = {"source": self.clearing, "facts": STATED.get(act, {})}
        if act is Act.SELL:
            more |= {"new_code": self.random.choice(self.new_codes), "price_fen": self.random.choice((60_000, 200_000))}
        if act is Act.PUBLISH:
            more |= {"until": day_of(self.place.now) + timedelta(days=self.random.choice((1, 3)))}
        if act is Act.PAY_BACK:
            more |= {"fen": self.random.choice((10_000, ONE))}
        acted = await self.place.act(self.place.an_order(kept, act, actor=actor, **more))
        if isinstance(acted, Acted):
            self.acts.add(act)

    async def send(self, kept: KeptClaim) -> None:
        """Hand the money of an approved claim to payouts."""
        async with self.place.db.transaction() as conn:
            await service.send_to_payouts(
                conn,
                claim_ids=[kept.claim.claim_id],
                to=self.clearing,
                about=kept.claim.claim_id,
                chain=self.place.chain,
                vault=self.place.vault,
                now=self.place.now,
                ids=self.place.ids,
            )

    async def prepare(self) -> None:
        """A store enters a sale."""
        if self.claims:
            kept = self.random.choice(list(self.claims.values()))
            code = self.random.choice(self.new_codes)
            await self.place.prepared(self.place.an_order(kept, Act.DEDUCT, new_code=code))

    async def tidy(self) -> None:
        """The platform ends what nobody used in time."""
        for kept in self.claims.values():
            if kept.claim.valid_until is not None and kept.claim.valid_until <= day_of(self.place.now):
                async with self.place.db.transaction() as conn:
                    await service.expire(
                        conn,
                        claim_id=kept.claim.claim_id,
                        chain=self.place.chain,
                        vault=self.place.vault,
                        now=self.place.now,
                        ids=self.place.ids,
                    )
                self.acts.add(Act.EXPIRE)

    async def nothing_is_lost(self) -> None:
        """Every fen of the budget is left, held, paid, owed back or came back; no code counts for two."""
        moneys = [kept.claim.money for kept in self.claims.values()]
        out = sum(money.reserved_fen - money.released_fen for money in moneys)
        out += sum(kept.to_release_fen for kept in self.claims.values())
        counted = [kept for kept in self.claims.values() if kept.claim.state not in ENDED_UNPAID]
        codes = [kept.claim.old_code for kept in counted]
        codes += [kept.claim.new_code for kept in counted if kept.claim.new_code]

        assert FUNDED == await self.place.left() + out
        assert len(codes) == len(set(codes))
        for resident in self.residents:
            assert 2 >= sum(kept.claim.resident_id == resident.resident_id for kept in counted)

    async def the_audit_agrees(self) -> None:
        """Accounts, deeds, counts, codes and lists are those of the claims."""
        names = {show_id("claim", claim_id) for claim_id in self.claims}
        names |= {show_id("resident", resident.resident_id) for resident in self.residents}
        names |= {*self.old_codes, *self.new_codes}
        async with self.place.db.owner_transaction() as conn:
            found = await audit.audit(conn)

        assert [] == [line for line in found if any(name in line for name in names)]

    async def every_deed_followed_the_table(self) -> None:
        """Each deed began where the table allows it, and the one after it where it ended."""
        for claim_id in self.claims:
            async with self.place.db.transaction() as conn:
                deeds = await service.list_deeds(conn, claim_id=claim_id, bucket_count=self.place.chain.bucket_count)
            for deed in deeds:
                row = MOVES[(Act(deed.act), Actor(deed.actor))]
                claim, old, plate, new = deed.states_before
                assert ClaimState(claim) in row.claim
                assert OldState(old) in row.old
                assert PlateState(plate) in row.plate
                assert NewState(new) in row.new
                assert (row.to or claim) == deed.states_after[0]


ENDED_UNPAID = (ClaimState.EXPIRED, ClaimState.WITHDRAWN)


def is_possible(kept: KeptClaim, pair: tuple[Act, Actor]) -> bool:
    """Whether the table allows a pair as the claim stood a moment ago."""
    row, claim = MOVES[pair], kept.claim
    return (
        row.mode in (None, claim.terms.mode)
        and claim.state in row.claim
        and claim.old in row.old
        and claim.plate in row.plate
        and claim.new in row.new
    )


@pytest.mark.parametrize(("seed", "mode"), [(1, LATER), (2, LATER), (3, LATER), (4, AT_SALE)])
async def test_walks_with_several_deeds_at_once_break_nothing(db: Database, seed: int, mode: str) -> None:
    place = await Place(db, terms={"mode": mode, "per_person": TWICE}).funded(FUNDED)
    walk = Walk(place, seed=seed, residents=[await place.a_resident() for _ in range(3)])

    for _ in range(MOMENTS):
        await walk.moment()

    await walk.every_deed_followed_the_table()
    await walk.the_audit_agrees()
    assert {Act.QUALIFY, Act.RECEIVE_OLD} <= walk.acts
    assert all(kept.claim.terms.mode is not Mode.DEDUCT_AT_SALE or mode == AT_SALE for kept in walk.claims.values())
