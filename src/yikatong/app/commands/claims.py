"""Commands about claims: why one got what it got, whether it still would, and a report over all. They read alone.

What they do is loaded when one of them runs, as with the commands of programmes.
"""

from pathlib import Path
from typing import Annotated

import typer

from yikatong.app.commands.command_line import DataOption, JsonOption, settings_now, verify_made

report_app = typer.Typer(help="Reports: what was handed in, sold, paid and refused.", no_args_is_help=True)

ClaimArgument = Annotated[str, typer.Argument(help="Which claim, as clm_….")]


def explain(
    claim: ClaimArgument,
    token_file: Annotated[
        Path | None, typer.Option(help="File with an operator's session token: also show what was stated.")
    ] = None,
    purpose: Annotated[str, typer.Option(help="What the look is for; goes into the record.")] = "",
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Say how a claim was decided: each step with its clause; what was stated only to who may see it, on record."""
    from yikatong.app.commands.explaining import Look, explain_claim, read_token

    look = None if token_file is None else Look(read_token(token_file), purpose)
    explain_claim(claim, look, verify_made(settings_now(data=data)), json=json)


def replay(claim: ClaimArgument, data: DataOption = None, json: JsonOption = False) -> None:
    """Recompute a claim's decisions under the rule and knowledge of their day; ends with 1 where one differs."""
    from yikatong.app.commands.explaining import replay_claim

    replay_claim(claim, verify_made(settings_now(data=data)), json=json)


@report_app.command("trade-in")
def report_trade_in(
    place: Annotated[str, typer.Option(help="Six digits of the place; without it, everywhere.")] = "000000",
    first_on: Annotated[str | None, typer.Option("--from", help="First day; else 30 days before the end.")] = None,
    until_on: Annotated[
        str | None, typer.Option("--until", help="The first day that does not count; else tomorrow.")
    ] = None,
    format: Annotated[str, typer.Option(help="table, json, csv, parquet or chart.")] = "table",
    into: Annotated[Path, typer.Option(help="Folder for files.")] = Path("var/report"),
    data: DataOption = None,
) -> None:
    """Add up a place's trade-ins by day: bikes in and out, sales, subsidy, refusals by reason, money left."""
    from yikatong.app.commands.deciding import sheets_as_read
    from yikatong.app.commands.reporting import Asked, Format, report_now

    if format not in tuple(Format):
        raise typer.BadParameter(f"--format: {', '.join(Format)}")
    asked = Asked(place, first_on, until_on, Format(format), into)
    with sheets_as_read():
        report_now(asked, verify_made(settings_now(data=data)))
