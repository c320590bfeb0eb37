"""Residents whose claims are paid later, and the offices that move them: from the application to whatever it comes to.

Everybody asks again under the same request until an answer comes. What was acknowledged is remembered, so that the
books can be held to it.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

from tests.simulator.week.network import Call, Network, Said
from tests.simulator.week.place import Place, Worker
from tests.simulator.week.sheets import LATER, SUBSIDY_FEN
from tests.simulator.week.town import APPLICANTS
from tests.support.builders.cards import OPERATOR
from tests.support.builders.chain import STATED
from yikatong.desk import service as desk
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Change, Refused
from yikatong.trade_in import service
from yikatong.trade_in.model import Act, Acted, Actor, Application, Deed, Order, Qualified

PRICE_FEN = 200_000
DAY_SECONDS = 86_400.0
_APPLIES = {"old_battery": "lithium", "old_is_plated": "yes"}
_TRIES = 5
_IN_ORDER = (
    (Act.RECEIVE_OLD, Actor.STORE),
    (Act.SELL, Actor.STORE),
    (Act.SUBMIT, Actor.RESIDENT),
    (Act.CHECK, Actor.COMMERCE),
)
_MENDED = ((Act.SUBMIT, Actor.RESIDENT), (Act.CHECK, Actor.COMMERCE))


class Acknowledged(NamedTuple):
    """A deed that somebody was told done: of which claim, under which request."""

    claim_id: UUID
    request_id: UUID
    act: Act


class ToldNo(NamedTuple):
    """A refusal, and when it was asked for the last time."""

    request_id: UUID
    sent_at: datetime


class Claimants:
    """Everybody who moves a claim that is paid later, but for its roster and its payment."""

    def __init__(self, place: Place, network: Network, random: Random) -> None:
        self._place = place
        self._network = network
        self._random = random
        self.told: list[Acknowledged] = []
        self.told_no: list[ToldNo] = []
        self.qualified: dict[UUID, tuple[UUID, str]] = {}

    async def trade_in(self) -> None:
        """One old bike; two may want to have it counted."""
        code = self._random.choice(self._place.town.old_codes)
        rivals = self._random.sample(range(APPLICANTS), self._random.choice((1, 1, 2)))
        claims = await asyncio.gather(*(self._apply(one, code) for one in rivals))
        await asyncio.gather(
            *(self._claim(one, claim) for one, claim in zip(rivals, claims, strict=True) if claim is not None)
        )

    async def _claim(self, applicant: int, claim_id: UUID) -> None:
        """Everything up to the check, unless it is given up before; then what comes of it."""
        for act, actor in _IN_ORDER:
            await asyncio.sleep(self._random.choice((0.0, 1.0, 600.0, 10_000.0)))
            if self._random.random() < 0.03:
                await self._do(claim_id, Act.WITHDRAW, Actor.RESIDENT)
            if not await self._do(claim_id, act, actor) and not await self._do(claim_id, act, actor):
                return
        await self._live_on(applicant, claim_id)

    async def _live_on(self, applicant: int, claim_id: UUID) -> None:
        """A claim is sent back, its goods come back, it is clawed back, stopped, mended; or nothing of it."""
        kind = self._random.random()
        if kind < 0.15:
            await self._some_days(5.0)
            await self._do(claim_id, Act.REJECT, Actor.COMMERCE)
            await self._mend(claim_id)
        elif kind < 0.3:
            await self._some_days(20.0)
            await self._come_back(claim_id)
        elif kind < 0.4:
            await self._some_days(20.0)
            await asyncio.gather(*(self._do(claim_id, *end) for end in _ENDS))
        elif kind < 0.55:
            await self._some_days(14.0)
            await self._lose_the_card(applicant)

    async def _some_days(self, most: float) -> None:
        await asyncio.sleep(self._random.uniform(0.0, most * DAY_SECONDS))

    async def be_stopped(self, claim_id: UUID) -> None:
        """A claim's payment is stopped, sometimes by two at once; the claim may be mended then."""
        both = [self._do(claim_id, Act.STOP, Actor.FINANCE) for _ in range(self._random.choice((1, 1, 2)))]
        if any(await asyncio.gather(*both)):
            await self._mend(claim_id)

    async def _mend(self, claim_id: UUID) -> None:
        """Hand a claim that was sent back in again, mostly."""
        await self._some_days(0.3)
        if self._random.random() < 0.8:
            for act, actor in _MENDED:
                await self._do(claim_id, act, actor)

    async def _come_back(self, claim_id: UUID) -> None:
        """The goods come back, perhaps told twice at once, and the store pays back what was paid of them."""
        twice = self._random.choice((1, 2))
        if any(await asyncio.gather(*(self._do(claim_id, Act.RETURN_GOODS, Actor.STORE) for _ in range(twice)))):
            parts = self._random.choice(((SUBSIDY_FEN,), (20_000, 30_000), (20_000, 20_000, 1)))
            await asyncio.gather(*(self._pay_back(claim_id, fen) for fen in parts))

    async def _lose_the_card(self, applicant: int) -> None:
        """Nobody is paid whose card is reported lost; it may be found again."""
        await self._asked(f"{applicant} of the town reports a loss", partial(self._report, applicant=applicant))
        await self._some_days(3.0)
        await self._asked(f"{applicant} of the town found the card", partial(self._release, applicant=applicant))

    async def _apply(self, applicant: int, old_code: str) -> UUID | None:
        application = Application(
            request_id=self._place.ids.new(),
            resident_id=self._place.town.applicants[applicant].resident_id,
            place=LATER,
            old_code=old_code,
            facts=_APPLIES,
        )
        call = partial(self._admit, application=application)
        said = await self._asked(f"{applicant} of the town applies", call)
        if said is None:
            return None
        self.qualified[said.claim_id] = (application.resident_id, old_code)
        return said.claim_id

    async def _do(self, claim_id: UUID, act: Act, actor: Actor) -> bool:
        """Ask for a deed until an answer comes; whether it was told done."""
        order = self._an_order(claim_id, act, actor)
        said = await self._asked(
            f"{actor} would {act} in the town", partial(self._serve, order=order), about=order.request_id
        )
        if said is not None:
            self.told.append(Acknowledged(claim_id, order.request_id, act))
        return said is not None

    def _an_order(self, claim_id: UUID, act: Act, actor: Actor) -> Order:
        town = self._place.town
        by: UUID = self._place.store.provider.id
        sale: Mapping[str, Any] = {}
        if act is Act.SELL:
            sale = {"price_fen": PRICE_FEN, "new_code": self._random.choice(town.new_codes)}
        if actor is Actor.RESIDENT:
            by = self.qualified[claim_id][0]
        deed = Deed(act=act, actor=actor, by=by, on=day_of(self._place.clock.now()), **sale)
        return Order(request_id=self._place.ids.new(), claim_id=claim_id, deed=deed, facts=STATED.get(act, {}))

    async def _pay_back(self, claim_id: UUID, fen: int) -> None:
        call = partial(self._claw_back, claim_id=claim_id, fen=fen, request_id=self._place.ids.new())
        await self._asked(f"the store of the town pays {fen} back", call)

    async def _asked(self, what: str, serving: Call[Said | Refused], *, about: UUID | None = None) -> Said | None:
        """Ask until an answer comes; the answer, unless it is a refusal. `about` is the request's own id."""
        for _ in range(_TRIES):
            sent_at = self._place.clock.now()
            answer = await self._network.ask(what, serving)
            if isinstance(answer, Refused):
                self.told_no += [] if about is None else [ToldNo(about, sent_at)]
                return None
            if answer is not None:
                return answer
        return None

    async def _admit(self, worker: Worker, *, application: Application) -> Said | Refused:
        end = await service.admit(worker.db.transaction, application=application, **self._office(worker))
        if not isinstance(end, Qualified):
            return end
        claim = end.kept.claim
        return Said(f"is qualified {end.change.value} for {claim.money.reserved_fen}", claim.claim_id)

    async def _serve(self, worker: Worker, *, order: Order) -> Said | Refused:
        do = service.stop_payment if order.deed.act is Act.STOP else service.act
        async with worker.db.transaction() as conn:
            acted = await do(conn, order=order, **self._office(worker))
        if not isinstance(acted, Acted):
            return acted
        return Said(f"{order.deed.act} {acted.change.value}, it is {acted.kept.claim.state}", order.claim_id)

    async def _claw_back(self, worker: Worker, *, claim_id: UUID, fen: int, request_id: UUID) -> Said | Refused:
        by = self._place.store.provider.id
        async with worker.db.transaction() as conn:
            acted = await service.claw_back_from_store(
                conn, claim_id=claim_id, fen=fen, request_id=request_id, by=by, **self._office(worker)
            )
        return Said(f"{fen} are paid back {acted.change.value}", claim_id)

    async def _report(self, worker: Worker, *, applicant: int) -> Said | Refused:
        async with worker.db.transaction() as conn:
            change = await desk.report_loss(conn, formal=False, **self._of(applicant))
        return _said(change)

    async def _release(self, worker: Worker, *, applicant: int) -> Said | Refused:
        async with worker.db.transaction() as conn:
            change = await desk.release(conn, **self._of(applicant))
        return _said(change)

    def _of(self, applicant: int) -> dict[str, Any]:
        person = self._place.town.applicants[applicant]
        return {
            "bucket": person.bucket,
            "resident_id": person.resident_id,
            "by": OPERATOR,
            "now": self._place.clock.now(),
            "ids": self._place.ids,
        }

    def _office(self, worker: Worker) -> dict[str, Any]:
        return {
            "chain": self._place.store.chain,
            "vault": worker.vault,
            "now": self._place.clock.now(),
            "ids": self._place.ids,
        }


_ENDS = ((Act.RECLAIM, Actor.COMMERCE), (Act.RETURN_GOODS, Actor.STORE))


def _said(change: Change) -> Said:
    return Said(change.value, UUID(int=0))
