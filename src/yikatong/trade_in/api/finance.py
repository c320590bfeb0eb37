"""Routes of the finance department: a claim's money is seen, stopped; budgets are filled."""

from datetime import datetime
from functools import partial
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from yikatong.kernel.ids import ClaimIdText, RosterIdText, TransferId, show_id
from yikatong.kernel.instants import END_OF_TIME, Instant, day_of
from yikatong.kernel.money import AmountFen
from yikatong.kernel.outcomes import Change
from yikatong.ledger import service as ledger
from yikatong.ledger.model import Reason as LedgerReason
from yikatong.ledger.model import name_budget
from yikatong.places.model import DivisionCodeText
from yikatong.plumbing.http import Call, Refusal, Route
from yikatong.trade_in import service
from yikatong.trade_in.api.bodies import MendBody, PageSize, PayBackBody, RequestBody
from yikatong.trade_in.api.claims import LEAVES_ROSTER, MOVED, PLACES, SCOPE, Desk, show_acted, verify_place
from yikatong.trade_in.api.offices import ClaimLinesAnswer, ClaimsQuery, list_claims
from yikatong.trade_in.api.roles import Role, route_of
from yikatong.trade_in.api.shapes import (
    FinanceClaimAnswer,
    StepAnswer,
    show_for_finance,
    show_step,
)
from yikatong.trade_in.model import (
    PROGRAMME,
    Act,
    Actor,
    Deed,
    Order,
    PaymentAtOdds,
    Reason,
    Told,
)


