"""A whole platform as a newcomer runs it, in processes of its own that can be killed one by one."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import NamedTuple, TypeVar
from uuid import UUID

import httpx

from tests.support.processes import a_free_port, environment_with
from yikatong.app.audits.log import run_log_audit
from yikatong.app.audits.rooms import run_audit
from yikatong.app.bench.people import make_people
from yikatong.app.bench.shop import BenchPeople
from yikatong.app.keys import open_keys
from yikatong.app.prepare import prepare
from yikatong.app.runner import YIELDS
from yikatong.app.worker import Worker, open_worker
from yikatong.cards import service as cards
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.clock import clock_of
from yikatong.plumbing.database import Connection, Database
from yikatong.plumbing.database_server import database_server
from yikatong.plumbing.ids import SystemIds
from yikatong.plumbing.settings import Settings

People = TypeVar("People")
Found = TypeVar("Found")
REPOSITORY = Path(__file__).parents[2]
RESIDENTS = 16
TERMINALS = 4
LIMIT_FEN, DAY_LIMIT_FEN = 140, 600
_CERTIFICATES = RESIDENTS * 32
_PATIENCE_SECONDS = 300.0
_LISTENS, _IS_CONNECTED = "0A", "01"
_PROGRAM = (
    f"from yikatong.app.http.server import end_with_parent; end_with_parent({os.getpid()})\n"
    "from yikatong.app.cli import main; main()"
)
"""It ends with the tests, should these be killed."""


class Platform:
    """One data folder, and the processes that serve it."""

    def __init__(
        self,
        folder: Path,
        *,
        backup_folder: Path | None = None,
        bank_files: Path | None = None,
        region: str | None = None,
        clock_shift_seconds: int = 0,
    ) -> None:
        self.settings = Settings(
            data_folder=str(folder),
            port=a_free_port(),
            allow_synthetic_residents=True,
            log_level="warning",
            backup_folder=None if backup_folder is None else str(backup_folder),
            bank_files_folder=None if bank_files is None else str(bank_files),
            bank_files_seconds=1,
            region=region or Settings().region,
            clock_shift_seconds=clock_shift_seconds,
        )
        self.url = f"http://127.0.0.1:{self.settings.port}"
        self._log = folder / "serve.log"
        self._process: subprocess.Popen[bytes] | None = None

    def populate(self, let_in: Callable[[Worker], Awaitable[People]]) -> People:
        """Prepare the database and let people in."""
        with database_server(self.settings) as address:

            async def make() -> People:
                await prepare(self.settings, address)
                async with open_worker(self.settings, address) as worker:
                    return await let_in(worker)

            return asyncio.run(make())

    def start(self) -> None:
        """Start `yikatong serve` and wait until it answers."""
        environment = environment_with(
            PYTHONPATH=f"{REPOSITORY}:{REPOSITORY / 'src'}",
            YIKATONG_DATA_FOLDER=self.settings.data_folder,
            YIKATONG_PORT=str(self.settings.port),
            YIKATONG_ALLOW_SYNTHETIC_RESIDENTS="true",
            YIKATONG_LOG_LEVEL="warning",
            YIKATONG_BACKUP_FOLDER=self.settings.backup_folder or "",
            YIKATONG_BANK_FILES_FOLDER=self.settings.bank_files_folder or "",
            YIKATONG_BANK_FILES_SECONDS=str(self.settings.bank_files_seconds),
            YIKATONG_REGION=self.settings.region,
            YIKATONG_CLOCK_SHIFT_SECONDS=str(self.settings.clock_shift_seconds),
        )
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  our own interpreter and our own words
                [sys.executable, "-c", _PROGRAM, "serve"], cwd=REPOSITORY, env=environment, stdout=log, stderr=log
            )
        wait_for(self.answers, while_runs=self._process, or_say=self._log)

    def answers(self) -> bool:
        """Whether the server answers."""
        try:
            return httpx.get(f"{self.url}/health", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def stop(self) -> None:
        """End it in order, if it runs."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(_PATIENCE_SECONDS)
            self._process = None

    def processes(self) -> dict[int, str]:
        """Every process of this server with its command, the children after their parents."""
        assert self._process is not None
        found: dict[int, str] = {}
        waiting = [self._process.pid]
        while waiting:
            pid = waiting.pop(0)
            found[pid] = _read(f"/proc/{pid}/cmdline")
            waiting += _children(pid)
        return found

    def busiest_worker(self) -> list[int]:
        """The serving process that most callers are connected to; its parent replaces it."""
        serving = [pid for pid in self.processes() if self._serves(pid)]
        assert serving, self.processes()
        busiest = max(serving, key=self._callers_of)
        assert self._callers_of(busiest) > 0
        return [busiest]

    def runner(self) -> list[int]:
        """The process of what runs by itself, which stands back behind those that serve; its parent replaces it."""
        standing_back = [pid for pid in self.processes() if _nice_of(pid) == YIELDS]
        assert standing_back, self.processes()
        return standing_back[:1]

    def postmaster(self) -> list[int]:
        """The database's first process; whoever started it brings it back."""
        postmasters = [pid for pid, command in self.processes().items() if "postgres\0-D" in command]
        assert postmasters, self.processes()
        return postmasters[:1]

    def everything(self) -> list[int]:
        """Every process of the server, its database's among them, as a machine loses them."""
        return list(self.processes())

    def kill_everything(self) -> None:
        """Kill all of it, as a lost machine would, and leave it so."""
        kill(self.everything())
        self._have_ended()

    def start_again(self) -> None:
        """Start once more, after everything was killed."""
        self._have_ended()
        self.start()

    def _have_ended(self) -> None:
        assert self._process is not None
        self._process.wait(_PATIENCE_SECONDS)
        self._process = None

    def _serves(self, pid: int) -> bool:
        """Whether a process is a child of ours that has the listening socket, and is not the first process."""
        assert self._process is not None
        return (
            pid != self._process.pid and "spawn_main" in self.processes()[pid] and self._sockets_of(pid, _LISTENS) > 0
        )

    def _callers_of(self, pid: int) -> int:
        return self._sockets_of(pid, _IS_CONNECTED)

    def _sockets_of(self, pid: int, state: str) -> int:
        return count_sockets(pid, port=self.settings.port, state=state)


