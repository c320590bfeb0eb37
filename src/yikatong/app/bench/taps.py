"""The taps benchmark: taps a second end to end over HTTP, against pgbench on the same database server."""

import asyncio
import multiprocessing
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import msgspec
from msgspec.structs import replace

from yikatong.app.audit import run_audit
from yikatong.app.bench.load import LoadResult, run_load
from yikatong.app.bench.people import BenchPeople, make_people
from yikatong.app.bench.pgbench import measure_pgbench
from yikatong.app.prepare import prepare
from yikatong.app.serve import serve
from yikatong.app.worker import open_worker
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.database import Database
from yikatong.plumbing.database_server import database_server
from yikatong.plumbing.settings import Settings

_SPAWN = multiprocessing.get_context("spawn")
_START_SECONDS = 120
_PGBENCH_CLIENTS = (4, 8, 16, 32)
Tell = Callable[[str], None]


class TapsPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How large a run is."""

    connections: int = 64
    seconds: float = 10
    warm_seconds: float = 4
    residents: int = 4_000
    certificates: int = 40_000
    terminals: int = 64
    pgbench_scale: int = 100
    pgbench_seconds: int = 8


class TapsFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What a run showed; `ratio` is the one figure that may be compared between machines."""

    aim: float
    ratio: float
    taps_per_second: float
    pgbench_tps: float
    connections: int
    p50_ms: float
    p99_ms: float
    refused_share: float
    taps: int


AIM = 1.0


def bench_taps(settings: Settings, plan: TapsPlan, *, tell: Tell) -> TapsFigures:
    """Run the benchmark on a database made for it, in a folder of its own beside the data folder.

    Raises RuntimeError when an answer is not the expected one, or the audit finds a difference afterwards.
    """
    Path(settings.data_folder).mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="bench-", dir=settings.data_folder) as folder:
        # The database's account has to pass through; what lies below is closed by those who own it.
        Path(folder).chmod(0o711)
        own = replace(
            settings,
            data_folder=folder,
            allow_synthetic_residents=True,
            log_level="warning",
            port=_free_port(),
        )
        with database_server(own) as address:
            people = asyncio.run(_make(own, address, plan, tell))
            pgbench_tps = measure_pgbench(
                address,
                scale=plan.pgbench_scale,
                clients=_PGBENCH_CLIENTS,
                seconds=plan.pgbench_seconds,
                tell=tell,
            )
            with _served(own, address) as url:
                tell(f"taps: {plan.connections} connections for {plan.seconds:.0f} s")
                load = _load(people, url, plan)
            differences = asyncio.run(_audit(address))
    if load.wrong:
        raise RuntimeError(f"answers were not as expected: {load.wrong}")
    if differences:
        raise RuntimeError(f"the audit found {len(differences)} differences, the first: {differences[0]}")
    return _figures(plan, load, pgbench_tps=pgbench_tps)


async def _make(settings: Settings, address: ServerAddress, plan: TapsPlan, tell: Tell) -> BenchPeople:
    await prepare(settings, address, tell=tell)
    async with open_worker(settings, address) as worker:
        people = await make_people(
            worker,
            resident_count=plan.residents,
            certificate_count=plan.certificates,
            terminal_count=plan.terminals,
            tell=tell,
        )
    async with await Database.open(address) as database:
        conn = await database.connect_owner()
        await conn.execute("VACUUM ANALYZE")
        await conn.close()
    return people


async def _audit(address: ServerAddress) -> list[str]:
    async with await Database.open(address) as database:
        return [difference for room in await run_audit(database) for difference in room.differences]


def _figures(plan: TapsPlan, load: LoadResult, *, pgbench_tps: float) -> TapsFigures:
    rate = load.taps / load.seconds
    return TapsFigures(
        aim=AIM,
        ratio=round(rate / pgbench_tps, 3),
        taps_per_second=round(rate, 1),
        pgbench_tps=round(pgbench_tps, 1),
        connections=plan.connections,
        p50_ms=load.p50_ms,
        p99_ms=load.p99_ms,
        refused_share=load.refused_share,
        taps=load.taps,
    )


def _load(people: BenchPeople, url: str, plan: TapsPlan) -> LoadResult:
    ours, theirs = _SPAWN.Pipe(duplex=False)
    arguments = (people, url, plan.connections, plan.warm_seconds, plan.seconds, theirs)
    process = _SPAWN.Process(target=run_load, args=arguments, daemon=True)
    process.start()
    theirs.close()
    try:
        return msgspec.json.decode(ours.recv_bytes(), type=LoadResult)
    except EOFError:
        raise RuntimeError("the load generator died") from None
    finally:
        process.join(10)


@contextmanager
def _served(settings: Settings, address: ServerAddress) -> Iterator[str]:
    """A server as a newcomer runs it, for as long as the block runs."""
    process = _SPAWN.Process(target=serve, args=(settings, address), kwargs={"tell": _hear_nothing})
    process.start()
    url = f"http://{settings.host}:{settings.port}"
    try:
        _wait_until_up(url)
        yield url
    finally:
        process.terminate()
        process.join(30)


def _hear_nothing(said: str) -> None:
    del said


def _wait_until_up(url: str) -> None:
    with httpx.Client(transport=httpx.HTTPTransport(retries=_START_SECONDS), timeout=5) as client:
        client.get(f"{url}/health").raise_for_status()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port
