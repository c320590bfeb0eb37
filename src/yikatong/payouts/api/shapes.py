"""What routes of rosters and batches share: bodies, answers, and who may do what."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct, structs

from yikatong.access import service as access
from yikatong.access.model import Reason as AccessReason
from yikatong.kernel.ids import PayoutBatchIdText, ResidentIdText, RosterIdText, show_id
from yikatong.kernel.money import AmountFen
from yikatong.kernel.outcomes import Reason as AnyReason
from yikatong.ledger.model import AccountName
from yikatong.payouts import service
from yikatong.payouts.model import Batch, BatchLine, Ground, OncePer, Reason, Roster, RosterLine
from yikatong.plumbing.http import Call, CallerKind, Route, RouteKind, read_or_refuse

SCOPE = (AccessReason.REGION_IS_OUT_OF_SCOPE, AccessReason.DIVISION_IS_OUT_OF_SCOPE)
Code = Annotated[str, Meta(pattern="^[a-z0-9]+(-[a-z0-9]+)*$", max_length=32, examples=["elder-allowance-2026"])]
LineNumber = Annotated[int, Meta(ge=0, le=2_000_000)]
PageSize = Annotated[int, Meta(ge=1, le=200)]


class LinesQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A page of lines in their order."""

    after: Annotated[LineNumber, Meta(description="the last line of the page before")] = 0
    limit: PageSize = 100


class PageQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A page, the newest first."""

    limit: PageSize = 50


class RosterBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a roster is for: a person is paid once for scheme and period, or each reference once."""

    division: Annotated[str, Meta(pattern="^[0-9]{6,12}$", examples=["990101"])]
    scheme: Code
    period: Annotated[str, Meta(pattern="^[0-9A-Za-z-]{1,32}$", examples=["2026-11"])]
    title: Annotated[str, Meta(min_length=2, max_length=100, examples=["高龄津贴2026年11月"])]
    budget: Annotated[Code, Meta(description="code of the budget that pays")]
    once_per: OncePer = OncePer.PERSON


class EntryBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person to be paid. `reference` is what for; `name` is compared with the register and not kept."""

    resident_id: ResidentIdText
    reference: UUID
    amount_fen: AmountFen
    name: Annotated[str, Meta(min_length=1, max_length=60)] | None = None


class EntriesBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Lines that come in together, all or none."""

    lines: Annotated[tuple[EntryBody, ...], Meta(min_length=1, max_length=2_000)]


class PublishBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Until when (exclusive) a roster is public; seven working days when left out."""

    until: date | None = None


class ObjectionBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which line is objected to, on what ground."""

    line: Annotated[int, Meta(ge=1, le=2_000_000)]
    ground: Ground


class DecisionBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether an objection is upheld, which takes the line off, or dismissed."""

    upheld: bool


class ApplyBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The day on which the bank is to pay."""

    pay_on: date


class LineBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line by its number."""

    line: Annotated[int, Meta(ge=1, le=2_000_000)]


class CorrectedBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line that is paid again, with the amount of its source or less."""

    line: Annotated[int, Meta(ge=1, le=2_000_000)]
    amount_fen: AmountFen | None = None


class CorrectionBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which lines are paid again; all that can be when left out."""

    lines: Annotated[tuple[CorrectedBody, ...], Meta(min_length=1, max_length=2_000)] | None = None


class FundBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much is put into a budget, and under which paper of whoever funds it."""

    amount_fen: AmountFen
    reference: UUID


class BudgetAnswer(Struct, frozen=True, kw_only=True):
    """What a budget holds."""

    budget: str
    posted_fen: int
    available_fen: int


class RosterAnswer(Struct, frozen=True, kw_only=True):
    """A roster as it stands."""

    roster_id: RosterIdText
    division: str
    scheme: str
    period: str
    title: str
    once_per: OncePer
    state: str
    line_count: int
    amount_fen: int
    clear_count: int
    clear_fen: int
    batch_id: PayoutBatchIdText | None
    public_from: date | None
    public_until: date | None


class RosterLineAnswer(Struct, frozen=True, kw_only=True):
    """A line of a roster, with what was found against it."""

    line: int
    resident_id: ResidentIdText
    reference: UUID
    amount_fen: int
    state: str
    finding: str | None


class BatchAnswer(Struct, frozen=True, kw_only=True):
    """A batch: `issued_fen` is open, paid, returned and stopped together."""

    batch_id: PayoutBatchIdText
    number: Annotated[str, Meta(description="as banks read it")]
    roster_id: RosterIdText
    source_batch_id: PayoutBatchIdText | None
    round: int
    division: str
    title: str
    state: str
    pay_on: date | None
    issued_count: int
    issued_fen: int
    open_count: int
    open_fen: int
    paid_count: int
    paid_fen: int
    returned_count: int
    returned_fen: int
    stopped_count: int
    stopped_fen: int
    made_at: datetime
    ended_at: datetime | None


