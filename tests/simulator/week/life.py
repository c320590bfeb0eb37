"""The week itself: bursts of deeds at random times, jobs in between, and a quiet end."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

from tests.simulator.week.network import Network
from tests.simulator.week.office import Office
from tests.simulator.week.place import RESIDENTS, TILLS, Place
from tests.simulator.week.till import Tills
from tests.simulator.week.told import Told
from tests.support.builders.counter import BUCKET
from yikatong.ledger import service as ledger
from yikatong.taps.jobs import end_waiting_taps

WEEK_SECONDS = 7 * 86_400.0
BURSTS = 16
_FEN = (1, 300, 700, 1_000, 1_000, 2_500, 2_500, 5_000, 9_999, 10_001, 15_000, 20_001)
_QUIET_SECONDS = 7_200.0

Burst = Callable[[], Awaitable[object]]


class Life:
    """Lives one week."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._random = Random(place.seed + 3)
        self.told = Told()
        self.network = Network(Random(place.seed + 4), place.history, place.workers)
        self._tills = Tills(place, self.network, self.told, Random(place.seed + 5))
        self._office = Office(place, self.network, self.told)
        self._is_over = False

    async def live(self) -> None:
        """From noon to noon, and two quiet hours in which everything that waited ends."""
        jobs = [asyncio.create_task(self._work_by_itself(number)) for number in range(len(self._place.workers))]
        bursts = [asyncio.create_task(self._burst_at(self._random.uniform(0, WEEK_SECONDS))) for _ in range(BURSTS)]
        bursts += [asyncio.create_task(self._be_dark(till)) for till in range(TILLS)]
        bursts.append(asyncio.create_task(self._revoke_a_till(WEEK_SECONDS * self._random.uniform(0.8, 0.95))))
        await asyncio.gather(*bursts)
        await self.network.be_quiet()
        await asyncio.sleep(_QUIET_SECONDS)
        self._is_over = True
        await asyncio.gather(*jobs)
        await self._end_what_waits()

    async def _burst_at(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        kinds: tuple[Burst, ...] = (
            self._rush, self._rush, self._meal, self._meal, self._meal, self._loss, self._loss, self._freeze,
            self._limits, self._limits, self._top_ups, self._entry,
        )  # fmt: skip
        await self._random.choice(kinds)()

    def _somebody(self) -> int:
        return self._random.randrange(RESIDENTS)

    def _pay(self, resident: int, *, how: str = "answered", fen: int | None = None) -> Awaitable[None]:
        till = self._random.randrange(TILLS)
        return self._a_little_later(
            lambda: self._tills.pay(resident=resident, till=till, how=how, fen=fen or self._random.choice(_FEN))
        )

    def _command(self, what: str, resident: int, *, fen: int = 0) -> Awaitable[None]:
        return self._a_little_later(lambda: self._office.command(what, resident, fen=fen))

    async def _a_little_later(self, deed: Burst) -> None:
        """What comes in one burst meets: it begins within a few hundredths of a second."""
        await asyncio.sleep(self._random.uniform(0, 0.04))
        await deed()

    async def _meal(self) -> None:
        await self._pay(self._somebody())

    async def _entry(self) -> None:
        resident = self._somebody()
        await asyncio.gather(self._pay(resident, how="entry"), self._pay(self._somebody(), how="entry"))

    async def _rush(self) -> None:
        """Several pay at once, most of them out of one purse."""
        one = self._somebody()
        who = [one if self._random.random() < 0.7 else self._somebody() for _ in range(self._random.randint(2, 5))]
        await asyncio.gather(*(self._pay(resident) for resident in who), self._command("top up", one, fen=500))

    async def _loss(self) -> None:
        """A report of loss races taps; what comes after it is refused until the card is found again."""
        one = self._somebody()
        before = [asyncio.create_task(_of(self._pay(one))) for _ in range(2)]
        await self._command("report lost", one)
        await asyncio.gather(self._pay(one, how="entry"), self._pay(one, fen=100), *before)
        await asyncio.sleep(self._random.choice((1.0, 600.0, 40_000.0)))
        await asyncio.gather(self._pay(one, fen=100), self._command("release", one))
        await asyncio.gather(self._pay(one, fen=100), self._command("associate", one))

    async def _freeze(self) -> None:
        one = self._somebody()
        await asyncio.gather(self._pay(one), self._pay(one, fen=12_000), self._command("freeze", one), self._pay(one))
        await asyncio.gather(self._pay(one), self._command("unfreeze", one), self._pay(one))

    async def _limits(self) -> None:
        """Small payments by bare codes race their own limit."""
        one, fen = self._somebody(), self._random.choice((0, 700, 1_000, 2_500))
        await self._command("set limits", one, fen=fen)
        shown = [self._pay(one, how="shown", fen=self._random.choice((300, 700, 1_000))) for _ in range(4)]
        await asyncio.gather(*shown, self._command("set limits", one, fen=self._random.choice((fen, 1_000))))

    async def _top_ups(self) -> None:
        one = self._somebody()
        several = [self._command("top up", one, fen=self._random.choice(_FEN)) for _ in range(3)]
        await asyncio.gather(*several, self._pay(one))

    async def _be_dark(self, till: int) -> None:
        """A till loses its network for some minutes or hours, twice in the week."""
        for _ in range(2):
            await asyncio.sleep(self._random.uniform(0, WEEK_SECONDS / 2))
            seconds = self._random.choice((300.0, 3_600.0, 20_000.0))
            self._tills.dark_until[till] = self._place.clock.seconds() + seconds
            self._place.history.write(f"till {till} is without network for {seconds:.0f} s")

    async def _revoke_a_till(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        late = [self._tills.pay(resident=self._somebody(), till=TILLS - 1, how="answered", fen=100) for _ in range(3)]
        await asyncio.gather(self._command("revoke the last till", 0), *late)
        await self._tills.pay(resident=self._somebody(), till=TILLS - 1, how="answered", fen=100)

    async def _work_by_itself(self, number: int) -> None:
        """The jobs of one worker: ending what waits, tidying holds."""
        while not self._is_over:
            await asyncio.sleep(self._random.choice((20.0, 300.0, 7_200.0, 14_400.0)))
            await self._run_jobs(number)

    async def _run_jobs(self, number: int) -> int:
        worker = self._place.workers[number]
        ended = await end_waiting_taps(
            database=worker.db, counter=worker.counter, debits=self._place.bank, clock=self._place.clock
        )
        async with worker.db.transaction() as conn:
            await ledger.tidy_holds(conn, bucket=BUCKET, now=self._place.clock.now())
        return ended

    async def _end_what_waits(self) -> None:
        for _ in range(20):
            if not await self._run_jobs(0):
                return


async def _of(deed: Awaitable[None]) -> None:
    await deed
