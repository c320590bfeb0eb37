"""Routes of the counter: a clerk does for a resident without a phone, who stands there, what a wallet would do.

Every step says which document the clerk has before them, and its number has to be the resident's. Clerk, step and
resident stand in the record, as with everything that is done at a counter.
"""

from functools import partial
from typing import Annotated

from msgspec import Meta, Struct

from yikatong.cards import service as cards
from yikatong.cards.model import Resident
from yikatong.cards.service import LOOK, SCOPE
from yikatong.codes.model import DocumentSeen
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.http import Call, Refusal, Route
from yikatong.trade_in.api.bodies import ApplicationBody, RequestBody, SubmitBody
from yikatong.trade_in.api.claims import Desk
from yikatong.trade_in.api.residents import (
    ADMITTED,
    SUBMITTED,
    WITHDRAWN,
    ClaimsAnswer,
    application_of,
    list_claims,
    look_up_bike,
    move_claim,
    show_qualified,
    view_claim,
)
from yikatong.trade_in.api.roles import Role, route_of
from yikatong.trade_in.api.shapes import ClaimAnswer, QualifiedAnswer, StepAnswer
from yikatong.trade_in.model import Act, Reason

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
        resident = await self._desk.get_resident_to_look_at(call)
        return await list_claims(self._desk, call, resident.id)

    async def view(self, call: Call, body: None, query: None) -> ClaimAnswer:
        """One claim of a resident."""
        resident = await self._desk.get_resident_to_look_at(call)
        return await view_claim(self._desk, call, resident.id)

    async def submit(self, call: Call, body: CounterSubmitBody, query: None) -> StepAnswer | Refusal:
        """Submit a claim, or one that was mended."""
        resident = await self._present(call, body.present)
        return await move_claim(self._desk, call, resident.id, Act.SUBMIT, body, stated=body.facts)

    async def withdraw(self, call: Call, body: CounterStepBody, query: None) -> StepAnswer | Refusal:
        """Give a claim up."""
        resident = await self._present(call, body.present)
        return await move_claim(self._desk, call, resident.id, Act.WITHDRAW, body)

    async def _present(self, call: Call, present: Presence) -> Resident:
        """The resident in the address, if the document before the clerk is theirs.

        Refuses, in this order: RESIDENT_IS_NOT_KNOWN, REGION_IS_OUT_OF_SCOPE, DIVISION_IS_OUT_OF_SCOPE,
        RESIDENT_IS_NOT_PRESENT.
        """
        resident = await cards.get_resident_for(
            call.conn, caller=call.by(), shown_id=call.path["resident_id"], terms=self._desk.residents
        )
        bearer = await cards.find_by_id_number(call.conn, id_number=present.document_number, vault=self._desk.vault)
        if bearer != resident.id:
            raise Refused(Reason.RESIDENT_IS_NOT_PRESENT)
        return resident


_PRESENT = (*SCOPE, Reason.RESIDENT_IS_NOT_PRESENT)


def routes(desk: Desk) -> tuple[Route, ...]:
    """The routes of the counter."""
    it = Counter(desk)
    counter = partial(route_of, Role.COUNTER)
    one = f"{AT_COUNTER}/{{claim_id}}"
    return (
        counter("POST", AT_COUNTER, "qualify_at_counter", "Ask for a resident at a counter to be qualified",
                "窗口代办：申请以旧换新补贴资格", it.qualify, body=CounterApplicationBody, answer=QualifiedAnswer,
                status=201,
                reasons=(*_PRESENT, *ADMITTED, *desk.decided)),
        counter("GET", AT_COUNTER, "list_claims_at_counter", "Show a resident's claims at a counter",
                "窗口代办：查看居民申领", it.list, answer=ClaimsAnswer, looks=True, reasons=LOOK),
        counter("GET", one, "get_claim_at_counter", "Show one claim of a resident at a counter",
                "窗口代办：查看居民一笔申领", it.view, answer=ClaimAnswer, looks=True,
                reasons=(*LOOK, Reason.CLAIM_IS_UNKNOWN)),
        counter("POST", f"{one}/submit", "submit_at_counter", "Submit a resident's claim at a counter",
                "窗口代办：提交申领", it.submit, body=CounterSubmitBody, answer=StepAnswer,
                reasons=(*_PRESENT, *SUBMITTED, *desk.decided)),
        counter("POST", f"{one}/withdraw", "withdraw_at_counter", "Give a resident's claim up at a counter",
                "窗口代办：撤回申领", it.withdraw, body=CounterStepBody, answer=StepAnswer,
                reasons=(*_PRESENT, *WITHDRAWN)),
    )  # fmt: skip
