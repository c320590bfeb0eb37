"""What a batch writes: few statements, each for all of its taps."""

from typing import Any

from yikatong.cards import service as cards
from yikatong.ledger import service as ledger
from yikatong.ledger.model import BookWrites
from yikatong.notices import service as notices
from yikatong.plumbing import outbox
from yikatong.plumbing.ids import Ids
from yikatong.plumbing.pipeline import Statement
from yikatong.taps import store
from yikatong.taps.counter.state import BatchState

TOPIC = "taps"


def statements_of(state: BatchState, book_writes: BookWrites, *, writer: int, ids: Ids) -> list[Statement[Any]]:
    """Everything the batch decided, as statements; none for what did not happen. `book_writes` are its book's."""
    bucket = state.bucket
    statements: list[Statement[Any]] = []
    if state.requests_made:
        statements.append(store.write_requests(bucket=bucket, rows=state.requests_made, made_at=state.now))
    if state.tap_rows:
        statements.append(store.write_taps(bucket=bucket, rows=state.tap_rows))
    if state.waiting_ended:
        statements.append(store.end_waiting(bucket=bucket, tap_ids=state.waiting_ended))
    if state.waiting_made:
        statements.append(store.write_waiting(bucket=bucket, rows=list(state.waiting_made.values())))
    if state.reversals:
        statements.append(store.write_reversals(bucket=bucket, rows=state.reversals, made_at=state.now))
    if state.refunds:
        statements.append(store.write_refunds(bucket=bucket, rows=state.refunds, made_at=state.now))
    if state.second_uses:
        statements.append(store.write_second_uses(bucket=bucket, rows=state.second_uses, seen_at=state.now))
    if state.gate_updates:
        statements.append(cards.write_gates(bucket=bucket, updates=list(state.gate_updates.values())))
    for name in state.changed_lines:
        source = state.lines[name].own_source
        if source is not None:
            statements += source.write(bucket=bucket, facts=state.facts.line_facts[name], now=state.now)
    statements += ledger.write_book(bucket=bucket, writer=writer, book_writes=book_writes)
    if state.drafts:
        notice_ids = [ids.new() for _ in state.drafts]
        statements.append(notices.telling(bucket=bucket, drafts=state.drafts, notice_ids=notice_ids))
    if state.events:
        payload = {"bucket": bucket, "events": state.events}
        statements.append(outbox.publishing(id=ids.new(), topic=TOPIC, payload=payload, now=state.now))
    return statements
