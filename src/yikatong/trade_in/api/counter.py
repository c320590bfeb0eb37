"""Routes of the counter: a clerk does for a resident without a phone, who stands there, what a wallet would do.

Every step says which document the clerk has before them, and its number has to be the resident's. Clerk, step and
resident stand in the record, as with everything that is done at a counter.
"""

from functools import partial
from typing import Annotated

from msgspec import Meta, Struct

from yikatong.cards import service as cards
from yikatong.cards.model import Reason as CardsReason
from yikatong.cards.model import Resident, Terms
from yikatong.cards.service import LOOK, SCOPE
from yikatong.codes.model import DocumentSeen
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.http import Call, Refusal, Route, read_or_refuse
from yikatong.trade_in import service
from yikatong.trade_in.api.bodies import ApplicationBody, RequestBody, SubmitBody
from yikatong.trade_in.api.claims import MOVED, Desk
from yikatong.trade_in.api.residents import ClaimsAnswer, application_of, look_up_bike, show_qualified
from yikatong.trade_in.api.roles import Role, route_of
from yikatong.trade_in.api.shapes import ClaimAnswer, QualifiedAnswer, StepAnswer, show_claim
from yikatong.trade_in.model import Act, Actor, KeptClaim, Reason

AT_COUNTER = "/v1/residents/{resident_id}/trade-in/claims"


