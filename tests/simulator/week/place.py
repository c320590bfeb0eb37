"""The place where the week happens: two workers on one database, tills, residents, one bank."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
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
from tests.simulator.week.plastic import PlasticCard, a_plastic_card
from tests.simulator.week.sheets import a_chain
from tests.simulator.week.store import Store, a_store
from tests.simulator.week.town import Town, a_town
from tests.simulator.week.turns import Turns, WeekLoop, is_here
from tests.support.builders import counter as building
from tests.support.builders.cards import CardWorld
from tests.support.builders.catalogue import TerminalWithKeys
from tests.support.builders.counter import CounterWorld, Phone
from tests.support.world import NOON, SeededIds, a_region_code
from yikatong.catalogue import service as catalogue
from yikatong.catalogue.model import DataKind, Scene
from yikatong.codes import service as codes
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.database import Connection
from yikatong.sealing import service as sealing
from yikatong.trust import service as trust
from yikatong.trust.model import KeyHolder, SigningKey

WORKERS = 2
TILLS = 3
OUTPOSTS = 2
RESIDENTS = 4
MEALS_FEN = 2_000


def has_bank(resident: int) -> bool:
    """Whether a bank pays what a resident's purse does not have."""
    return resident % 2 == 1


def purse_fen(resident: int) -> int:
    """What a resident begins with: little where a bank helps out."""
    return 1_000 if has_bank(resident) else 12_000


class Worker(CounterWorld):
    """One worker; all ids come from the seed."""

    name = ""
    chips: dict[str, SigningKey]

    def cards(self, conn: Connection) -> CardWorld:
        """The steps of residents' lives, with ids from the seed and the chips of all cards that were made."""
        people = super().cards(conn)
        people.ids, people.chips = self.ids, self.chips
        return people


class Place:
    """Everything there is in the week."""

    store: Store
    town: Town

    def __init__(
        self, seed: int, loop: WeekLoop, *, days: float, watcher: psycopg.Connection[object], folder: Path
    ) -> None:
        self.seed = seed
        self.days = days
        self.folder = folder
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
        self.outposts: list[TerminalWithKeys] = []
        self.phones: list[Phone] = []
        self.cards: list[PlasticCard] = []

    @property
    def first(self) -> Worker:
        """The worker that made the others' world."""
        return self.workers[0]

    @property
    def terminals(self) -> list[TerminalWithKeys]:
        """Tills, then outposts, then the store's till, by their numbers."""
        return [*self.tills, *self.outposts, self.store.till]

    @property
    def store_till(self) -> int:
        """The number of the store's till."""
        return TILLS + OUTPOSTS

    @property
    def everybody(self) -> list[Phone]:
        """Residents, then the store's buyers, by their numbers."""
        return [*self.phones, *self.store.buyers]


@asynccontextmanager
async def a_place(seed: int, address: ServerAddress, loop: WeekLoop, *, days: float) -> AsyncIterator[Place]:
    """Make a place from nothing; once it stands, only the seed decides."""
    async with AsyncExitStack() as stack:
        watcher = stack.enter_context(psycopg.connect(address.conninfo, autocommit=True))
        folder = Path(stack.enter_context(TemporaryDirectory()))
        place = Place(seed, loop, days=days, watcher=watcher, folder=folder)
        region = a_region_code()
        keys = trust.open_key_folder(
            folder / "keys",
            key_encryption_key=b"k" * 32,
            wanted=(*trust.wanted_keys(region), *sealing.WANTED_KEYS),
            now=NOON,
            ids=place.ids,
        )
        sealing.mark_leaves_by(keys)
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
    worker.name, worker.chips = name, {}
    worker.bank = place.bank
    if place.workers:
        first = place.first
        worker.provider, worker.till, worker.meal, worker.entry = first.provider, first.till, first.meal, first.entry
    else:
        await building._register(worker)
        place.store = await a_store(worker, chain=a_chain(), seed=place.seed + 30)
        place.town = await a_town(worker, folder=place.folder / "banks", history=place.history, seed=place.seed + 31)
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
        phone = await place.first.a_phone(purse_fen=purse_fen(number), meals_fen=MEALS_FEN, with_bank=has_bank(number))
        place.phones.append(phone)
        place.cards.append(await a_plastic_card(place.first, phone.resident))
    await _let_in_outposts(place)
    for worker in place.workers:
        for till in place.terminals:
            await worker.tapping.authenticate(till.token)


async def _let_in_outposts(place: Place) -> None:
    """Tills of one place that will have no network, and the lists without which they serve nobody."""
    first, learns, purposes = place.first, (DataKind.PRESENCE_ONLY,), (Scene.COMMUNITY, Scene.CULTURE)
    one = await first.another_till(purposes=purposes, learns=learns)
    now = first.clock.now()
    async with first.db.transaction() as conn:
        at = await catalogue.get_place(conn, provider_id=first.provider.id, place_id=one.terminal.place_id)
        await trust.publish_region_keys(
            conn, holder=first.keys, regions=[first.region], overlap=timedelta(days=3), now=now
        )
        await codes.publish_status_list(conn, region=first.region, holder=first.keys, bucket_count=1, now=now)
    more = [await first.another_till(place=at, purposes=purposes, learns=learns) for _ in range(OUTPOSTS - 1)]
    place.outposts = [one, *more]
