"""Residents who trade their e-bikes in: they apply, buy, give back, and offices claw back, under the same lies."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from tests.simulator.week.network import Call, Network, Said
from tests.simulator.week.place import RESIDENTS, Place, Worker
from tests.simulator.week.sheets import SUBSIDY_FEN
from tests.simulator.week.store import BUYERS
from tests.simulator.week.till import Tills
from tests.simulator.week.told import Told, seconds_of
from tests.stateful.deeds import Sent
from tests.support.builders.follow_ups import id_of
from yikatong.codes import service as codes
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.jobs import JobCall
from yikatong.taps.model import Outcome, Receipt, TapBody
from yikatong.trade_in import jobs, service
from yikatong.trade_in.model import Act, Acted, Actor, Application, Deed, Order, PreparedSale, Qualified

SALE = "sale"
_PRICES_FEN = (200_000, 200_000, 200_000, 260_000)
_APPLIES = {"old_battery": "lithium", "old_is_plated": "yes"}
_SELLS = {
    "old_owner_is_applicant": "yes",
    "old_is_plated": "yes",
    "new_is_certified": "yes",
    "store_is_listed": "yes",
    "invoice_names_applicant": "yes",
}
_TRIES = 3


class ToldQualified(NamedTuple):
    """A claim that somebody was told of: whose, and for which old bike."""

    buyer: int
    old_code: str


class Shop:
    """Everybody who has to do with the store's sales."""

    def __init__(self, place: Place, network: Network, told: Told, tills: Tills, random: Random) -> None:
        self._place = place
        self._network = network
        self._told = told
        self._tills = tills
        self._random = random
        self._store = place.store
        self.qualified: dict[UUID, ToldQualified] = {}

    async def deal(self) -> None:
        """One old bike, from the application to whatever it comes to; now and then two want to have it counted."""
        buyer, code = self._random.randrange(BUYERS), self._random.choice(self._store.old_codes)
        await self._tills.refresh(RESIDENTS + buyer)
        rivals = [buyer, *((self._random.randrange(BUYERS),) if self._random.random() < 0.5 else ())]
        claims = await asyncio.gather(*(self.apply(one, code) for one in rivals))
        for one, claim_id in zip(rivals, claims, strict=True):
            if claim_id is not None:
                await self._go_on(one, claim_id)

    async def apply(self, buyer: int, old_code: str) -> UUID | None:
        """Ask to be qualified until an answer comes; the claim, when it is heard of."""
        application = Application(
            request_id=self._place.ids.new(),
            resident_id=self._store.buyers[buyer].resident.resident_id,
            place=self._store.place,
            old_code=old_code,
            facts=_APPLIES,
        )
        said = await self._asked(f"{buyer} applies", partial(self._apply, application=application))
        if said is not None:
            self.qualified[said.claim_id] = ToldQualified(buyer, old_code)
        return None if said is None else said.claim_id

    async def _go_on(self, buyer: int, claim_id: UUID) -> None:
        kind = self._random.random()
        await asyncio.sleep(self._random.choice((0.0, 1.0, 600.0, 30_000.0)))
        if kind < 0.1:
            await self._act(claim_id, Act.WITHDRAW, Actor.RESIDENT, by=self._id_of(buyer))
        elif kind < 0.2:
            self._place.history.write(f"{buyer} lets a qualification end")
        else:
            await self._buy(buyer, claim_id)

    async def _buy(self, buyer: int, claim_id: UUID) -> None:
        """The store enters a sale, perhaps two at once or takes one back; the buyer pays meanwhile, or much later."""
        price = self._random.choice(_PRICES_FEN)
        prices = [price, *((self._random.choice(_PRICES_FEN),) if self._random.random() < 0.3 else ())]
        await asyncio.gather(*(self._enter(claim_id, one) for one in prices))
        if self._random.random() < 0.15:
            await self._take_back(claim_id)
            await self._enter(claim_id, price)
        if self._random.random() < 0.3:
            await asyncio.sleep(self._random.choice((1_500.0, 20_000.0)))
        meanwhile: list[Awaitable[object]] = [self.pay(buyer, price)]
        kind = self._random.random()
        if kind < 0.15:
            meanwhile.append(self.pay(buyer, price))
        elif kind < 0.3:
            meanwhile.append(self._take_back(claim_id))
        elif kind < 0.4:
            meanwhile.append(self._act(claim_id, Act.WITHDRAW, Actor.RESIDENT, by=self._id_of(buyer)))
        elif kind < 0.5:
            meanwhile.append(self._enter(claim_id, price))
        paid, *_ = await asyncio.gather(*meanwhile)
        await asyncio.sleep(self._random.choice((0.0, 5.0, 40_000.0)))
        if isinstance(paid, Sent):
            taken_back = await self._come_back(paid, claim_id)
            if taken_back and self._random.random() < 0.6:
                await self._buy(buyer, claim_id)

    async def _come_back(self, paid: Sent, claim_id: UUID) -> bool:
        """What was bought comes back in one way or several at once, or stays; whether its tap should be taken back."""
        tap_id = self._told_of(paid)
        if tap_id is None:
            return False
        ways: dict[str, Callable[[], Awaitable[object]]] = {
            "the tap is taken back": lambda: self._tills.reverse(paid),
            "the goods come back": lambda: self._tills.refund(paid, tap_id, paid.fen, key="whole"),
            "the goods come back once more": lambda: self._tills.refund(paid, tap_id, paid.fen, key="again"),
            "a part comes back": lambda: self._tills.refund(paid, tap_id, 10_000, key="part"),
            "it is clawed back": lambda: self._act(claim_id, Act.RECLAIM, Actor.COMMERCE, by=self._store.provider.id),
            "it is registered": lambda: self._act(claim_id, Act.REGISTER_NEW, Actor.POLICE, by=self._store.provider.id),
        }
        chosen = self._random.sample(list(ways), self._random.choice((0, 2, 2, 3, 3)))
        for what in chosen:
            self._place.history.write(f"{what}: tap {paid.request}")
        await asyncio.gather(*(ways[what]() for what in chosen))
        if "it is clawed back" in chosen:
            parts = self._random.choice(((SUBSIDY_FEN,), (20_000, 30_000), (20_000, 20_000, 1)))
            await asyncio.gather(*(self._pay_back(claim_id, fen) for fen in parts))
        return "the tap is taken back" in chosen

    async def pay(self, buyer: int, fen: int) -> Sent | None:
        """The buyer's wallet answers the till; the tap, as far as anybody heard that it was admitted."""
        sent = self._sign(buyer, fen)
        if sent is None:
            return None
        answer = await self._tills.send(sent)
        if isinstance(answer, Receipt) and answer.outcome is Outcome.WAITING:
            await asyncio.sleep(self._random.choice((2.0, 70.0, 200.0)))
            answer = await self._tills.ask_after(sent, id_of(answer))
        return sent if isinstance(answer, Receipt) and answer.outcome is Outcome.ADMITTED else None

    def _sign(self, buyer: int, fen: int) -> Sent | None:
        first, store, number = self._place.first, self._store, self._told.a_number()
        challenge = msgspec.structs.replace(
            first.challenge(amount_fen=fen, item=store.item),
            terminal_id=store.till.terminal.id,
            payee_id=store.provider.id,
            payee_name=store.provider.name_zh,
        )
        now = self._place.clock.now()
        try:
            code = store.buyers[buyer].wallet.answer(codes.write_challenge(challenge, store.till.signing_key), now)
        except Refused as refused:
            self._place.history.write(f"the wallet of buyer {buyer} will not: {refused.reason.name}")
            return None
        body = TapBody(
            request_id=f"request-{number:05d}",
            item=store.item.code,
            amount_fen=fen,
            code=code,
            answers=challenge.nonce.hex(),
        )
        sent = Sent(RESIDENTS + buyer, number, number, self._place.store_till, SALE, fen, fen, seconds_of(now))
        self._told.note(store.till.terminal.id, body, sent)
        return sent

    def _told_of(self, sent: Sent) -> Any:
        return next((id_of(heard.receipt) for heard in self._told.receipts if heard.sent == sent), None)

    def _id_of(self, buyer: int) -> UUID:
        return self._store.buyers[buyer].resident.resident_id

    async def _asked(self, what: str, serving: Call[Said | Refused]) -> Said | None:
        """Ask until an answer comes; the answer, unless it is a refusal."""
        for _ in range(_TRIES):
            answer = await self._network.ask(what, serving)
            if answer is not None:
                return None if isinstance(answer, Refused) else answer
        return None

    async def _enter(self, claim_id: UUID, price_fen: int) -> None:
        deed = Deed(
            act=Act.DEDUCT,
            actor=Actor.STORE,
            by=self._store.provider.id,
            on=day_of(self._place.clock.now()),
            price_fen=price_fen,
            new_code=self._random.choice(self._store.new_codes),
        )
        facts = _SELLS | {"new_battery": self._random.choice(("lead_acid", "lithium"))}
        order = Order(request_id=self._place.ids.new(), claim_id=claim_id, deed=deed, facts=facts)
        await self._asked(f"the store enters a sale for {price_fen}", partial(self._prepare, order=order))

    async def _take_back(self, claim_id: UUID) -> None:
        await self._asked("the store takes a sale back", partial(self._cancel, claim_id=claim_id))

    async def _act(self, claim_id: UUID, act: Act, actor: Actor, *, by: UUID) -> None:
        deed = Deed(act=act, actor=actor, by=by, on=day_of(self._place.clock.now()))
        order = Order(request_id=self._place.ids.new(), claim_id=claim_id, deed=deed)
        await self._asked(f"{actor} would {act}", partial(self._do, order=order))

    async def _pay_back(self, claim_id: UUID, fen: int) -> None:
        claw = partial(self._claw_back, claim_id=claim_id, fen=fen, request_id=self._place.ids.new())
        await self._asked(f"the store pays back {fen}", claw)

    async def _apply(self, worker: Worker, *, application: Application) -> Said | Refused:
        end = await service.admit(worker.db.transaction, application=application, **self._office(worker))
        if not isinstance(end, Qualified):
            return end
        claim = end.kept.claim
        return Said(f"is qualified {end.change.value} for {claim.money.reserved_fen}", claim.claim_id)

    async def _prepare(self, worker: Worker, *, order: Order) -> Said | Refused:
        async with worker.db.transaction() as conn:
            sale = await service.prepare_sale(conn, order=order, **self._office(worker))
        if not isinstance(sale, PreparedSale):
            return sale
        return Said(f"a sale is entered for {sale.price_fen} less {sale.subsidy_fen}", sale.claim_id)

    async def _cancel(self, worker: Worker, *, claim_id: UUID) -> Said | Refused:
        async with worker.db.transaction() as conn:
            change = await service.cancel_sale(
                conn, claim_id=claim_id, provider_id=self._store.provider.id, **self._office(worker)
            )
        return Said(f"the sale is off {change.value}", claim_id)

    async def _do(self, worker: Worker, *, order: Order) -> Said | Refused:
        async with worker.db.transaction() as conn:
            acted = await service.act(conn, order=order, **self._office(worker))
        if not isinstance(acted, Acted):
            return acted
        return Said(f"{order.deed.act} {acted.change.value}, it is {acted.kept.claim.state}", order.claim_id)

    async def _claw_back(self, worker: Worker, *, claim_id: UUID, fen: int, request_id: UUID) -> Said | Refused:
        async with worker.db.transaction() as conn:
            acted = await service.claw_back_from_store(
                conn,
                claim_id=claim_id,
                fen=fen,
                request_id=request_id,
                by=self._store.provider.id,
                **self._office(worker),
            )
        return Said(f"{fen} are paid back {acted.change.value}", claim_id)

    def _office(self, worker: Worker) -> dict[str, Any]:
        return {
            "chain": self._store.chain,
            "vault": worker.vault,
            "now": self._place.clock.now(),
            "ids": self._place.ids,
        }

    async def work_by_itself(self, worker: Worker, *, all_of_it: bool) -> None:
        """The chain's own chores, or some: what ends, what nobody paid, what is left over, codes that nobody counts."""
        call = JobCall(database=worker.db, clock=self._place.clock, ids=self._place.ids)
        chores = jobs.jobs(chain=self._store.chain, vault=worker.vault)
        for job in chores if all_of_it else self._random.sample(chores, 2):
            await job.run(call)
