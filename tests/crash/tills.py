"""Tills that journal before they send: each sends a request again, the same bytes, until it is answered."""

import asyncio
import secrets
from collections.abc import Callable
from itertools import count
from typing import Any, NamedTuple

import httpx
import msgspec

from yikatong.app.bench.people import BenchPeople, mint_answer
from yikatong.plumbing.clock import SystemClock
from yikatong.taps.model import TapBody
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm

TOO_MUCH_FEN = 400_000
_AMOUNT_FEN = 100
_REFUSED_EVERY, _REVERSED_EVERY = 11, 7
_PAUSE_SECONDS = 0.05
_TRIES_MAX = 2_400
_FINAL = frozenset(range(200, 500)) - {202, 408, 429}


class Sent(NamedTuple):
    """A tap as it stands in the journal."""

    token: str
    request_id: str
    body: bytes
    amount_fen: int


class Tills:
    """All tills of a shop. `acknowledged` has the receipt of every tap that was answered, `reversed` what was taken
    back and answered, `told_to_wait` the reasons for which tills were to come again."""

    def __init__(self, people: BenchPeople, url: str) -> None:
        self._people = people
        self._url = url
        self._numbers = count()
        self._run = secrets.token_hex(4)
        self._certified = [
            (one.certificate, trust.signing_key(Algorithm.ES256, one.private_key)) for one in people.certified
        ]
        self._clock = SystemClock()
        self.acknowledged: dict[str, tuple[Sent, Any]] = {}
        self._waited_for: list[tuple[int, asyncio.Event]] = []
        self.reversed: dict[str, str] = {}
        self.sent_again = 0
        self.told_to_wait: set[str] = set()

    async def work(self, *, tills: int, until: Callable[[], bool]) -> None:
        """Let tills work side by side until something holds; each ends what it began."""
        async with httpx.AsyncClient(base_url=self._url, timeout=10) as client, asyncio.TaskGroup() as group:
            for number in range(tills):
                group.create_task(self._till(client, number, until))

    async def wait_for(self, more: int) -> None:
        """Wait until so many more taps were answered."""
        enough = asyncio.Event()
        self._waited_for.append((len(self.acknowledged) + more, enough))
        await enough.wait()

    def _tell(self) -> None:
        for count_wanted, enough in self._waited_for:
            if len(self.acknowledged) >= count_wanted:
                enough.set()

    async def ask_again(self, request_ids: list[str]) -> dict[str, Any]:
        """The receipts of some requests, sent once more."""
        async with httpx.AsyncClient(base_url=self._url, timeout=10) as client:
            answers = await asyncio.gather(*(self._answered(client, self.acknowledged[one][0]) for one in request_ids))
        return dict(zip(request_ids, answers, strict=True))

    async def _till(self, client: httpx.AsyncClient, number: int, until: Callable[[], bool]) -> None:
        token = self._people.tokens[number % len(self._people.tokens)]
        while not until():
            sent = self._mint(token)
            self.acknowledged[sent.request_id] = (sent, await self._answered(client, sent))
            self._tell()
            if len(self.acknowledged) % _REVERSED_EVERY == 0:
                self.reversed[sent.request_id] = await self._reversed(client, sent)

    async def _answered(self, client: httpx.AsyncClient, sent: Sent) -> Any:
        answer = await self._insist(client, "/v1/taps", sent.token, sent.body)
        return answer.get("receipt", answer)

    async def _reversed(self, client: httpx.AsyncClient, sent: Sent) -> str:
        tap = msgspec.json.decode(sent.body)
        reversal = {name: tap[name] for name in ("request_id", "item", "amount_fen", "code", "answers")}
        answer = await self._insist(client, "/v1/reversals", sent.token, msgspec.json.encode(reversal))
        return str(answer["found"])

    async def _insist(self, client: httpx.AsyncClient, path: str, token: str, body: bytes) -> Any:
        """Send the same bytes until there is an answer that ends it; fails when none comes for long."""
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        for _ in range(_TRIES_MAX):
            try:
                answer = await client.post(path, content=body, headers=headers)
                if answer.status_code in _FINAL:
                    return answer.json()
                self.told_to_wait.add(answer.json().get("reason", ""))
            except httpx.TransportError:
                pass
            self.sent_again += 1
            await asyncio.sleep(_PAUSE_SECONDS)
        raise AssertionError(f"{path} was never answered: {body[:80]!r}")

    def _mint(self, token: str) -> Sent:
        number = next(self._numbers)
        certificate, show_key = self._certified[number % len(self._certified)]
        amount_fen = TOO_MUCH_FEN if number % _REFUSED_EVERY == 0 else _AMOUNT_FEN + number % 50
        code, answers = mint_answer(self._people, certificate, show_key, amount_fen=amount_fen, now=self._clock.now())
        body = TapBody(
            request_id=f"{self._run}-{number:06d}",
            item=self._people.item,
            amount_fen=amount_fen,
            code=code,
            answers=answers,
        )
        return Sent(token, body.request_id, msgspec.json.encode(body), amount_fen)
