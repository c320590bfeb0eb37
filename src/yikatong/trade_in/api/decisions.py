"""Routes of decisions: why a claim got what it got, for its resident and for commerce; each look leaves a record."""

from datetime import date, datetime
from functools import partial
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from yikatong.cards.model import Reason as CardsReason
from yikatong.cards.service import LOOK
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.http import Call, Route, read_or_refuse
from yikatong.programmes import service as programmes
from yikatong.programmes.model import Check, Decision, Reason, SingleChange, Step
from yikatong.trade_in.api.claims import PLACES, Desk, verify_place
from yikatong.trade_in.api.roles import Role, route_of
from yikatong.trade_in.model import Reason as ChainReason
from yikatong.trade_in.service.explaining import Opened, open_decisions


class DecidedAnswer(Struct, frozen=True, kw_only=True):
    """One decision: what was stated, every step with its clause, and of a refusal what would have changed it.

    `assumed` are facts that nobody knew yet and that were taken at their best. `differs_in` names what comes out
    otherwise when the decision is made again under the rule and the knowledge of its day: nothing, while all is well.
    """

    act: str
    decided_at: datetime
    on: date
    known_on: date
    amount_fen: int
    reason: str | None
    failed: tuple[str, ...]
    stated: dict[str, str]
    assumed: tuple[str, ...]
    steps: tuple[Step, ...]
    would_change: tuple[Check, ...]
    single_changes: tuple[SingleChange, ...]
    not_published: tuple[str, ...]
    formula: str
    formula_digest: str
    sheet: str
    sheet_digest: str
    inputs_digest: str
    differs_in: Annotated[tuple[str, ...] | None, Meta(description="null where the rule is not held here")]


class DecisionsAnswer(Struct, frozen=True):
    """What was decided about a claim, or an application that opened none, the oldest first."""

    decisions: tuple[DecidedAnswer, ...]


class _Decisions:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._shelf = desk.chain.shelf

    async def of_place(self, call: Call, body: None, query: None) -> DecisionsAnswer:
        """For commerce of the region and divisions in which the claim lies."""
        opened = await self._open(call)
        verify_place(call, opened[0].row.place)
        return self._show(opened)

    async def of_own(self, call: Call, body: None, query: None) -> DecisionsAnswer:
        """For the resident of the claim; another's is as unknown as any."""
        return await self._of_resident(call, call.by().resident_id)

    async def of_visitor(self, call: Call, body: None, query: None) -> DecisionsAnswer:
        """For a resident at a counter, by the clerk; another's is as unknown as any."""
        resident = await self._desk.get_resident_to_look_at(call)
        return await self._of_resident(call, resident.id)

    async def _of_resident(self, call: Call, resident_id: UUID | None) -> DecisionsAnswer:
        opened = await self._open(call)
        if opened[0].row.resident_id != resident_id:
            raise Refused(ChainReason.CLAIM_IS_UNKNOWN)
        return self._show(opened)

    async def _open(self, call: Call) -> tuple[Opened, ...]:
        claim_id = read_or_refuse("claim", call.path["claim_id"], reason=ChainReason.CLAIM_IS_UNKNOWN)
        opened = await open_decisions(
            call.conn, claim_id=claim_id, vault=self._desk.vault, bucket_count=self._desk.bucket_count
        )
        call.concerns(opened[0].row.resident_id)
        return opened

    def _show(self, opened: tuple[Opened, ...]) -> DecisionsAnswer:
        return DecisionsAnswer(tuple(self._show_one(one) for one in opened))

    def _show_one(self, one: Opened) -> DecidedAnswer:
        row, decision = one
        return DecidedAnswer(
            act=row.act,
            decided_at=row.decided_at,
            on=decision.on,
            known_on=decision.known_on,
            amount_fen=decision.amount_fen,
            reason=decision.reason,
            failed=decision.failed,
            stated=decision.inputs,
            assumed=row.assumed,
            steps=decision.steps,
            would_change=decision.would_change,
            single_changes=programmes.find_single_changes(self._shelf, decision),
            not_published=tuple(note.about for note in decision.notes),
            formula=decision.formula,
            formula_digest=decision.formula_digest,
            sheet=decision.sheet,
            sheet_digest=decision.sheet_digest,
            inputs_digest=decision.inputs_digest,
            differs_in=_differences(self._shelf, decision),
        )


def _differences(shelf: programmes.Shelf, decision: Decision) -> tuple[str, ...] | None:
    try:
        return tuple(found.field for found in programmes.find_differences(shelf, decision))
    except Refused as refused:
        if refused.reason is not Reason.RULE_IS_NOT_HELD:
            raise
        return None


def decision_routes(desk: Desk) -> tuple[Route, ...]:
    """The routes of decisions."""
    decisions = _Decisions(desk)
    look = partial(route_of, answer=DecisionsAnswer, looks=True)
    unknown = (ChainReason.CLAIM_IS_UNKNOWN, CardsReason.PERSON_IS_ERASED)
    return (
        look(
            Role.RESIDENT,
            "GET",
            "/v1/wallet/trade-in/claims/{claim_id}/decisions",
            "list_own_decisions",
            "Say why a claim of one's own got what it got",
            "查看本人申领的核定依据",
            decisions.of_own,
            reasons=unknown,
        ),
        look(
            Role.COUNTER,
            "GET",
            "/v1/residents/{resident_id}/trade-in/claims/{claim_id}/decisions",
            "list_decisions_at_counter",
            "Say at a counter why a resident's claim got what it got",
            "窗口代办：查看居民申领的核定依据",
            decisions.of_visitor,
            reasons=(*LOOK, *unknown),
        ),
        look(
            Role.COMMERCE,
            "GET",
            "/v1/trade-in/commerce/claims/{claim_id}/decisions",
            "list_decisions",
            "Say why a claim got what it got, and whether it still would",
            "查看申领的核定依据并重算",
            decisions.of_place,
            reasons=(*unknown, *PLACES),
        ),
    )
