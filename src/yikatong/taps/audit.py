"""What `yikatong audit` recomputes of taps: receipts against the ledger, requests, refunds, second uses."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import msgspec
from psycopg import AsyncConnection

from yikatong.kernel.ids import show_id
from yikatong.ledger import service as ledger
from yikatong.ledger.model import Transfer, TransferKind
from yikatong.sealing.model import Leaf
from yikatong.taps import store
from yikatong.taps.leaves import find_bound_leaf, leaf_of_refund, leaf_of_reversal, leaf_of_tap, payment_of, rest_of
from yikatong.taps.model import TapRow
from yikatong.taps.receipts import decode_facts

_PAGE = 2_000
_ZERO = UUID(int=0)


async def audit(conn: AsyncConnection[Any]) -> list[str]:
    """Name every tap whose receipt the ledger does not bear out, and every request, refund or second use astray."""
    return [
        *await _audit_payments(conn),
        *await _audit_given_back(conn),
        *await _audit_counts(conn),
        *[
            f"taps: request {request_id} and {show_id('tap', tap_id)} do not belong together"
            for tap_id, request_id in await store.list_differences(conn, query="audit_requests")
        ],
        *[
            f"taps: {show_id('tap', tap_id)} was paid {paid} fen and {refunded} fen were given back"
            for tap_id, paid, refunded in await store.list_differences(conn, query="audit_refunds")
        ],
        *[
            f"taps: {show_id('tap', tap_id)} waits and has ended"
            for (tap_id,) in await store.list_differences(conn, query="audit_both")
        ],
        *[
            f"taps: the first use that {show_id('tap', tap_id)} repeats is nowhere"
            for (tap_id,) in await store.list_differences(conn, query="audit_second_uses")
        ],
    ]


async def list_leaves(conn: AsyncConnection[Any]) -> AsyncIterator[list[Leaf]]:
    """The leaves of every tap, refund and reversal as they stand now, for the audit of the sealed log."""
    bucket, tap_id, refund_id = -1, _ZERO, _ZERO
    while taps := await store.page_taps(conn, bucket=bucket, tap_id=tap_id, count_max=_PAGE):
        bucket, tap_id = taps[-1].bucket, taps[-1].id
        yield [leaf_of_tap(row, rest=rest_of(row)) for row in taps]
    bucket, tap_id = -1, _ZERO
    while refunds := await store.page_refunds(conn, bucket=bucket, tap_id=tap_id, refund_id=refund_id, count_max=_PAGE):
        bucket, tap_id, refund_id = refunds[-1][0], refunds[-1][1].tap_id, refunds[-1][1].id
        yield [leaf_of_refund(row, made_at=made_at) for _, row, made_at in refunds]
    bucket, tap_id = -1, _ZERO
    while reversals := await store.page_reversals(conn, bucket=bucket, tap_id=tap_id, count_max=_PAGE):
        bucket, tap_id = reversals[-1][0], reversals[-1][1].tap_id
        yield [leaf_of_reversal(row, made_at=made_at) for _, row, made_at in reversals]


async def list_bound(conn: AsyncConnection[Any]) -> AsyncIterator[list[Leaf]]:
    """The leaves of every payment as the rows of taps say that it must be, for the audit of the sealed log."""
    bucket, tap_id = -1, _ZERO
    while taps := await store.page_taps(conn, bucket=bucket, tap_id=tap_id, count_max=_PAGE):
        bucket, tap_id = taps[-1].bucket, taps[-1].id
        yield [leaf for row in taps if (leaf := find_bound_leaf(row)) is not None]


async def _audit_payments(conn: AsyncConnection[Any]) -> list[str]:
    found: list[str] = []
    bucket, tap_id = -1, _ZERO
    while rows := await store.page_taps(conn, bucket=bucket, tap_id=tap_id, count_max=_PAGE):
        bucket, tap_id = rows[-1].bucket, rows[-1].id
        for one in sorted({row.bucket for row in rows}):
            found += await _audit_page(conn, [row for row in rows if row.bucket == one], bucket=one)
    return found


async def _audit_page(conn: AsyncConnection[Any], rows: list[TapRow], *, bucket: int) -> list[str]:
    ids = [row.transfer_id for row in rows if row.transfer_id is not None]
    posted = await ledger.find_transfers(conn, bucket=bucket, transfer_ids=ids)
    found = []
    for row in rows:
        transfer = None if row.transfer_id is None else posted.get(row.transfer_id)
        difference = find_difference(row, transfer)
        if difference is not None:
            found.append(f"taps: {show_id('tap', row.id)} {difference}")
    return found


def find_difference(row: TapRow, transfer: Transfer | None) -> str | None:
    """Say in what a tap's receipt and its transfer differ; None when in nothing."""
    try:
        facts = decode_facts(row.facts)
    except msgspec.DecodeError:
        return "has facts that cannot be read"
    if row.transfer_id is None:
        if row.reason is None and row.amount_fen is not None:
            return "was admitted for an amount and moved no money"
        return None
    if transfer is None:
        return "names a transfer that the ledger does not have"
    if transfer.reference != row.id or transfer.kind is not TransferKind.PAYMENT:
        return "names a transfer of something else"
    if sum(amount_fen for _, amount_fen in facts.parts) != row.amount_fen:
        return "has a receipt whose parts do not sum to its amount"
    expected = payment_of(row, transfer_id=row.transfer_id).legs
    written = sorted(zip(transfer.accounts, transfer.legs, strict=True))
    if sorted((leg.account.id, leg.amount_fen) for leg in expected) != written:
        return "has a receipt that says other accounts or amounts than the ledger"
    return None


async def _audit_given_back(conn: AsyncConnection[Any]) -> list[str]:
    found: list[str] = []
    bucket, transfer_id = -1, _ZERO
    while rows := await store.page_given_back(conn, bucket=bucket, transfer_id=transfer_id, count_max=_PAGE):
        bucket, transfer_id = rows[-1].bucket, rows[-1].transfer_id
        for one in sorted({row.bucket for row in rows}):
            here = [row for row in rows if row.bucket == one]
            posted = await ledger.find_transfers(conn, bucket=one, transfer_ids=[row.transfer_id for row in here])
            found += [
                f"taps: what was given back of {show_id('tap', row.tap_id)} is not what the ledger says"
                for row in here
                if not _bears_out(row, posted.get(row.transfer_id))
            ]
    return found


def _bears_out(row: store.GivenBack, transfer: Transfer | None) -> bool:
    """A reversal has no amount of its own; that of a refund is what receivable and debt of the provider gave."""
    if transfer is None or transfer.reference != row.tap_id:
        return False
    return row.amount_fen is None or -sum(leg for leg in transfer.legs if leg < 0) == row.amount_fen


async def _audit_counts(conn: AsyncConnection[Any]) -> list[str]:
    """The ledger has no payment, refund or reversal that no tap asked for."""
    ((payments, refunds, reversals),) = await store.list_differences(conn, query="audit_counts")
    kinds = ((TransferKind.PAYMENT, payments), (TransferKind.REFUND, refunds), (TransferKind.REVERSAL, reversals))
    found = []
    for kind, expected in kinds:
        actual = await ledger.count_transfers(conn, kind=kind)
        if actual != expected:
            found.append(f"taps: taps asked for {expected} transfers of kind {kind.value}, the ledger has {actual}")
    return found
