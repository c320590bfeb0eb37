"""Commands of the database: back it up, list the backups, restore it to any moment."""

import asyncio
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from simulator.stories.telling import Both, Column, a_table, show_table
from yikatong.app.commands.command_line import DataOption, JsonOption, errors, out, settings_now, verify_made
from yikatong.app.keys import key_folder
from yikatong.app.outside.organisations import open_organisations
from yikatong.app.reconciling import Unmatched, list_unmatched
from yikatong.app.restore import Restored, Wish, restore, verify_embedded
from yikatong.app.restored import PAY_OUT_JOBS
from yikatong.app.runner import BANK_CODES
from yikatong.kernel.instants import SHANGHAI
from yikatong.kernel.money import show_yuan
from yikatong.payouts.jobs import BankCalls
from yikatong.payouts.model import BankDidNotAnswer
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.backup.archive import Archive
from yikatong.plumbing.backup.coverage import Coverage, show
from yikatong.plumbing.backup.errors import BackupError
from yikatong.plumbing.backup.kept import BACKUPS, Measure, Removed, keep_newest, read_kept
from yikatong.plumbing.backup.manifest import Manifest, list_damaged, verify_folder
from yikatong.plumbing.backup.restorations import find_last_restoration, resume_jobs
from yikatong.plumbing.backup.restoring import Goal
from yikatong.plumbing.backup.taking import KEYS, copy_keys, take_backup
from yikatong.plumbing.backup.taking import Progress as Copied
from yikatong.plumbing.clock import SystemClock
from yikatong.plumbing.database import Database
from yikatong.plumbing.database_server import database_server
from yikatong.plumbing.ids import SystemIds
from yikatong.plumbing.master_key import read_master_key
from yikatong.plumbing.postgres.binaries import wheel_programs
from yikatong.plumbing.settings import Settings, SettingsError

LATEST = "latest"


class ListedBackup(msgspec.Struct, frozen=True, kw_only=True):
    """A backup as the command line shows it; every moment of `since` to `until` can be restored."""

    name: str
    bytes: int
    since: datetime | None
    until: datetime | None
    whole: bool
    faults: tuple[str, ...]


