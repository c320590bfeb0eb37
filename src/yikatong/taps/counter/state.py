"""A batch's working state: the facts it loaded, and what it has decided so far."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from yikatong.cards.model import Gate, GateUpdate, Holder
from yikatong.catalogue.model import Snapshot
from yikatong.codes.model import StoredCertificate
from yikatong.ledger.service import Book
from yikatong.lines.model import Facts, OwnSource, ServiceLine
from yikatong.notices.model import Draft, Template
from yikatong.taps.model import BankAsk, Request, TapRow, WaitingRow, WaitingWork
from yikatong.taps.receipts import as_it_stands
from yikatong.taps.store import RefundRow, ReversalRow
from yikatong.taps.told import draft_of

CodeKey = tuple[int, datetime, bytes]
"""Resident, signed second and nonce of a code; ids by their numbers, which hash and compare in C."""


class BatchFacts:
    """What a batch knows when it begins to decide; every list was read under the residents' gates.

    What every tap asks for is kept by the numbers of ids: a UUID hashes and compares in Python, its number in C.
    """

    def __init__(self) -> None:
        """Begin with nothing known."""
        self.gates: dict[int, Gate] = {}
        self.holders: dict[int, Holder] = {}
        self.certificates: dict[tuple[int, int], StoredCertificate] = {}
        self.requests: dict[tuple[int, str], Request] = {}
        self.used: dict[CodeKey, UUID] = {}
        self.reversed: dict[int, str] = {}
        self.waiting: dict[int, WaitingRow] = {}
        self.taps: dict[int, TapRow] = {}
        self.refunds: dict[UUID, dict[UUID, int]] = {}
        self.line_facts: dict[str, Facts] = {}
        self.versions: dict[str, int] = {}

    def refunded_fen(self, tap_id: UUID) -> int:
        """What was given back of a tap so far."""
        return sum(self.refunds.get(tap_id, {}).values())


class BatchState:
    """Facts, the ledger's book, and everything the batch will write; later works see what earlier ones did."""

    def __init__(
        self,
        *,
        bucket: int,
        now: datetime,
        today: date,
        facts: BatchFacts,
        book: Book,
        snapshot: Snapshot,
        lines: Mapping[str, ServiceLine],
        sources: Mapping[str, tuple[str, OwnSource]],
        confirmation_term: timedelta,
    ) -> None:
        """Begin with nothing decided; `sources` are the lines' own by their funding words, with their lines' names."""
        self.bucket = bucket
        self.now = now
        self.today = today
        self.facts = facts
        self.book = book
        self.snapshot = snapshot
        self.lines = lines
        self.sources = sources
        self.confirmation_term = confirmation_term
        self.tap_rows: list[TapRow] = []
        self.requests_made: list[Request] = []
        self.waiting_made: dict[UUID, WaitingRow] = {}
        self.waiting_ended: list[UUID] = []
        self.reversals: list[ReversalRow] = []
        self.refunds: list[RefundRow] = []
        self.second_uses: list[tuple[UUID, UUID, bytes]] = []
        self.gate_updates: dict[UUID, GateUpdate] = {}
        self.changed_lines: dict[str, None] = {}
        self.bank_asked: list[BankAsk] = []
        self.events: list[dict[str, Any]] = []
        self.drafts: list[Draft] = []

    def end_tap(self, row: TapRow) -> None:
        """Write a tap's end; what comes later in the batch sees it, and its code as spent."""
        self.tap_rows.append(row)
        self.facts.taps[row.id.int] = row
        if row.spends_nonce:
            self.facts.used[(row.resident_id.int, row.code_at, row.nonce)] = row.id

    def ended(self, tap_id: UUID) -> TapRow | None:
        """A tap that ended, as it is told now."""
        row = self.facts.taps.get(tap_id.int)
        return None if row is None else as_it_stands(row, is_reversed=tap_id.int in self.facts.reversed)

    def claim_request(self, request: Request) -> None:
        """Claim a request id."""
        self.requests_made.append(request)
        self.facts.requests[(request.terminal_id.int, request.request_id)] = request

    def let_wait(self, row: WaitingRow) -> None:
        """Write a tap as waiting, anew or for something else than before."""
        self.waiting_made[row.tap_id] = row
        self.facts.waiting[row.tap_id.int] = row

    def end_wait(self, tap_id: UUID) -> None:
        """Take a tap out of those that wait, whether its row stands already or was to be written by this batch."""
        self.facts.waiting.pop(tap_id.int, None)
        self.waiting_made.pop(tap_id, None)
        self.waiting_ended.append(tap_id)

    def spend_shown(self, resident_id: UUID, amount_fen: int) -> None:
        """Count a small payment against the day's limit."""
        gate = self.facts.gates[resident_id.int]
        spent_fen = (gate.shown_spent_fen if gate.shown_on == self.today else 0) + amount_fen
        self._set_shown(gate, on=self.today, spent_fen=spent_fen)

    def unspend_shown(self, resident_id: UUID, amount_fen: int, *, on: date) -> None:
        """Take a small payment that did not come about out of its day's count, while that day is the one counted."""
        gate = self.facts.gates.get(resident_id.int)
        if gate is not None and gate.shown_on == on:
            self._set_shown(gate, on=on, spent_fen=gate.shown_spent_fen - amount_fen)

    def _set_shown(self, gate: Gate, *, on: date, spent_fen: int) -> None:
        self.facts.gates[gate.resident_id.int] = gate._replace(shown_on=on, shown_spent_fen=spent_fen)
        self.gate_updates[gate.resident_id] = GateUpdate(gate.resident_id, on, spent_fen)

    def change_facts(self, line_name: str, facts: Facts) -> None:
        """Go on with a line's facts as its source gave them back; the line writes what became of them."""
        self.facts.line_facts[line_name] = facts
        self.changed_lines[line_name] = None

    def ask_bank(self, row: WaitingRow, kept: WaitingWork) -> None:
        """Note a debit to ask once the batch is committed; should we die first, the waiting row says so."""
        assert kept.bank_code is not None
        assert kept.bank_token is not None
        self.bank_asked.append(
            BankAsk(
                bucket=row.bucket,
                tap_id=row.tap_id,
                resident_id=row.resident_id,
                provider_id=kept.provider_id,
                bank_code=kept.bank_code,
                bank_token=kept.bank_token,
                amount_fen=kept.bank_fen,
            )
        )

    def ask_bank_back(self, tap_id: UUID) -> None:
        """Ask the bank to undo a debit of a tap that did not come about, whether or not it happened."""
        self.tell("bank_back", tap=tap_id)

    def ask_bank_credit(self, row: TapRow, *, refund_id: UUID, amount_fen: int) -> None:
        """Ask the bank to credit a refund to the bound account that paid."""
        self.tell("bank_credit", tap=row.id, refund=refund_id, resident=row.resident_id,
                  amount_fen=amount_fen)  # fmt: skip

    def tell(self, kind: str, **about: Any) -> None:
        """Note news for the outbox: one row per batch carries all of it."""
        self.events.append({"kind": kind, **about})

    def tell_resident(
        self,
        template: Template,
        *,
        resident_id: UUID,
        provider_id: UUID,
        item: str | None = None,
        amount_fen: int | None = None,
        deadline_at: datetime | None = None,
    ) -> None:
        """Note what a resident is to be told, as `told.draft_of`."""
        draft = draft_of(
            template,
            self.snapshot,
            resident_id=resident_id,
            provider_id=provider_id,
            now=self.now,
            item=item,
            amount_fen=amount_fen,
            deadline_at=deadline_at,
        )
        if draft is not None:
            self.drafts.append(draft)
