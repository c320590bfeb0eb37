"""Buyers, clerks and tills of a bike town: each step is sent again, the same bytes, until it is answered.

Each buyer applies, and what comes after depends on the number: some withdraw, some sales are cancelled, paid, taken
back by their till, or end with the goods returned; some try to pay another price first; some apply with the old bike
of another.
"""

import asyncio
from collections.abc import Callable
from enum import StrEnum
from itertools import count
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import msgspec

from tests.crash.insisting import Insisting
from yikatong.app.bench.shop import BenchPeople, mint_answer
from yikatong.kernel.instants import day_of
from yikatong.plumbing.clock import Clock
from yikatong.taps.model import TapBody
from yikatong.trade_in.api import OWN
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm

PRICE_FEN = 99_900
"""Below what a wallet has to confirm once more."""
AT_WORK = 10
_OLD_FROM, _NEW_FROM = 530_000_000_000_000, 540_000_000_000_000
FACTS = {
    "old_battery": "lead_acid",
    "old_is_plated": "yes",
    "old_owner_is_applicant": "yes",
    "old_registered_on": "2021-05-01",
}
NEW_FACTS = {
    "new_battery": "lead_acid",
    "new_is_certified": "yes",
    "invoice_names_applicant": "yes",
    "new_owner_is_applicant": "yes",
}


class Plan(StrEnum):
    """What a buyer does once qualified."""

    BUYS = "buys"
    WITHDRAWS = "withdraws"
    LETS_THE_SALE_BE_CANCELLED = "lets the sale be cancelled"
    IS_TAKEN_BACK = "is taken back"
    RETURNS_THE_BIKE = "returns the bike"
    TRIES_ANOTHER_PRICE = "tries another price"
    HAS_THE_BIKE_OF_THE_ONE_BEFORE = "has the bike of the one before"


PLANS = tuple(Plan)
AGAIN = ("apply", "tap", "refund")
"""Steps that are asked for again when everything is over."""


class Step(NamedTuple):
    """What was sent, and what was answered for good."""

    path: str
    token: str
    body: bytes
    status: int
    said: Any


class Deal(msgspec.Struct, kw_only=True):
    """The journal of one buyer."""

    number: int
    plan: Plan
    steps: dict[str, Step] = {}

    @property
    def claim(self) -> str | None:
        """The claim that was opened, as the buyer was told."""
        applied = self.steps["apply"]
        return applied.said["claim"]["claim_id"] if applied.status == 201 else None

    @property
    def refused_for(self) -> str | None:
        """Why the application was refused."""
        return None if self.claim is not None else str(self.steps["apply"].said["reason"])

    @property
    def has_bought(self) -> bool:
        """Whether the buyer keeps a bike that was paid."""
        return self.claim is not None and self.plan in (
            Plan.BUYS, Plan.TRIES_ANOTHER_PRICE, Plan.HAS_THE_BIKE_OF_THE_ONE_BEFORE
        )  # fmt: skip

    @property
    def state(self) -> str:
        """Where the claim must stand once the buyer has done everything."""
        ends = {Plan.WITHDRAWS: "withdrawn", Plan.RETURNS_THE_BIKE: "refunded"}
        return "paid" if self.has_bought else ends.get(self.plan, "qualified")


