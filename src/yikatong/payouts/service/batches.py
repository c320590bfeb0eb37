"""Batches: issued from a final roster, applied for, revoked, stopped line by line, deleted, corrected.

Every command locks the application in force first, then the batch, then lines in the order of bucket and number, then
accounts of the ledger: so no two of them wait for each other in a circle.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import psycopg
from msgspec import structs

from yikatong.kernel.ids import bucket_of
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Change, Refused
from yikatong.ledger import service as ledger
from yikatong.ledger.model import Reason as LedgerReason
from yikatong.ledger.model import TransferDraft
from yikatong.payouts.model import (
    Application,
    ApplicationState,
    Batch,
    BatchCommand,
    BatchLine,
    BatchState,
    PaymentState,
    Reason,
    Roster,
    RosterCommand,
    StopReason,
)
from yikatong.payouts.rules.batches import (
    clearing_of,
    draft_back,
    draft_reserve,
    move_sums,
    sums_of_issued,
    verify_command,
    verify_conserved,
    verify_payable,
)
from yikatong.payouts.service.news import publish_moved
from yikatong.payouts.service.rosters import lock_for
from yikatong.payouts.service.settling import WRITER
from yikatong.payouts.store import batches as store
from yikatong.payouts.store import rosters as roster_store
from yikatong.plumbing.ids import Ids

Conn = psycopg.AsyncConnection[Any]

LINES_AT_ONCE = 100_000
"""Lines that one statement issues, so that it ends well within the time a statement may take."""


async def get_batch(conn: Conn, *, batch_id: UUID) -> Batch:
    """A batch as it stands. Refuses PAYOUT_BATCH_IS_UNKNOWN."""
    return _known(await store.find_batch(conn, batch_id=batch_id))


async def list_batches(conn: Conn, *, region: str, divisions: Sequence[str], limit: int = 50) -> tuple[Batch, ...]:
    """Batches of a region under some places (none named: all), the newest first."""
    return await store.list_batches(conn, region=region, prefixes=divisions, limit=limit)


async def list_batch_lines(
    conn: Conn, *, batch_id: UUID, after: int = 0, limit: int = 100, bucket_count: int
) -> list[BatchLine]:
    """Lines of a batch after one, in their order. Refuses PAYOUT_BATCH_IS_UNKNOWN."""
    await get_batch(conn, batch_id=batch_id)
    found: list[BatchLine] = []
    for bucket in range(bucket_count):
        found += await store.list_lines(conn, bucket=bucket, batch_id=batch_id, after=after, limit=limit)
    return sorted(found, key=lambda line: line.line)[:limit]


async def list_applications(conn: Conn, *, batch_id: UUID) -> tuple[Application, ...]:
    """Every application to pay a batch, the revoked ones too. Refuses PAYOUT_BATCH_IS_UNKNOWN."""
    await get_batch(conn, batch_id=batch_id)
    return await store.list_applications(conn, batch_id=batch_id)


async def get_clearing(conn: Conn, *, batch_id: UUID, bucket_count: int) -> int:
    """What the ledger holds for a batch: set aside, and not known to be paid or back."""
    return await ledger.open_balance(conn, buckets=range(bucket_count), account=clearing_of(batch_id))


async def sum_of_rosters(conn: Conn, *, roster_ids: Sequence[UUID]) -> dict[UUID, int]:
    """What the batches of some rosters took out of their budgets: set aside now, or paid."""
    return await store.sum_of_rosters(conn, roster_ids=roster_ids)


async def list_payments_of(conn: Conn, *, bucket: int, resident_id: UUID, limit: int = 100) -> tuple[BatchLine, ...]:
    """What one person was to be paid and what became of it, the newest first."""
    return await store.list_lines_of_resident(conn, bucket=bucket, resident_id=resident_id, limit=limit)


async def issue_batch(conn: Conn, *, roster_id: UUID, by: UUID, now: datetime, ids: Ids, bucket_count: int) -> Batch:
    """Issue the batch of a final roster, once; a roster that has one gives it.

    Lines are numbered by bucket and bank, so that each bank's are consecutive. No money moves yet.
    Refuses, in this order: ROSTER_IS_UNKNOWN, ROSTER_IS_IN_ANOTHER_STATE.
    """
    roster = await lock_for(conn, roster_id, RosterCommand.ISSUE, by=by)
    if roster.batch_id is not None:
        return await get_batch(conn, batch_id=roster.batch_id)
    batch = new_batch(roster, batch_id=ids.new(), by=by, now=now)
    await store.insert_batch(conn, batch=batch)
    count = fen = 0
    for bucket in range(bucket_count):
        after: tuple[str, int] = ("", 0)
        while True:
            taken = await store.issue_lines(
                conn,
                bucket=bucket,
                roster_id=roster_id,
                batch_id=batch.id,
                after=after,
                offset=count,
                limit=LINES_AT_ONCE,
            )
            if taken.last_bank is None or taken.last_line is None:
                break
            after = (taken.last_bank, taken.last_line)
            count, fen = count + taken.count, fen + taken.fen
    issued = structs.replace(batch, sums=sums_of_issued(count=count, fen=fen))
    await write_batch(conn, issued, before=batch)
    await roster_store.update_roster(conn, roster=structs.replace(roster, batch_id=batch.id))
    return issued


def new_batch(roster: Roster, *, batch_id: UUID, by: UUID, now: datetime) -> Batch:
    """A batch of a roster, without lines."""
    return Batch(
        id=batch_id,
        roster_id=roster.id,
        source_batch_id=None,
        round=0,
        region=roster.region,
        division=roster.division,
        title=roster.title,
        budget_owner_id=roster.budget_owner_id,
        budget_label=roster.budget_label,
        state=BatchState.NEW,
        pay_on=None,
        sums=sums_of_issued(count=0, fen=0),
        made_at=now,
        made_by=by,
        ended_at=None,
    )


async def apply_for_payment(
    conn: Conn, *, batch_id: UUID, pay_on: date, by: UUID, now: datetime, ids: Ids, bucket_count: int
) -> Application:
    """Set the money of a new batch aside, so that its files go out on a day; once. For a second person's approval.

    Refuses, in this order: PAYOUT_BATCH_IS_UNKNOWN, PAYOUT_BATCH_IS_IN_ANOTHER_STATE, PAYOUT_BATCH_HAS_NOTHING_TO_PAY,
    PAYOUT_DAY_HAS_PASSED, BUDGET_CANNOT_PAY_THE_BATCH (no such budget, or less is in it).
    """
    _, batch = await lock_batch(conn, batch_id, BatchCommand.APPLY)
    verify_payable(batch, pay_on=pay_on, today=day_of(now))
    application = Application(
        batch_id=batch_id,
        id=ids.new(),
        amount_fen=batch.sums.open_fen,
        state=ApplicationState.SUBMITTED,
        submitted_at=now,
        submitted_by=by,
        ended_at=None,
    )
    # The batch is locked and new, so no application is in force; the index says so again.
    is_in_force = await store.insert_application(conn, application=application)
    assert is_in_force
    await write_batch(conn, structs.replace(batch, state=BatchState.APPLIED, pay_on=pay_on), before=batch)
    draft = draft_reserve(batch, application_id=application.id, amount_fen=application.amount_fen)
    await post(conn, batch, draft, now=now, bucket_count=bucket_count)
    return application


async def revoke_application(conn: Conn, *, batch_id: UUID, now: datetime, bucket_count: int) -> Change:
    """Take an application back while no bank has a file: the money returns to the budget, the batch is new again.

    Refuses, in this order: PAYOUT_BATCH_IS_UNKNOWN, PAYOUT_BATCH_IS_IN_ANOTHER_STATE.
    """
    application, batch = await lock_batch(conn, batch_id, None)
    if batch.state is BatchState.NEW:
        return Change.ALREADY_SO
    verify_command(batch, BatchCommand.REVOKE)
    assert application is not None
    await store.end_application(conn, application=application, state=ApplicationState.REVOKED, now=now)
    await write_batch(conn, structs.replace(batch, state=BatchState.NEW, pay_on=None), before=batch)
    if batch.sums.open_fen:
        draft = draft_back(batch, why=b"revoked" + application.id.bytes, amount_fen=batch.sums.open_fen)
        await post(conn, batch, draft, now=now, bucket_count=bucket_count)
    return Change.DONE


async def stop_line(conn: Conn, *, batch_id: UUID, line: int, now: datetime, ids: Ids, bucket_count: int) -> Change:
    """Keep one payment from going to the bank; what was set aside for it returns to the budget.

    Refuses, in this order: PAYOUT_BATCH_IS_UNKNOWN, PAYOUT_BATCH_IS_IN_ANOTHER_STATE, PAYOUT_LINE_IS_UNKNOWN,
    PAYOUT_LINE_HAS_ENDED.
    """
    _, batch = await lock_batch(conn, batch_id, BatchCommand.STOP)
    found = await _find_line(conn, batch_id=batch_id, line=line, bucket_count=bucket_count)
    if found.state is PaymentState.STOPPED:
        return Change.ALREADY_SO
    if found.state is not PaymentState.ISSUED:
        raise Refused(Reason.PAYOUT_LINE_HAS_ENDED, state=found.state.value)
    stops = [(line, StopReason.STOPPED_BY_AN_OPERATOR)]
    await stop_in_bucket(conn, batch, bucket=found.bucket, stops=stops, now=now, ids=ids, bucket_count=bucket_count)
    return Change.DONE


async def stop_in_bucket(
    conn: Conn,
    batch: Batch,
    *,
    bucket: int,
    stops: Sequence[tuple[int, StopReason]],
    now: datetime,
    ids: Ids,
    bucket_count: int,
) -> Batch:
    """Stop lines of a locked batch in one bucket, and give back what was set aside for them; the batch as it is now.

    Publishes LINES_MOVED.
    """
    is_reserved = batch.state in (BatchState.APPLIED, BatchState.SENDING)
    # A line is stopped once, so the first of them names the transfer for all.
    why = b"stopped" + bucket.to_bytes(2) + b"".join(line.to_bytes(4) for line, _ in stops[:1])
    draft = draft_back(batch, why=why, amount_fen=1) if is_reserved else None
    count, fen = await store.stop_lines(
        conn,
        bucket=bucket,
        batch_id=batch.id,
        stops=stops,
        transfer_id=None if draft is None else draft.id,
        now=now,
    )
    sums = move_sums(batch.sums, before=PaymentState.ISSUED, after=PaymentState.STOPPED, count=count, fen=fen)
    stopped = structs.replace(batch, sums=sums)
    await write_batch(conn, stopped, before=batch)
    if draft is not None and fen:
        await post(conn, batch, draft_back(batch, why=why, amount_fen=fen), now=now, bucket_count=bucket_count)
    if count:
        await publish_moved(
            conn,
            batch=batch,
            bucket=bucket,
            state=PaymentState.STOPPED,
            transfer_id=None if draft is None else draft.id,
            lines=[line for line, _ in stops],
            count=count,
            now=now,
            ids=ids,
        )
    return stopped


async def delete_batch(conn: Conn, *, batch_id: UUID, now: datetime, bucket_count: int) -> Change:
    """Give up a batch for which no money was applied for: its lines are stopped, its roster may issue another.

    The lines that a correction was to pay again may be corrected again.
    Refuses, in this order: PAYOUT_BATCH_IS_UNKNOWN, PAID_BATCH_CANNOT_BE_DELETED.
    """
    _, batch = await lock_batch(conn, batch_id, None)
    if batch.state is BatchState.DELETED:
        return Change.ALREADY_SO
    verify_command(batch, BatchCommand.DELETE)
    sums = batch.sums
    for bucket in range(bucket_count):
        count, fen = await store.stop_all_lines(
            conn, bucket=bucket, batch_id=batch_id, reason=StopReason.BATCH_WAS_DELETED, now=now
        )
        sums = move_sums(sums, before=PaymentState.ISSUED, after=PaymentState.STOPPED, count=count, fen=fen)
        if batch.source_batch_id is not None:
            await store.unmark_corrected(conn, bucket=bucket, batch_id=batch.source_batch_id, by_batch_id=batch_id)
    await write_batch(conn, structs.replace(batch, state=BatchState.DELETED, sums=sums, ended_at=now), before=batch)
    roster = await roster_store.lock_roster(conn, roster_id=batch.roster_id)
    if roster is not None and roster.batch_id == batch_id:
        await roster_store.update_roster(conn, roster=structs.replace(roster, batch_id=None))
    return Change.DONE


# What other commands build on


async def lock_batch(conn: Conn, batch_id: UUID, command: BatchCommand | None) -> tuple[Application | None, Batch]:
    """The application in force of a batch and the batch, locked in this order, if a command is possible.

    Refuses, in this order: PAYOUT_BATCH_IS_UNKNOWN, then as `verify_command`.
    """
    application = await store.lock_application(conn, batch_id=batch_id)
    batch = _known(await store.find_batch(conn, batch_id=batch_id, locked=True))
    if application is None:
        # One that was submitted while we waited for the batch; whoever changes it has to wait for the batch too.
        submitted = await store.list_applications(conn, batch_id=batch_id)
        application = next((one for one in submitted if one.state is not ApplicationState.REVOKED), None)
    return application, batch if command is None else verify_command(batch, command)


async def write_batch(conn: Conn, batch: Batch, *, before: Batch) -> None:
    """Write a locked batch, if it still stands as it was read; raises ValueError when money would not be conserved."""
    verify_conserved(batch.sums)
    if not await store.update_batch(conn, batch=batch, state_before=before.state):
        raise Refused(Reason.PAYOUT_BATCH_IS_IN_ANOTHER_STATE, state=before.state.value, needs=before.state.value)


async def post(conn: Conn, batch: Batch, draft: TransferDraft, *, now: datetime, bucket_count: int) -> None:
    """Post a transfer of a batch in the bucket of its budget.

    Refuses BUDGET_CANNOT_PAY_THE_BATCH when the budget is not open or does not hold enough, else as the ledger does.
    """
    bucket = bucket_of(batch.budget_owner_id, bucket_count)
    try:
        await ledger.post(conn, bucket=bucket, writer=WRITER, draft=draft, now=now)
    except Refused as refused:
        if refused.reason in _BUDGET_FAULTS:
            raise Refused(Reason.BUDGET_CANNOT_PAY_THE_BATCH, because=refused.reason.name) from None
        raise


_BUDGET_FAULTS = frozenset(
    {
        LedgerReason.ACCOUNT_IS_UNKNOWN,
        LedgerReason.ACCOUNT_IS_CLOSED,
        LedgerReason.ACCOUNT_IS_FROZEN,
        LedgerReason.BALANCE_IS_TOO_LOW,
    }
)


async def _find_line(conn: Conn, *, batch_id: UUID, line: int, bucket_count: int) -> BatchLine:
    for bucket in range(bucket_count):
        found = await store.find_line(conn, bucket=bucket, batch_id=batch_id, line=line)
        if found is not None:
            return found
    raise Refused(Reason.PAYOUT_LINE_IS_UNKNOWN, line=line)


def _known(batch: Batch | None) -> Batch:
    if batch is None:
        raise Refused(Reason.PAYOUT_BATCH_IS_UNKNOWN)
    return batch