class Tapped(NamedTuple):
    """Whose tap it was, and why it was refused."""

    resident_id: UUID
    reason: str | None


class Kept(NamedTuple):
    """A resident's purse, what of it is on hold, and the limits of bare codes with what they paid on the last day."""

    purse_fen: int
    held_fen: int
    limit_fen: int
    day_limit_fen: int
    shown_on: date | None
    shown_fen: int


class Books(NamedTuple):
    """What the database says: every tap by its request id, every resident, and what the audit finds."""

    taps: dict[str, Tapped]
    residents: dict[UUID, Kept]
    differences: list[str]


def read_books(platform: Platform) -> Books:
    """Read the books of a platform beside its server."""

    async def read(conn: Connection) -> tuple[dict[str, Tapped], dict[UUID, Kept]]:
        return await _taps(conn), await _residents(conn)

    (taps, residents), differences = read_beside(platform, read)
    return Books(taps, residents, differences)


def read_beside(platform: Platform, read: Callable[[Connection], Awaitable[Found]]) -> tuple[Found, list[str]]:
    """Read something of a platform beside its server, and what the audits of books and log find."""

    async def read_and_audit(database: Database) -> tuple[Found, list[str]]:
        async with database.owner_transaction() as conn:
            found = await read(conn)
        audited = await run_audit(database)
        clock = clock_of(platform.settings)
        keys = open_keys(platform.settings, clock=clock, ids=SystemIds(clock))
        log = await run_log_audit(database, settings=platform.settings, keys=keys, witness=None, clock=clock)
        differences = [difference for room in audited for difference in room.differences]
        return found, [*differences, *log.differences]

    return ask_beside(platform, read_and_audit)


