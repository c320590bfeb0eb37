"""The command line: `yikatong`."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.cells import set_cell_size
from rich.markup import escape

import yikatong
from simulator.stories import STORIES
from simulator.stories.telling import Both, Column, a_table, set_both, show_table
from yikatong.access.model import FirstOperator
from yikatong.app.audits.decisions import audit_decisions_now, print_decision_audit
from yikatong.app.audits.log import audit_log_now, print_log_audit
from yikatong.app.audits.rooms import Audited, run_audit
from yikatong.app.audits.whole import Whole, encode_audit
from yikatong.app.commands.backup import add_backup_commands
from yikatong.app.commands.bench import bench_app
from yikatong.app.commands.claims import explain, replay, report_app
from yikatong.app.commands.command_line import (
    DataOption,
    JsonOption,
    errors,
    out,
    say_step,
    settings_now,
    verify_made,
    verify_prepared,
)
from yikatong.app.commands.database import database_app
from yikatong.app.commands.help_texts import BothLanguages
from yikatong.app.commands.keys import keys_app
from yikatong.app.commands.population import load_population
from yikatong.app.commands.programmes import ANY_FACTS, decide, programmes_app, simulate
from yikatong.app.commands.running import jobs_list, outbox_app
from yikatong.app.commands.trade_in import trade_in_app
from yikatong.app.commands.witness import witness_app_cli
from yikatong.app.demo import ROOM_NAMES_ZH, play_story, run_demo
from yikatong.app.http.server import PortIsTakenError, verify_listening
from yikatong.app.http.workers import WorkersDoNotStart
from yikatong.app.outside.organisations import verify_organisations
from yikatong.app.prepare import prepare
from yikatong.app.reference import write_pages
from yikatong.app.serve import serve as serve_until_ended
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.backup.errors import BackupError
from yikatong.plumbing.database import Database
from yikatong.plumbing.database_server import database_server
from yikatong.plumbing.migrations import MigrationError
from yikatong.plumbing.postgres.errors import EmbeddedPostgresError
from yikatong.plumbing.roles import ServingRoleError
from yikatong.plumbing.settings import SettingsError
from yikatong.trust.service import KeysAtRestError

app = typer.Typer(
    name="yikatong",
    cls=BothLanguages,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
app.add_typer(add_backup_commands(database_app), name="db")
app.add_typer(keys_app, name="keys")
app.add_typer(witness_app_cli, name="witness")
app.add_typer(outbox_app, name="outbox")
app.command("jobs")(jobs_list)
app.add_typer(bench_app, name="bench")
app.command(context_settings=ANY_FACTS)(decide)
app.command()(simulate)
app.add_typer(programmes_app, name="programmes")
app.command()(explain)
app.command()(replay)
app.add_typer(report_app, name="report")
app.add_typer(trade_in_app, name="trade-in")

PLACE_CELLS = 27
"""Where addresses begin in the list of where to look."""
DIFFERENCES_TOLD = 20
"""As many differences of an audit are told in words."""
MENDABLE = (
    SettingsError,
    EmbeddedPostgresError,
    KeysAtRestError,
    MigrationError,
    ServingRoleError,
    BackupError,
    WorkersDoNotStart,
)
"""What whoever runs the platform can mend; each says in its message how."""


def _say_version(wanted: bool) -> None:
    if wanted:
        out.print(f"yikatong {yikatong.__version__}")
        raise typer.Exit


@app.callback(help="一卡通: one card, one code, every public service; every fen accounted for.")
def before_any_command(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_say_version)
    ] = False,
) -> None:
    """Take what is said before a command."""


def main() -> None:
    """Run a command; what a person can mend is said in a sentence, without a traceback.

    Ends with 1 when another program has our port, which is nobody's mistake, else with 2.
    """
    try:
        app()
    except MENDABLE as error:
        errors.print(f"[red]{escape(str(error))}[/red]", soft_wrap=True)
        sys.exit(1 if isinstance(error, PortIsTakenError) else 2)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 picks a free one.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes that serve.")] = None,
    data: DataOption = None,
) -> None:
    """Serve the platform: database, workers and jobs, until Ctrl-C."""
    settings = verify_organisations(settings_now(host=host, port=port, workers=workers, data=data))
    with database_server(settings) as address:
        verify_listening(settings)
        made = asyncio.run(prepare(settings, address, tell=say_step))
        for region, first in made.items():
            _say_first_operator(region, first)
        serve_until_ended(settings, address, ready=_say_where)


def _say_first_operator(region: str, first: FirstOperator) -> None:
    """Whoever starts a region reads here, once, how to get in; everybody else is made by this operator."""
    errors.print()
    _say(
        Both(
            f"地区{region}还没有经办人，已建立第一位。",
            f"Region {region} had no operator; its first one is made.",
        )
    )
    _say_place("  登录名 login name", f"[bold]{escape(first.login_name)}[/bold]")
    _say_place("  初始密码 first password", f"[bold]{escape(first.password)}[/bold]")
    _say(
        Both(
            "密码只显示这一次，请记下；首次登录（POST /v1/sessions）须用new_password换成自己的密码。",
            "The password is shown this once, so note it; the first sign-in (POST /v1/sessions) has to replace it by "
            "your own, as new_password.",
        )
    )
    errors.print()


def _say_where(address: str) -> None:
    _say_place("平台已启动 serving on", address)
    _say_place("接口文档 API page", f"{address}/docs")
    _say_place("指标 metrics", f"{address}/metrics")
    _say_place("结束 to end it", "Ctrl-C")


def _say_place(what: str, where: str) -> None:
    errors.print(set_cell_size(what, PLACE_CELLS) + where, soft_wrap=True)


def _say(text: Both) -> None:
    for line in set_both(text, cells=errors.width):
        errors.print(line, soft_wrap=True)


@app.command()
def audit(
    log: Annotated[
        bool, typer.Option("--log", help="The sealed log as well, row by row, against its witness.")
    ] = False,
    decisions: Annotated[
        bool, typer.Option("--decisions", help="Every decision as well, decided again; needs the keys.")
    ] = False,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Recompute everything; ends non-zero and names the differences when there are any."""
    settings = verify_made(settings_now(data=data))

    async def run(address: ServerAddress) -> Whole:
        async with await Database.open(address) as database:
            await verify_prepared(database)
            audited = await run_audit(database, tell=lambda room: None if json else _say_audited(room))
            return Whole(
                audited,
                await audit_decisions_now(database, settings=settings, json=json) if decisions else None,
                await audit_log_now(database, settings=settings, json=json) if log else None,
            )

    with database_server(settings, may_join=True) as address:
        whole = asyncio.run(run(address))
    differences = whole.differences()
    if json:
        sys.stdout.write(encode_audit(whole) + "\n")
    else:
        _print_audit(whole.rooms)
        print_decision_audit(whole.decisions)
        print_log_audit(whole.log)
    if differences:
        say_differences(differences)
        raise typer.Exit(1)


