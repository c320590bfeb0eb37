"""Routes of batches: applied for with a second person, stopped, corrected, reconciled; and what banks wrote."""

import re
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated

from msgspec import Meta, Struct

from yikatong.cards import service as cards
from yikatong.cards.model import Terms, Vault
from yikatong.kernel.outcomes import Refused
from yikatong.ledger.model import Reason as LedgerReason
from yikatong.payouts import service
from yikatong.payouts.api.shapes import (
    SCOPE,
    ApplyBody,
    BatchAnswer,
    BatchLineAnswer,
    BudgetAnswer,
    CorrectionBody,
    FundBody,
    LineBody,
    LinesQuery,
    PageQuery,
    budget_for,
    get_batch_for,
    operator_route,
    show_batch,
    show_batch_line,
)
from yikatong.payouts.model import Reason, ReturnFile
from yikatong.plumbing.http import Call, ChangeAnswer, Route

BANK_CODE = re.compile(r"[0-9]{3}")


class BatchesAnswer(Struct, frozen=True, kw_only=True):
    """Batches, the newest first."""

    batches: tuple[BatchAnswer, ...]


class BatchLinesAnswer(Struct, frozen=True, kw_only=True):
    """Payments in their order."""

    lines: tuple[BatchLineAnswer, ...]


class AppliedAnswer(Struct, frozen=True, kw_only=True):
    """The payment application that is in force: its money is set aside."""

    amount_fen: int
    state: str


class PartAnswer(Struct, frozen=True, kw_only=True):
    """A file of a batch: lines from the first to the last, for one bank."""

    part: int
    bank_code: str
    format: str
    first_line: int
    last_line: int
    line_count: int
    amount_fen: int
    state: str
    sm3: str | None
    sent_at: datetime | None


class UnansweredAnswer(Struct, frozen=True, kw_only=True):
    """A file of which the bank has not said everything."""

    part: int
    bank_code: str
    sent_at: datetime
    line_count: int
    amount_fen: int


class DifferenceAnswer(Struct, frozen=True, kw_only=True):
    """A payment of which a bank says what cannot be."""

    line: int
    kind: str
    our_fen: int | None
    bank_fen: int | None


class ReconciliationAnswer(Struct, frozen=True, kw_only=True):
    """Whether batch, ledger and bank agree: `clearing_fen` is what the ledger holds for the batch."""

    batch: BatchAnswer
    clearing_fen: int
    parts: tuple[PartAnswer, ...]
    unanswered: tuple[UnansweredAnswer, ...]
    differences: tuple[DifferenceAnswer, ...]


class AnsweredQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many days a bank has to answer."""

    days: Annotated[int, Meta(ge=0, le=90)] = 3


class ReturnFileAnswer(Struct, frozen=True, kw_only=True):
    """What became of a bank's file: applied whole, or refused whole with reason and line."""

    name: str
    sm3: str
    kind: str | None
    state: str
    fault: str | None
    fault_line: int | None
    paid_count: int
    paid_fen: int
    returned_count: int
    returned_fen: int
    already_count: int
    difference_count: int
    received_at: datetime


class ReturnFilesAnswer(Struct, frozen=True, kw_only=True):
    """A bank's files, the newest first."""

    files: tuple[ReturnFileAnswer, ...]


