"""The same deeds done to two workers on a real database."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import msgspec

from tests.stateful.deeds import MEALS_FEN, PURSE_FEN, Act, Sent
from tests.stateful.reference import Answer
from tests.support.builders.cards import OPERATOR as _OPERATOR
from tests.support.builders.catalogue import TerminalWithKeys
from tests.support.builders.counter import BUCKET, MEALS, CounterWorld, Phone
from tests.support.builders.follow_ups import confirmed, id_of, refunded, reversed_by
from yikatong.cards import service as cards
from yikatong.catalogue.model import DataKind, Scene
from yikatong.desk import service as desk
from yikatong.kernel.ids import TapId, show_id
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Change, Refused
from yikatong.ledger import service as ledger
from yikatong.lines.rules import account_of_source
from yikatong.taps.jobs import end_waiting_taps
from yikatong.taps.model import Receipt, TapBody
from yikatong.taps.outside import DebitOutcome

_MOODS = {
    "debits": (DebitOutcome.DEBITED, True),
    "refuses": (DebitOutcome.REFUSED, False),
    "takes in silence": (DebitOutcome.UNKNOWN, True),
    "is silent": (DebitOutcome.UNKNOWN, False),
}


class House:
    """Two workers, two tills, residents with phones; remembers the tap that each request became."""

    def __init__(self, first: CounterWorld, second: CounterWorld) -> None:
        self.workers = (first, second)
        self.first = first
        self.began_at: datetime = first.clock.now()
        self.phones: list[Phone] = []
        self.tills: list[TerminalWithKeys] = []
        self.bodies: dict[Sent, TapBody] = {}
        self.taps: dict[tuple[int, int], TapId] = {}
        self.asked_fen: dict[tuple[int, int], int] = {}

    async def open(self, *, residents: int, tills: int) -> None:
        """Let residents and tills in; the last resident has a bank account."""
        for number in range(residents):
            is_last = number == residents - 1
            self.phones.append(await self.first.a_phone(purse_fen=PURSE_FEN, meals_fen=MEALS_FEN, with_bank=is_last))
        learns = (DataKind.PRESENCE_ONLY,)
        more = [
            await self.first.another_till(purposes=(Scene.COMMUNITY, Scene.CULTURE), learns=learns)
            for _ in range(tills - 1)
        ]
        self.tills = [self.first.till, *more]

    def sign(self, sent: Sent, *, like: Sent | None) -> None:
        """Have the wallet sign what a tap will carry, or take it from another tap."""
        if like is not None:
            body = self.bodies[like]
        elif sent.how == "entry":
            body = self.first.shown(self.phones[sent.resident])
        elif sent.how == "shown":
            body = self.first.shown(self.phones[sent.resident], item=self.first.meal)
        else:
            body = self.first.answered(self.phones[sent.resident], amount_fen=sent.signed_fen)
        amount_fen = None if sent.how == "entry" else sent.fen
        self.bodies[sent] = msgspec.structs.replace(body, amount_fen=amount_fen, request_id=f"request-{sent.request}")

    async def do(self, act: Act, sent: Sent | None) -> Answer:
        """Do one deed and say what came of it, in the reference's words."""
        deed = getattr(self, "_" + act.what.replace(" ", "_"))
        try:
            done: Answer = await (deed(act) if sent is None else deed(act, sent))
        except Refused as refused:
            return ("no", refused.reason.name)
        return done

    async def seen(self) -> Answer:
        """All balances and counts, as the reference says them."""
        now = self.first.clock.now()
        people = []
        async with self.first.db.transaction() as conn:
            for phone in self.phones:
                resident_id = phone.resident.resident_id
                accounts = [account_of_source(resident_id, source) for source in (MEALS, "purse")]
                meals, purse = [
                    await ledger.get_balance(conn, bucket=BUCKET, account=account, now=now) for account in accounts
                ]
                gate = await cards.get_gate(conn, bucket=BUCKET, resident_id=resident_id)
                spent = cards.shown_spent_on(gate, on=day_of(now))
                limits = gate.shown_limit_fen, gate.shown_day_limit_fen
                people.append(
                    (meals.posted_fen, meals.available_fen, purse.posted_fen, purse.available_fen, spent, *limits)
                )
        return (*people, await self.first.owed())

    async def _tap(self, act: Act, sent: Sent) -> Answer:
        return await self._send(act, sent)

    async def _send_changed(self, act: Act, sent: Sent) -> Answer:
        return await self._send(act, sent)

    async def _send(self, act: Act, sent: Sent) -> Answer:
        worker = self.workers[act.worker]
        receipt = await worker.tap(self.bodies[sent], till=self.tills[sent.till])
        self.taps[sent.till, sent.request] = id_of(receipt)
        self.asked_fen[sent.till, sent.request] = sent.fen
        return _say(receipt)

    async def _sign(self, act: Act, sent: Sent) -> Answer:
        return ("signed",)

    async def _confirm(self, act: Act, sent: Sent) -> Answer:
        tap_id, phone = self.taps.get((sent.till, sent.request)), self.phones[sent.resident]
        if tap_id is None:
            return ("nothing",)
        signed_fen = self.asked_fen[sent.till, sent.request] + (act.how == "wrong amount")
        receipt = await confirmed(self.workers[act.worker], phone, tap_id, amount_fen=signed_fen, agreed=act.yes)
        return _say(receipt)

    async def _reverse(self, act: Act, sent: Sent) -> Answer:
        body, tap_id = self.bodies[sent], self.taps.get((sent.till, sent.request))
        if act.how == "by id" and tap_id is None:
            return ("nothing",)
        done = await reversed_by(
            self.workers[act.worker],
            body,
            till=self.tills[sent.till],
            tap=show_id("tap", tap_id) if act.how == "by id" and tap_id is not None else None,
        )
        return (done.found, done.already)

    async def _refund(self, act: Act, sent: Sent) -> Answer:
        tap_id = self.taps.get((sent.till, sent.request))
        if tap_id is None:
            return ("nothing",)
        done = await refunded(
            self.workers[act.worker],
            tap_id,
            act.fen,
            request_id=f"refund-{act.resident}",
            caller=self.first.terminal_caller(self.tills[sent.till]),
        )
        return (done.left_fen,)

    async def _job(self, act: Act) -> Answer:
        worker = self.workers[act.worker]
        await end_waiting_taps(database=worker.db, counter=worker.counter, debits=worker.bank, clock=worker.clock)
        return ("done",)

    async def _bank(self, act: Act) -> Answer:
        bank = self.first.bank
        bank.answer, bank.takes_in_silence = _MOODS[act.how]
        bank.is_away = not act.yes
        return ("done",)

    async def _wait(self, act: Act) -> Answer:
        self.first.clock.advance(timedelta(seconds=act.fen))
        return ("done",)

    async def _top_up(self, act: Act) -> Answer:
        async with self.first.db.transaction() as conn:
            await self.first.give(conn, self.phones[act.resident].resident, "purse", act.fen)
        return ("done",)

    async def _set_limits(self, act: Act) -> Answer:
        return await self._with_resident(
            act, cards.set_small_payment_limit, limit_fen=act.fen, day_limit_fen=2 * act.fen,
            unknown_posture_allowed=False, vault=self.first.vault, now=self.first.clock.now(), ids=self.first.ids,
        )  # fmt: skip

    async def _report_lost(self, act: Act) -> Answer:
        return await self._with_resident(act, desk.report_loss, formal=False, **self._step())

    async def _release(self, act: Act) -> Answer:
        return await self._with_resident(act, cards.release_loss, **self._step())

    async def _associate(self, act: Act) -> Answer:
        return await self._with_resident(act, desk.associate, now=self.first.clock.now())

    async def _freeze(self, act: Act) -> Answer:
        return await self._with_resident(act, cards.freeze_payments, now=self.first.clock.now())

    async def _unfreeze(self, act: Act) -> Answer:
        return await self._with_resident(act, cards.unfreeze_payments)

    async def _freeze_purse(self, act: Act) -> Answer:
        account = account_of_source(self.phones[act.resident].resident.resident_id, "purse")
        async with self.first.db.transaction() as conn:
            return _said(await ledger.freeze_account(conn, bucket=BUCKET, account=account, now=self.first.clock.now()))

    async def _unfreeze_purse(self, act: Act) -> Answer:
        account = account_of_source(self.phones[act.resident].resident.resident_id, "purse")
        async with self.first.db.transaction() as conn:
            return _said(await ledger.unfreeze_account(conn, bucket=BUCKET, account=account))

    async def _with_resident(self, act: Act, use_case: Any, **arguments: Any) -> Answer:
        resident_id = self.phones[act.resident].resident.resident_id
        async with self.first.db.transaction() as conn:
            return _said(await use_case(conn, bucket=BUCKET, resident_id=resident_id, **arguments))

    def _step(self) -> Any:
        return {"by": _OPERATOR, "now": self.first.clock.now(), "ids": self.first.ids}


async def at_once(house: House, deeds: list[tuple[Act, Sent | None]]) -> list[Answer]:
    """Do deeds at the same time."""
    return list(await asyncio.gather(*(house.do(act, sent) for act, sent in deeds)))


def _say(receipt: Receipt) -> Answer:
    if receipt.outcome.value == "waiting":
        return ("waiting", receipt.waits_for)
    return (receipt.outcome.value, receipt.reason, tuple((part.source, part.amount_fen) for part in receipt.paid_by))


def _said(change: Change) -> Answer:
    return ("already" if change is Change.ALREADY_SO else "done",)
