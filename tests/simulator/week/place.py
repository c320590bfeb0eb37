"""The place where the week happens: two workers on one database, tills, residents, one bank."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import psycopg
import pytest

from tests.simulator.week.bank import SlowBank
from tests.simulator.week.history import History
from tests.simulator.week.journal import Journal, WeekClock, WeekCounter
from tests.simulator.week.lines_to_database import WeekDatabase
from tests.simulator.week.turns import Turns, WeekLoop, is_here
from tests.support.builders import counter as building
from tests.support.builders.cards import CardWorld
from tests.support.builders.catalogue import TerminalWithKeys
from tests.support.builders.counter import CounterWorld, Phone
from tests.support.world import NOON, SeededIds, a_region_code
from yikatong.catalogue.model import DataKind, Scene
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.database import Connection
from yikatong.trust import service as trust
from yikatong.trust.model import KeyHolder

WORKERS = 2
TILLS = 3
RESIDENTS = 4
PURSE_FEN, MEALS_FEN = 12_000, 4_000


class Worker(CounterWorld):
    """One worker; all ids come from the seed."""

    name = ""

    def cards(self, conn: Connection) -> CardWorld:
        """The steps of residents' lives, with ids from the seed."""
        people = super().cards(conn)
        people.ids = self.ids
        return people


class Place:
    """Everything there is in the week."""

    def __init__(self, seed: int, loop: WeekLoop, watcher: psycopg.Connection[object]) -> None:
        self.seed = seed
        self.loop = loop
        self.random = Random(seed)
        self.clock = WeekClock(loop)
        self.history = History(self.clock)
        self.turns = Turns(Random(seed + 1), self.history, watcher=watcher, may_stop=is_here(watcher))
        self.ids = SeededIds(seed, clock=self.clock)
        self.bank = SlowBank(Random(seed + 2), self.history)
        self.journal: Journal = []
        self.workers: list[Worker] = []
        self.tills: list[TerminalWithKeys] = []
        self.phones: list[Phone] = []

    @property
    def first(self) -> Worker:
        """The worker that made the others' world."""
        return self.workers[0]

    def resident_of(self, phone: Phone) -> int:
        """The number of a phone's resident."""
        return self.phones.index(phone)


@asynccontextmanager
async def a_place(seed: int, address: ServerAddress, loop: WeekLoop) -> AsyncIterator[Place]:
    """Make a place from nothing; once it stands, only the seed decides."""
    async with AsyncExitStack() as stack:
        watcher = stack.enter_context(psycopg.connect(address.conninfo, autocommit=True))
        place = Place(seed, loop, watcher)
        folder = Path(stack.enter_context(TemporaryDirectory()))
        region = a_region_code()
        keys = trust.open_key_folder(
            folder / "keys",
            key_encryption_key=b"k" * 32,
            wanted=trust.wanted_keys(region),
            now=NOON,
            ids=place.ids,
        )
        for number in range(WORKERS):
            await _open_worker(place, keys, region=region, number=number, address=address, stack=stack)
        await _let_in(place)
        place.history.begin()
        loop.begin(place.turns)
        try:
            yield place
        finally:
            place.turns.end()
            loop.end()


async def _open_worker(
    place: Place, keys: KeyHolder, *, region: str, number: int, address: ServerAddress, stack: AsyncExitStack
) -> None:
    name = f"worker {number + 1}"
    database = WeekDatabase(address, turns=place.turns, loop=place.loop, name=name)
    await database.connect()
    stack.push_async_callback(database.close)
    worker = Worker(database, keys, region=region, clock=place.clock, ids=place.ids)
    worker.name = name
    worker.bank = place.bank
    if place.workers:
        first = place.first
        worker.provider, worker.till, worker.meal, worker.entry = first.provider, first.till, first.meal, first.entry
    else:
        await building._register(worker)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building, "Counter", partial(WeekCounter, database=database, journal=place.journal))
        await building._open_counter(worker)
    stack.push_async_callback(worker.counter.close)
    place.workers.append(worker)


async def _let_in(place: Place) -> None:
    learns = (DataKind.PRESENCE_ONLY,)
    more = [
        await place.first.another_till(purposes=(Scene.COMMUNITY, Scene.CULTURE), learns=learns)
        for _ in range(TILLS - 1)
    ]
    place.tills = [place.first.till, *more]
    for number in range(RESIDENTS):
        with_bank = number % 2 == 1
        place.phones.append(await place.first.a_phone(purse_fen=PURSE_FEN, meals_fen=MEALS_FEN, with_bank=with_bank))
    for worker in place.workers:
        for till in place.tills:
            await worker.tapping.authenticate(till.token)