class Buyers(Insisting):
    """All buyers of a town. `deals` are the journals of those who have done everything."""

    def __init__(
        self, *, people: BenchPeople, clerk: str, wallets: list[str], place: str, clock: Clock, url: str
    ) -> None:
        super().__init__()
        self.provider_id = people.provider_id
        self._people = people
        self._clerk = clerk
        self._wallets = wallets
        self._place = place
        self._clock = clock
        self._url = url
        self._numbers = count()
        self._keys = [trust.signing_key(Algorithm.ES256, one.private_key) for one in people.certified]
        self.deals: list[Deal] = []

    async def work(self, until: Callable[[], bool]) -> None:
        """Let buyers come side by side until something holds; each does everything."""
        async with httpx.AsyncClient(base_url=self._url, timeout=10) as client, asyncio.TaskGroup() as group:
            for _ in range(AT_WORK):
                group.create_task(self._come(client, until))

    async def ask_again(self) -> list[tuple[Deal, str, Any]]:
        """What is answered now to everybody's applications that won, taps and refunds, sent once more."""
        asked = [(deal, name) for deal in self.deals if deal.claim for name in AGAIN if name in deal.steps]
        said: list[Any] = []
        async with httpx.AsyncClient(base_url=self._url, timeout=10) as client:
            for start in range(0, len(asked), AT_WORK):
                steps = [deal.steps[name] for deal, name in asked[start : start + AT_WORK]]
                answers = [self.insist(client, step.path, token=step.token, body=step.body) for step in steps]
                said += [answer.json() for answer in await asyncio.gather(*answers)]
        return [(deal, name, one) for (deal, name), one in zip(asked, said, strict=True)]

    async def _come(self, client: httpx.AsyncClient, until: Callable[[], bool]) -> None:
        while not until():
            number = next(self._numbers)
            assert number < len(self._wallets), "there are too few buyers"
            deal = Deal(number=number, plan=PLANS[number % len(PLANS)])
            await self._go_through(client, deal)
            self.deals.append(deal)

    async def _go_through(self, client: httpx.AsyncClient, deal: Deal) -> None:
        whose = deal.number - (deal.plan is Plan.HAS_THE_BIKE_OF_THE_ONE_BEFORE)
        wallet = self._wallets[deal.number]
        application = {"place": self._place, "old_code": str(_OLD_FROM + whose), "facts": FACTS}
        await self._do(client, deal, "apply", OWN, wallet, request_id=str(uuid4()), **application)
        if deal.claim is None:
            return
        if deal.plan is Plan.WITHDRAWS:
            await self._do(client, deal, "withdraw", f"{OWN}/{deal.claim}/withdraw", wallet, request_id=str(uuid4()))
            return
        await self._sell(client, deal, old_code=str(_OLD_FROM + whose))

    async def _sell(self, client: httpx.AsyncClient, deal: Deal, *, old_code: str) -> None:
        store = f"/v1/trade-in/store/claims/{deal.claim}"
        today = day_of(self._clock.now()).isoformat()
        handed = {"request_id": str(uuid4()), "on": today, "old_code": old_code}
        await self._do(client, deal, "receive", f"{store}/receive", self._clerk, **handed)
        sale = {"on": today, "price_fen": PRICE_FEN, "new_code": str(_NEW_FROM + deal.number), "facts": NEW_FACTS}
        await self._do(client, deal, "enter", f"{store}/prepared-sale", self._clerk, request_id=str(uuid4()), **sale)
        if deal.plan is Plan.LETS_THE_SALE_BE_CANCELLED:
            path = f"{store}/prepared-sale/cancel"
            await self._do(client, deal, "cancel", path, self._clerk, request_id=str(uuid4()))
            return
        if deal.plan is Plan.TRIES_ANOTHER_PRICE:
            await self._tap(client, deal, "other tap", amount_fen=PRICE_FEN - 100)
        tap = await self._tap(client, deal, "tap", amount_fen=PRICE_FEN)
        if deal.plan is Plan.IS_TAKEN_BACK:
            await self._take_back(client, deal, tap)
        if deal.plan is Plan.RETURNS_THE_BIKE:
            path = f"/v1/taps/{tap.said['tap']}/refunds"
            await self._do(client, deal, "refund", path, tap.token, request_id=uuid4().hex, amount_fen=PRICE_FEN)

    async def _tap(self, client: httpx.AsyncClient, deal: Deal, name: str, *, amount_fen: int) -> Step:
        """The buyer signs what the till shows, and pays."""
        certificate = self._people.certified[deal.number].certificate
        code, answers = mint_answer(
            self._people, certificate, self._keys[deal.number], amount_fen=amount_fen, now=self._clock.now()
        )
        body = TapBody(
            request_id=uuid4().hex, item=self._people.item, amount_fen=amount_fen, code=code, answers=answers
        )
        token = self._people.tokens[deal.number % len(self._people.tokens)]
        return await self._send(client, deal, name, "/v1/taps", token, msgspec.json.encode(body))

    async def _take_back(self, client: httpx.AsyncClient, deal: Deal, tap: Step) -> None:
        said = msgspec.json.decode(tap.body)
        reversal = {name: said.get(name) for name in ("request_id", "item", "amount_fen", "code", "answers")}
        await self._do(client, deal, "reverse", "/v1/reversals", tap.token, **reversal)

    async def _do(self, client: httpx.AsyncClient, deal: Deal, name: str, path: str, token: str, **body: Any) -> Step:
        return await self._send(client, deal, name, path, token, msgspec.json.encode(body))

    async def _send(self, client: httpx.AsyncClient, deal: Deal, name: str, path: str, token: str, body: bytes) -> Step:
        answer = await self.insist(client, path, token=token, body=body)
        step = Step(path, token, body, answer.status_code, answer.json())
        may_be_refused = name in ("apply", "other tap")
        assert answer.is_success or may_be_refused, f"{deal.plan}, {name}: {answer.text}"
        deal.steps[name] = step
        self._heard()
        return step
