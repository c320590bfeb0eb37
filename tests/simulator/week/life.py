"""The week itself: bursts of deeds at random times, jobs in between, and a quiet end."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from random import Random

from tests.simulator.week.court import Court
from tests.simulator.week.later import PaidLater
from tests.simulator.week.network import Network
from tests.simulator.week.office import GRANTS, TO_THEIR_PLACE, Office
from tests.simulator.week.outpost import Outpost
from tests.simulator.week.place import OUTPOSTS, RESIDENTS, TILLS, Place, has_bank
from tests.simulator.week.plastic import CHIP, CHIP_ENTRY, CHIP_WITHOUT_PASSWORD
from tests.simulator.week.shop import Shop
from tests.simulator.week.till import Tills
from tests.simulator.week.told import Told
from tests.support.builders.counter import BUCKET
from yikatong.codes import service as codes
from yikatong.ledger import service as ledger
from yikatong.sealing import service as sealing
from yikatong.taps.jobs import end_waiting_taps

DAY_SECONDS = 86_400.0
BURSTS_A_DAY = 2.4
DEALS_A_DAY = 1.5
_FEN = (1, 300, 700, 1_000, 1_000, 2_500, 2_500, 5_000, 9_999, 10_001, 15_000, 20_001)
_QUIET_SECONDS = 7_200.0
_UPLOAD_TERM_SECONDS = 20 * 86_400.0
"""After it no allowance of the week is held any more."""
_DARK_SECONDS = (3_000.0, 20_000.0, 70_000.0, 110_000.0, 250_000.0)
_UPLOADS_MAX = 60
_AN_OUTPOST_HEARS_OF_IT_AFTER = 5.0
_WRONG_CLOCKS = (0, 0, 0, 15, -15, 25, -25, 60, -50, 240, -240, 500)

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
        self._sealers = [sealing.Sealer(worker.keys, ids=worker.ids) for worker in place.workers]
        self.outposts = [
            Outpost(place, self.network, self.told, Random(place.seed + 10 + number), number=number)
            for number in range(OUTPOSTS)
        ]
        self.court = Court(place, self._office, Random(place.seed + 20))
        self.shop = Shop(place, self.network, self.told, self._tills, Random(place.seed + 21))
        self.later = PaidLater(place)
        self._seconds = place.days * DAY_SECONDS
        self._granted_by = 0
        self._is_over = False

    async def live(self) -> None:
        """From noon to noon, and two quiet hours in which everything that waited ends; claims are paid for longer."""
        later = asyncio.create_task(self.later.live())
        jobs = [asyncio.create_task(self._work_by_itself(number)) for number in range(len(self._place.workers))]
        bursts = [
            asyncio.create_task(self._burst_at(self._random.uniform(0, self._seconds), burst))
            for burst in self._bursts()
        ]
        bursts += [asyncio.create_task(self._be_dark(till)) for till in range(TILLS)]
        bursts.append(asyncio.create_task(self._revoke_a_till(self._seconds * self._random.uniform(0.8, 0.95))))
        bursts += [asyncio.create_task(self._keep(outpost)) for outpost in self.outposts]
        await asyncio.gather(*bursts)
        await asyncio.gather(*(self._bring_all(outpost) for outpost in self.outposts))
        await self.network.be_quiet()
        await asyncio.sleep(_QUIET_SECONDS)
        self._is_over = True
        await asyncio.gather(*jobs)
        await self._end_what_waits()
        await asyncio.sleep(_UPLOAD_TERM_SECONDS)
        await later
        await self._end_what_waits()

    def close(self) -> None:
        """Close what the outposts keep."""
        for outpost in self.outposts:
            outpost.close()

    async def _burst_at(self, seconds: float, burst: Burst) -> None:
        await asyncio.sleep(seconds)
        await burst()

    def _bursts(self) -> list[Burst]:
        """All of them in a whole week, fewer in some days of one; and old bikes that are traded in."""
        kinds: tuple[Burst, ...] = (
            self._rush, self._rush, self._rush, self._stop, self._meal, self._meal, self._meal, self._loss, self._loss,
            self._freeze, self._beyond_the_purse, self._beyond_the_purse, self._limits, self._limits, self._top_ups,
            self._entry, self._spend_twice, self._overtake,
        )  # fmt: skip
        bursts = self._random.sample(kinds, min(len(kinds), round(BURSTS_A_DAY * self._place.days)))
        return bursts + [self.shop.deal] * round(DEALS_A_DAY * self._place.days)

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

    async def _beyond_the_purse(self) -> None:
        """A bank pays what is missing, when it answers in time; the same purse is asked from several sides."""
        one = self._random.choice([number for number in range(RESIDENTS) if has_bank(number)])
        await asyncio.gather(*(self._pay(one, fen=fen) for fen in (2_500, 5_000, 9_999)))

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
            await asyncio.sleep(self._random.uniform(0, self._seconds / 2))
            seconds = self._random.choice((300.0, 3_600.0, 20_000.0))
            self._tills.dark_until[till] = self._place.clock.seconds() + seconds
            self._place.history.write(f"till {till} is without network for {seconds:.0f} s")

    async def _keep(self, outpost: Outpost) -> None:
        """Hours or days in the dark, one after the other, and a line in between for as long as is needed."""
        while self._place.clock.seconds() < self._seconds:
            await self._prepare(outpost)
            seconds = self._random.choice(_DARK_SECONDS)
            outpost.is_dark, outpost.wrong = True, timedelta(seconds=self._random.choice(_WRONG_CLOCKS))
            self._place.history.write(f"{outpost.name} is dark for {seconds:.0f} s, wrong by {outpost.wrong}")
            deeds = [self._serve_in_the_dark(outpost, self._random.uniform(0, seconds)) for _ in range(5)]
            await asyncio.gather(*deeds, asyncio.sleep(seconds))
            outpost.is_dark = False
            await outpost.upload()
            await self.court.hear(outpost)

    async def _bring_all(self, outpost: Outpost) -> None:
        """Upload until everything is answered."""
        for _ in range(_UPLOADS_MAX):
            if await outpost.upload():
                break
            await asyncio.sleep(60.0)
        await self.court.hear(outpost)

    async def _prepare(self, outpost: Outpost) -> None:
        """Somebody's wallet is refreshed and grants something; then the outpost fetches, as often as it must."""
        for one in self._random.sample(range(RESIDENTS), 2):
            await self._tills.refresh(one)
            grant = self._random.choice((*GRANTS, TO_THEIR_PLACE))
            await self._office.command(grant, one, fen=self._random.choice((700, 1_500, 2_500)))
            self._granted_by = one
        for _ in range(2):
            await outpost.fetch()

    async def _serve_in_the_dark(self, outpost: Outpost, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if self._random.random() < 0.2:
            outpost.lose_power()
        one = self._random.choice((self._somebody(), self._granted_by, self._granted_by))
        fen = self._random.choice((0, 0, 300, 700, 700, 1_500))
        if self._random.random() < 0.4:
            await self._serve_a_card_in_the_dark(outpost, one, fen)
            return
        sent = await outpost.serve(one, fen)
        if sent is not None and self._random.random() < 0.3:
            await asyncio.sleep(self._random.choice((0.0, 1.0, 30.0)))
            await self._tills.send(self._tills.copied(sent, till=self._random.randrange(TILLS)), tries=1)
        if sent is not None and not fen and self._random.random() < 0.3:
            self._another(outpost).serve_copy(sent)

    async def _serve_a_card_in_the_dark(self, outpost: Outpost, one: int, fen: int) -> None:
        """What its chip said is shown again: at the other outpost, at a till, or by the outpost itself, online."""
        how = self._random.choice((CHIP, CHIP_WITHOUT_PASSWORD)) if fen else CHIP_ENTRY
        sent = await outpost.serve_card(one, fen, how=how)
        kind = self._random.random()
        if sent is None and kind < 0.3:
            outpost.attest()
        elif sent is not None and kind < 0.3:
            for anyone in self.outposts:
                anyone.serve_copy(sent)
        elif sent is not None and kind < 0.6 and how != CHIP_WITHOUT_PASSWORD:
            await asyncio.sleep(self._random.choice((0.0, 1.0, 30.0)))
            till = self._random.choice((self._random.randrange(TILLS), sent.till, sent.till))
            await self._tills.send(self._tills.copied(sent, till=till), tries=1)

    def _another(self, outpost: Outpost) -> Outpost:
        return next(one for one in self.outposts if one is not outpost)

    async def _stop(self) -> None:
        """A report of loss races the status list that tells of it, and whoever found the phone goes on for days."""
        one = self._somebody()
        await asyncio.gather(
            self._command("report lost", one),
            self._publish(0),
            *(_of(outpost.fetch()) for outpost in self.outposts),
            *(_of(outpost.serve(one, 0)) for outpost in self.outposts),
            *(_of(outpost.serve_card(one, 0)) for outpost in self.outposts),
            self._pay(one, fen=100),
        )
        for hours in (0.1, 5.0, 18.0, 1.2, 4.0):
            await asyncio.sleep(3_600.0 * hours)
            if hours == _AN_OUTPOST_HEARS_OF_IT_AFTER:
                await self._publish(1)
                await self.outposts[0].fetch(even_if_dark=True)
            await asyncio.gather(
                *(outpost.serve(one, self._random.choice((0, 300))) for outpost in self.outposts),
                *(outpost.serve_card(one, 0) for outpost in self.outposts),
            )
        await self._command("release", one)
        await self._command("associate", one)

    async def _spend_twice(self) -> None:
        """Two outposts of a place, neither of which knows what the other took, take of one allowance."""
        some = self._random.sample(range(RESIDENTS), 2)
        for one in some:
            await self._tills.refresh(one)
            await self._office.command(TO_THEIR_PLACE, one, fen=1_000)
        for outpost in self.outposts:
            outpost.wrong = timedelta(0)
            await outpost.fetch(even_if_dark=True)
        await asyncio.gather(*(outpost.serve(one, 700) for outpost in self.outposts for one in some))

    async def _overtake(self) -> None:
        """A till that heard nothing takes back; that arrives first, or not."""
        for _ in range(2):
            sent = self._tills.sign(resident=self._somebody(), till=0, how="answered", fen=300)
            if sent is not None:
                await asyncio.gather(
                    self._tills.reverse(sent), self._a_little_later(partial(self._tills.send, sent, tries=2))
                )

    async def _revoke_a_till(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        late = [self._tills.pay(resident=self._somebody(), till=TILLS - 1, how="answered", fen=100) for _ in range(3)]
        await asyncio.gather(self._command("revoke the last till", 0), *late)
        await self._tills.pay(resident=self._somebody(), till=TILLS - 1, how="answered", fen=100)

    async def _work_by_itself(self, number: int) -> None:
        """The jobs of one worker: ending what waits, tidying holds, appending to the sealed log."""
        while not self._is_over:
            await asyncio.sleep(self._random.choice((20.0, 1_800.0, 14_400.0, 28_800.0)))
            await self._run_jobs(number)

    async def _run_jobs(self, number: int) -> int:
        worker = self._place.workers[number]
        ended = await end_waiting_taps(
            database=worker.db, counter=worker.counter, debits=self._place.bank, clock=self._place.clock
        )
        async with worker.db.transaction() as conn:
            await ledger.tidy_holds(conn, bucket=BUCKET, now=self._place.clock.now())
        await self.shop.work_by_itself(worker, all_of_it=self._is_over)
        await self._sealers[number].run_once(worker.db, now=self._place.clock.now())
        await self._publish(number)
        return ended

    async def _publish(self, number: int) -> None:
        """Publish the status lists, as a job does."""
        worker, now = self._place.workers[number], self._place.clock.now()
        async with worker.db.transaction() as conn:
            await codes.publish_status_list(conn, region=worker.region, holder=worker.keys, bucket_count=1, now=now)

    async def _end_what_waits(self) -> None:
        for _ in range(20):
            if not await self._run_jobs(0):
                return


async def _of(deed: Awaitable[object]) -> None:
    await deed
