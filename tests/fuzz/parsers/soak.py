"""Every harness under the guided fuzzer, a few at a time, each for its share of the time.

What made an input interesting is kept in a corpus beside the findings, so that the next soak goes on from there; the
parsers that were soaked least come first, so that short soaks reach all by turns.
"""

import os
import random
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from tests.fuzz.parsers.division import Division, Turns
from tests.fuzz.parsers.every import every_harness
from tests.fuzz.parsers.harness import Harness

REPOSITORY = Path(__file__).parents[3]
_ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{REPOSITORY / 'src'}{os.pathsep}{REPOSITORY}"}
AT_ONCE = os.cpu_count() or 1
_FROZEN_SECONDS = 300
"""One input that takes so long is a finding, unless it was the machine that stood still."""
_REPLAY_SECONDS = 120
_EXECUTED = re.compile(r"stat::number_of_executed_units:\s+(\d+)")
_COVERED = re.compile(r"cov: (\d+)")


class Soaked(NamedTuple):
    """What came of one harness; `said` is what the fuzzer said, when there is a finding."""

    name: str
    executions: int
    covered: int
    seconds: float
    inputs: list[Path]
    said: str

    @property
    def is_faulty(self) -> bool:
        """Whether there is something to mend."""
        return bool(self.said)


def soak_parsers(*, minutes: float, folder: Path, console: Console) -> list[Soaked]:
    """Fuzz every harness; tells of each as it ends, and of a finding how to replay it."""
    harnesses, turns = every_harness(), Turns(folder)
    division = Division(seconds=minutes * 60, count=len(harnesses), at_once=AT_ONCE, clock=time.monotonic)
    each = minutes * 60 * AT_ONCE / len(harnesses)
    console.print(f"{len(harnesses)} parsers, {AT_ONCE} at a time, some {each:.0f} s each, the least soaked first")
    soaked = []
    with ThreadPoolExecutor(max_workers=AT_ONCE) as hands:
        on_their_way = [
            hands.submit(_soak_in_turn, name, harnesses[name], division=division, turns=turns, folder=folder)
            for name in turns.order(harnesses)
        ]
        for ended in as_completed(on_their_way):
            one = ended.result()
            console.print(
                f"  {one.name:28} {one.executions:>10} executions  {one.covered:>5} places  {one.seconds:>5.0f} s"
                f"  {'FAULT' if one.is_faulty else 'nothing found'}"
            )
            if one.is_faulty:
                _tell(one, console)
            soaked.append(one)
    return soaked


def _tell(one: Soaked, console: Console) -> None:
    console.print(one.said, markup=False, highlight=False)
    for file in one.inputs:
        console.print(f"  to replay: {sys.executable} -m tests.fuzz.parsers.replay {one.name} {file}", soft_wrap=True)


def _soak_in_turn(name: str, harness: Harness, *, division: Division, turns: Turns, folder: Path) -> Soaked:
    """Fuzz one harness for its share of what is left."""
    seconds = division.take()
    one = _soak(name, harness, seconds=seconds, folder=folder)
    division.end(start=one.seconds - seconds)
    turns.remember(name, seconds=min(seconds, one.seconds))
    return one


def _soak(name: str, harness: Harness, *, seconds: float, folder: Path) -> Soaked:
    corpus, findings = folder / "corpus" / name, folder / "findings"
    corpus.mkdir(parents=True, exist_ok=True)
    findings.mkdir(exist_ok=True)
    for seed in harness.seeds():
        (corpus / f"seed-{sha256(seed).hexdigest()[:16]}").write_bytes(seed)
    words = folder / f"{name}.words"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in harness.words))
    before = set(findings.glob(f"{name}-*"))
    began = time.monotonic()
    ran = subprocess.run(  # noqa: S603  our own module
        [
            *(sys.executable, "-m", "tests.fuzz.parsers.guided", name),
            f"-max_total_time={seconds:.0f}",
            f"-max_len={harness.bytes_max}",
            f"-seed={random.randrange(1, 2**31)}",
            f"-timeout={_FROZEN_SECONDS}",
            f"-artifact_prefix={findings}/{name}-",
            *([f"-dict={words}"] if harness.words else []),
            "-print_final_stats=1",
            corpus,
        ],
        cwd=REPOSITORY,
        env=_ENVIRONMENT,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    inputs = sorted(file for file in set(findings.glob(f"{name}-*")) - before if "-slow-unit-" not in file.name)
    executed, covered = _EXECUTED.search(ran.stderr), [int(places) for places in _COVERED.findall(ran.stderr)]
    is_well = (
        executed is not None and max(covered, default=0) > 0 and (ran.returncode == 0 or _stood_still(name, inputs))
    )
    return Soaked(
        name=name,
        executions=int(executed[1]) if executed else 0,
        covered=max(covered, default=0),
        seconds=time.monotonic() - began,
        inputs=inputs,
        said="" if is_well else _fault_of(ran.stdout + ran.stderr),
    )


def _stood_still(name: str, inputs: list[Path]) -> bool:
    """Whether all that is wrong with some inputs is the time they took, and this time they take none."""
    if not inputs or not all("-timeout-" in file.name for file in inputs):
        return False
    for file in inputs:
        words = [sys.executable, "-m", "tests.fuzz.parsers.replay", name, str(file)]
        try:
            subprocess.run(words, cwd=REPOSITORY, env=_ENVIRONMENT, timeout=_REPLAY_SECONDS, check=True)  # noqa: S603
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
            return False
    return True


def _fault_of(said: str) -> str:
    """The part of what was said that tells of the fault."""
    lines = [line for line in said.splitlines() if not line.startswith(("INFO: Instrumenting", "#"))]
    return "\n".join(lines[-60:])


def _escaped(word: bytes) -> str:
    """A word as libFuzzer's dictionaries write it."""
    return "".join(f"\\x{byte:02x}" for byte in word)