class Presence(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The document that the clerk has before them, and the number that is printed on it; neither is kept."""

    document: Annotated[DocumentSeen, Meta(examples=["resident_id_card"])]
    document_number: Annotated[str, Meta(min_length=5, max_length=32, examples=["99010119550307003X"])]


class CounterApplicationBody(ApplicationBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A resident who stands at the counter asks to be qualified for one old bike at one place."""

    present: Presence


class CounterSubmitBody(SubmitBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A claim is submitted at the counter, or mended and submitted again, with the papers that were brought."""

    present: Presence


class CounterStepBody(RequestBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A step that a resident takes at the counter."""

    present: Presence


class Counter:
    """Handlers of the routes of the counter."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._terms = Terms(bucket_count=desk.bucket_count)

    async def qualify(self, call: Call, body: CounterApplicationBody, query: None) -> QualifiedAnswer | Refusal:
        """Open a claim with its money reserved. What the register of vehicles says counts before what is stated."""
        resident = await self._present(call, body.present)
        application = application_of(resident.id, body)
        person = await cards.view_person(
            call.conn, bucket=resident.bucket, resident_id=resident.id, vault=self._desk.vault
        )
        ended = await self._desk.admit(
            await look_up_bike(application, name=person.name, id_number=person.id_number, vehicles=self._desk.vehicles)
        )
        return Refusal(ended) if isinstance(ended, Refused) else show_qualified(ended)

    async def list(self, call: Call, body: None, query: None) -> ClaimsAnswer:
        """The claims of a resident."""
        resident = await self._looked_at(call)
        found = await service.list_claims_of_resident(
            call.conn, resident_id=resident.id, bucket_count=self._desk.bucket_count
        )
        return ClaimsAnswer(claims=tuple([await self._show(call, kept) for kept in found]))

    async def view(self, call: Call, body: None, query: None) -> ClaimAnswer:
        """One claim of a resident."""
        return await self._show(call, await self._claim_of(call, await self._looked_at(call)))

    async def submit(self, call: Call, body: CounterSubmitBody, query: None) -> StepAnswer | Refusal:
        """Submit a claim, or one that was mended."""
        return await self._move(call, body.present, body, Act.SUBMIT, stated=body.facts)

    async def withdraw(self, call: Call, body: CounterStepBody, query: None) -> StepAnswer | Refusal:
        """Give a claim up."""
        return await self._move(call, body.present, body, Act.WITHDRAW)

    async def _move(
        self, call: Call, present: Presence, body: RequestBody, act: Act, *, stated: dict[str, str] | None = None
    ) -> StepAnswer | Refusal:
        resident = await self._present(call, present)
        kept = await self._claim_of(call, resident)
        return await self._desk.move(
            call, kept, act, Actor.RESIDENT, by=resident.id, request_id=body.request_id, stated=stated
        )

    async def _present(self, call: Call, present: Presence) -> Resident:
        """The resident in the address, if the document before the clerk is theirs.

        Refuses, in this order: RESIDENT_IS_NOT_KNOWN, REGION_IS_OUT_OF_SCOPE, DIVISION_IS_OUT_OF_SCOPE,
        RESIDENT_IS_NOT_PRESENT.
        """
        shown_id = call.path["resident_id"]
        resident = await cards.get_resident_for(call.conn, caller=call.by(), shown_id=shown_id, terms=self._terms)
        bearer = await cards.find_by_id_number(call.conn, id_number=present.document_number, vault=self._desk.vault)
        if bearer != resident.id:
            raise Refused(Reason.RESIDENT_IS_NOT_PRESENT)
        return resident

    async def _looked_at(self, call: Call) -> Resident:
        return await cards.get_resident_to_look_at(
            call.conn,
            caller=call.by(),
            shown_id=call.path["resident_id"],
            vault=self._desk.vault,
            terms=self._terms,
            now=call.now,
        )

    async def _claim_of(self, call: Call, resident: Resident) -> KeptClaim:
        """The claim in the address, if it is this resident's; another's is as unknown as any."""
        claim_id = read_or_refuse("claim", call.path["claim_id"], reason=Reason.CLAIM_IS_UNKNOWN)
        kept = await service.get_claim(call.conn, claim_id=claim_id, bucket_count=self._desk.bucket_count)
        if kept.claim.resident_id != resident.id:
            raise Refused(Reason.CLAIM_IS_UNKNOWN)
        return kept

    async def _show(self, call: Call, kept: KeptClaim) -> ClaimAnswer:
        return show_claim(kept, await self._desk.find_sale(call, kept))


_PRESENT = (*SCOPE, Reason.RESIDENT_IS_NOT_PRESENT)
_MOVED = (*_PRESENT, *MOVED)


def routes(desk: Desk) -> tuple[Route, ...]:
    """The routes of the counter."""
    it = Counter(desk)
    counter = partial(route_of, Role.COUNTER)
    one = f"{AT_COUNTER}/{{claim_id}}"
    return (
        counter("POST", AT_COUNTER, "qualify_at_counter", "Ask for a resident at a counter to be qualified",
                "窗口代办：申请以旧换新补贴资格", it.qualify, body=CounterApplicationBody, answer=QualifiedAnswer,
                status=201,
                reasons=(*_PRESENT, Reason.FACT_IS_NOT_FOR_THIS_PARTY, CardsReason.PERSON_IS_ERASED,
                         Reason.APPLICANT_IS_DECEASED, Reason.VEHICLE_CODE_IS_NOT_VALID, Reason.DEED_IS_ANOTHER,
                         Reason.COUPON_IS_NOT_GIVEN_OUT_NOW, Reason.VEHICLE_IS_COUNTED_ALREADY,
                         Reason.PLACES_ARE_USED_UP, Reason.AMOUNT_IS_NOTHING, *desk.decided)),
        counter("GET", AT_COUNTER, "list_claims_at_counter", "Show a resident's claims at a counter",
                "窗口代办：查看居民申领", it.list, answer=ClaimsAnswer, looks=True, reasons=LOOK),
        counter("GET", one, "get_claim_at_counter", "Show one claim of a resident at a counter",
                "窗口代办：查看居民一笔申领", it.view, answer=ClaimAnswer, looks=True,
                reasons=(*LOOK, Reason.CLAIM_IS_UNKNOWN)),
        counter("POST", f"{one}/submit", "submit_at_counter", "Submit a resident's claim at a counter",
                "窗口代办：提交申领", it.submit, body=CounterSubmitBody, answer=StepAnswer,
                reasons=(*_MOVED, Reason.FACT_IS_NOT_FOR_THIS_PARTY, Reason.CLAIM_LACKS_A_STEP, *desk.decided)),
        counter("POST", f"{one}/withdraw", "withdraw_at_counter", "Give a resident's claim up at a counter",
                "窗口代办：撤回申领", it.withdraw, body=CounterStepBody, answer=StepAnswer,
                reasons=(*_MOVED, Reason.COUPON_WAS_USED)),
    )  # fmt: skip
