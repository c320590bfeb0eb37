"""Offices that check claims, put them onto rosters and have them paid, and their bank: each step until it is answered.

Colleagues work side by side: each checks a claim, asks for a roster of whatever is checked by now, and brings it into
public; or each issues the batch of a final roster and applies for its payment, and another approves it.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import msgspec

from simulator.bank_files import FileBank
from tests.crash.insisting import Insisting
from tests.support.builders.access import Known

COLLEAGUES = 2
TITLE = "电动自行车以旧换新补贴"
SEEN = {"reference_price": "2000.00"}
"""What commerce states when it checks a claim."""
_PAUSE_SECONDS = 0.1
_PATIENCE_SECONDS = 300.0


class Officers(NamedTuple):
    """Who enters, who reviews, who pays; a payment is approved by who entered."""

    clerk: Known
    reviewer: Known
    payer: Known


class Rostered(NamedTuple):
    """A roster as it was answered."""

    id: str
    line_count: int
    amount_fen: int


class Offices(Insisting):
    """They remember `checked` claims, `rosters`, those `paid` by batch, and the files that the bank has `seen`."""

    def __init__(
        self,
        *,
        place: str,
        claims: list[str],
        final: list[tuple[str, Rostered]],
        officers: Officers,
        bank: FileBank,
        folder: Path,
        url: str,
    ) -> None:
        super().__init__()
        self.officers = officers
        self.bank = bank
        self.folder = folder
        self.checked = [claim for claim, _ in final]
        self.rosters = [roster for _, roster in final]
        self.paid: dict[str, Rostered] = {}
        self.seen: list[str] = []
        self._place = place
        self._url = url
        self._submitted = deque(claims)
        self._final = deque(self.rosters)
        self._final_at_first = len(self.rosters)

    async def build(self, until: Callable[[], bool]) -> None:
        """Check claims and make rosters of them until something holds; each ends what it began."""
        async with httpx.AsyncClient(base_url=self._url, timeout=10) as client, asyncio.TaskGroup() as group:
            for _ in range(COLLEAGUES):
                group.create_task(self._build(client, until))

    async def pay(self, until: Callable[[], bool]) -> None:
        """Have rosters paid, with the bank at work, until something holds; each ends what it began."""
        async with httpx.AsyncClient(base_url=self._url, timeout=10) as client, asyncio.TaskGroup() as group:
            group.create_task(self._serve_the_bank(until))
            for _ in range(COLLEAGUES):
                group.create_task(self._pay(client, until, until_paid=until))

    async def apply(self, count: int) -> None:
        """Apply for the payment of so many rosters, one after the other; the bank is not at work."""
        wanted = len(self.paid) + count
        async with httpx.AsyncClient(base_url=self._url, timeout=10) as client:
            await self._pay(client, lambda: len(self.paid) >= wanted, until_paid=lambda: True)

    async def settle_publicity(self) -> None:
        """Wait until every claim of a roster that was made here is public."""
        await self.follow("published", len(self.checked) - self._final_at_first)

    async def settle(self) -> None:
        """Wait, with the bank at work, until every claim whose payment was approved is paid."""
        lines = sum(roster.line_count for roster in self.paid.values())
        followed = asyncio.create_task(self.follow("paid", lines))
        await self._serve_the_bank(followed.done)
        await followed

    async def follow(self, state: str, count: int) -> None:
        """Wait until so many claims are in a state; fails when they are not for long."""
        query = {"place": self._place, "state": state, "limit": 200}
        async with asyncio.timeout(_PATIENCE_SECONDS), httpx.AsyncClient(base_url=self._url, timeout=10) as client:
            while True:
                found = await self._look(client, "/v1/trade-in/finance/claims", **query)
                if len(found["claims"]) == count:
                    return
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _build(self, client: httpx.AsyncClient, until: Callable[[], bool]) -> None:
        clerk, reviewer, _ = self.officers
        while not until():
            assert self._submitted, "there are too few claims"
            claim = self._submitted.popleft()
            path = f"/v1/trade-in/commerce/claims/{claim}/check"
            await self._do(client, clerk, path, request_id=str(uuid4()), facts=SEEN)
            self.checked.append(claim)
            asked = {"place": self._place, "title": TITLE}
            made = await self._do(client, clerk, "/v1/trade-in/commerce/rosters", **asked)
            if made["roster_id"] is None:
                continue
            roster = Rostered(made["roster_id"], made["line_count"], made["amount_fen"])
            self.rosters.append(roster)
            found = await self._do(client, clerk, f"/v1/rosters/{roster.id}/check")
            assert (roster.line_count, roster.amount_fen) == (found["clear_count"], found["clear_fen"]), found
            await self._do(client, reviewer, f"/v1/rosters/{roster.id}/publish", until=None)

    async def _pay(
        self, client: httpx.AsyncClient, until: Callable[[], bool], *, until_paid: Callable[[], bool]
    ) -> None:
        """Have one roster after the other paid; the next one when the bank has answered, or `until_paid` holds."""
        clerk, _, payer = self.officers
        while not until():
            assert self._final, "there are too few rosters"
            roster = self._final.popleft()
            batch = (await self._do(client, payer, f"/v1/rosters/{roster.id}/batch"))["batch_id"]
            today = (await self._look(client, f"/v1/payout-batches/{batch}"))["made_at"][:10]
            asked = await self._do(client, payer, f"/v1/payout-batches/{batch}/apply", pay_on=today)
            await self._do(client, clerk, f"/v1/approvals/{asked['approval_id']}/approve")
            self.paid[batch] = roster
            while not until_paid():
                if (await self._look(client, f"/v1/payout-batches/{batch}"))["state"] == "closed":
                    break
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _serve_the_bank(self, until: Callable[[], bool]) -> None:
        """Take what lies there, whole and for the first time, and answer it."""
        while not until():
            for _ in range(await asyncio.to_thread(self._take_in_and_answer)):
                self._heard()
            await asyncio.sleep(_PAUSE_SECONDS)

    def _take_in_and_answer(self) -> int:
        names = [each.name for each in (self.folder / "to-bank").glob("*")]
        self.seen += names
        assert {1} >= set(Counter(self.seen).values()), "the bank was sent a file twice"
        before = len(self.bank.payments)
        assert self.bank.take_in() == len(self.bank.payments) - before
        return len(names) + len(self.bank.answer())

    async def _look(self, client: httpx.AsyncClient, path: str, **query: Any) -> Any:
        """See something; asked again while there is no answer."""
        headers = {"Authorization": f"Bearer {self.officers.payer.token}", "Purpose": "how it stands"}
        while True:
            with suppress(httpx.TransportError):
                answer = await client.get(path, params=query, headers=headers)
                if answer.is_success:
                    return answer.json()
                self._told_to_wait(answer)
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _do(self, client: httpx.AsyncClient, who: Known, path: str, **body: Any) -> Any:
        sent = msgspec.json.encode(body) if body else b""
        answer = await self.insist(client, path, token=who.token, body=sent, key=str(uuid4()))
        assert answer.is_success, f"{path}: {answer.text}"
        self._heard()
        return answer.json()
