"""What a batch reads before it decides: gates and accounts locked first, facts in later statements."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from yikatong.cards import service as cards
from yikatong.catalogue.model import Snapshot
from yikatong.codes import service as codes
from yikatong.codes.model import ReadCode
from yikatong.ledger import service as ledger
from yikatong.ledger.model import AccountName
from yikatong.ledger.service import Book
from yikatong.lines.model import ServiceLine
from yikatong.plumbing import versions
from yikatong.plumbing.pipeline import BEGIN, BatchConnection, Statement
from yikatong.taps import store
from yikatong.taps.counter.state import BatchFacts
from yikatong.taps.counter.works import RefundWork, TapWork, Work
from yikatong.taps.receipts import decode_facts, decode_work
from yikatong.taps.rules import provider_account


async def load(
    conn: BatchConnection,
    works: Sequence[Work],
    *,
    bucket: int,
    now: datetime,
    today: date,
) -> tuple[BatchFacts, Book]:
    """Begin the transaction, lock, and read: in one round trip, or two where taps that ended are asked about.

    Gates are locked before accounts and accounts before receivables, each in the order of their keys, so two
    batches never wait for each other in a circle. Each later statement sees what was committed before its own
    begin, which is after the locks were won.
    """
    facts = BatchFacts()
    taps = [work for work in works if isinstance(work, TapWork)]
    by_number = {work.resident_id.int: work.resident_id for work in works}
    residents = [by_number[number] for number in sorted(by_number)]
    receivables = [provider_account(work.provider_id) for work in works if isinstance(work, RefundWork)]
    statements: list[Statement[Any]] = [
        BEGIN,
        cards.lock_gates(bucket=bucket, resident_ids=residents),
        ledger.lock_accounts_of(bucket=bucket, owner_ids=residents),
        *_lock_receivables(bucket, receivables),
        versions.reading(),
        cards.load_holders(bucket=bucket, resident_ids=residents, on=today),
        ledger.load_pending_holds(bucket=bucket, owner_ids=residents),
        store.find_waiting(bucket=bucket, resident_ids=residents),
        store.find_reversals(bucket=bucket, tap_ids=[work.tap_id for work in works]),
    ]
    fixed = len(statements)
    if taps:
        statements += _about_taps(bucket, taps)
    others = [work.tap_id for work in works if not isinstance(work, TapWork)]
    if others:
        statements.append(store.find_taps(bucket=bucket, tap_ids=others))
        statements.append(store.find_refunds(bucket=bucket, tap_ids=others))
    results = [result.rows for result in await conn.run(statements)]
    facts.gates = {gate.resident_id.int: gate for gate in results[1]}
    accounts, totals = results[2], results[4] if receivables else []
    version_rows, holders, holds, waiting, reversals = results[fixed - 5 : fixed]
    facts.versions = dict(version_rows)
    facts.holders = {holder.resident_id.int: holder for holder in holders}
    facts.waiting = {row.tap_id.int: row for row in waiting}
    facts.reversed = {tap_id.int: found for tap_id, found in reversals}
    for row in waiting:
        presented = decode_work(row.work).presented
        facts.used[(row.resident_id.int, presented.signed_at, presented.nonce)] = row.tap_id
    position = fixed
    if taps:
        certificates, requests, used = results[position : position + 3]
        facts.certificates = {(stored.resident_id.int, stored.serial): stored for stored in certificates}
        facts.requests = {(request.terminal_id.int, request.request_id): request for request in requests}
        facts.used.update({(code.resident_id.int, code.code_at, code.nonce): code.tap_id for code in used})
        position += 3
    if others:
        facts.taps = {row.id.int: row for row in results[position]}
        for tap_id, refund_id, amount_fen in results[position + 1]:
            facts.refunds.setdefault(tap_id, {})[refund_id] = amount_fen
    await _load_repeated(conn, facts, bucket=bucket)
    return facts, Book(accounts=accounts, holds=holds, now=now, open_totals=totals)


async def load_for_lines(
    conn: BatchConnection,
    facts: BatchFacts,
    works: Sequence[Work],
    *,
    bucket: int,
    now: datetime,
    today: date,
    lines: Mapping[str, ServiceLine],
    snapshot: Snapshot,
) -> None:
    """Read what lines need to know of the residents whose works are theirs; most batches need nothing more.

    A tap is its item's line's; what ends or undoes one is the line's whose own source has a part in it. The snapshot
    is of the versions that were read, and the residents' gates are held.
    """
    concerned: dict[str, dict[UUID, None]] = {}
    for work in works:
        for name in _lines_of(work, facts, today=today, lines=lines, snapshot=snapshot):
            concerned.setdefault(name, {})[work.resident_id] = None
    per_line = [
        (name, lines[name].facts(bucket=bucket, resident_ids=list(residents), now=now))
        for name, residents in concerned.items()
    ]
    statements = [statement for _, asked in per_line for statement in asked]
    results = [result.rows for result in await conn.run(statements)] if statements else []
    for name, asked in per_line:
        facts.line_facts[name], results = results[: len(asked)], results[len(asked) :]


def _lines_of(
    work: Work, facts: BatchFacts, *, today: date, lines: Mapping[str, ServiceLine], snapshot: Snapshot
) -> Iterable[str]:
    if isinstance(work, TapWork):
        terminal = snapshot.find_terminal(work.terminal_id)
        item = None if terminal is None else snapshot.find_item(terminal.region, work.body.item, today)
        return () if item is None or item.line is None or item.line not in lines else (item.line,)
    waiting, row = facts.waiting.get(work.tap_id.int), facts.taps.get(work.tap_id.int)
    parts = decode_work(waiting.work).parts if waiting else decode_facts(row.facts).parts if row else ()
    words = {source.partition(":")[0] for source, _ in parts}
    return (line.name for line in lines.values() if line.own_source is not None and line.own_source.word in words)


def _lock_receivables(bucket: int, receivables: Sequence[AccountName]) -> list[Statement[Any]]:
    if not receivables:
        return []
    return [
        ledger.lock_open_gates(bucket=bucket, accounts=receivables),
        ledger.load_open_totals(bucket=bucket, accounts=receivables),
    ]


def _about_taps(bucket: int, taps: Sequence[TapWork]) -> list[Statement[Any]]:
    by_code = [work for work in taps if isinstance(work.read, ReadCode)]
    serials = [work.read.serial for work in by_code if isinstance(work.read, ReadCode)]
    return [
        codes.find_certificates(
            bucket=bucket,
            resident_ids=[work.resident_id for work in by_code],
            serials=[serial for serial in serials if serial is not None],
        ),
        store.find_requests(
            terminal_ids=[work.terminal_id for work in taps], request_ids=[work.body.request_id for work in taps]
        ),
        store.find_used_codes(
            bucket=bucket,
            code_ats=[work.signed_at for work in taps],
            resident_ids=[work.resident_id for work in taps],
            nonces=[work.nonce for work in taps],
        ),
    ]


async def _load_repeated(conn: BatchConnection, facts: BatchFacts, *, bucket: int) -> None:
    """Read the taps that repeated requests made; most batches have none."""
    repeated: list[UUID] = [request.tap_id for request in facts.requests.values() if request.bucket == bucket]
    if repeated:
        result = await conn.run([store.find_taps(bucket=bucket, tap_ids=repeated)])
        facts.taps.update({row.id.int: row for row in result[0].rows})
