"""Tills, wallets and attackers: what they send, and how they go on when no answer comes."""

import asyncio
from datetime import timedelta
from functools import partial
from random import Random

import msgspec

from tests.simulator.week.network import Network
from tests.simulator.week.place import Place, Worker
from tests.simulator.week.told import GivenBack, Heard, TakenBack, Told, seconds_of
from tests.stateful.deeds import Sent
from tests.support.builders.counter import BUCKET, Phone
from tests.support.builders.follow_ups import confirmed, id_of, polled, refunded, reversed_by
from yikatong.codes import service as codes
from yikatong.codes.model import Refreshed
from yikatong.kernel.ids import TapId, show_id
from yikatong.kernel.outcomes import Refused
from yikatong.taps.model import Outcome, Receipt, TapBody

_WRONG_CLOCKS = (0, 0, 0, 0, 0, 0, -40, 20, -85, 45, 240, -240)
_TRIES = 3


class Tills:
    """All tills of the place, with the wallets before them."""

    def __init__(self, place: Place, network: Network, told: Told, random: Random) -> None:
        self._place = place
        self._network = network
        self._told = told
        self._random = random
        self._refreshing: set[int] = set()
        self.dark_until = [0.0] * len(place.terminals)

    def sign(self, *, resident: int, till: int, how: str, fen: int, is_changed: bool = False) -> Sent | None:
        """Have a wallet sign what a tap will carry; None when the wallet itself will not. Its clock may be wrong."""
        place, number = self._place, self._told.a_number()
        phone, at = place.phones[resident], place.tills[till]
        now = place.clock.now() + timedelta(seconds=self._random.choice(_WRONG_CLOCKS))
        if how == "answered":
            challenge = msgspec.structs.replace(place.first.challenge(amount_fen=fen), terminal_id=at.terminal.id)
            try:
                code = phone.wallet.answer(codes.write_challenge(challenge, at.signing_key), now)
            except Refused as refused:
                place.history.write(f"the wallet of {resident} will not: {refused.reason.name}")
                return None
            answers: str | None = challenge.nonce.hex()
        else:
            code, answers = phone.wallet.show_code(now), None
        asked_fen = 0 if how == "entry" else fen + is_changed
        item = place.first.entry if how == "entry" else place.first.meal
        body = TapBody(
            request_id=f"request-{number:05d}", item=item.code, amount_fen=asked_fen or None, code=code, answers=answers
        )
        signed_fen = 0 if how == "entry" else fen
        sent = Sent(resident, number, number, till, how, asked_fen, signed_fen, seconds_of(now))
        self._told.note(at.terminal.id, body, sent)
        return sent

    def copied(self, sent: Sent, *, till: int) -> Sent:
        """The same code under another request, as whoever photographed it would send it."""
        number = self._told.a_number()
        body = msgspec.structs.replace(self._told.bodies[sent], request_id=f"request-{number:05d}")
        copy = sent._replace(request=number, till=till)
        self._told.note(self._place.terminals[till].terminal.id, body, copy)
        return copy

    def altered(self, sent: Sent) -> Sent:
        """Another amount under the same request."""
        body = msgspec.structs.replace(self._told.bodies[sent], amount_fen=sent.fen + 1)
        other = sent._replace(fen=sent.fen + 1)
        self._told.note(self._place.tills[sent.till].terminal.id, body, other)
        return other

    async def send(self, sent: Sent, *, tries: int = _TRIES) -> Receipt | Refused | None:
        """Send a tap until something comes back or patience ends."""
        body, till = self._told.bodies[sent], self._place.terminals[sent.till]
        for _ in range(tries):
            call = partial(_tap, body=body, token=till.token)
            answer = await self._network.ask(f"tap {sent.request}", call, dark_seconds=self._dark_seconds(sent.till))
            if isinstance(answer, Receipt):
                self._told.receipts.append(Heard(self._place.clock.now(), sent, answer))
            if answer is not None:
                return answer
        return None

    async def ask_after(self, sent: Sent, tap_id: TapId) -> Receipt | Refused | None:
        """Ask how a tap stands."""
        till = self._place.terminals[sent.till]
        answer = await self._network.ask(f"poll {sent.request}", lambda worker: polled(worker, tap_id, by=till))
        if isinstance(answer, Receipt):
            self._told.receipts.append(Heard(self._place.clock.now(), sent, answer))
        return answer

    async def reverse(self, sent: Sent, *, tap_id: TapId | None = None, tries: int = 4) -> bool:
        """Take a tap back until that is acknowledged, by its code or its id."""
        body, till = self._told.bodies[sent], self._place.terminals[sent.till]
        tap = None if tap_id is None else show_id("tap", tap_id)
        for _ in range(tries):
            call = partial(reversed_by, body=body, till=till, tap=tap)
            answer = await self._network.ask(
                f"reverse {sent.request}", call, dark_seconds=self._dark_seconds(sent.till)
            )
            if answer is not None and not isinstance(answer, Refused):
                self._told.taken_back.append(TakenBack(self._place.clock.now(), sent, answer))
            if answer is not None:
                return not isinstance(answer, Refused)
        return False

    async def refund(self, sent: Sent, tap_id: TapId, fen: int, *, key: str) -> None:
        """Give something back, asked again under the same key when nobody answers."""
        caller = self._place.first.terminal_caller(self._place.terminals[sent.till])
        for _ in range(_TRIES):
            call = partial(refunded, tap_id=tap_id, amount_fen=fen, request_id=key, caller=caller)
            answer = await self._network.ask(f"refund {sent.request} {fen}", call)
            if answer is not None and not isinstance(answer, Refused):
                self._told.given_back.append(GivenBack(self._place.clock.now(), sent, key, fen, answer))
            if answer is not None:
                return

    async def confirm(self, sent: Sent, tap_id: TapId, *, resident: int, fen: int, agreed: bool) -> Receipt | None:
        """A phone's signed yes or no, perhaps to another amount, perhaps somebody else's phone."""
        phone = self._place.phones[resident]
        call = partial(confirmed, phone=phone, tap_id=tap_id, amount_fen=fen, agreed=agreed)
        answer = await self._network.ask(f"confirm {sent.request} {agreed}", call)
        return answer if isinstance(answer, Receipt) else None

    async def refresh(self, resident: int) -> None:
        """Fill a wallet with fresh certificates, when the answer comes; a wallet asks one thing at a time."""
        if resident in self._refreshing:
            return
        self._refreshing.add(resident)
        phone = self._place.everybody[resident]
        request = phone.wallet.refresh_request(self._place.clock.now())
        answer = await self._network.ask(
            f"refresh of {resident}", partial(_refresh, phone=phone, request=request, place=self._place)
        )
        if isinstance(answer, Refreshed):
            phone.wallet.take_certificates(answer.certificates)
        self._refreshing.remove(resident)

    async def pay(self, *, resident: int, till: int, how: str, fen: int) -> None:
        """One purchase from the wallet's code to whatever it comes to."""
        is_changed = how == "answered" and self._random.random() < 0.05
        sent = self.sign(resident=resident, till=till, how=how, fen=fen, is_changed=is_changed)
        if sent is None:
            return
        await asyncio.sleep(self._random.expovariate(1 / 0.5) if self._random.random() < 0.2 else 0)
        attack = asyncio.create_task(self._attack(sent))
        answer = await self.send(sent, tries=self._random.choice((1, 3, 3)))
        if answer is None:
            await self._go_on_without_answer(sent)
        elif isinstance(answer, Receipt):
            await self._go_on(sent, answer)
        await attack

    async def _go_on_without_answer(self, sent: Sent) -> None:
        if self._random.random() < 0.6:
            await self.reverse(sent)
        else:
            await asyncio.sleep(self._random.choice((30.0, 3_600.0, 30_000.0)))
            await self.send(sent)

    async def _go_on(self, sent: Sent, receipt: Receipt) -> None:
        tap_id = id_of(receipt)
        if receipt.outcome is Outcome.WAITING:
            await self._wait_on(sent, tap_id, waits_for=receipt.waits_for or "")
        kind = self._random.random()
        if kind < 0.15:
            await self.reverse(sent, tap_id=self._random.choice((None, tap_id)))
        elif kind < 0.40 and sent.fen > 1:
            await self._give_back(sent, tap_id)
        elif kind < 0.5 and sent.fen > 1:
            await asyncio.gather(self.reverse(sent), self._give_back(sent, tap_id))

    async def _wait_on(self, sent: Sent, tap_id: TapId, *, waits_for: str) -> None:
        kind = self._random.random()
        await asyncio.sleep(self._random.choice((0.0, 2.0, 10.0, 118.0, 130.0)))
        if waits_for == "confirmation" and kind < 0.9:
            somebody = self._random.randrange(len(self._place.phones)) if kind < 0.1 else sent.resident
            agreed, fen = kind > 0.25, sent.fen + (0.10 < kind < 0.18)
            answers = [
                self.confirm(sent, tap_id, resident=somebody, fen=fen, agreed=agreed),
                self.confirm(sent, tap_id, resident=sent.resident, fen=sent.fen, agreed=kind < 0.85),
            ]
            await asyncio.gather(*answers)
        elif kind < 0.2:
            await self.reverse(sent)
        await asyncio.sleep(self._random.choice((0.1, 5.0, 70.0)))
        await self.ask_after(sent, tap_id)

    async def _give_back(self, sent: Sent, tap_id: TapId) -> None:
        part, rest = sent.fen // 2, sent.fen - sent.fen // 2
        wanted = self._random.choice(((part,), (part, rest), (part, rest, 1), (sent.fen, 1), (sent.fen + 1,)))
        await asyncio.gather(
            *(self.refund(sent, tap_id, fen, key=f"refund-{index}") for index, fen in enumerate(wanted))
        )

    async def _attack(self, sent: Sent) -> None:
        kind = self._random.random()
        await asyncio.sleep(self._random.choice((0.0, 0.002, 0.02, 1.0, 60.0, 4_000.0)))
        if kind < 0.25:
            await self.send(self.copied(sent, till=self._random.randrange(len(self._place.tills))), tries=1)
        elif kind < 0.32 and sent.fen:
            await self.send(self.altered(sent), tries=1)
        elif kind < 0.40:
            await self.send(sent, tries=1)

    def _dark_seconds(self, till: int) -> float:
        return max(0.0, self.dark_until[till] - self._place.clock.seconds())


async def _refresh(worker: Worker, *, phone: Phone, request: bytes, place: Place) -> Refreshed:
    assert phone.wallet.device_id is not None
    async with worker.db.transaction() as conn:
        return await codes.refresh(
            conn,
            bucket=BUCKET,
            resident_id=phone.resident.resident_id,
            device_id=phone.wallet.device_id,
            request=request,
            holder=worker.keys,
            now=place.clock.now(),
            ids=place.ids,
        )


async def _tap(worker: Worker, *, body: TapBody, token: str) -> Receipt:
    return await worker.tapping.take(token=token, body=body, body_bytes=msgspec.json.encode(body))
