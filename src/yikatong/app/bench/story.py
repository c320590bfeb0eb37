"""Rows that run the product itself: a newcomer's first tap, and what a killed server loses."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec.structs import replace

from yikatong.app.bench.rows import Judged, Row
from yikatong.app.bench.stage import Stage

FIRST_TAP_AIM_SECONDS = 15.0
_FIRST_TAP = re.compile(r"First tap after ([0-9.]+) s")
_PATIENCE_SECONDS = 300
_TOOK_TOO_LONG = 124
_TESTS = Path("tests/crash/test_kills.py")
_TOOLS = ("pytest", "hypothesis")
_PROGRAM = "from yikatong.app.cli import main; main()"


def bench_first_tap(stage: Stage) -> Row:
    """Play the demo's story in a folder of its own; the first run makes what the later ones find."""
    row = Row(
        name="first-tap",
        measure="seconds from the start of the demo to its first tap, second run",
        aim=FIRST_TAP_AIM_SECONDS,
        judged=Judged.FIGURE_AT_MOST,
        unit="s",
    )
    if stage.plan.demo_runs == 0:
        return replace(row, says="the plan has no run of the demo")
    seconds = []
    with TemporaryDirectory(prefix="bench-demo-", dir=Path(stage.settings.data_folder).parent) as folder:
        Path(folder).chmod(0o711)
        for number in range(stage.plan.demo_runs):
            stage.tell(f"demo, run {number + 1} of {stage.plan.demo_runs}")
            said, code = _run([sys.executable, "-c", _PROGRAM, "demo", "--once"], YIKATONG_DATA_FOLDER=folder)
            match = _FIRST_TAP.search(said)
            if code != 0 or match is None:
                return replace(row, says=f"the demo ended with {code}: {' '.join(said.split())[-200:]}")
            seconds.append(float(match[1]))
    return replace(
        row, figure=seconds[-1], ratio=round(seconds[-1] / FIRST_TAP_AIM_SECONDS, 3), details={"runs": seconds}
    )


def bench_crash(stage: Stage) -> Row:
    """Kill servers and databases at work by the tests' own program, and count what was lost or doubled."""
    row = Row(
        name="crash",
        measure="acknowledged taps lost or doubled when server or database are killed at work",
        aim=0.0,
        judged=Judged.FIGURE_AT_MOST,
        unit="taps",
    )
    repository = _repository()
    if stage.plan.kills == 0:
        return replace(row, says="the plan kills nothing")
    if repository is None:
        return replace(row, says=f"{_TESTS} is not here; it comes with the repository")
    missing = [tool for tool in _TOOLS if find_spec(tool) is None]
    if missing:
        return replace(row, says=f"{_TESTS} needs {', '.join(missing)}, which `make test` installs")
    stage.tell("killing servers and databases at work")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(_TESTS)]
    said, code = _run(command, folder=repository, YIKATONG_TESTS_KILLS=str(stage.plan.kills))
    last = said.strip().splitlines()[-1] if said.strip() else ""
    if code != 0:
        return replace(row, says=f"{_TESTS} failed, run it to see what was lost: {last}")
    return replace(
        row,
        figure=0.0,
        says=f"{_TESTS}: {last}; every acknowledged tap was there once",
        details={"kills_each": stage.plan.kills, "tests": last},
    )


def _repository() -> Path | None:
    """The folder of the repository, when we run from it."""
    root = Path(__file__).parents[4]
    return root if (root / _TESTS).is_file() else None


def _run(command: Sequence[str], *, folder: Path | None = None, **variables: str) -> tuple[str, int]:
    """Run a program of ours to its end; gives what it printed and its exit code, or that it took too long."""
    try:
        done = subprocess.run(  # noqa: S603  our own program with words of our own
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=_PATIENCE_SECONDS,
            cwd=folder,
            env={**os.environ, "COLUMNS": "200", **variables},
        )
    except subprocess.TimeoutExpired:
        return f"it did not end within {_PATIENCE_SECONDS} s", _TOOK_TOO_LONG
    return done.stdout + done.stderr, done.returncode
