"""Commands of programmes: decide, simulate, list, publish. None needs a server or a database.

What they do is loaded when one of them runs: every process of the platform reads this file, and only a worker needs
formulas and sheets, and none of them Arrow.
"""

from pathlib import Path
from typing import Annotated

import typer

from yikatong.app.commands.command_line import JsonOption

programmes_app = typer.Typer(help="The programmes: list, facts, publish.", no_args_is_help=True)

ROWS_MAX = 100_000_000
ANY_FACTS = {"allow_extra_args": True, "ignore_unknown_options": True}
"""What a command needs whose options are the facts that a programme asks for."""
ProgrammeArgument = Annotated[str, typer.Argument(help="Which programme, as `yikatong programmes list` names it.")]
KnownOnOption = Annotated[str | None, typer.Option(help="Day of knowledge; without it, today.")]


def decide(
    context: typer.Context,
    programme: ProgrammeArgument,
    place: Annotated[str, typer.Option(help="Six digits of the place.")],
    on: Annotated[str, typer.Option("--on", help="Effective day; of a trade-in the day of the invoice.")],
    known_on: KnownOnOption = None,
    sheet: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="By the sheet in this file, published or not, in place of the one in force.",
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Decide one case, storing nothing; further options are its facts (`yikatong programmes facts trade-in`)."""
    from yikatong.app.commands.deciding import decide_now, sheets_as_read

    with sheets_as_read():
        decide_now(programme, context.args, place=place, on=on, known_on=known_on, json=json, sheet_file=sheet)


def simulate(
    programme: ProgrammeArgument,
    rows: Annotated[int, typer.Option(help="How many claims.", min=1, max=ROWS_MAX)] = 1_000_000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same claims.", min=0, max=2**32)] = 1,
    first_on: Annotated[str, typer.Option("--from", help="First effective day.")] = "2024-09-14",
    last_on: Annotated[str, typer.Option("--through", help="Last effective day.")] = "2024-12-31",
    place: Annotated[list[str] | None, typer.Option(help="Only this place; may stand several times.")] = None,
    changed: Annotated[list[Path] | None, typer.Option(help="A changed sheet, as a file.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="A changed value: 320000:battery.0.amount=200.")
    ] = None,
    known_on: KnownOnOption = None,
    into: Annotated[Path, typer.Option(help="Folder for the steps, the sums and the picture.")] = Path(
        "var/simulation"
    ),
    json: JsonOption = False,
) -> None:
    """Try a rule on made-up claims: what it costs by place now and if changed, with every step as Parquet."""
    from yikatong.app.commands.deciding import sheets_as_read
    from yikatong.app.commands.trying import Trial, try_rules

    trial = Trial(
        programme=programme,
        rows=rows,
        seed=seed,
        first_on=first_on,
        last_on=last_on,
        places=place or [],
        changed=changed or [],
        sets=set_ or [],
        known_on=known_on,
        into=into,
    )
    with sheets_as_read():
        try_rules(trial, json=json)


@programmes_app.command("list")
def programmes_list(
    place: Annotated[str, typer.Option(help="Only sheets that may count at this place: its own, its province's.")] = "",
    json: JsonOption = False,
) -> None:
    """List the programmes with every sheet: its name, its days, what it is about."""
    from yikatong.app.commands.deciding import list_sheets, sheets_as_read

    with sheets_as_read():
        list_sheets(place=place, json=json)


@programmes_app.command("facts")
def programmes_facts(programme: ProgrammeArgument, json: JsonOption = False) -> None:
    """List the facts that a programme asks for, as `yikatong decide` takes them."""
    from yikatong.app.commands.deciding import list_facts, sheets_as_read

    with sheets_as_read():
        list_facts(programme, json=json)


@programmes_app.command("publish")
def programmes_publish(
    anew: Annotated[bool, typer.Option("--anew", help="Also what was changed; only before the first release.")] = False,
) -> None:
    """Publish new formulas and sheets: their digests go into the lock file, and from then on they never change."""
    from yikatong.app.commands.deciding import publish, sheets_as_read

    with sheets_as_read():
        publish(anew=anew)
