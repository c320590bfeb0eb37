"""What processes used, from /proc (Linux): processor seconds by part of the platform, and memory."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

_TICKS = os.sysconf("SC_CLK_TCK")
_USER_TICKS, _SYSTEM_TICKS, _PARENT, _NICE = 11, 12, 1, 16
"""Places in /proc/PID/stat behind the name in parentheses."""
PLATFORM = "platform"
_DATABASE_PARTS = (
    ("walwriter", "WAL writer"),
    ("checkpointer", "checkpointer"),
    ("background writer", "checkpointer"),
    ("autovacuum", "autovacuum"),
    ("io worker", "I/O workers"),
)


class Used(NamedTuple):
    """What one process is, how many seconds of processor it has used since it began, how far it stands back (nice)."""

    part: str
    seconds: float
    nice: int


class OutOfSight(Exception):  # noqa: N818  a fact about where we run
    """Processes cannot be looked at: not Linux, or those of a server elsewhere."""


def family_of(pid: int) -> list[int]:
    """A process and all below it; each of a process's threads has children of its own."""
    found: list[int] = []
    waiting = [pid]
    while waiting:
        one = waiting.pop()
        found.append(one)
        waiting += _children_of(one)
    return found


def postmaster_of(backend_pid: int) -> int:
    """The first process of the database server that one of its backends belongs to. Raises OutOfSight."""
    try:
        fields = _stat_of(backend_pid)
    except OSError:
        raise OutOfSight("the database's processes are not on this machine") from None
    if "postgres" not in _command_of(backend_pid):
        raise OutOfSight("the database's processes are not on this machine")
    return int(fields[_PARENT])


def processor_seconds(pids: Iterable[int]) -> dict[int, Used]:
    """What each process has used until now; those that ended are left out."""
    used = {}
    for pid in pids:
        try:
            fields = _stat_of(pid)
        except OSError:
            continue
        seconds = (int(fields[_USER_TICKS]) + int(fields[_SYSTEM_TICKS])) / _TICKS
        used[pid] = Used(part_of(_command_of(pid)), seconds, int(fields[_NICE]))
    return used


def used_between(before: dict[int, Used], after: dict[int, Used]) -> dict[int, Used]:
    """What each process used between two looks; one that began between them counts from its beginning."""
    return {
        pid: used._replace(seconds=used.seconds - (before[pid].seconds if pid in before else 0.0))
        for pid, used in after.items()
    }


def workers_among(used: dict[int, Used]) -> dict[int, Used]:
    """The platform's processes that serve; what runs by itself stands back and is not among them."""
    of_platform = {pid: one for pid, one in used.items() if one.part == PLATFORM}
    nice = min((one.nice for one in of_platform.values()), default=0)
    return {pid: one for pid, one in of_platform.items() if one.nice == nice}


def part_of(command: str) -> str:
    """Which part of the platform a process is, by its command line; the database's say in theirs what they do."""
    if not command.startswith("postgres") and "/postgres" not in command.split(" ")[0]:
        return PLATFORM
    for word, part in _DATABASE_PARTS:
        if word in command:
            return part
    return "database backends" if ":" in command else "database, first process"


def part_of_pid(pid: int) -> str:
    """Which part of the platform a process is."""
    return part_of(_command_of(pid))


def proportional_bytes(pids: Iterable[int]) -> int:
    """Resident memory of processes together; what several share counts once (PSS). Raises OutOfSight."""
    total = 0
    for pid in pids:
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        except OSError:
            raise OutOfSight("memory of other accounts' processes is not shown to us; run it as root") from None
        total += next((int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Pss:")), 0)
    return total


def _stat_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ").strip()
    except OSError:
        return ""


def _children_of(pid: int) -> list[int]:
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        return [int(child) for thread in threads for child in (thread / "children").read_text().split()]
    except OSError:
        return []
