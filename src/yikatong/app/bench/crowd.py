"""A crowd over HTTP: everybody sends one request, many at once, from a process of its own that checks every answer."""

import asyncio
import time
from collections import Counter
from multiprocessing.connection import Connection

import msgspec
import uvloop

from yikatong.app.bench.generators import Counted, Lines
from yikatong.app.bench.line import Line, LoadedTap
from yikatong.plumbing.collector import rest_the_collector

_PATIENCE_SECONDS = 120.0


class CrowdOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Whole requests, as they go over the wire; how many connections; what may be answered."""

    requests: tuple[bytes, ...]
    connections: int
    expected: frozenset[str]


class CrowdResult(msgspec.Struct, frozen=True, kw_only=True):
    """The seconds from the first request to the last answer, what was answered how often, and how long each waited.

    `wrong` has answers that were not expected. `processor_seconds` is what the generator itself used.
    """

    seconds: float
    answers: dict[str, int]
    latencies_ms: tuple[float, ...]
    wrong: tuple[str, ...]
    processor_seconds: float


def run_crowd(order: CrowdOrder, address: str, result: Connection) -> None:
    """Send every request and send back a CrowdResult; the main function of its process."""
    rest_the_collector()
    result.send_bytes(msgspec.json.encode(uvloop.run(_run(order, address))))


async def _run(order: CrowdOrder, address: str) -> CrowdResult:
    lines = Lines(Counted())
    await lines.connect(address, order.connections)
    try:
        return await _send_all(lines, order)
    finally:
        lines.close()


async def _send_all(lines: Lines, order: CrowdOrder) -> CrowdResult:
    """Send on each connection the next request when its last was answered, until all are answered."""
    left = iter(order.requests)
    answers: Counter[str] = Counter()
    latencies: list[float] = []
    all_answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def go_on(line: Line) -> None:
        request = next(left, None)
        if request is not None:
            line.send(LoadedTap(request, ""), since=time.perf_counter())

    def hear(line: Line, outcome: str) -> None:
        answers[outcome] += 1
        latencies.append((time.perf_counter() - line.since) * 1000)
        go_on(line)
        if len(latencies) == len(order.requests) and not all_answered.done():
            all_answered.set_result(None)

    lines.on_answer = hear
    began, used = time.perf_counter(), time.process_time()
    for line in lines.all:
        go_on(line)
    await lines.wait(all_answered, _PATIENCE_SECONDS)
    if not all_answered.done():
        raise ConnectionError(f"{len(latencies)} of {len(order.requests)} requests were answered")
    return CrowdResult(
        seconds=time.perf_counter() - began,
        answers=dict(answers),
        latencies_ms=tuple(round(one, 3) for one in latencies),
        wrong=tuple(sorted(answers.keys() - order.expected)),
        processor_seconds=time.process_time() - used,
    )


def post_head(path: str, *, token: str, host: str, length: int) -> bytes:
    """The head of a POST of JSON, as it goes over the wire."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    ).encode()
