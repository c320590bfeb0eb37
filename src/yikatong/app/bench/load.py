"""The load generator: a process of its own; codes minted at the moment they are sent, every answer checked.

Each connection sends its next tap when the last was answered; a latency is counted from before the code is minted
and sent until its answer is whole. Of each hundred taps about five must be refused, for a known reason.
"""

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Iterator
from itertools import count
from multiprocessing.connection import Connection
from urllib.parse import urlsplit

import msgspec
import uvloop

from yikatong.app.bench.people import BenchPeople
from yikatong.codes import service as codes
from yikatong.codes.model import Asked, CodeKind, Posture
from yikatong.kernel.ids import ProviderId
from yikatong.plumbing.clock import SystemClock
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm, SigningKey

_TOO_MUCH_FEN = 400_000
_AMOUNT_FEN = 100
_REFUSED_EVERY = 20


class LoadResult(msgspec.Struct, frozen=True):
    """What a load came to: taps answered as expected, seconds, latencies in milliseconds."""

    taps: int
    seconds: float
    p50_ms: float
    p99_ms: float
    refused_share: float
    wrong: tuple[str, ...]


class _Tap(msgspec.Struct, frozen=True):
    """One request, and the outcome it must have."""

    request: bytes
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
        # A phone has its keys before it is asked for a code; only the code is made within the time.
        self._certified: Iterator[tuple[bytes, SigningKey]] = iter(
            [(certificate, trust.signing_key(Algorithm.ES256, private)) for certificate, private in people.certified]
        )
        self._run = secrets.token_hex(4)
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
        ordered = sorted(self._latencies) or [0.0]
        taps = len(self._latencies)
        return LoadResult(
            taps=taps,
            seconds=took,
            p50_ms=round(ordered[len(ordered) // 2] * 1000, 2),
            p99_ms=round(ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)] * 1000, 2),
            refused_share=round(1 - self._outcomes["admitted"] / max(1, taps), 4),
            wrong=tuple(self._wrong[:5]),
        )

    async def _connection(self, number: int) -> None:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        head = self._heads[number % len(self._heads)]
        while not self._ended:
            began = time.perf_counter()
            tap = self._mint(head)
            if tap is None:
                break
            writer.write(tap.request)
            outcome = await _read_outcome(reader)
            if self._counting:
                self._latencies.append(time.perf_counter() - began)
                self._outcomes[outcome] += 1
            if outcome != tap.expected:
                self._wrong.append(f"{outcome} instead of {tap.expected}")
        writer.close()

    def _mint(self, head: bytes) -> _Tap | None:
        """The next tap, with a certificate that no worker has seen; None when they are used up."""
        following = next(self._certified, None)
        if following is None:
            return None
        certificate, show_key = following
        number = next(self._numbers)
        refused = number % _REFUSED_EVERY == 0
        amount_fen = _TOO_MUCH_FEN if refused else _AMOUNT_FEN + number % 50
        nonce = secrets.token_bytes(8)
        code = codes.mint_code(
            certificate=certificate,
            show_key=show_key,
            made_at=self._clock.now(),
            kind=CodeKind.PAYMENT,
            nonce=secrets.token_bytes(8),
            posture=Posture.CLEAR,
            answer=Asked(
                nonce=nonce,
                amount_fen=amount_fen,
                payee_id=ProviderId(self._people.provider_id),
                item_number=self._people.item_number,
            ),
        )
        body = (
            f'{{"request_id":"{self._run}-{number:08d}","item":"{self._people.item}","amount_fen":{amount_fen},'
            f'"code":"{codes.write_code(code)}","answers":"{nonce.hex()}"}}'
        ).encode()
        request = head + str(len(body)).encode() + b"\r\n\r\n" + body
        return _Tap(request, "BALANCE_IS_TOO_LOW" if refused else "admitted")


def _head(token: str, host: str) -> bytes:
    return (
        f"POST /v1/taps HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n"
        "Content-Type: application/json\r\nContent-Length: "
    ).encode()


async def _read_outcome(reader: asyncio.StreamReader) -> str:
    """Read one answer whole: `admitted`, or the reason of the refusal."""
    head = await reader.readuntil(b"\r\n\r\n")
    lower = head.lower()
    at = lower.index(b"content-length:") + 15
    length = int(lower[at : lower.index(b"\r\n", at)])
    answer = msgspec.json.decode(await reader.readexactly(length))
    return str(answer.get("reason") or answer.get("outcome"))
