"""Commands of what runs by itself: how the jobs stand, and the events that failed and wait for a person."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

import msgspec
import typer
from rich.markup import escape
from rich.table import Table

from yikatong.app.command_line import DataOption, JsonOption, errors, out, settings_now, verify_made, verify_prepared
from yikatong.plumbing import outbox
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.clock import SystemClock
from yikatong.plumbing.database import Connection, Database
from yikatong.plumbing.database_server import database_server
from yikatong.plumbing.jobs import JobState, list_jobs
from yikatong.plumbing.outbox import ParkedEvent
from yikatong.plumbing.settings import Settings

T = TypeVar("T")

outbox_app = typer.Typer(help="Events that failed and wait for a person: list, release.", no_args_is_help=True)


def jobs_list(data: DataOption = None, json: JsonOption = False) -> None:
    """List the jobs: which runs now, which failed and why, when each is due and when it last ended."""
    jobs = _ask(verify_made(settings_now(data=data)), list_jobs)
    if json:
        _print_json(jobs=jobs)
        return
    now = SystemClock().now()
    table = Table(title="jobs 作业", title_justify="left", box=None, pad_edge=False)
    for column in ("job", "state", "due at", "last ended at"):
        table.add_column(column, no_wrap=True)
    for job in jobs:
        table.add_row(job.name, _standing(job, now), _shown(job.next_at), _shown(job.last_finished_at))
    out.print(table)
    for job in jobs:
        if job.last_error is not None:
            out.print(f"{job.name}: {escape(job.last_error)}", soft_wrap=True)


@outbox_app.command("list")
def outbox_list(
    count_max: Annotated[int, typer.Option("--max", help="At most so many, the oldest first.", min=1)] = 100,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """List the events that failed too often and wait for a person, each with its error."""

    async def read(conn: Connection) -> list[ParkedEvent]:
        return await outbox.list_parked(conn, count_max=count_max)

    parked = _ask(verify_made(settings_now(data=data)), read)
    if json:
        _print_json(parked=parked)
        return
    if not parked:
        out.print("no event waits for a person")
    for event in parked:
        made_at, parked_at = _shown(event.made_at), _shown(event.parked_at)
        out.print(f"{event.id}  {event.topic}", soft_wrap=True)
        out.print(f"  made at {made_at}, parked at {parked_at} after {event.tries_count} tries", soft_wrap=True)
        out.print(f"  {escape(event.last_error)}", soft_wrap=True)


@outbox_app.command("release")
def outbox_release(
    event_ids: Annotated[list[UUID] | None, typer.Argument(help="Which, by their ids in `outbox list`.")] = None,
    all_of_topic: Annotated[
        str | None, typer.Option("--all-of", metavar="TOPIC", help="Every parked event of one topic.")
    ] = None,
    data: DataOption = None,
) -> None:
    """Give parked events to their subscribers once more, after the cause was mended; all of those named or none."""
    if not event_ids and all_of_topic is None:
        errors.print(
            "[red]Name events by their ids, or a topic with --all-of; `yikatong outbox list` shows both.[/red]"
        )
        raise typer.Exit(2)

    async def release(conn: Connection) -> int:
        count = 0 if all_of_topic is None else await outbox.unpark_topic(conn, topic=all_of_topic)
        for event_id in event_ids or ():
            if not await outbox.unpark(conn, id=event_id):
                raise _NotParkedError(event_id)
            count += 1
        return count

    try:
        count = _ask(verify_made(settings_now(data=data)), release)
    except _NotParkedError as error:
        errors.print(f"[red]No parked event has the id {error.args[0]}; nothing was released.[/red]", soft_wrap=True)
        raise typer.Exit(1) from None
    out.print(f"{count} released; the relay hands them on within a second where `yikatong serve` runs")


class _NotParkedError(Exception):
    """An event of this id is not parked."""


def _ask(settings: Settings, work: Callable[[Connection], Awaitable[T]]) -> T:
    """Do something in one transaction of the database that the settings name, also while it serves."""

    async def run(address: ServerAddress) -> T:
        async with await Database.open(address) as database:
            await verify_prepared(database)
            async with database.transaction() as conn:
                return await work(conn)

    with database_server(settings, may_join=True) as address:
        return asyncio.run(run(address))


def _standing(job: JobState, now: datetime) -> str:
    if job.lease_until is not None and job.lease_until > now:
        return "runs"
    return f"failed {job.failures_count} in a row" if job.failures_count else "waits"


def _print_json(**values: Any) -> None:
    sys.stdout.write(msgspec.json.encode(values).decode() + "\n")


def _shown(instant: datetime | None) -> str:
    return "" if instant is None else instant.isoformat(timespec="seconds").replace("+00:00", "Z")
