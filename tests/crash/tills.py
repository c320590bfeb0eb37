"""Tills that journal before they send: each sends a request again, the same bytes, until it is answered.

Several at once ask the same resident, some by bare codes; some residents are soon out of money.
"""

import asyncio
import secrets
import time
from collections.abc import Callable
from datetime import date, datetime
from itertools import count
from typing import Any, NamedTuple

import httpx
import msgspec

from tests.crash.insisting import AT_THE_COUNTER, Insisting
from tests.crash.serial_order import Deed, What
from yikatong.app.bench.shop import BenchPeople, mint_answer
from yikatong.codes import service as codes
from yikatong.codes.model import CodeKind, Posture
from yikatong.kernel.instants import day_of
from yikatong.plumbing.clock import SystemClock
from yikatong.taps.model import TapBody
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm, SigningKey

TOO_MUCH_FEN = 400_000
_AMOUNT_FEN, _LARGE_FEN = 100, 30_000
_REFUSED_EVERY, _REVERSED_EVERY, _SHOWN_EVERY = 11, 7, 5
_AT_ONE_RESIDENT, _SOON_OUT_OF_MONEY = 4, 3


class Sent(NamedTuple):
    """A tap as it stands in the journal."""

    token: str
    request_id: str
    body: bytes
    amount_fen: int
    what: What


class Tills(Insisting):
    """All tills of a shop. `acknowledged` has the receipt of every tap that was answered, `reversed` what was taken
    back and answered, `history` when all of it was asked and answered."""

    come_again = AT_THE_COUNTER

    def __init__(self, people: BenchPeople, url: str, *, resident_count: int) -> None:
        """`url` is where the tills call; it may be changed while none is at work."""
        super().__init__()
        self._people = people
        self._resident_count = resident_count
        self.url = url
        self._numbers = count()
        self._run = secrets.token_hex(4)
        self._certified = [
            (one.certificate, trust.signing_key(Algorithm.ES256, one.private_key)) for one in people.certified
        ]
        self._clock = SystemClock()
        self.acknowledged: dict[str, tuple[Sent, Any]] = {}
        self.history: list[Deed] = []
        self.reversed: dict[str, str] = {}

    async def work(self, *, tills: int, until: Callable[[], bool]) -> None:
        """Let tills work side by side until something holds; each ends what it began."""
        async with httpx.AsyncClient(base_url=self.url, timeout=10) as client, asyncio.TaskGroup() as group:
            for number in range(tills):
                group.create_task(self._till(client, number, until))

    async def ask_again(self, request_ids: list[str]) -> dict[str, Any]:
        """The receipts of some requests, sent once more."""
        async with httpx.AsyncClient(base_url=self.url, timeout=10) as client:
            answers = await asyncio.gather(*(self._answered(client, self.acknowledged[one][0]) for one in request_ids))
        return dict(zip(request_ids, answers, strict=True))

    async def _till(self, client: httpx.AsyncClient, number: int, until: Callable[[], bool]) -> None:
        token = self._people.tokens[number % len(self._people.tokens)]
        while not until():
            sent, asked_at = self._mint(token), time.monotonic()
            receipt = await self._answered(client, sent)
            self.acknowledged[sent.request_id] = (sent, receipt)
            on_day = day_of(datetime.fromisoformat(receipt["decided_at"]))
            self._remember(sent, sent.what, asked_at, said=receipt.get("reason", ""), on_day=on_day)
            self._heard()
            if len(self.acknowledged) % _REVERSED_EVERY == 0:
                asked_at = time.monotonic()
                found = self.reversed[sent.request_id] = await self._reversed(client, sent)
                self._remember(sent, What.BACK, asked_at, said=found, on_day=on_day)

    def _remember(self, sent: Sent, what: What, asked_at: float, *, said: str, on_day: date) -> None:
        heard_at = time.monotonic()
        self.history.append(Deed(sent.request_id, what, sent.amount_fen, asked_at, heard_at, said, on_day))

    async def _answered(self, client: httpx.AsyncClient, sent: Sent) -> Any:
        answer = (await self.insist(client, "/v1/taps", token=sent.token, body=sent.body)).json()
        return answer.get("receipt", answer)

    async def _reversed(self, client: httpx.AsyncClient, sent: Sent) -> str:
        tap = msgspec.json.decode(sent.body)
        reversal = {name: tap.get(name) for name in ("request_id", "item", "amount_fen", "code", "answers")}
        answer = await self.insist(client, "/v1/reversals", token=sent.token, body=msgspec.json.encode(reversal))
        return str(answer.json()["found"])

    def _mint(self, token: str) -> Sent:
        """The next tap: some taps in a row ask the same resident, each with another certificate."""
        number = next(self._numbers)
        resident = number // _AT_ONE_RESIDENT % self._resident_count
        round_number = number // self._resident_count % (len(self._certified) // self._resident_count)
        certificate, show_key = self._certified[resident + self._resident_count * round_number]
        amount_fen = (_LARGE_FEN if resident < _SOON_OUT_OF_MONEY else _AMOUNT_FEN) + number % 50
        if number % _REFUSED_EVERY == 0:
            amount_fen = TOO_MUCH_FEN
        now = self._clock.now()
        what = What.SHOWN if number % _SHOWN_EVERY == 0 else What.ANSWERED
        code, answers = (
            (self._mint_shown(certificate, show_key, now), None)
            if what is What.SHOWN
            else mint_answer(self._people, certificate, show_key, amount_fen=amount_fen, now=now)
        )
        body = TapBody(
            request_id=f"{self._run}-{number:06d}",
            item=self._people.item,
            amount_fen=amount_fen,
            code=code,
            answers=answers,
        )
        return Sent(token, body.request_id, msgspec.json.encode(body), amount_fen, what)

    def _mint_shown(self, certificate: bytes, show_key: SigningKey, now: datetime) -> str:
        code = codes.mint_code(
            certificate=certificate,
            show_key=show_key,
            made_at=now,
            kind=CodeKind.PAYMENT,
            nonce=secrets.token_bytes(8),
            posture=Posture.CLEAR,
        )
        return codes.write_code(code)