class Batches:
    """Handlers of the routes of batches."""

    def __init__(self, *, terms: Terms, vault: Vault) -> None:
        self._terms = terms
        self._vault = vault

    @property
    def _bucket_count(self) -> int:
        return self._terms.bucket_count

    async def fund(self, call: Call, body: FundBody, query: None) -> BudgetAnswer:
        """Put money into a budget."""
        code = call.path["budget"]
        balance = await service.fund_budget(
            call.conn,
            budget=budget_for(call, code),
            amount_fen=body.amount_fen,
            reference=body.reference,
            now=call.now,
            ids=call.ids,
            bucket_count=self._bucket_count,
        )
        return BudgetAnswer(budget=code, posted_fen=balance.posted_fen, available_fen=balance.available_fen)

    async def budget(self, call: Call, body: None, query: None) -> BudgetAnswer:
        """Show what a budget holds."""
        code = call.path["budget"]
        balance = await service.get_budget(
            call.conn, budget=budget_for(call, code), now=call.now, bucket_count=self._bucket_count
        )
        return BudgetAnswer(budget=code, posted_fen=balance.posted_fen, available_fen=balance.available_fen)

    async def list(self, call: Call, body: None, query: PageQuery) -> BatchesAnswer:
        """List batches of the caller's places."""
        found = await service.list_batches(
            call.conn, region=call.by().region, divisions=call.by().divisions, limit=query.limit
        )
        return BatchesAnswer(batches=tuple(show_batch(batch) for batch in found))

    async def view(self, call: Call, body: None, query: None) -> BatchAnswer:
        """Show a batch."""
        return show_batch(await get_batch_for(call))

    async def lines(self, call: Call, body: None, query: LinesQuery) -> BatchLinesAnswer:
        """Show payments; each person was looked at."""
        batch = await get_batch_for(call)
        found = await service.list_batch_lines(
            call.conn, batch_id=batch.id, after=query.after, limit=query.limit, bucket_count=self._bucket_count
        )
        call.concerns(*(line.resident_id for line in found))
        return BatchLinesAnswer(lines=tuple(show_batch_line(line) for line in found))

    async def apply(self, call: Call, body: ApplyBody, query: None) -> AppliedAnswer:
        """Apply for the payment of a batch."""
        batch = await get_batch_for(call)
        application = await service.apply_for_payment(
            call.conn,
            batch_id=batch.id,
            pay_on=body.pay_on,
            by=call.by().id,
            now=call.now,
            ids=call.ids,
            bucket_count=self._bucket_count,
        )
        return AppliedAnswer(amount_fen=application.amount_fen, state=application.state.value)

    async def revoke(self, call: Call, body: None, query: None) -> ChangeAnswer:
        """Take an application back."""
        batch = await get_batch_for(call)
        change = await service.revoke_application(
            call.conn, batch_id=batch.id, now=call.now, bucket_count=self._bucket_count
        )
        return ChangeAnswer(change=change)

    async def stop(self, call: Call, body: LineBody, query: None) -> ChangeAnswer:
        """Stop a payment."""
        batch = await get_batch_for(call)
        change = await service.stop_line(
            call.conn, batch_id=batch.id, line=body.line, now=call.now, ids=call.ids, bucket_count=self._bucket_count
        )
        return ChangeAnswer(change=change)

    async def delete(self, call: Call, body: None, query: None) -> ChangeAnswer:
        """Give a batch up."""
        batch = await get_batch_for(call)
        change = await service.delete_batch(call.conn, batch_id=batch.id, now=call.now, bucket_count=self._bucket_count)
        return ChangeAnswer(change=change)

    async def correct(self, call: Call, body: CorrectionBody, query: None) -> BatchAnswer:
        """Pay again what came back."""
        batch = await get_batch_for(call)
        only = None if body.lines is None else {one.line for one in body.lines}
        amounts = {one.line: one.amount_fen for one in body.lines or () if one.amount_fen is not None}
        correction = await service.correct_batch(
            call.conn,
            batch_id=batch.id,
            amounts=amounts,
            only=only,
            by=call.by().id,
            now=call.now,
            ids=call.ids,
            bucket_count=self._bucket_count,
        )
        return show_batch(correction)

    async def reconcile(self, call: Call, body: None, query: AnsweredQuery) -> ReconciliationAnswer:
        """Compare batch, ledger and bank."""
        batch = await get_batch_for(call)
        conn, batch_id = call.conn, batch.id
        before = call.now - timedelta(days=query.days)
        return ReconciliationAnswer(
            batch=show_batch(batch),
            clearing_fen=await service.get_clearing(conn, batch_id=batch_id, bucket_count=self._bucket_count),
            parts=tuple(
                PartAnswer(
                    part=part.part,
                    bank_code=part.bank_code,
                    format=part.format.value,
                    first_line=part.first_line,
                    last_line=part.last_line,
                    line_count=part.line_count,
                    amount_fen=part.amount_fen,
                    state=part.state.value,
                    sm3=None if part.digest is None else part.digest.hex(),
                    sent_at=part.sent_at,
                )
                for part in await service.list_parts(conn, batch_id=batch_id)
            ),
            unanswered=tuple(
                UnansweredAnswer(
                    part=one.part,
                    bank_code=one.bank_code,
                    sent_at=one.sent_at,
                    line_count=one.line_count,
                    amount_fen=one.amount_fen,
                )
                for one in await service.list_unanswered(
                    conn, batch_id=batch_id, before=before, bucket_count=self._bucket_count
                )
            ),
            differences=tuple(
                DifferenceAnswer(line=one.line, kind=one.kind.value, our_fen=one.our_fen, bank_fen=one.bank_fen)
                for one in await service.list_differences(conn, batch_id=batch_id)
            ),
        )

    async def return_files(self, call: Call, body: None, query: PageQuery) -> ReturnFilesAnswer:
        """List what a bank wrote."""
        bank_code = call.path["bank"]
        if BANK_CODE.fullmatch(bank_code) is None:
            raise Refused(Reason.BANK_CODE_IS_NOT_VALID)
        found = await service.list_return_files(call.conn, bank_code=bank_code, limit=query.limit)
        return ReturnFilesAnswer(files=tuple(_show_file(file) for file in found))

    async def payments_of(self, call: Call, body: None, query: None) -> BatchLinesAnswer:
        """Show what one person was to be paid."""
        resident = await cards.get_resident_to_look_at(
            call.conn,
            caller=call.by(),
            shown_id=call.path["resident_id"],
            vault=self._vault,
            terms=self._terms,
            now=call.now,
        )
        found = await service.list_payments_of(call.conn, bucket=resident.bucket, resident_id=resident.id)
        return BatchLinesAnswer(lines=tuple(show_batch_line(line) for line in found))


