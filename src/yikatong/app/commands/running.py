"""Commands of what runs by itself: how the jobs stand, and the events that failed and wait for a person."""

import sys
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
import typer
from rich.markup import escape

from simulator.stories.telling import Both, Column, a_table, show_table
from yikatong.app.commands.command_line import (
    DataOption,
    JsonOption,
    ask_database,
    errors,
    out,
    settings_now,
    verify_made,
)
from yikatong.kernel.instants import SHANGHAI
from yikatong.plumbing import outbox
from yikatong.plumbing.clock import clock_of
from yikatong.plumbing.database import Connection
from yikatong.plumbing.jobs import JobState, list_jobs
from yikatong.plumbing.outbox import ParkedEvent

_COLUMNS = (Column("作业", "job"), Column("状态", "state"), Column("下次", "next"), Column("上次结束", "last ended"))

outbox_app = typer.Typer(help="Events that failed and wait for a person: list, release.", no_args_is_help=True)


def jobs_list(data: DataOption = None, json: JsonOption = False) -> None:
    """List the jobs: which runs now, which failed and why, when each is due and when it last ended."""
    settings = verify_made(settings_now(data=data))
    jobs = ask_database(settings, list_jobs)
    if json:
        _print_json(jobs=jobs)
        return
    now = clock_of(settings).now()
    table = a_table(*_COLUMNS)
    for job in jobs:
        table.add_row(job.name, _standing(job, now), _short(job.next_at), _short(job.last_finished_at))
    show_table(out, Both("作业，时间为北京时间", "jobs; the times are of China (UTC+8)"), table)
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

    parked = ask_database(verify_made(settings_now(data=data)), read)
    if json:
        _print_json(parked=parked)
        return
    if not parked:
        out.print("没有待人处理的事件 no event waits for a person")
    for event in parked:
        made_at, parked_at = _shown(event.made_at), _shown(event.parked_at)
        out.print(f"{event.id}  {event.topic}", soft_wrap=True)
        out.print(f"  产生于 made at {made_at}", soft_wrap=True)
        tries = f"尝试{event.tries_count}次后 after {event.tries_count} tries"
        out.print(f"  搁置于 parked at {parked_at} {tries}", soft_wrap=True)
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
            "[red]请用编号指定事件，或用--all-of指定主题；yikatong outbox list会列出二者。[/red]", soft_wrap=True
        )
        errors.print(
            "[red]Name events by their ids, or a topic with --all-of; `yikatong outbox list` shows both.[/red]",
            soft_wrap=True,
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
        count = ask_database(verify_made(settings_now(data=data)), release)
    except _NotParkedError as error:
        event_id = error.args[0]
        errors.print(f"[red]没有编号为{event_id}的搁置事件；未放行任何事件。[/red]", soft_wrap=True)
        errors.print(f"[red]No parked event has the id {event_id}; nothing was released.[/red]", soft_wrap=True)
        raise typer.Exit(1) from None
    out.print(f"已放行{count}个事件，服务运行时一秒内重新投递。", soft_wrap=True)
    out.print(f"{count} released; where `yikatong serve` runs they are handed on within a second.", soft_wrap=True)


class _NotParkedError(Exception):
    """An event of this id is not parked."""


def _standing(job: JobState, now: datetime) -> str:
    if job.lease_until is not None and job.lease_until > now:
        return "运行中 runs"
    if job.failures_count:
        return f"失败 failed {job.failures_count}"
    return "等待 waits"


def _print_json(**values: Any) -> None:
    sys.stdout.write(msgspec.json.encode(values).decode() + "\n")


def _short(instant: datetime | None) -> str:
    """A time of this year in China."""
    return "" if instant is None else instant.astimezone(SHANGHAI).strftime("%m-%d %H:%M:%S")


def _shown(instant: datetime | None) -> str:
    return "" if instant is None else instant.isoformat(timespec="seconds").replace("+00:00", "Z")
