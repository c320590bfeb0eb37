"""What `yikatong audit` recomputes of offline: allowances against holds, uploads against transfers, disputes."""

from collections import defaultdict
from typing import Any

from psycopg import AsyncConnection

from yikatong.kernel.ids import show_id
from yikatong.ledger import service as ledger
from yikatong.ledger.model import Hold, HoldStatus
from yikatong.offline import store
from yikatong.offline.model import Allowance, Dispute, Outcome, UploadRow
from yikatong.offline.rules import correction_of, hold_id_of
from yikatong.taps import service as taps


async def audit(conn: AsyncConnection[Any]) -> list[str]:
    """Name every allowance that its holds do not bear out, every upload without its transfer, every dispute astray."""
    return [
        *await _audit_holds(conn),
        *await _audit_transfers(conn),
        *await _audit_decided(conn),
        *[
            f"offline: {show_id('allowance', id)} counts {spent} fen as spent, uploads posted {posted}"
            for id, spent, posted in await store.list_differences(conn, query="audit_spent")
        ],
        *[
            f"offline: the dispute of {show_id('tap', tap_id)} and its upload do not belong together"
            for (tap_id,) in await store.list_differences(conn, query="audit_disputes")
        ],
        *[
            f"offline: a memory of {show_id('terminal', terminal_id)} should have {expected} uploads and has {count}"
            for terminal_id, expected, count in await store.list_differences(conn, query="audit_lines")
        ],
    ]


async def _audit_holds(conn: AsyncConnection[Any]) -> list[str]:
    by_bucket: defaultdict[int, list[Allowance]] = defaultdict(list)
    for allowance in await store.audit_allowances(conn):
        by_bucket[allowance.bucket].append(allowance)
    found: list[str] = []
    for bucket, allowances in by_bucket.items():
        ids = [hold_id_of(one, number) for one in allowances for number in range(one.hold_number + 1)]
        holds = (await ledger.run_in_order(conn, [ledger.load_holds(bucket=bucket, hold_ids=ids)]))[0].rows
        by_id = {hold.id: hold for hold in holds}
        found += [
            f"offline: {show_id('allowance', one.id)} {difference}"
            for one in allowances
            if (difference := find_difference(one, [by_id.get(hold_id_of(one, number)) for number in _numbers(one)]))
        ]
    return found


def _numbers(allowance: Allowance) -> range:
    """The numbers of the holds that carry or carried it; the last has nothing when all is spent."""
    return range(allowance.hold_number + (1 if allowance.left_fen else 0))


def find_difference(allowance: Allowance, holds: list[Hold | None]) -> str | None:
    """Say in what an allowance and its holds differ; None when in nothing."""
    left_fen = allowance.amount_fen
    for number, hold in enumerate(holds):
        if hold is None or hold.reference != allowance.id or hold.expires_at != allowance.upload_until:
            return f"has no hold {number}"
        if hold.amount_fen > left_fen:
            return f"has a hold of {hold.amount_fen} fen where {left_fen} were left"
        left_fen = hold.amount_fen
        if number < allowance.hold_number and hold.status is not HoldStatus.POSTED:
            return f"went on from hold {number}, which was not posted"
    if allowance.left_fen and left_fen != allowance.left_fen:
        return f"has {allowance.left_fen} fen left, its hold has {left_fen}"
    last = holds[-1] if holds else None
    if allowance.left_fen and last is not None and last.status in (HoldStatus.POSTED, HoldStatus.VOIDED):
        return "has a present hold that ended before its term"
    return None


async def _audit_transfers(conn: AsyncConnection[Any]) -> list[str]:
    by_bucket: defaultdict[int, list[UploadRow]] = defaultdict(list)
    for row in await store.audit_uploads(conn):
        by_bucket[row.bucket or 0].append(row)
    found: list[str] = []
    for bucket, rows in by_bucket.items():
        paid = {row.tap_id for row in rows if row.allowance_id is not None and row.outcome is Outcome.POSTED}
        ids = {row.tap_id: taps.transfer_id_of(row.tap_id) for row in rows if row.tap_id is not None}
        posted = await ledger.find_transfers(conn, bucket=bucket, transfer_ids=list(ids.values()))
        found += [
            f"offline: {show_id('tap', row.tap_id)} was answered {row.outcome.value}, the ledger says otherwise"
            for row in rows
            if row.tap_id is not None and (row.tap_id in paid) != (ids[row.tap_id] in posted)
        ]
    return found


async def _audit_decided(conn: AsyncConnection[Any]) -> list[str]:
    by_bucket: defaultdict[int, list[Dispute]] = defaultdict(list)
    for dispute in await store.audit_decided(conn):
        by_bucket[dispute.bucket].append(dispute)
    found: list[str] = []
    for bucket, disputes in by_bucket.items():
        drafts = {dispute.tap_id: correction_of(dispute) for dispute in disputes}
        ids = [draft.id for draft in drafts.values()]
        posted = await ledger.find_transfers(conn, bucket=bucket, transfer_ids=ids)
        for tap_id, draft in drafts.items():
            transfer = posted.get(draft.id)
            if transfer is None or transfer.legs != [leg.amount_fen for leg in draft.legs]:
                found.append(f"offline: the dispute of {show_id('tap', tap_id)} was decided, the ledger says otherwise")
    return found
