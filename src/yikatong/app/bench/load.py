"""The load generator: a process of its own, whose every answer is checked.

Open, taps come at moments of a schedule of their own, whether earlier ones were answered or not, as people come to
tills; a latency counts from the scheduled moment, so a server that stands still is charged for everybody who came
meanwhile. Closed, each connection sends its next tap when the last was answered: that shows how many can be served.

The codes are minted before the first is sent: signing is the work of a million phones, not of the server that is
measured, with which this process shares the machine; minting and run together stay inside the life of a code. Of each
hundred taps about five must be refused, for a known reason.
"""

import secrets
from multiprocessing.connection import Connection
from urllib.parse import urlsplit

import msgspec
import uvloop

from yikatong.app.bench.generators import Counted, Lines, LoadResult, draw_moments, run_closed, run_open
from yikatong.app.bench.line import LoadedTap
from yikatong.app.bench.shop import BenchPeople, Certified, Till, mint_answer
from yikatong.plumbing.clock import SystemClock
from yikatong.plumbing.collector import rest_the_collector
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm

SECONDS_MAX = 75.0
"""Longest run, minting included: a code is good for 90 seconds."""
_TOO_MUCH_FEN = 400_000
_AMOUNT_FEN = 100
_REFUSED_EVERY = 20


class LoadOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What to load with: connections, tills in turn, seconds; a `rate` makes it an open load, None closed."""

    connections: int
    tills: tuple[Till, ...]
    warm_seconds: float
    seconds: float
    rate: float | None = None
    seed: int = 1


def run_load(people: BenchPeople, address: str, order: LoadOrder, result: Connection) -> None:
    """Load a server and send back a LoadResult; the main function of its process."""
    rest_the_collector()
    taps = mint_taps(people, order, address)
    result.send_bytes(msgspec.json.encode(uvloop.run(_run(taps, order, address))))


async def _run(taps: list[LoadedTap], order: LoadOrder, address: str) -> LoadResult:
    counted = Counted()
    lines = Lines(counted)
    await lines.connect(address, order.connections)
    try:
        if order.rate is None:
            return await run_closed(lines, taps, warm_seconds=order.warm_seconds, seconds=order.seconds)
        moments = draw_moments(order.rate, order.warm_seconds + order.seconds, seed=order.seed)
        return await run_open(lines, taps, moments, warm_seconds=order.warm_seconds, seconds=order.seconds)
    finally:
        lines.close()


def mint_taps(people: BenchPeople, order: LoadOrder, address: str) -> list[LoadedTap]:
    """A tap for each certificate, at each till in turn; an open load needs only as many as its schedule has.

    Raises ValueError for a run in which the last codes would be too old.
    """
    if order.warm_seconds + order.seconds > SECONDS_MAX:
        raise ValueError(f"a load lasts at most {SECONDS_MAX:.0f} s, for its codes are good for 90 s")
    certified = people.certified
    if order.rate is not None:
        certified = certified[: int(order.rate * (order.warm_seconds + order.seconds) * 1.2) + 100]
    host = urlsplit(address).hostname or ""
    heads = [_head(till.token, host) for till in order.tills]
    clock, run = SystemClock(), secrets.token_hex(4)
    taps = []
    for number, one in enumerate(certified):
        at = number % len(order.tills)
        taps.append(
            _mint(people, one, order.tills[at], heads[at], name=f"{run}-{number:08d}", number=number, clock=clock)
        )
    return taps


def _mint(
    people: BenchPeople, one: Certified, till: Till, head: bytes, *, name: str, number: int, clock: SystemClock
) -> LoadedTap:
    refused = number % _REFUSED_EVERY == 0
    amount_fen = _TOO_MUCH_FEN if refused else _AMOUNT_FEN + number % 50
    show_key = trust.signing_key(Algorithm.ES256, one.private_key)
    code, answers = mint_answer(
        people, one.certificate, show_key, amount_fen=amount_fen, now=clock.now(), payee_id=till.provider_id
    )
    body = (
        f'{{"request_id":"{name}","item":"{people.item}","amount_fen":{amount_fen},'
        f'"code":"{code}","answers":"{answers}"}}'
    ).encode()
    return LoadedTap(b"%b%d\r\n\r\n%b" % (head, len(body), body), "BALANCE_IS_TOO_LOW" if refused else "admitted")


def _head(token: str, host: str) -> bytes:
    return (
        f"POST /v1/taps HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n"
        "Content-Type: application/json\r\nContent-Length: "
    ).encode()