def say_differences(differences: list[str]) -> None:
    """Name them, the gravest first: one that stays, as after a restore, does not hide those that come after it."""
    for difference in differences[:DIFFERENCES_TOLD]:
        errors.print(f"[red]差异 difference: {escape(difference)}[/red]", soft_wrap=True)
    more = len(differences) - DIFFERENCES_TOLD
    if more > 0:
        errors.print(f"另有{more}处，用--json全部列出。 {more} more; --json lists all of them.", soft_wrap=True)


def _say_audited(room: str) -> None:
    errors.print(f"正在审计 auditing: {ROOM_NAMES_ZH[room]} {room}")


def _print_audit(audited: tuple[Audited, ...]) -> None:
    table = a_table(Column("模块", "room"), Column("差异", "differences", "right"))
    for room in audited:
        table.add_row(f"{ROOM_NAMES_ZH[room.room]} {room.room}", str(len(room.differences)))
    show_table(out, Both("审计，全部重算", "audit, everything recomputed"), table)
    if not any(room.differences for room in audited):
        out.print("\n审计无差异。 The audit finds no difference.")


@app.command()
def reference(
    folder: Annotated[Path, typer.Argument(help="Where the pages go.")] = Path("docs/reference"),
) -> None:
    """Write the reference pages of reasons, settings and moves from the code."""
    write_pages(folder)
    out.print(f"已写入 written to {folder}")


@app.command()
def population(
    count: Annotated[int, typer.Argument(help="How many residents.", min=1, max=5_000_000)],
    seed: Annotated[int, typer.Option(help="The same seed makes the same people.")] = 1,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Make up residents under the unassigned division 9901xx and load them; cards come when they are first used."""
    settings = settings_now(data=data, allow_synthetic_residents=True)
    with database_server(settings, may_join=True) as address:
        asyncio.run(prepare(settings, address, tell=say_step))
        loaded = load_population(settings, address, seed=seed, count=count, console=errors)
    rate = round(loaded.new_count / loaded.seconds) if loaded.seconds else 0
    said = {
        "new": loaded.new_count,
        "known": loaded.known_count,
        "seconds": round(loaded.seconds, 1),
        "per_second": rate,
    }
    if json:
        sys.stdout.write(msgspec.json.encode(said).decode() + "\n")
    else:
        out.print(f"导入{loaded.new_count}位居民，用时{loaded.seconds:.1f}秒；{loaded.known_count}位原已在册。")
        out.print(f"{loaded.new_count} residents loaded in {loaded.seconds:.1f} s, {loaded.known_count} were known")


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="End after the story, also with a terminal attached.")] = False,
    data: DataOption = None,
) -> None:
    """One day in Tingting community, on a platform of its own; then it stays up and says where to look."""
    run_demo(settings_now(data=data), once=once)


@app.command()
def practice(data: DataOption = None) -> None:
    """Open the trade-in in four provinces for practice, every party's keys in files; stays up until Ctrl-C."""
    from yikatong.app.practice import run_practice

    run_practice(settings_now(data=data))


@app.command()
def story(
    name: Annotated[str | None, typer.Argument(help="Which one; without a name they are listed.")] = None,
    data: DataOption = None,
) -> None:
    """List the stories, or play one and end."""
    if name is None:
        table = a_table(Column("名称", "name"), Column("标题", "title"))
        for one in STORIES.values():
            table.add_row(one.name, f"{one.title_zh} {one.title_en}")
        show_table(out, Both("故事", "stories"), table)
        return
    if name not in STORIES:
        names = ", ".join(STORIES)
        errors.print(f"[red]没有故事{escape(name)}，现有：{names}。[/red]", soft_wrap=True)
        errors.print(f"[red]There is no story {escape(name)}; there is: {names}.[/red]", soft_wrap=True)
        raise typer.Exit(2)
    play_story(settings_now(data=data), name)