def _show_file(file: ReturnFile) -> ReturnFileAnswer:
    return ReturnFileAnswer(
        name=file.name,
        sm3=file.digest.hex(),
        kind=None if file.kind is None else file.kind.value,
        state=file.state.value,
        fault=file.fault,
        fault_line=file.fault_line,
        paid_count=file.paid_count,
        paid_fen=file.paid_fen,
        returned_count=file.returned_count,
        returned_fen=file.returned_fen,
        already_count=file.already_count,
        difference_count=file.difference_count,
        received_at=file.received_at,
    )


_ONE = "/v1/payout-batches/{payout_batch_id}"
_KNOWN = (Reason.PAYOUT_BATCH_IS_UNKNOWN, *SCOPE)
_MOVED = (*_KNOWN, Reason.PAYOUT_BATCH_IS_IN_ANOTHER_STATE)


def routes(*, terms: Terms, vault: Vault) -> tuple[Route, ...]:
    """The routes of budgets, batches, and banks' files."""
    batches = Batches(terms=terms, vault=vault)
    pay = partial(operator_route, permission="pay")
    read = partial(operator_route, permission="read")
    return (
        pay("POST", "/v1/budgets/{budget}/funds", "fund_budget", "Put money into a budget", "预算注资", batches.fund,
            body=FundBody, answer=BudgetAnswer, second_person=True,
            reasons=(LedgerReason.ACCOUNT_IS_FROZEN, LedgerReason.ACCOUNT_IS_CLOSED)),
        read("GET", "/v1/budgets/{budget}", "get_budget", "Show what a budget holds", "查看预算余额", batches.budget,
             answer=BudgetAnswer, reasons=(LedgerReason.ACCOUNT_IS_UNKNOWN,)),
        read("GET", "/v1/payout-batches", "list_batches", "List payout batches", "列出发放批次", batches.list,
             query=PageQuery, answer=BatchesAnswer, reasons=()),
        read("GET", _ONE, "get_batch", "Show a payout batch", "查看发放批次", batches.view, answer=BatchAnswer,
             reasons=_KNOWN),
        read("GET", f"{_ONE}/lines", "list_batch_lines", "Show the payments of a batch", "查看发放明细", batches.lines,
             query=LinesQuery, answer=BatchLinesAnswer, looks=True, reasons=_KNOWN),
        pay("POST", f"{_ONE}/apply", "apply_for_payment", "Apply for the payment of a batch", "申请支付",
            batches.apply, body=ApplyBody, answer=AppliedAnswer, second_person=True,
            reasons=(*_MOVED, Reason.PAYOUT_BATCH_HAS_NOTHING_TO_PAY, Reason.PAYOUT_DAY_HAS_PASSED,
                     Reason.BUDGET_CANNOT_PAY_THE_BATCH)),
        pay("POST", f"{_ONE}/revoke", "revoke_application", "Take an application back before the bank has it",
            "撤销支付申请", batches.revoke, answer=ChangeAnswer, second_person=True,
            reasons=(*_MOVED, Reason.BUDGET_CANNOT_PAY_THE_BATCH)),
        pay("POST", f"{_ONE}/stop", "stop_line", "Keep a payment from going to the bank", "停发", batches.stop,
            body=LineBody, answer=ChangeAnswer,
            reasons=(*_MOVED, Reason.PAYOUT_LINE_IS_UNKNOWN, Reason.PAYOUT_LINE_HAS_ENDED,
                     Reason.BUDGET_CANNOT_PAY_THE_BATCH)),
        pay("POST", f"{_ONE}/delete", "delete_batch", "Give up a batch for which nothing was applied", "删除批次",
            batches.delete, answer=ChangeAnswer,
            reasons=(*_KNOWN, Reason.PAID_BATCH_CANNOT_BE_DELETED, Reason.PAYOUT_BATCH_IS_IN_ANOTHER_STATE)),
        pay("POST", f"{_ONE}/corrections", "correct_batch", "Pay again what came back, under its amount", "更正发放",
            batches.correct, body=CorrectionBody, answer=BatchAnswer,
            reasons=(*_MOVED, Reason.NO_LINE_CAN_BE_CORRECTED, Reason.PAYOUT_LINE_IS_UNKNOWN,
                     Reason.CORRECTION_IS_ABOVE_ITS_SOURCE, Reason.CORRECTED_PERSON_CANNOT_BE_PAID)),
        read("GET", f"{_ONE}/reconciliation", "reconcile_batch", "Compare batch, ledger and bank", "批次对账",
             batches.reconcile, query=AnsweredQuery, answer=ReconciliationAnswer, reasons=_KNOWN),
        read("GET", "/v1/bank-files/{bank}/returns", "list_return_files", "List what became of a bank's files",
             "列出银行回单文件", batches.return_files, query=PageQuery, answer=ReturnFilesAnswer,
             reasons=(Reason.BANK_CODE_IS_NOT_VALID,)),
        read("GET", "/v1/residents/{resident_id}/payments", "list_payments", "Show what a person was to be paid",
             "查看个人发放记录", batches.payments_of, answer=BatchLinesAnswer, looks=True, reasons=cards.LOOK),
    )  # fmt: skip
