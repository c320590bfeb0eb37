"""The stage of a benchmark: a database server of its own, people, pgbench, and the platform, for all its rows."""

import asyncio
import multiprocessing
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import msgspec
import psycopg
from msgspec.structs import replace

from yikatong.app.audits.rooms import run_audit
from yikatong.app.bench.generators import LoadResult
from yikatong.app.bench.load import LoadOrder, run_load
from yikatong.app.bench.people import make_people
from yikatong.app.bench.pgbench import PgBench
from yikatong.app.bench.plan import Plan
from yikatong.app.bench.processes import family_of, postmaster_of
from yikatong.app.bench.shop import BenchPeople, Certified
from yikatong.app.bench.sizing import this_machine
from yikatong.app.prepare import prepare
from yikatong.app.serve import serve
from yikatong.app.worker import Worker, open_worker
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.collector import rest_the_collector
from yikatong.plumbing.database import Database
from yikatong.plumbing.database_server import database_server
from yikatong.plumbing.settings import Settings

SPAWN = multiprocessing.get_context("spawn")
_PAUSE_SECONDS = 0.2
_STARTS_MAX = 600
Tell = Callable[[str], None]
Serve = Callable[..., None]


class Served:
    """The platform while it serves: where, and which processes it is."""

    def __init__(self, url: str, pid: int) -> None:
        self.url = url
        self.pid = pid

    def processes(self) -> list[int]:
        """Every process of the platform, the database's not among them."""
        return family_of(self.pid)


class Stage:
    """What rows are measured on. People and pgbench are made when a row first asks for them."""

    def __init__(self, settings: Settings, address: ServerAddress, plan: Plan, tell: Tell) -> None:
        """Made by `open_stage`, which has prepared the database."""
        self.settings = settings
        self.address = address
        self.plan = plan
        self.tell = tell
        self._people: BenchPeople | None = None
        self._pgbench: PgBench | None = None
        self._clients = 0
        self.card_count = plan.residents
        self._shown = 0

    @property
    def people(self) -> BenchPeople:
        """The people, with all their certificates."""
        if self._people is None:
            self._people = asyncio.run(self._make_people())
        return self._people

    def show(self, people: BenchPeople) -> None:
        """Others tap from now on."""
        self._people = people
        self._shown = 0

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[Worker]:
        """A worker in this process, for rows that need no HTTP; its collector rests as a worker's does."""
        async with open_worker(self.settings, self.address) as worker:
            rest_the_collector()
            yield worker

    def pgbench_tps(self) -> float:
        """Transactions a second of pgbench, for as long as a round lasts, with the clients that serve it best."""
        plan = self.plan
        if self._pgbench is None:
            self._pgbench = PgBench(self.address, scale=plan.pgbench_scale, tell=self.tell)
            self._clients = self._pgbench.find_best(plan.pgbench_clients, seconds=plan.pgbench_probe_seconds)
        return self._pgbench.run(self._clients, seconds=plan.pgbench_seconds)

    @contextmanager
    def served(self, serving: Serve = serve) -> Iterator[Served]:
        """The platform as a newcomer runs it, for as long as the block runs; fresh workers have seen no certificate."""
        process = SPAWN.Process(target=serving, args=(self.settings, self.address), kwargs={"tell": hear_nothing})
        process.start()
        url = f"http://{self.settings.host}:{self.settings.port}"
        try:
            _wait_until_up(url, process)
            assert process.pid is not None
            yield Served(url, process.pid)
        finally:
            process.terminate()
            process.join(30)

    def load(self, url: str, order: LoadOrder) -> LoadResult:
        """Load a server from a process of its own, with certificates that its workers have not seen.

        Each load takes the next share of the certificates, and begins again with the first when all were shown:
        workers are fresh by then. Raises RuntimeError when an answer is not the expected one.
        """
        people = self.people._replace(certified=self._next_share(), refreshing=())
        result = msgspec.json.decode(run_generator(run_load, people, url, order), type=LoadResult)
        if result.wrong:
            raise RuntimeError(f"answers were not as expected: {result.wrong}")
        return result

    def database_processes(self) -> list[int]:
        """Every process of the database server. Raises OutOfSight when it runs elsewhere."""
        with psycopg.connect(self.address.conninfo) as conn:
            return family_of(postmaster_of(conn.info.backend_pid))

    def _next_share(self) -> list[Certified]:
        certified = self.people.certified
        share = min(len(certified), self.plan.certificates_a_round)
        if self._shown + share > len(certified):
            self._shown = 0
        self._shown += share
        return certified[self._shown - share : self._shown]

    async def _make_people(self) -> BenchPeople:
        plan = self.plan
        async with self.worker() as worker:
            people = await make_people(
                worker,
                resident_count=plan.residents,
                certificate_count=plan.certificates,
                terminal_count=plan.terminals,
                spread_count=plan.terminals,
                tell=self.tell,
            )
        await vacuum(self.address)
        return people


def run_generator(generate: Callable[..., None], *arguments: Any) -> bytes:
    """What a load generator sends back, of which `generate` is the main function, in a process of its own.

    Raises RuntimeError when it died.
    """
    ours, theirs = SPAWN.Pipe(duplex=False)
    process = SPAWN.Process(target=generate, args=(*arguments, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        return ours.recv_bytes()
    except EOFError:
        raise RuntimeError("the load generator died") from None
    finally:
        process.join(10)


@contextmanager
def open_stage(settings: Settings, plan: Plan, *, tell: Tell) -> Iterator[Stage]:
    """A database made for the benchmark, in a folder of its own beside the data folder, prepared, with durability on.

    Afterwards everything is audited. Raises RuntimeError when the audit finds a difference.
    """
    Path(settings.data_folder).mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="bench-", dir=settings.data_folder) as folder:
        # The database's account has to pass through; what lies below is closed by those who own it.
        Path(folder).chmod(0o711)
        own = replace(
            settings,
            data_folder=folder,
            backup_folder=None,
            allow_synthetic_residents=True,
            log_level="warning",
            port=_free_port(),
            database_memory_mb=_a_quarter_of_memory() if plan.full else settings.database_memory_mb,
        )
        with database_server(own) as address:
            asyncio.run(prepare(own, address, tell=tell))
            yield Stage(own, address, plan, tell)
            tell("audit")
            _verify_audit(asyncio.run(_audit(address)))


async def vacuum(address: ServerAddress) -> None:
    """Leave tables as they are found after a while, with statistics and without what was overwritten."""
    async with await Database.open(address) as database:
        conn = await database.connect_owner()
        await conn.execute("VACUUM ANALYZE")
        await conn.close()


def hear_nothing(said: str) -> None:
    """What a platform says that is started only to be measured."""
    del said


async def _audit(address: ServerAddress) -> list[str]:
    async with await Database.open(address) as database:
        return [difference for room in await run_audit(database) for difference in room.differences]


def _verify_audit(differences: Sequence[str]) -> None:
    if differences:
        raise RuntimeError(f"the audit found {len(differences)} differences, the first: {differences[0]}")


def _wait_until_up(url: str, process: BaseProcess) -> None:
    """Ask now and then until the server answers; raises RuntimeError when it ended or never does."""
    with httpx.Client(timeout=5) as client:
        for _ in range(_STARTS_MAX):
            with suppress(httpx.TransportError):
                client.get(f"{url}/health").raise_for_status()
                return
            process.join(_PAUSE_SECONDS)
            if not process.is_alive():
                break
    raise RuntimeError("the server did not come up")


def _a_quarter_of_memory() -> int:
    """What a server for millions of cards is given, in MB."""
    return this_machine().memory_bytes // 4 // 2**20


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port