def ask_beside(platform: Platform, ask: Callable[[Database], Awaitable[Found]]) -> Found:
    """Ask a platform's database something beside its server."""

    async def open_and_ask() -> Found:
        async with await Database.open(address) as database:
            return await ask(database)

    with database_server(platform.settings, may_join=True) as address:
        return asyncio.run(open_and_ask())


async def _taps(conn: Connection) -> dict[str, Tapped]:
    rows = await (await conn.execute("SELECT request_id, resident_id, reason FROM taps.tap")).fetchall()
    assert len(rows) == len({request_id for request_id, _, _ in rows})
    return {request_id: Tapped(resident_id, reason) for request_id, resident_id, reason in rows}


async def _residents(conn: Connection) -> dict[UUID, Kept]:
    rows = await conn.execute(
        "SELECT a.owner_id, a.posted_fen, a.held_fen, g.shown_limit_fen, g.shown_day_limit_fen, g.shown_on,"
        " g.shown_spent_fen FROM ledger.account AS a"
        " JOIN cards.gate AS g ON g.bucket = a.bucket AND g.resident_id = a.owner_id WHERE a.kind = 'purse'"
    )
    return {resident_id: Kept(*kept) for resident_id, *kept in await rows.fetchall()}


async def let_tills_in(worker: Worker) -> BenchPeople:
    """Let a few residents and the tills of a shop in."""
    people = await make_people(
        worker,
        resident_count=RESIDENTS,
        certificate_count=_CERTIFICATES,
        terminal_count=TERMINALS,
        tell=lambda _: None,
    )
    await allow_small_payments(worker)
    return people


async def allow_small_payments(worker: Worker) -> None:
    """Let bare codes pay small amounts for every adult of the database."""
    house = worker.house
    async with house.database.transaction() as conn:
        rows = await (await conn.execute("SELECT bucket, resident_id FROM cards.gate")).fetchall()
        for bucket, resident_id in rows:
            with suppress(Refused):
                await cards.set_small_payment_limit(
                    conn,
                    bucket=bucket,
                    resident_id=resident_id,
                    limit_fen=LIMIT_FEN,
                    day_limit_fen=DAY_LIMIT_FEN,
                    unknown_posture_allowed=False,
                    vault=worker.vault,
                    now=house.clock.now(),
                    ids=house.ids,
                )


def kill(pids: list[int]) -> None:
    """Kill processes, one right after the other; one that is gone already is passed over."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def wait_for(
    holds: Callable[[], bool], *, while_runs: "subprocess.Popen[bytes] | None" = None, or_say: Path | None = None
) -> None:
    """Wait until something holds; fails when it does not for long or its process ends, with what a log says."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while not holds():
        ended = None if while_runs is None else while_runs.poll()
        assert ended is None, f"it ended with {ended}: {_end_of(or_say)}"
        assert time.monotonic() < until, f"it did not come to hold: {_end_of(or_say)}"
        time.sleep(0.05)


def _end_of(log: Path | None) -> str:
    return "" if log is None else log.read_text(errors="replace")[-3_000:]


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def _nice_of(pid: int) -> int | None:
    """How far a process stands back; the 19th field of its state, after a name that may hold spaces (Linux)."""
    state = _read(f"/proc/{pid}/stat")
    return int(state.rpartition(")")[2].split()[16]) if state else None


def _children(pid: int) -> list[int]:
    """The children of a process; each of its threads has its own (Linux)."""
    threads = Path(f"/proc/{pid}/task")
    try:
        return [int(child) for thread in threads.iterdir() for child in (thread / "children").read_text().split()]
    except OSError:
        return []


def count_sockets(pid: int, *, port: int, state: str) -> int:
    """How many sockets of a port, in a state of /proc/net/tcp, a process has (Linux)."""
    inodes = {
        f"socket:[{fields[9]}]"
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
        if (fields := line.split())[3] == state and int(fields[1].rpartition(":")[2], 16) == port
    }
    try:
        return sum(str(entry.readlink()) in inodes for entry in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return 0