def database_backup(
    keep: Annotated[
        int | None, typer.Option(help="Then remove all but so many newest backups, and the log that none needs.", min=1)
    ] = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Take a whole copy of the embedded database, also while it serves, with the encrypted keys."""
    settings = verify_made(verify_embedded(settings_now(data=data)))
    folder = verify_folder(settings.backup_folder)
    keys = None if settings.key_module_socket else key_folder(settings)
    with database_server(settings, may_join=True) as address, _copying() as progress:
        task = progress.add_task("复制数据库 copying the database", total=None)

        def tell(copied: Copied) -> None:
            progress.update(task, completed=copied.done, total=copied.total or None)

        manifest = take_backup(
            folder, address.conninfo, keys=keys, programs=wheel_programs(), clock=SystemClock(), tell=tell
        )
        if keys is not None:
            copy_keys(keys, folder / KEYS)
        removed = None
        if keep is not None:
            archive = Archive(folder, system_identifier=manifest.system_identifier)
            removed = keep_newest(folder, archive, count=keep)
    if json:
        said = {"backup": manifest, "removed": None if removed is None else removed._asdict()}
        sys.stdout.write(msgspec.json.encode(said).decode() + "\n")
    else:
        _say_backup(manifest, removed)


def _copying() -> Progress:
    return Progress(TextColumn("{task.description}"), BarColumn(), DownloadColumn(), console=errors, transient=True)


def _say_backup(manifest: Manifest, removed: Removed | None) -> None:
    out.print(f"备份 backup {manifest.name}: {_size(manifest.bytes)}, {manifest.keys_count} keys 密钥")
    out.print(
        "主密钥不在备份中，请另行保管。 The master key is not in it: keep it apart, without it the keys stay closed."
    )
    if removed is not None and (removed.backups or removed.segments_count):
        out.print(
            f"已清理 removed: {len(removed.backups)} backups 备份, {removed.segments_count} files of the log 日志文件, "
            f"{_size(removed.bytes)}"
        )


def database_backups(data: DataOption = None, json: JsonOption = False) -> None:
    """List the backups: size, from when until when each leads, and whether every file is what it was."""
    settings = verify_embedded(settings_now(data=data))
    folder = verify_folder(settings.backup_folder)
    with errors.status("核对 verifying"):
        listed = list_backups(folder)
    if json:
        sys.stdout.write(msgspec.json.encode({"backups": listed}).decode() + "\n")
    else:
        print_backups(listed)
    if not all(one.whole for one in listed):
        raise typer.Exit(1)


def list_backups(folder: Path) -> list[ListedBackup]:
    """Every backup of a folder, oldest first, all of it verified by digest, with the log that follows it."""
    kept = read_kept(folder)
    listed = [
        ListedBackup(name=name, bytes=0, since=None, until=None, whole=False, faults=(f"manifest.json: {why}",))
        for name, why in kept.unreadable.items()
    ]
    if kept.manifests:
        archive = Archive(folder, system_identifier=kept.manifests[-1].system_identifier)
        measure = Measure(archive, programs=wheel_programs())
        listed += [_listed(folder, measure.cover(manifest, measure.line_with(manifest))) for manifest in kept.manifests]
    return listed


def _listed(folder: Path, covered: Coverage) -> ListedBackup:
    manifest = covered.manifest
    faults = [
        f"{BACKUPS}/{manifest.name}/{one}" for one in list_damaged(folder / BACKUPS / manifest.name, manifest.files)
    ]
    if covered.broken is not None:
        faults.append(f"wal/{covered.broken.segment.name}.gz: {covered.broken.obstacle.value}")
    until = covered.until if covered.reaches_itself else None
    return ListedBackup(
        name=manifest.name,
        bytes=manifest.bytes,
        since=covered.since,
        until=until,
        whole=not faults and until is not None,
        faults=tuple(faults),
    )


def print_backups(listed: list[ListedBackup]) -> None:
    """The backups in a table that fits a narrow screen with every name whole, then what is wrong with them."""
    table = a_table(
        Column("名称", "name"),
        Column("大小", "size", "right"),
        Column("起", "from"),
        Column("止", "until"),
        Column("完好", "whole"),
    )
    for one in listed:
        since, until = ("–" if at is None else _on_the_clock(at) for at in (one.since, one.until))
        table.add_row(one.name, _size(one.bytes), since, until, "是 yes" if one.whole else "[red]否 no[/red]")
    show_table(out, Both("备份，时间为北京时间", "backups; the times are of China (UTC+8)"), table)
    for one in listed:
        for fault in one.faults:
            errors.print(f"[red]{escape(one.name)}: {escape(fault)}[/red]", soft_wrap=True)


def database_restore(
    to: Annotated[
        str, typer.Option(help="Moment, as 2026-11-25T12:00:00+08:00 (without a zone: Shanghai), or `latest`.")
    ],
    backup: Annotated[str | None, typer.Option(help="Begin with this backup instead of the fitting one.")] = None,
    exclusive: Annotated[
        bool, typer.Option("--exclusive", help="Leave out what was committed at that very instant.")
    ] = False,
    timeline: Annotated[
        int | None, typer.Option(help="A history that an earlier restore left; without it the newest.", min=1)
    ] = None,
    set_aside: Annotated[
        bool, typer.Option("--set-aside", help="Rename the database that is there, and keep it.")
    ] = False,
    copy: Annotated[
        bool, typer.Option("--copy", help="Only to be looked at: into an empty folder (--data), never served.")
    ] = False,
    at_once: Annotated[
        bool, typer.Option("--at-once", help="Let the next start not wait until codes from before have ended.")
    ] = False,
    data: DataOption = None,
) -> None:
    """Restore the embedded database to a moment, audit it, and put it in its place; the platform is stopped."""
    settings = verify_embedded(settings_now(data=data))
    goal = Goal(to=read_moment(to), is_inclusive=not exclusive)
    wish = Wish(
        goal,
        backup=backup,
        timeline=timeline,
        may_set_aside=set_aside,
        waits_for_codes=not at_once,
        is_copy=copy,
    )
    with errors.status("恢复 restoring") as status:

        def tell(said: str) -> None:
            status.update(said)

        restored = restore(settings, wish, clock=SystemClock(), tell=tell)
    _say_restored(restored, goal)
    if not copy:
        _say_what_remains(settings, goal)
    if restored.differences:
        raise typer.Exit(1)


def read_moment(text: str) -> datetime | None:
    """The moment that a person wrote, None for `latest`; without a zone it is Shanghai's. Raises BackupError."""
    if text == LATEST:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BackupError(
            f"{text} is no moment: write 2026-11-25T12:00:00+08:00, or {LATEST}.",
            f"{text}不是时刻：请写成2026-11-25T12:00:00+08:00，或{LATEST}。",
        ) from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=SHANGHAI)


