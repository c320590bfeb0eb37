"""Batches of payments as departments work on them: applied for by two people, stopped, corrected, reconciled."""

from collections.abc import Sequence
from datetime import date, datetime

from msgspec import Struct

from yikatong.client.answers import Changed, Pending
from yikatong.client.calls import Calls


class Budget(Struct, frozen=True, kw_only=True):
    """What a budget holds."""

    budget: str
    posted_fen: int
    available_fen: int


class Batch(Struct, frozen=True, kw_only=True):
    """A batch: `issued_fen` is open, paid, returned and stopped together. `number` is what banks read."""

    batch_id: str
    number: str
    roster_id: str
    source_batch_id: str | None
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


class Batches(Struct, frozen=True, kw_only=True):
    """Batches, the newest first."""

    batches: tuple[Batch, ...]


class BatchLine(Struct, frozen=True, kw_only=True):
    """A payment: how much to whom, how it stands, and why it was stopped or came back."""

    batch_id: str
    line: int
    resident_id: str
    reference: str
    amount_fen: int
    bank_code: str
    state: str
    reason: str | None
    source_line: int | None
    corrected_by: str | None
    booked_on: date | None
    ended_at: datetime | None


class BatchLines(Struct, frozen=True, kw_only=True):
    """Payments in their order."""

    lines: tuple[BatchLine, ...]


class Applied(Struct, frozen=True, kw_only=True):
    """The payment application that is in force: its money is set aside."""

    amount_fen: int
    state: str


class Corrected(Struct, frozen=True, kw_only=True):
    """A line that is paid again, with the amount of its source or less."""

    line: int
    amount_fen: int | None = None


class Part(Struct, frozen=True, kw_only=True):
    """A file of a batch for one bank, with its SM3 digest once it was written."""

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


class Unanswered(Struct, frozen=True, kw_only=True):
    """A file of which the bank has not said everything."""

    part: int
    bank_code: str
    sent_at: datetime
    line_count: int
    amount_fen: int


class Difference(Struct, frozen=True, kw_only=True):
    """A payment of which a bank says what cannot be."""

    line: int
    kind: str
    our_fen: int | None
    bank_fen: int | None


class Reconciliation(Struct, frozen=True, kw_only=True):
    """Whether batch, ledger and bank agree: `clearing_fen` is what the ledger holds for the batch."""

    batch: Batch
    clearing_fen: int
    parts: tuple[Part, ...]
    unanswered: tuple[Unanswered, ...]
    differences: tuple[Difference, ...]


class ReturnFile(Struct, frozen=True, kw_only=True):
    """What became of a bank's file: `applied` whole, or `refused` whole with the line at fault."""

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


class ReturnFiles(Struct, frozen=True, kw_only=True):
    """A bank's files, the newest first."""

    files: tuple[ReturnFile, ...]


class PayoutCalls:
    """What an operator asks about budgets, batches and banks' files. Looks at people's payments say their `purpose`."""

    def __init__(self, calls: Calls) -> None:
        """Made by `Operator`."""
        self._calls = calls

    def fund_budget(self, budget: str, *, amount_fen: int, reference: str) -> Pending:
        """Ask to put money into a budget, under a UUID of yours; approved, it answers a `Budget`."""
        body = {"amount_fen": amount_fen, "reference": reference}
        return self._calls.command("POST", f"/v1/budgets/{budget}/funds", Pending, body=body)

    def get_budget(self, budget: str) -> Budget:
        """What a budget holds."""
        return self._calls.ask(f"/v1/budgets/{budget}", Budget)

    def list(self, *, limit: int = 50) -> Batches:
        """Batches of the operator's places."""
        return self._calls.ask("/v1/payout-batches", Batches, limit=limit)

    def get(self, batch_id: str) -> Batch:
        """A batch."""
        return self._calls.ask(f"/v1/payout-batches/{batch_id}", Batch)

    def list_lines(self, batch_id: str, *, purpose: str, after: int = 0, limit: int = 100) -> BatchLines:
        """Payments of a batch after one."""
        path = f"/v1/payout-batches/{batch_id}/lines"
        return self._calls.ask(path, BatchLines, purpose=purpose, after=after, limit=limit)

    def list_of_resident(self, resident_id: str, *, purpose: str) -> BatchLines:
        """What one person was to be paid and what became of it, the newest first."""
        return self._calls.ask(f"/v1/residents/{resident_id}/payments", BatchLines, purpose=purpose)

    def apply(self, batch_id: str, *, pay_on: date) -> Pending:
        """Ask to set the money of a batch aside and pay it on a day; approved, it answers an `Applied`."""
        path = f"/v1/payout-batches/{batch_id}/apply"
        return self._calls.command("POST", path, Pending, body={"pay_on": pay_on})

    def revoke(self, batch_id: str) -> Pending:
        """Ask to take an application back before a bank has a file; approved, it answers a `Changed`."""
        return self._calls.command("POST", f"/v1/payout-batches/{batch_id}/revoke", Pending)

    def stop(self, batch_id: str, line: int) -> Changed:
        """Keep a payment from going to the bank."""
        return self._calls.command("POST", f"/v1/payout-batches/{batch_id}/stop", Changed, body={"line": line})

    def delete(self, batch_id: str) -> Changed:
        """Give up a batch for which nothing was applied."""
        return self._calls.command("POST", f"/v1/payout-batches/{batch_id}/delete", Changed)

    def correct(self, batch_id: str, lines: Sequence[Corrected] | None = None) -> Batch:
        """Pay again what came back: the lines that are named, or all that can be; gives the new batch."""
        body = {"lines": None if lines is None else list(lines)}
        return self._calls.command("POST", f"/v1/payout-batches/{batch_id}/corrections", Batch, body=body)

    def reconcile(self, batch_id: str, *, days: int = 3) -> Reconciliation:
        """Compare batch, ledger and bank; a bank has so many days to answer."""
        return self._calls.ask(f"/v1/payout-batches/{batch_id}/reconciliation", Reconciliation, days=days)

    def list_return_files(self, bank_code: str, *, limit: int = 50) -> ReturnFiles:
        """What became of a bank's files."""
        return self._calls.ask(f"/v1/bank-files/{bank_code}/returns", ReturnFiles, limit=limit)
