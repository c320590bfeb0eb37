"""The API for as long as there is time: each kind of caller on every operation, in every phase."""

import random
from pathlib import Path

from rich.console import Console

from tests.fuzz.api.running import Ran, Run, run_as
from tests.fuzz.api.town import a_served_town
from tests.support.database import TestServer, a_database_to_serve_from

_EXAMPLES = 50
_PHASES_LEAST_SECONDS = 60


def soak_api(*, minutes: float, folder: Path, console: Console) -> list[Ran]:
    """Serve a town on a database of its own and let each kind of caller try everything."""
    server = TestServer()
    ran = []
    try:
        with a_database_to_serve_from(server.address().conninfo) as address, a_served_town(address) as town:
            seconds = max(_PHASES_LEAST_SECONDS, round(minutes * 60 / len(town.callers)))
            console.print(f"{len(town.callers)} kinds of callers, {seconds} s each, on {town.base_url}")
            for caller in town.callers:
                run = Run(operations=(), examples=_EXAMPLES, seed=random.randrange(2**31), seconds_max=seconds)
                one = run_as(caller, run, town=town)
                console.print(
                    f"  {caller:10} {one.tally.calls:>8} calls  {len(one.tally.done):>4} operations done  "
                    f"{one.seconds:>5.0f} s  seed {run.seed}  {'FAULT' if one.is_faulty else 'nothing found'}"
                )
                if one.is_faulty:
                    said = folder / "findings" / f"api-{caller}-{run.seed}.txt"
                    said.parent.mkdir(exist_ok=True)
                    said.write_text(one.said)
                    console.print(one.said, markup=False, highlight=False)
                    console.print(f"  all of it, with a line of curl for each finding: {said}", soft_wrap=True)
                ran.append(one)
    finally:
        server.end()
    return ran
