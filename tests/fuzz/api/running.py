"""One run of schemathesis in a process of its own, as one kind of caller or all; what it found and counted."""

import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import msgspec

from tests.fuzz.api.keys import Callers, Tally
from tests.fuzz.api.town import ServedTown

REPOSITORY = Path(__file__).parents[3]
_CONFIG = Path(__file__).with_name("schemathesis.toml")
_KNOWN_SHARE = 0.33


class Run(NamedTuple):
    """What to try: which operations, by their ids (none means all), and how many examples of each.

    `covered` are those that go through the phase of coverage, where not all do; `seconds_max` bounds the whole.
    """

    operations: tuple[str, ...]
    examples: int
    seed: int
    covered: tuple[str, ...] | None = None
    seconds_max: int | None = None


class Ran(NamedTuple):
    """What came of a run; `said` is what schemathesis said, with a line of curl for each finding."""

    caller: str
    is_faulty: bool
    tally: Tally
    seconds: float
    said: str


EVERYONE = "everyone"


def run_as(caller: str, run: Run, *, town: ServedTown) -> Ran:
    """Run schemathesis in a town as a kind of caller; as EVERYONE, each operation is called by those it admits."""
    callers = Callers(keys=town.callers, only=None if caller == EVERYONE else caller)
    began = time.monotonic()
    with TemporaryDirectory(prefix="yikatong-fuzz-") as name:
        folder = Path(name)
        (folder / "config.toml").write_text(_CONFIG.read_text() + _dictionaries(town.known) + _uncovered(run))
        (folder / "callers.json").write_bytes(msgspec.json.encode(callers))
        ran = subprocess.run(  # noqa: S603  our own words
            _words(run, config=folder / "config.toml", base_url=town.base_url),
            cwd=folder,
            env={
                **os.environ,
                "PYTHONPATH": f"{REPOSITORY / 'src'}{os.pathsep}{REPOSITORY}",
                "SCHEMATHESIS_HOOKS": "tests.fuzz.api.hooks",
                "YIKATONG_FUZZ_CALLERS": str(folder / "callers.json"),
                "YIKATONG_FUZZ_TALLY": str(folder / "tally.json"),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        counted = folder / "tally.json"
        tally = msgspec.json.decode(counted.read_bytes(), type=Tally) if counted.exists() else Tally(statuses={})
    return Ran(caller, ran.returncode != 0, tally, time.monotonic() - began, ran.stdout)


def _dictionaries(known: dict[str, list[str]]) -> str:
    """The part of the configuration that names what there is."""
    parts = []
    for number, (parameter, values) in enumerate(known.items()):
        shown = msgspec.json.encode(values).decode()
        parts.append(f"[dictionaries.known{number}]\nvalues = {shown}\n")
        parts.append(f'[parameters."{parameter}"]\ndictionary = "known{number}"\nprobability = {_KNOWN_SHARE}\n')
    return "\n" + "\n".join(parts)


def _uncovered(run: Run) -> str:
    """The part that keeps operations from the phase of coverage."""
    left = [name for name in run.operations if run.covered is not None and name not in run.covered]
    if not left:
        return ""
    names = msgspec.json.encode(left).decode()
    return f"\n[[operations]]\ninclude-operation-id = {names}\nphases.coverage.enabled = false\n"


def _words(run: Run, *, config: Path, base_url: str) -> list[str]:
    words = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(config)),
        *("run", f"{base_url}/openapi.json", "--no-color", "--continue-on-failure", "--request-timeout", "120"),
        *(
            "--seed",
            str(run.seed),
            "--max-examples",
            str(run.examples),
            "--phases",
            "examples,coverage,fuzzing,stateful",
        ),
    ]
    for operation in run.operations:
        words += ("--include-operation-id", operation)
    return words if run.seconds_max is None else [*words, "--max-time", str(run.seconds_max)]
