"""The load generator: a process of its own; each connection sends its next tap when the last was answered.

The codes are minted before the first is sent: signing is the work of a million phones, not of the server that is
measured, with which this process shares the machine; a code is good for long enough. A latency is counted from before
a tap is sent until its answer is whole. Every answer is checked: of each hundred taps about five must be refused, for
a known reason.
"""

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Iterator
from itertools import count
from multiprocessing.connection import Connection
from typing import cast
from urllib.parse import urlsplit

import msgspec
import uvloop

from yikatong.app.bench.people import BenchPeople, mint_answer
from yikatong.plumbing.clock import SystemClock
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm

_TOO_MUCH_FEN = 400_000
_AMOUNT_FEN = 100
_REFUSED_EVERY = 20


class LoadResult(msgspec.Struct, frozen=True):
    """What a load came to: taps answered as expected, seconds, latencies in milliseconds."""

    taps: int
    seconds: float
    latencies_ms: tuple[float, ...]
    refused: int
    wrong: tuple[str, ...]


class _Tap(msgspec.Struct, frozen=True):
    """The body of one request, with the end of its head, and the outcome it must have."""

    body: bytes
    expected: str


def run_load(
    people: BenchPeople, address: str, connections: int, warm_seconds: float, seconds: float, result: Connection
) -> None:
    """Load a server and send back a LoadResult; the main function of its process."""
    uvloop.install()
    generator = _Generator(people, address)
    result.send_bytes(msgspec.json.encode(asyncio.run(generator.run(connections, warm_seconds, seconds))))


class _Generator:
    def __init__(self, people: BenchPeople, address: str) -> None:
        self._people = people
        split = urlsplit(address)
        assert split.hostname is not None
        assert split.port is not None
        self._host, self._port = split.hostname, split.port
        self._heads = [_head(token, self._host) for token in people.tokens]
        self._clock = SystemClock()
        self._numbers = count()
        self._run = secrets.token_hex(4)
        self._minted: Iterator[_Tap] = iter([self._mint(*certified) for certified in people.certified])
        self._latencies: list[float] = []
        self._outcomes: Counter[str] = Counter()
        self._wrong: list[str] = []
        self._counting = False
        self._ended = False

    async def run(self, connections: int, warm_seconds: float, seconds: float) -> LoadResult:
        """Warm up, count, and end."""
        tasks = [asyncio.create_task(self._connection(number)) for number in range(connections)]
        await asyncio.sleep(warm_seconds)
        began, self._counting = time.perf_counter(), True
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
        took = time.perf_counter() - began
        self._counting, self._ended = False, True
        await asyncio.gather(*tasks)
        taps = len(self._latencies)
        return LoadResult(
            taps=taps,
            seconds=took,
            latencies_ms=tuple(seconds * 1000 for seconds in self._latencies),
            refused=taps - self._outcomes["admitted"],
            wrong=tuple(self._wrong[:5]),
        )

    def next_tap(self) -> _Tap | None:
        """The next tap to send, with a certificate that no worker has seen; None when the load is over."""
        return None if self._ended else next(self._minted, None)

    def hear(self, tap: _Tap, outcome: str, *, seconds: float) -> None:
        """Count an answer, and keep what was not expected."""
        if self._counting:
            self._latencies.append(seconds)
            self._outcomes[outcome] += 1
        if outcome != tap.expected:
            self._wrong.append(f"{outcome} instead of {tap.expected}")

    async def _connection(self, number: int) -> None:
        """One connection's life."""
        head = self._heads[number % len(self._heads)]
        loop = asyncio.get_running_loop()
        over: asyncio.Future[None] = loop.create_future()
        transport, _ = await loop.create_connection(lambda: _OneConnection(self, head, over), self._host, self._port)
        try:
            await over
        finally:
            transport.close()

    def _mint(self, certificate: bytes, private_key: bytes) -> _Tap:
        number = next(self._numbers)
        refused = number % _REFUSED_EVERY == 0
        amount_fen = _TOO_MUCH_FEN if refused else _AMOUNT_FEN + number % 50
        show_key = trust.signing_key(Algorithm.ES256, private_key)
        code, answers = mint_answer(self._people, certificate, show_key, amount_fen=amount_fen, now=self._clock.now())
        body = (
            f'{{"request_id":"{self._run}-{number:08d}","item":"{self._people.item}","amount_fen":{amount_fen},'
            f'"code":"{code}","answers":"{answers}"}}'
        ).encode()
        whole = b"%d\r\n\r\n%b" % (len(body), body)
        return _Tap(whole, "BALANCE_IS_TOO_LOW" if refused else "admitted")


def _head(token: str, host: str) -> bytes:
    return (
        f"POST /v1/taps HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n"
        "Content-Type: application/json\r\nContent-Length: "
    ).encode()


class _OneConnection(asyncio.Protocol):
    """Sends a tap, hears its answer whole, sends the next."""

    def __init__(self, generator: _Generator, head: bytes, over: "asyncio.Future[None]") -> None:
        self._generator = generator
        self._head = head
        self._over = over
        self._heard = b""
        self._began = 0.0
        self._tap: _Tap | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast(asyncio.Transport, transport)
        self._send_next()

    def data_received(self, data: bytes) -> None:
        """Hear a part of an answer."""
        self._heard += data
        outcome = _outcome_of(self._heard)
        if outcome is not None and self._tap is not None:
            self._heard = b""
            self._generator.hear(self._tap, outcome, seconds=time.perf_counter() - self._began)
            self._send_next()

    def connection_lost(self, error: Exception | None) -> None:
        """A connection that the server closes ends the load, and the run with it."""
        if not self._over.done():
            self._over.set_exception(ConnectionError("the server closed a connection"))

    def _send_next(self) -> None:
        self._began = time.perf_counter()
        self._tap = self._generator.next_tap()
        if self._tap is not None:
            self._transport.write(self._head + self._tap.body)
        elif not self._over.done():
            self._over.set_result(None)


class _Answered(msgspec.Struct):
    """What counts of an answer: a receipt's outcome, or a problem's reason."""

    outcome: str | None = None
    reason: str | None = None


_read_answer = msgspec.json.Decoder(_Answered).decode


def _outcome_of(heard: bytes) -> str | None:
    """What an answer says once it is whole: `admitted`, or the reason of the refusal."""
    end = heard.find(b"\r\n\r\n")
    if end < 0:
        return None
    at = heard.lower().index(b"content-length:") + 15
    length = int(heard[at : heard.index(b"\r\n", at)])
    if len(heard) < end + 4 + length:
        return None
    answer = _read_answer(heard[end + 4 :])
    return answer.reason or answer.outcome
