"""Commands of trade-ins: a place's lists and price pledges are taken in from files, whole or not at all.

What they do is loaded when one of them runs, as with the commands of programmes.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.markup import escape

from yikatong.app.commands.command_line import (
    DataOption,
    JsonOption,
    errors,
    out,
    settings_now,
    verify_made,
    verify_prepared,
)
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.database import Connection, Database
from yikatong.plumbing.database_server import database_server
from yikatong.plumbing.settings import Settings

trade_in_app = typer.Typer(help="Trade-ins: take in lists of stores, and prices.", no_args_is_help=True)

FileArgument = Annotated[
    Path, typer.Argument(help="The file, CSV or XLSX.", exists=True, dir_okay=False, readable=True)
]
PlaceOption = Annotated[str, typer.Option(help="Six digits of the place whose list it is.")]
TakeIn = Callable[[Connection, bytes], Awaitable[Any]]


@trade_in_app.command("parties")
def trade_in_parties(file: FileArgument, place: PlaceOption, data: DataOption = None, json: JsonOption = False) -> None:
    """Take in a list of stores and recyclers; with one wrong line nothing, and every wrong line is told."""
    from yikatong.trade_in.service.lists import import_parties

    code = _read_place(place)
    _take_in(
        file,
        "trade_in.import_parties",
        lambda conn, content: import_parties(conn, place=code, data=content),
        data=data,
        json=json,
    )


@trade_in_app.command("prices")
def trade_in_prices(
    file: FileArgument,
    place: PlaceOption,
    past_sales: Annotated[
        bool, typer.Option("--past-sales", help="The file has past sales; the pledges follow by the place's rule.")
    ] = False,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Take in the prices that stores pledged not to exceed; with one wrong line nothing."""
    from yikatong.app.commands.deciding import today
    from yikatong.programmes import service as programmes
    from yikatong.trade_in.service.pledges import import_past_sales, import_pledges

    code, shelf = _read_place(place), programmes.read_shelf()
    chosen = import_past_sales if past_sales else import_pledges
    _take_in(
        file,
        "trade_in.import_prices",
        lambda conn, content: chosen(conn, place=code, data=content, shelf=shelf, known_on=today()),
        data=data,
        json=json,
    )


def _take_in(file: Path, what: str, take_in: TakeIn, *, data: Path | None, json: bool) -> None:
    from yikatong.app.commands.recorded import recorded_command

    settings = verify_made(settings_now(data=data))
    content = file.read_bytes()

    async def run(address: ServerAddress, settings: Settings) -> Any:
        async with await Database.open(address) as database:
            await verify_prepared(database)
            async with recorded_command(database, what=what, settings=settings) as conn:
                return await take_in(conn, content)

    with database_server(settings, may_join=True) as address:
        try:
            imported = asyncio.run(run(address, settings))
        except Refused as refused:
            _say_refused(refused, json=json)
            raise typer.Exit(1) from None
    if json:
        sys.stdout.write(msgspec.json.encode(imported).decode() + "\n")
        return
    added, changed, same = imported.added_count, imported.changed_count, imported.same_count
    out.print(f"新增{added}条，变更{changed}条，未变{same}条（{imported.encoding}）。", soft_wrap=True)
    out.print(f"{added} added, {changed} changed, {same} as they were.", soft_wrap=True)


def _say_refused(refused: Refused, *, json: bool) -> None:
    text, about = refused.reason.text, refused.about
    if json:
        said = {"reason": refused.reason.name, "about": about}
        sys.stdout.write(msgspec.json.encode(said).decode() + "\n")
        return
    for name, value in about.items():
        line = name.removeprefix("line_")
        where = name if line == name else f"第{line}行 line {line}"
        errors.print(f"[yellow]{where}[/yellow]  {escape(str(value))}", soft_wrap=True)
    errors.print(f"[red]{escape(text.zh)}{escape(text.remedy_zh)}[/red]", soft_wrap=True)
    errors.print(f"[red]{escape(text.en)} {escape(text.remedy_en)}[/red]", soft_wrap=True)


def _read_place(text: str) -> str:
    from yikatong.places.model import is_division_code

    if not is_division_code(text):
        raise typer.BadParameter("--place: six digits 六位行政区划代码")
    return text
