"""The taps benchmark: taps a second end to end over HTTP, against pgbench on the same database server."""

import asyncio
import multiprocessing
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import msgspec
from msgspec.structs import replace

from yikatong.app.audit import run_audit
from yikatong.app.bench.load import LoadResult, run_load
from yikatong.app.bench.people import BenchPeople, make_people
from yikatong.app.bench.pgbench import PgBench
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
    """How large a run is: pgbench and taps take turns, `rounds` times, so that the neighbours meet both."""

    rounds: int = 6
    connections: int = 64
    seconds: float = 4
    warm_seconds: float = 2
    residents: int = 4_000
    certificates: int = 96_000
    terminals: int = 64
    pgbench_scale: int = 100
    pgbench_seconds: int = 4
    pgbench_probe_seconds: int = 3


class TapsFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What a run showed; `ratio`, of the sums over all rounds, is the one figure to compare between machines."""

    aim: float
    ratio: float
    taps_per_second: float
    pgbench_tps: float
    rounds: tuple[float, ...]
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
            backup_folder=None,
            allow_synthetic_residents=True,
            log_level="warning",
            port=_free_port(),
        )
        with database_server(own) as address:
            people = asyncio.run(_make(own, address, plan, tell))
            loads, tps = _take_turns(own, address, people, plan, tell)
            differences = asyncio.run(_audit(address))
    wrong = [answer for load in loads for answer in load.wrong]
    if wrong:
        raise RuntimeError(f"answers were not as expected: {wrong[:5]}")
    if differences:
        raise RuntimeError(f"the audit found {len(differences)} differences, the first: {differences[0]}")
    return _figures(plan, loads, tps)


def _take_turns(
    settings: Settings, address: ServerAddress, people: BenchPeople, plan: TapsPlan, tell: Tell
) -> tuple[list[LoadResult], list[float]]:
    """Run pgbench and taps in turns on one server; the client count that serves pgbench best is found before."""
    pgbench = PgBench(address, scale=plan.pgbench_scale, tell=tell)
    clients = pgbench.find_best(_PGBENCH_CLIENTS, seconds=plan.pgbench_probe_seconds)
    share = len(people.certified) // plan.rounds
    loads: list[LoadResult] = []
    tps: list[float] = []
    for number in range(plan.rounds):
        tps.append(pgbench.run(clients, seconds=plan.pgbench_seconds))
        own_share = people.certified[number * share : (number + 1) * share]
        with _served(settings, address) as url:
            loads.append(_load(people._replace(certified=own_share), url, plan))
        rate = loads[-1].taps / loads[-1].seconds
        tell(f"round {number + 1} of {plan.rounds}: {rate:.0f} taps, pgbench {tps[-1]:.0f} a second")
    return loads, tps


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


def _figures(plan: TapsPlan, loads: Sequence[LoadResult], tps: Sequence[float]) -> TapsFigures:
    """Sums over all rounds; latencies are of all taps together."""
    taps = sum(load.taps for load in loads)
    rate = taps / sum(load.seconds for load in loads)
    mean_tps = sum(tps) / len(tps)
    latencies = sorted(one for load in loads for one in load.latencies_ms) or [0.0]
    return TapsFigures(
        aim=AIM,
        ratio=round(rate / mean_tps, 3),
        taps_per_second=round(rate, 1),
        pgbench_tps=round(mean_tps, 1),
        rounds=tuple(round(load.taps / load.seconds / one, 3) for load, one in zip(loads, tps, strict=True)),
        connections=plan.connections,
        p50_ms=round(latencies[len(latencies) // 2], 2),
        p99_ms=round(latencies[min(len(latencies) - 1, len(latencies) * 99 // 100)], 2),
        refused_share=round(sum(load.refused for load in loads) / max(1, taps), 4),
        taps=taps,
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
        _wait_until_up(url, process)
        yield url
    finally:
        process.terminate()
        process.join(30)


def _hear_nothing(said: str) -> None:
    del said


def _wait_until_up(url: str, process: BaseProcess) -> None:
    """Ask once a second until the server answers; raises RuntimeError when it ended or never does."""
    with httpx.Client(timeout=5) as client:
        for _ in range(_START_SECONDS):
            with suppress(httpx.TransportError):
                client.get(f"{url}/health").raise_for_status()
                return
            process.join(1)
            if not process.is_alive():
                break
    raise RuntimeError("the server did not come up")


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port