class FundBody(RequestBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Money for a place's trade-ins of a year, under the paper by which it was given."""

    place: DivisionCodeText
    year: Annotated[int, Meta(ge=2024, le=2099)]
    amount_fen: AmountFen
    reference: UUID


class BudgetQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose budget, of which year."""

    place: DivisionCodeText
    year: Annotated[int, Meta(ge=2024, le=2099)]


class BudgetAnswer(Struct, frozen=True, kw_only=True):
    """How a budget stands: what was put in, what claims may still get, what came back."""

    budget: str
    funded_fen: int
    left_fen: int
    reclaimed_fen: int


class PaymentsAtOddsQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A page of the newest, of a place and all within it; for the next one `until` is what the page before named."""

    place: DivisionCodeText
    until: Instant | None = None
    limit: PageSize = 100


class PaymentAtOddsAnswer(Struct, frozen=True, kw_only=True):
    """What payouts told of a claim that the claim could not follow, and the reason for which it could not."""

    claim_id: ClaimIdText
    roster_id: RosterIdText
    told: Told
    reason: str
    found_at: datetime


class PaymentsAtOddsAnswer(Struct, frozen=True, kw_only=True):
    """A page, the newest first; what was found together is not parted. `next_until` is null on the last one."""

    payments: tuple[PaymentAtOddsAnswer, ...]
    next_until: datetime | None


class FundedAnswer(Struct, frozen=True, kw_only=True):
    """Whether money was put in now or before, and how the budget stands."""

    change: Change
    budget: BudgetAnswer


class Finance:
    """Handlers of the routes of finance."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def list(self, call: Call, body: None, query: ClaimsQuery) -> ClaimLinesAnswer:
        """Claims of a place in one state."""
        return await list_claims(self._desk, call, query)

    async def view(self, call: Call, body: None, query: None) -> FinanceClaimAnswer:
        """A claim's money."""
        return show_for_finance(await self._desk.get_claim(call))

    async def claw_back(self, call: Call, body: PayBackBody, query: None) -> StepAnswer:
        """Take what a store owes of a claim out of what it is owed, and the rest onto its debt."""
        desk = self._desk
        kept = await desk.get_claim(call)
        acted = await service.claw_back_from_store(
            call.conn,
            claim_id=kept.claim.claim_id,
            fen=body.fen,
            request_id=body.request_id,
            by=call.by().id,
            chain=desk.chain,
            vault=desk.vault,
            now=call.now,
            ids=call.ids,
        )
        return show_step(acted.kept, acted.change)

    async def stop(self, call: Call, body: MendBody, query: None) -> StepAnswer | Refusal:
        """Stop an approved claim before the bank has it; it may be mended."""
        desk = self._desk
        kept = await desk.get_claim(call)
        by, on = call.by().id, day_of(call.now)
        deed = Deed(act=Act.STOP, actor=Actor.FINANCE, by=by, on=on, until=body.until)
        order = Order(request_id=body.request_id, claim_id=kept.claim.claim_id, deed=deed)
        stopped = await service.stop_payment(
            call.conn, order=order, chain=desk.chain, vault=desk.vault, now=call.now, ids=call.ids
        )
        return show_acted(stopped)

    async def fund(self, call: Call, body: FundBody, query: None) -> FundedAnswer:
        """Put money into a budget."""
        budget = name_budget(f"{PROGRAMME}:{verify_place(call, body.place)}:{body.year}")
        change = await ledger.fund_budget(
            call.conn,
            budget=budget,
            amount_fen=body.amount_fen,
            transfer_id=TransferId(body.request_id),
            reference=body.reference,
            now=call.now,
            bucket_count=self._desk.bucket_count,
        )
        shown = await self._show_budget(call, place=body.place, year=body.year)
        return FundedAnswer(change=change, budget=shown)

    async def budget(self, call: Call, body: None, query: BudgetQuery) -> BudgetAnswer:
        """How a budget stands."""
        return await self._show_budget(call, place=verify_place(call, query.place), year=query.year)

    async def at_odds(self, call: Call, body: None, query: PaymentsAtOddsQuery) -> PaymentsAtOddsAnswer:
        """What payouts told of claims that they could not follow."""
        found, next_until = await service.list_payments_at_odds(
            call.conn,
            place=verify_place(call, query.place),
            until=query.until or END_OF_TIME,
            bucket_count=self._desk.bucket_count,
            limit=query.limit,
        )
        return PaymentsAtOddsAnswer(payments=tuple(_show_at_odds(one) for one in found), next_until=next_until)

    async def _show_budget(self, call: Call, *, place: str, year: int) -> BudgetAnswer:
        code = f"{PROGRAMME}:{place}:{year}"
        found = await ledger.find_budget(call.conn, budget=name_budget(code), bucket_count=self._desk.bucket_count)
        if found is None:
            return BudgetAnswer(budget=code, funded_fen=0, left_fen=0, reclaimed_fen=0)
        return BudgetAnswer(
            budget=code, funded_fen=found.funded_fen, left_fen=found.left_fen, reclaimed_fen=found.reclaimed_fen
        )


def _show_at_odds(odds: PaymentAtOdds) -> PaymentAtOddsAnswer:
    return PaymentAtOddsAnswer(
        claim_id=show_id("claim", odds.claim_id),
        roster_id=show_id("roster", odds.roster_id),
        told=odds.told,
        reason=odds.reason,
        found_at=odds.found_at,
    )


def finance_routes(desk: Desk) -> tuple[Route, ...]:
    """The routes of finance."""
    offices = Finance(desk)
    finance = partial(route_of, Role.FINANCE)
    every, one = "/v1/trade-in/finance/claims", "/v1/trade-in/finance/claims/{claim_id}"
    budgets = "/v1/trade-in/finance/budgets"
    return (
        finance("GET", every, "list_claims_for_finance", "List claims of a place in one state",
                "按状态列出申领（财政）", offices.list, query=ClaimsQuery, answer=ClaimLinesAnswer,
                reasons=(*PLACES, Reason.CLAIM_IS_UNKNOWN)),
        finance("GET", one, "get_claim_for_finance", "Show a claim's money", "查看申领资金（财政）", offices.view,
                answer=FinanceClaimAnswer, looks=True, reasons=SCOPE),
        finance("POST", f"{one}/claw-back", "claw_back", "Take what a store owes of a claim out of what it is owed",
                "向门店扣回补贴", offices.claw_back, body=PayBackBody, answer=StepAnswer,
                reasons=(*MOVED, Reason.CLAIM_HAS_NO_STORE, Reason.AMOUNT_IS_NOTHING,
                         Reason.AMOUNT_IS_ABOVE_THE_RESERVE)),
        finance("POST", f"{one}/stop", "stop_claim", "Stop an approved claim before the bank has it", "停止支付",
                offices.stop, body=MendBody, answer=StepAnswer,
                reasons=(*MOVED, *LEAVES_ROSTER, Reason.MONEY_IS_NOT_WITH_PAYOUTS, Reason.MENDING_HAS_NO_TERM)),
        finance("POST", budgets, "fund_trade_in_budget", "Put money into a place's budget of a year", "预算注资",
                offices.fund, body=FundBody, answer=FundedAnswer,
                reasons=(*PLACES, LedgerReason.TRANSFER_ID_IS_USED)),
        finance("GET", budgets, "get_trade_in_budget", "Show how a place's budget of a year stands", "查看预算",
                offices.budget, query=BudgetQuery, answer=BudgetAnswer, reasons=PLACES),
        finance("GET", "/v1/trade-in/finance/payments-at-odds", "list_payments_at_odds",
                "List what payouts told of claims that they could not follow", "列出与支付结果不一致的申领",
                offices.at_odds, query=PaymentsAtOddsQuery, answer=PaymentsAtOddsAnswer, reasons=PLACES),
    )  # fmt: skip
