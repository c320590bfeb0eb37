"""The treasury: rosters of claims are made, public, final, their batches paid; two clerks may do the same at once.

Nobody remembers anything: whoever takes a turn looks at what there is, and moves each roster and batch one step on. So
an answer that was lost costs nothing but time.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from random import Random
from typing import Any, NamedTuple

from tests.simulator.week.claimants import DAY_SECONDS, Claimants
from tests.simulator.week.network import Network
from tests.simulator.week.place import Place, Worker
from tests.simulator.week.sheets import LATER
from tests.simulator.week.town import FILE_TERMS
from tests.support.builders.benefits import CLERK, FINANCE, REVIEWER
from yikatong.app.subscribers import Subscribers
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Refused
from yikatong.payouts import service as payouts
from yikatong.payouts.jobs import BankFileExchange, work_on_rosters
from yikatong.payouts.model import Batch, BatchLine, BatchState, Ground, ObjectionState, Roster, RosterState
from yikatong.payouts.outside import BankFilesAreAway
from yikatong.plumbing.database import Connection
from yikatong.plumbing.jobs import JobCall
from yikatong.plumbing.outbox import Relay
from yikatong.trade_in import service as trade_in

Step = Callable[[Connection], Awaitable[object]]
Stands = tuple[tuple[Roster, ...], tuple[Batch, ...]]

LAST_ROSTER_DAYS = 14.0
"""A roster that is made later would be public beyond the time that the week has."""
_STOPPABLE = (BatchState.NEW, BatchState.APPLIED, BatchState.SENDING)
FOLLOWED = (payouts.LINES_MOVED, payouts.ROSTER_MOVED, trade_in.ROSTER_PAGE, trade_in.PAYMENTS_PAGE)
"""What claims follow; all other news are left for others."""


class Treasury:
    """Clerks, a reviewer, a finance officer, and the jobs that carry news and files."""

    def __init__(self, place: Place, network: Network, claimants: Claimants, random: Random) -> None:
        self._place = place
        self._network = network
        self._claimants = claimants
        self._random = random
        self._relays = [self._a_relay(worker) for worker in place.workers]
        self._exchanges = [self._an_exchange(worker) for worker in place.workers]

    def _a_relay(self, worker: Worker) -> Relay:
        subscribers = Subscribers(
            ids=self._place.ids,
            bucket_count=1,
            caches=worker.caches,
            chain=self._place.store.chain,
            vault=worker.vault,
        )
        followed = {topic: heard for topic, heard in subscribers.by_topic().items() if topic in FOLLOWED}
        return Relay(worker.db, clock=self._place.clock, subscribers=followed)

    def _an_exchange(self, worker: Worker) -> BankFileExchange:
        return BankFileExchange(
            database=worker.db,
            files=self._place.town.files,
            vault=worker.vault,
            clock=self._place.clock,
            ids=self._place.ids,
            bucket_count=1,
            terms=FILE_TERMS,
        )

    async def take_a_turn(self) -> None:
        """Make a roster of the claims that wait, and move every roster and batch a step on; then jobs run."""
        if self._place.clock.seconds() < LAST_ROSTER_DAYS * DAY_SECONDS and self._random.random() < 0.4:
            await self._step("make a roster", self._make_roster)
        found = await self._network.ask("what stands in the treasury", self._look)
        if not isinstance(found, tuple):
            return
        rosters, batches = found
        if not rosters:
            return
        for _ in range(self._random.choice((1, 1, 2))):
            await asyncio.gather(
                *(self._move_roster(roster) for roster in rosters), *(self._move_batch(batch) for batch in batches)
            )
        await self._run_jobs(list(_JOBS) if batches else list(_OF_ROSTERS))

    async def _run_jobs(self, due: list[str]) -> None:
        """Most of what is due, in any order, each by whichever worker."""
        for what in self._random.sample(due, len(due)):
            if self._random.random() < _JOBS[what].often:
                await self._network.ask(f"job: {what}", partial(_JOBS[what].run, self))

    async def end(self) -> None:
        """Let everything that is on its way arrive: work, files, answers, news."""
        town, relay, exchange = self._place.town, self._relays[0], self._exchanges[0]
        town.files.is_reliable = True
        await self._work_on_rosters(self._place.first)
        await exchange.send_due()
        for bank in town.banks.values():
            bank.say_everything()
        await exchange.fetch_returns()
        for _ in range(3):
            while await relay.run_once():
                pass
            await asyncio.sleep(900.0)

    async def _step(self, what: str, step: Step) -> None:
        """One transaction of somebody's."""
        await self._network.ask(what, partial(self._serve, step=step))

    async def _serve(self, worker: Worker, *, step: Step) -> str:
        async with worker.db.transaction() as conn:
            await step(conn)
        return "done"

    async def _look(self, worker: Worker) -> Stands:
        of: dict[str, Any] = {"region": worker.region, "divisions": ()}
        async with worker.db.transaction() as conn:
            return await payouts.list_rosters(conn, **of), await payouts.list_batches(conn, **of)

    async def _make_roster(self, conn: Connection) -> None:
        region = self._place.first.region
        await trade_in.roster_claims(
            conn, place=LATER, region=region, division=region, title="电动自行车以旧换新补贴", by=CLERK,
            chain=self._place.store.chain, now=self._place.clock.now(), ids=self._place.ids,
        )  # fmt: skip

    async def _move_roster(self, roster: Roster) -> None:
        await asyncio.sleep(self._random.choice((0.0, 0.01, 1.0, 3_000.0)))
        one: dict[str, Any] = {"roster_id": roster.id}
        chance = self._random.random()
        if roster.line_count == 0:
            await self._withdraw(roster)
        elif roster.state is RosterState.OPEN:
            by = self._command(CLERK)
            if chance < 0.3:
                await self._step("begin a check", lambda conn: payouts.begin_check(conn, **one, **by))
            else:
                examined = {name: by[name] for name in ("by", "now")} | {"bucket_count": 1}
                await self._step("examine a roster", lambda conn: payouts.examine_roster(conn, **one, **examined))
        elif roster.state is RosterState.CHECKED:
            if chance < 0.1:
                await self._step("take a line off", partial(self._take_off, roster))
            elif chance < 0.9:
                by = self._command(REVIEWER)
                await self._step("publish a roster", lambda conn: payouts.publish_roster(conn, **one, **by))
        elif roster.state is RosterState.PUBLISHED:
            await self._be_public(roster)
        elif roster.state is RosterState.FINAL and roster.batch_id is None:
            await self._issue(roster, chance)

    async def _be_public(self, roster: Roster) -> None:
        """Somebody objects, somebody decides it; when the term is over, or seems to be, the roster is made final."""
        one: dict[str, Any] = {"roster_id": roster.id, "bucket_count": 1}
        if self._random.random() < 0.1:
            await self._step("object to a line", partial(self._object, roster))
        if self._random.random() < 0.4:
            await self._step("decide objections", partial(self._decide_objections, roster))
        assert roster.public_until is not None
        if day_of(self._place.clock.now()) >= roster.public_until or self._random.random() < 0.2:
            by = self._command(REVIEWER)
            await self._step("make a roster final", lambda conn: payouts.finalise_roster(conn, **one, **by))

    async def _issue(self, roster: Roster, chance: float) -> None:
        one: dict[str, Any] = {"roster_id": roster.id}
        by = self._command(FINANCE)
        if chance < 0.05:
            await self._withdraw(roster)
        elif chance < 0.35:
            await self._step("begin to issue", lambda conn: payouts.begin_issue(conn, **one, **by))
        else:
            await self._step("issue a batch", lambda conn: payouts.issue_batch(conn, **one, **by, bucket_count=1))

    async def _withdraw(self, roster: Roster) -> None:
        if roster.state is not RosterState.WITHDRAWN and roster.batch_id is None:
            by = self._command(FINANCE)
            await self._step(
                "withdraw a roster",
                lambda conn: payouts.withdraw_roster(conn, roster_id=roster.id, **by, bucket_count=1),
            )

    async def _move_batch(self, batch: Batch) -> None:
        await asyncio.sleep(self._random.choice((0.0, 0.01, 1.0, 3_000.0)))
        if batch.state in _STOPPABLE and self._random.random() < 0.3:
            await self._stop_a_claim(batch)
        one: dict[str, Any] = {"batch_id": batch.id, "bucket_count": 1}
        now, chance = self._place.clock.now(), self._random.random()
        if batch.state is BatchState.NEW and chance < 0.07:
            await self._step("delete a batch", lambda conn: payouts.delete_batch(conn, **one, now=now))
        elif batch.state is BatchState.NEW:
            by = self._command(FINANCE) | {"pay_on": day_of(now)}
            await self._step("apply for payment", lambda conn: payouts.apply_for_payment(conn, **one, **by))
            if chance > 0.8:
                await self._step("revoke a payment", lambda conn: payouts.revoke_application(conn, **one, now=now))
        elif batch.state is BatchState.APPLIED and chance < 0.3:
            await self._step("revoke a payment", lambda conn: payouts.revoke_application(conn, **one, now=now))
        elif batch.state is BatchState.APPLIED and chance < 0.4:
            ids = self._place.ids
            await self._step("stop a line", lambda conn: payouts.stop_line(conn, **one, line=1, now=now, ids=ids))
        elif (
            batch.state in (BatchState.SENT, BatchState.CLOSED) and batch.sums.returned_count + batch.sums.stopped_count
        ):
            by = self._command(FINANCE)
            await self._step("pay again", lambda conn: payouts.correct_batch(conn, **one, **by, amounts={}))

    async def _stop_a_claim(self, batch: Batch) -> None:
        """Somebody finds out that a claim should not be paid, whether or not the bank has it."""

        async def look(worker: Worker) -> list[BatchLine]:
            async with worker.db.transaction() as conn:
                return await payouts.list_batch_lines(conn, batch_id=batch.id, bucket_count=1)

        lines = await self._network.ask("whom a batch pays", look)
        if isinstance(lines, list) and lines:
            await self._claimants.be_stopped(self._random.choice(lines).reference)

    async def _take_off(self, roster: Roster, conn: Connection) -> None:
        line = self._random.randint(1, roster.last_line)
        by = self._command(CLERK)
        await payouts.remove_line(conn, roster_id=roster.id, line=line, **by, bucket_count=1)

    async def _object(self, roster: Roster, conn: Connection) -> None:
        line = self._random.randint(1, roster.last_line)
        by = self._command(CLERK)
        await payouts.object_to_line(
            conn, roster_id=roster.id, line=line, ground=Ground.NOT_ENTITLED, **by, bucket_count=1
        )

    async def _decide_objections(self, roster: Roster, conn: Connection) -> None:
        for one in await payouts.list_objections(conn, roster_id=roster.id, bucket_count=1):
            if one.state is ObjectionState.OPEN:
                await payouts.decide_objection(
                    conn, roster_id=roster.id, objection_id=one.id, is_upheld=self._random.random() < 0.6,
                    **self._command(REVIEWER), bucket_count=1,
                )  # fmt: skip

    def _command(self, by: Any) -> dict[str, Any]:
        return {"by": by, "now": self._place.clock.now(), "ids": self._place.ids}

    async def _work_on_rosters(self, worker: Worker) -> str:
        call = JobCall(database=worker.db, clock=self._place.clock, ids=self._place.ids)
        await work_on_rosters(call, bucket_count=1)
        return "done"

    async def _relay(self, worker: Worker) -> str:
        relay, count = self._relays[self._place.workers.index(worker)], 0
        while handed_on := await relay.run_once():
            count += handed_on
        return str(count)

    async def _send(self, worker: Worker) -> str:
        exchange = self._exchanges[self._place.workers.index(worker)]
        return await _despite(exchange.send_due)

    async def _fetch(self, worker: Worker) -> str:
        exchange = self._exchanges[self._place.workers.index(worker)]
        return await _despite(exchange.fetch_returns)


def _has_something_unpaid(batch: Batch) -> bool:
    is_at_the_bank = batch.state in (BatchState.SENT, BatchState.CLOSED)
    return is_at_the_bank and batch.sums.returned_count + batch.sums.stopped_count > 0


class _Job(NamedTuple):
    """What runs by itself, and how often in a turn."""

    run: Callable[[Treasury, Worker], Awaitable[str]]
    often: float


_OF_ROSTERS = ("work on rosters", "hand news on")
_JOBS = {
    "work on rosters": _Job(Treasury._work_on_rosters, 0.35),
    "hand news on": _Job(Treasury._relay, 0.8),
    "send files": _Job(Treasury._send, 0.75),
    "fetch files": _Job(Treasury._fetch, 0.75),
}


async def _despite(job: Callable[[], Awaitable[Any]]) -> str:
    """Do what a job does with files; what it came to, where the place of files is away."""
    try:
        done = await job()
    except BankFilesAreAway:
        return "the files are away"
    except Refused as refused:
        return refused.reason.name
    return str(done if isinstance(done, int) else len(done))
