"""What the platform tells of a trade-in to whoever looks into it: decisions, sums by day, payments that do not fit."""

from datetime import date, datetime

from msgspec import Struct

from yikatong.client.programmes import Decision


class ClaimDecided(Decision, frozen=True, kw_only=True):
    """One decision about a claim: what was stated, every step with its clause, what would have changed it.

    `differs_in` names what comes out otherwise when it is made again under the rule and the knowledge of its day:
    nothing while all is well, None where the rule is not held there.
    """

    act: str
    decided_at: datetime
    stated: dict[str, str]
    differs_in: tuple[str, ...] | None


class ClaimDecisions(Struct, frozen=True, kw_only=True):
    """What was decided about a claim, the oldest first."""

    decisions: tuple[ClaimDecided, ...]


class ReportLine(Struct, frozen=True, kw_only=True):
    """What happened at one place on one day; amounts are fen."""

    place: str
    day: date
    qualified: int
    refused: int
    given_up: int
    bikes_in: int
    collected: int
    dismantled: int
    plates_cancelled: int
    bikes_out: int
    registered: int
    returned: int
    sales_fen: int
    paid: int
    subsidy_fen: int
    reclaimed_fen: int


class RefusedFor(Struct, frozen=True, kw_only=True):
    """How many applications were refused at one place on one day for one reason."""

    place: str
    day: date
    reason: str
    refused: int


class BudgetLine(Struct, frozen=True, kw_only=True):
    """How a budget stands now."""

    budget: str
    funded_fen: int
    left_fen: int
    reclaimed_fen: int


class TradeInReport(Struct, frozen=True, kw_only=True):
    """A place and all within it, from a day until before another."""

    place: str
    first_on: date
    until_on: date
    lines: tuple[ReportLine, ...]
    refusals: tuple[RefusedFor, ...]
    budgets: tuple[BudgetLine, ...]


class ReportWithTotal(Struct, frozen=True, kw_only=True):
    """A report and its total."""

    total: ReportLine
    report: TradeInReport


class PaymentAtOdds(Struct, frozen=True, kw_only=True):
    """What payouts told of a claim that the claim could not follow, with the reason; `told` is what it was told."""

    claim_id: str
    roster_id: str
    told: str
    reason: str
    found_at: datetime


class PaymentsAtOdds(Struct, frozen=True, kw_only=True):
    """A page, the newest first; `next_until` is None on the last one."""

    payments: tuple[PaymentAtOdds, ...]
    next_until: datetime | None