class BatchLineAnswer(Struct, frozen=True, kw_only=True):
    """A payment: how much to whom, how it stands, and why it was stopped or came back."""

    batch_id: PayoutBatchIdText
    line: int
    resident_id: ResidentIdText
    reference: UUID
    amount_fen: int
    bank_code: str
    state: str
    reason: str | None
    source_line: int | None
    corrected_by: PayoutBatchIdText | None
    booked_on: date | None
    ended_at: datetime | None


def show_roster(roster: Roster) -> RosterAnswer:
    """A roster as it is answered."""
    return RosterAnswer(
        roster_id=show_id("roster", roster.id),
        division=roster.division,
        scheme=roster.scheme,
        period=roster.period,
        title=roster.title,
        once_per=roster.once_per,
        state=roster.state.value,
        line_count=roster.line_count,
        amount_fen=roster.amount_fen,
        clear_count=roster.clear_count,
        clear_fen=roster.clear_fen,
        batch_id=_shown_batch(roster.batch_id),
        public_from=roster.public_from,
        public_until=roster.public_until,
    )


def show_roster_line(line: RosterLine) -> RosterLineAnswer:
    """A line of a roster as it is answered."""
    return RosterLineAnswer(
        line=line.line,
        resident_id=show_id("resident", line.resident_id),
        reference=line.reference,
        amount_fen=line.amount_fen,
        state=line.state.value,
        finding=None if line.finding is None else line.finding.value,
    )


def show_batch(batch: Batch) -> BatchAnswer:
    """A batch as it is answered."""
    return BatchAnswer(
        batch_id=show_id("payout_batch", batch.id),
        number=service.show_number(batch.id),
        roster_id=show_id("roster", batch.roster_id),
        source_batch_id=_shown_batch(batch.source_batch_id),
        round=batch.round,
        division=batch.division,
        title=batch.title,
        state=batch.state.value,
        pay_on=batch.pay_on,
        made_at=batch.made_at,
        ended_at=batch.ended_at,
        **structs.asdict(batch.sums),
    )


def show_batch_line(line: BatchLine) -> BatchLineAnswer:
    """A payment as it is answered; the bank's handle of the account stays inside."""
    return BatchLineAnswer(
        batch_id=show_id("payout_batch", line.batch_id),
        line=line.line,
        resident_id=show_id("resident", line.resident_id),
        reference=line.reference,
        amount_fen=line.amount_fen,
        bank_code=line.bank_code,
        state=line.state.value,
        reason=line.reason,
        source_line=line.source_line,
        corrected_by=_shown_batch(line.corrected_by),
        booked_on=line.booked_on,
        ended_at=line.ended_at,
    )


def _shown_batch(batch_id: UUID | None) -> str | None:
    return None if batch_id is None else show_id("payout_batch", batch_id)


async def get_roster_for(call: Call) -> Roster:
    """The roster that an address names, if it lies in the caller's region and places.

    Refuses, in this order: ROSTER_IS_UNKNOWN, REGION_IS_OUT_OF_SCOPE, DIVISION_IS_OUT_OF_SCOPE.
    """
    roster_id = read_or_refuse("roster", call.path["roster_id"], reason=Reason.ROSTER_IS_UNKNOWN)
    roster = await service.get_roster(call.conn, roster_id=roster_id)
    access.verify_region(call.by(), region=roster.region)
    access.verify_division(call.by(), division=roster.division)
    return roster


async def get_batch_for(call: Call) -> Batch:
    """The batch that an address names, if it lies in the caller's region and places.

    Refuses, in this order: PAYOUT_BATCH_IS_UNKNOWN, REGION_IS_OUT_OF_SCOPE, DIVISION_IS_OUT_OF_SCOPE.
    """
    shown_id = call.path["payout_batch_id"]
    batch_id = read_or_refuse("payout_batch", shown_id, reason=Reason.PAYOUT_BATCH_IS_UNKNOWN)
    batch = await service.get_batch(call.conn, batch_id=batch_id)
    access.verify_region(call.by(), region=batch.region)
    access.verify_division(call.by(), division=batch.division)
    return batch


def budget_for(call: Call, code: str) -> AccountName:
    """The budget of the caller's region under a code: the server, not the caller, says of which region."""
    return service.budget_of(region=call.by().region, code=code)


def operator_route(
    method: str,
    path: str,
    name: str,
    summary_en: str,
    summary_zh: str,
    handle: Callable[[Call, Any, Any], Awaitable[Any]],
    *,
    permission: str,
    reasons: tuple[AnyReason, ...],
    **parts: Any,
) -> Route:
    """A route of operators with one of the permissions of payouts."""
    return Route(
        method=method,
        path=path,
        name=f"payouts.{name}",
        tag="payouts",
        summary_en=summary_en,
        summary_zh=summary_zh,
        kind=RouteKind.QUERY if method == "GET" else RouteKind.COMMAND,
        callers=(CallerKind.OPERATOR,),
        handle=handle,
        permission=f"payouts.{permission}",
        reasons=reasons,
        **parts,
    )
