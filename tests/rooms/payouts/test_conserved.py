"""Whatever is done to batches, in whatever order and at once: every fen is in the budget, on its way, or at somebody's.

The bank is asked too: what it booked and did not give back is what we call paid.
"""

import asyncio
import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.builders.benefits import BUCKET_COUNT, FINANCE, BenefitWorld, a_folder, handle_of
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Refused
from yikatong.payouts import service
from yikatong.payouts.audit import audit
from yikatong.payouts.model import Batch, BatchState, PaymentState
from yikatong.plumbing.database import Database

pytestmark = pytest.mark.anyio

EXAMPLES = int(os.environ.get("YIKATONG_TESTS_PAYOUT_HISTORIES", "12"))
PEOPLE = 4
AT_ONCE = int(os.environ.get("YIKATONG_TESTS_PAYOUTS_AT_ONCE", "2"))
FUNDS = 9_000
ACTS = ("issue", "apply", "revoke", "stop", "send", "answer", "late", "fetch", "correct", "delete", "die")
Act = tuple[str, int]
acts = st.lists(
    st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 5)), min_size=1, max_size=AT_ONCE), min_size=4, max_size=14
)


class History:
    """A world in which acts are done; each may be refused, and then has changed nothing."""

    def __init__(self, world: BenefitWorld, root: Path) -> None:
        self.world = world
        self.bank = world.bank(root)
        self.exchange = world.exchange(root, lines_in_part=2)
        self.batches: list[Batch] = []
        self.periods = 0

    async def do(self, act: Act) -> None:
        """Do one act, whatever it may be refused for."""
        what, which = act
        try:
            await getattr(self, f"_{what}")(which)
        except Refused:
            return

    def _which(self, which: int) -> Batch | None:
        return self.batches[which % len(self.batches)] if self.batches else None

    async def _issue(self, which: int) -> None:
        self.periods += 1
        people = self.world.people[: 1 + which % PEOPLE]
        amounts = [(who, 100 + 7 * place + which) for place, who in enumerate(people)]
        self.batches.append(await self.world.issued(amounts, period=f"P{self.periods}"))

    async def _apply(self, which: int) -> None:
        if (batch := self._which(which)) is not None:
            await self.world.applied(batch)

    async def _revoke(self, which: int) -> None:
        if (batch := self._which(which)) is not None:
            async with self.world.db.transaction() as conn:
                await service.revoke_application(conn, batch_id=batch.id, now=self.world.now, bucket_count=BUCKET_COUNT)

    async def _stop(self, which: int) -> None:
        if (batch := self._which(which)) is not None:
            async with self.world.db.transaction() as conn:
                await service.stop_line(
                    conn,
                    batch_id=batch.id,
                    line=1 + which % 3,
                    now=self.world.now,
                    ids=self.world.ids,
                    bucket_count=BUCKET_COUNT,
                )

    async def _send(self, which: int) -> None:
        # Its own batches alone: others in the same database have a bank of their own.
        for batch in self.batches:
            with suppress(Refused):
                await self.exchange.send_batch(batch.id)

    async def _answer(self, which: int) -> None:
        self.bank.refusals = {handle_of(who): "AC04" for who in self.world.people[: which % 3]}
        self.bank.silent = {handle_of(who) for who in self.world.people[3 + which % 2 :]}
        self.bank.take_in()
        self.bank.answer(pieces=1 + which % 2, twice=which == 5)

    async def _late(self, which: int) -> None:
        self.bank.give_back([handle_of(self.world.people[which % PEOPLE])])

    async def _fetch(self, which: int) -> None:
        await self.exchange.fetch_returns()

    async def _correct(self, which: int) -> None:
        if (batch := self._which(which)) is not None:
            async with self.world.db.transaction() as conn:
                correction = await service.correct_batch(
                    conn,
                    batch_id=batch.id,
                    amounts={},
                    by=FINANCE,
                    now=self.world.now,
                    ids=self.world.ids,
                    bucket_count=BUCKET_COUNT,
                )
            self.batches.append(correction)

    async def _delete(self, which: int) -> None:
        if (batch := self._which(which)) is not None:
            async with self.world.db.transaction() as conn:
                await service.delete_batch(conn, batch_id=batch.id, now=self.world.now, bucket_count=BUCKET_COUNT)

    async def _die(self, which: int) -> None:
        if which == 0:
            await self.world.died(self.world.people[0])

    async def verify(self) -> None:
        """Every fen is somewhere, once, and we and the bank agree on what was paid as far as its files were read."""
        standing = [await self.world.batch(batch.id) for batch in self.batches]
        paid_fen = sum(batch.sums.paid_fen for batch in standing)
        on_their_way = sum([await self.world.on_its_way(batch) for batch in standing])
        assert FUNDS == await self.world.in_budget() + on_their_way + paid_fen
        for batch in standing:
            lines = await self.world.lines(batch)
            assert batch.sums.issued_fen == sum(line.amount_fen for line in lines)
            assert batch.sums.paid_fen == sum(line.amount_fen for line in lines if line.state is PaymentState.PAID)
            assert all(line.source_fen is None or line.amount_fen <= line.source_fen for line in lines)
            if batch.state in (BatchState.NEW, BatchState.DELETED, BatchState.CLOSED):
                assert 0 == await self.world.on_its_way(batch)

    async def verify_at_the_end(self) -> None:
        """Send and read everything that is left: the bank's books are ours, and the audit has nothing to say."""
        self.bank.silent = set()
        await self._send(0)
        self.bank.take_in()
        self.bank.answer()
        await self._fetch(0)
        self.bank.statement(day_of(self.world.now))
        await self._fetch(0)
        await self.verify()
        standing = [await self.world.batch(batch.id) for batch in self.batches]
        kept = [one for one in self.bank.payments.values() if one.booked_on and not one.returned_on]
        assert sum(one.amount_fen for one in kept) == sum(batch.sums.paid_fen for batch in standing)
        stopped = {
            f"{service.show_number(batch.id)}-{line.line}"
            for batch in standing
            for line in await self.world.lines(batch)
            if line.state is PaymentState.STOPPED
        }
        assert set() == stopped & set(self.bank.payments)
        ours = {batch.id.hex for batch in standing}
        async with self.world.db.transaction() as conn:
            assert [] == [line for line in await audit(conn) if any(name in line for name in ours)]


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=acts)
async def test_money_is_conserved_under_any_acts_done_in_any_order_and_at_once(
    db: Database, steps: list[list[Act]]
) -> None:
    world = BenefitWorld(db)
    await world.populated(PEOPLE)
    await world.funded(FUNDS)
    with a_folder() as root:
        history = History(world, root)
        await history.do(("issue", 3))
        for step in steps:
            await asyncio.gather(*(history.do(act) for act in step))
            await history.verify()
        await history.verify_at_the_end()
