"""The audit of the sealed log: every room's rows against what was sealed of them, and the log against its witness."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import typer
from msgspec import structs
from psycopg import AsyncConnection

from simulator.stories.telling import Both, Column, a_table, show_table
from yikatong.access import audit as access
from yikatong.app.audits.misplaced import list_misplaced
from yikatong.app.commands.command_line import errors, out
from yikatong.app.keys import open_keys
from yikatong.app.outside.organisations import open_organisations
from yikatong.ledger import audit as ledger
from yikatong.payouts import audit as payouts
from yikatong.plumbing.clock import Clock, clock_of
from yikatong.plumbing.database import Database
from yikatong.plumbing.ids import SystemIds
from yikatong.plumbing.settings import Settings
from yikatong.sealing import audit as sealing
from yikatong.sealing import service
from yikatong.sealing.audit import LogAudit, Terms
from yikatong.sealing.model import Leaf, LeafKind, WitnessedHead
from yikatong.sealing.outside import Witness, WitnessIsSilent
from yikatong.taps import audit as taps
from yikatong.trade_in import audit as trade_in
from yikatong.trust.model import KeyHolder

_FOR_GOOD = timedelta(days=365_000)


async def run_log_audit(
    database: Database, *, settings: Settings, keys: KeyHolder, witness: Witness | None, clock: Clock
) -> LogAudit:
    """Recompute the log and every row in it on one snapshot.

    The witness is asked first, so what it signed is in the snapshot. Raises WitnessIsSilent.
    """
    witnessed: WitnessedHead | None = await witness.find_last() if witness is not None else None
    async with database.owner_transaction() as conn:
        await conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        return await audit_log_in(conn, settings=settings, keys=keys, witnessed=witnessed, clock=clock)


async def audit_log_in(
    conn: AsyncConnection[Any],
    *,
    settings: Settings,
    keys: KeyHolder,
    witnessed: WitnessedHead | None,
    clock: Clock,
) -> LogAudit:
    """Recompute the log and every row in it as an open transaction sees them, and where those rows lie."""
    audited = await sealing.audit_log(
        conn,
        _leaves(conn),
        taps.list_bound(conn),
        log_keys=service.log_keys_of(keys),
        leaf_secrets=service.leaf_secrets_of(keys),
        witnessed=witnessed,
        terms=_terms(settings, clock),
    )
    misplaced = await list_misplaced(conn, bucket_count=settings.bucket_count)
    return structs.replace(audited, differences=(*audited.differences, *misplaced))


async def _leaves(conn: AsyncConnection[Any]) -> AsyncIterator[Sequence[Leaf]]:
    async for leaves in taps.list_leaves(conn):
        yield leaves
    async for leaves in ledger.list_leaves(conn):
        yield leaves
    async for leaves in payouts.list_leaves(conn):
        yield leaves
    async for leaves in trade_in.list_leaves(conn):
        yield leaves
    async for leaves in access.list_leaves(conn):
        yield leaves


def _terms(settings: Settings, clock: Clock) -> Terms:
    """What may be gone: taps and reversals that moved no money, and lines of the record, once their term is over.

    A reversal that moved money has its transfer's leaf too, which stays.
    """
    now = clock.now()
    terms = dict.fromkeys(LeafKind, _FOR_GOOD) | {
        LeafKind.TAP: timedelta(days=settings.retention_tap_days),
        LeafKind.REVERSAL: timedelta(days=settings.retention_tap_days),
        LeafKind.RECORD: timedelta(days=settings.retention_record_days),
    }
    return Terms({kind: now - term for kind, term in terms.items()}, now)


async def audit_log_now(database: Database, *, settings: Settings, json: bool) -> LogAudit:
    """The same with the keys and the witness of the settings, and a word before it begins.

    A witness that is silent ends the command: an audit that looked like one with a witness would deceive.
    """
    clock = clock_of(settings)
    keys = open_keys(settings, clock=clock, ids=SystemIds(clock))
    if not json:
        errors.print("正在审计 auditing: 封存日志 the sealed log")
    async with open_organisations(settings) as organisations:
        try:
            return await run_log_audit(
                database, settings=settings, keys=keys, witness=organisations.witness, clock=clock
            )
        except WitnessIsSilent as silent:
            errors.print(f"见证方未答复（{silent}），封存日志未审计。", soft_wrap=True)
            errors.print(f"The witness is silent ({silent}); the log was not audited.", soft_wrap=True)
            raise typer.Exit(1) from None


def print_log_audit(log: LogAudit | None) -> None:
    """How much of the log was looked at, and whether a witness was asked."""
    if log is None:
        return
    table = a_table(Column("封存日志", "the sealed log"), Column("数量", "how many", "right"))
    table.add_row("已入日志的批次 batches in the log", str(log.size))
    table.add_row("尚未入日志的批次 batches not in it yet", str(log.unappended))
    table.add_row("已封存的行 sealed rows", str(log.leaves))
    table.add_row("其中已到期删除 of them forgotten at their term", str(log.forgotten))
    witnessed = "无 none" if log.witnessed_size is None else str(log.witnessed_size)
    table.add_row("见证方签过的批次 batches the witness signed", witnessed)
    table.add_row("差异 differences", str(len(log.differences)))
    show_table(out, Both("封存日志，逐行核对", "the sealed log, row by row"), table)