def _say_restored(restored: Restored, goal: Goal) -> None:
    where = "日志末尾 the end of the log" if goal.to is None else show(goal.to)
    out.print(f"已恢复 restored from {restored.covered.manifest.name} to {where}", soft_wrap=True)
    if restored.set_aside is not None:
        out.print(f"原数据库保留在 the database that was there is kept in {restored.set_aside}", soft_wrap=True)
    if restored.differences is None:
        out.print("有待执行的迁移，启动后请运行审计 migrations wait: start, then run `yikatong audit`")
    elif not restored.differences:
        out.print("审计：账目平衡 audit: no difference")
    else:
        errors.print(
            f"[red]审计 audit: {len(restored.differences)} differences, the first: {restored.differences[0]}[/red]"
        )


def _say_what_remains(settings: Settings, goal: Goal) -> None:
    """What people do before they start: reconcile what was lost, put back the master key, which no backup holds."""
    if goal.to is not None:
        out.print(
            "此后发生的一切已不在数据库中，须人工核对，然后用`yikatong db resume`恢复向服务机构付款。\n"
            "What happened after it is no longer in the database: reconcile it, then `yikatong db resume` lets "
            "pay-outs to providers run again.",
            soft_wrap=True,
        )
    if settings.key_module_socket or not key_folder(settings).is_dir():
        return
    try:
        read_master_key(settings, SystemIds(SystemClock()))
    except SettingsError as error:
        errors.print(
            f"[yellow]主密钥不在备份中。 No backup holds the master key. {escape(str(error))}[/yellow]", soft_wrap=True
        )


def database_resume(
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Although banks' lists differ, or a bank does not answer.")
    ] = False,
    data: DataOption = None,
) -> None:
    """Compare the banks' lists since the moment of a restore, and let pay-outs to providers run again."""
    settings = verify_made(settings_now(data=data))
    with database_server(settings, may_join=True) as address:
        unmatched = [] if anyway else asyncio.run(_compare_banks(settings, address))
        for one in unmatched:
            _say_unmatched(one)
        if unmatched:
            errors.print(
                f"[red]银行清单与数据库有{len(unmatched)}处不符，未恢复付款；处理后加--anyway再执行。\n"
                f"{len(unmatched)} movements differ, so nothing was resumed; settle them, then say --anyway.[/red]",
                soft_wrap=True,
            )
            raise typer.Exit(1)
        resumed = asyncio.run(_resume(address))
    out.print(f"已恢复 resumed: {', '.join(resumed)}" if resumed else "无需恢复 nothing rests")


async def _compare_banks(settings: Settings, address: ServerAddress) -> list[Unmatched]:
    """What the banks have and the database has not, or otherwise, since the last restore to a moment."""
    clock = SystemClock()
    async with await Database.open(address) as database, open_organisations(settings) as organisations:
        async with database.transaction() as conn:
            last = await find_last_restoration(conn)
        if last is None or last.target_at is None or settings.bank_url is None:
            return []
        calls = BankCalls(database=database, bank=organisations.bank, clock=clock)
        try:
            return await list_unmatched(calls, bank_codes=BANK_CODES, since=last.target_at, now=clock.now())
        except BankDidNotAnswer:
            raise BackupError(
                "A bank did not give its lists, so nothing was resumed; try again, or say --anyway.",
                "有银行没有给出清单，未作核对，也未恢复付款；请重试，或加--anyway。",
            ) from None


async def _resume(address: ServerAddress) -> list[str]:
    async with await Database.open(address) as database, database.transaction() as conn:
        return await resume_jobs(conn, PAY_OUT_JOBS, now=SystemClock().now())


def _say_unmatched(one: Unmatched) -> None:
    ours, bank = ("-" if fen is None else show_yuan(fen) for fen in (one.difference.our_fen, one.difference.bank_fen))
    out.print(
        f"{one.day}  银行 bank {one.bank_code}  {one.difference.kind.value}  {one.difference.request_id}  "
        f"数据库 database {ours}  银行 bank {bank}",
        soft_wrap=True,
    )


def _on_the_clock(instant: datetime) -> str:
    """As `--to` takes it without a zone."""
    return instant.astimezone(SHANGHAI).replace(tzinfo=None).isoformat(sep=" ", timespec="milliseconds")


def _size(count: int) -> str:
    return f"{count / 1_000_000:.1f} MB"


def add_backup_commands(database_app: typer.Typer) -> typer.Typer:
    """Add these commands to those of the database."""
    database_app.command("backup")(database_backup)
    database_app.command("backups")(database_backups)
    database_app.command("restore")(database_restore)
    database_app.command("resume")(database_resume)
    return database_app
