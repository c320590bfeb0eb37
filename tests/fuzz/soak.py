"""`make soak`: everything that is tried for as long as there is time, SOAK_MINUTES in all (60).

Ends with 1 when there is a finding. Findings and corpora lie in `var/soak`, or where YIKATONG_SOAK_FOLDER says.
"""

import os
import sys
from pathlib import Path

from rich.console import Console

from tests.fuzz.api.soak import soak_api
from tests.fuzz.parsers.division import minutes_of_parsers
from tests.fuzz.parsers.every import every_harness
from tests.fuzz.parsers.soak import AT_ONCE, REPOSITORY, soak_parsers
from tests.simulator.soak import soak_weeks

MINUTES = 60.0
_SHARE_OF_PARSERS, _LARGEST_SHARE_OF_PARSERS = 0.4, 0.7
"""The parsers get the larger share where otherwise not each of them would get its minute."""


def main() -> int:
    """Divide the time, soak, and say what was found."""
    console = Console()
    minutes = float(os.environ.get("SOAK_MINUTES") or MINUTES)
    folder = Path(os.environ.get("YIKATONG_SOAK_FOLDER") or REPOSITORY / "var" / "soak")
    folder.mkdir(parents=True, exist_ok=True)
    parsers_minutes = minutes_of_parsers(
        minutes,
        count=len(every_harness()),
        at_once=AT_ONCE,
        share=_SHARE_OF_PARSERS,
        share_max=_LARGEST_SHARE_OF_PARSERS,
    )
    console.rule(f"parsers of outside bytes, {parsers_minutes:.0f} minutes", align="left")
    parsers = soak_parsers(minutes=parsers_minutes, folder=folder, console=console)
    rest_minutes = (minutes - parsers_minutes) / 2
    console.rule(f"simulated weeks, {rest_minutes:.0f} minutes", align="left")
    weeks = soak_weeks(minutes=rest_minutes)
    console.rule(f"the API, {rest_minutes:.0f} minutes", align="left")
    callers = soak_api(minutes=rest_minutes, folder=folder, console=console)
    executions, calls = sum(one.executions for one in parsers), sum(one.tally.calls for one in callers)
    faults = [one.name for one in parsers if one.is_faulty] + [one.caller for one in callers if one.is_faulty]
    faults += [f"the week of seed {weeks.wrong_seed}"] if weeks.wrong_seed is not None else []
    console.rule("in all", align="left")
    console.print(
        f"{executions} executions of {len(parsers)} parsers, {weeks.lived} weeks, {calls} calls by {len(callers)} kinds"
        " of callers"
    )
    console.print(f"findings in: {', '.join(faults)}" if faults else "nothing found")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
