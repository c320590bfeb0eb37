"""Loads a made-up population: residents, personal fields, marks, gates and guardians, by several processes.

Cards, e-cards and devices are not made here: somebody gets them when the story or benchmark first needs them.
"""

import asyncio
import gc
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from datetime import date, datetime
from multiprocessing import get_context
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from simulator.population.people import NO_ID, People, generate
from yikatong.cards.bulk import Newcomer, register_newcomers
from yikatong.cards.model import GuardianRelation, Person, Terms, Vault
from yikatong.kernel.ids import ResidentId
from yikatong.kernel.instants import age_on, day_of

BATCH = 25_000
MINOR_UNDER_YEARS = 18
ID_CARD, HOUSEHOLD_BOOK = "1", "8"
MALE, FEMALE = "1", "2"
ID_CARD_FROM_YEARS = 16
"""Younger people need no ID card (Law on Resident Identity Cards, Article 2); the household book proves them."""


class Destination(NamedTuple):
    """Where a population goes; `open_vault` is called in each process, so it must be a function of a module."""

    conninfo: str
    region: str
    terms: Terms
    open_vault: Callable[[], Vault]
    now: datetime


class Loaded(NamedTuple):
    """How many people were registered, how many of all were known already, and how long it took."""

    new_count: int
    known_count: int
    seconds: float


def populate(
    seed: int,
    count: int,
    on: date,
    destination: Destination,
    *,
    workers: int = 2,
    batch_size: int = BATCH,
    console: Console | None = None,
) -> Loaded:
    """Generate and load a population, with a progress bar on the console; the same again loads nobody twice."""
    started = time.monotonic()
    columns = (
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console or Console(stderr=True)) as progress:
        task = progress.add_task("residents", total=count)
        batches = generate(seed, count, on, batch_size=batch_size)
        new_count = 0
        for size, new in _load_batches(batches, destination, workers):
            new_count += new
            progress.advance(task, size)
    return Loaded(new_count, count - new_count, time.monotonic() - started)


def newcomers_of(people: People, *, today: date) -> list[Newcomer]:
    """People as the register takes them; the parents of a minor are the guardians."""
    columns: Any = zip(
        people.id.tolist(),
        people.division.astype("U6").tolist(),
        people.name.tolist(),
        people.id_number.astype("U18").tolist(),
        people.male.tolist(),
        people.born_on.tolist(),
        people.nation.tolist(),
        people.phone.astype("U11").tolist(),
        people.address.tolist(),
        people.father_id.tolist(),
        people.mother_id.tolist(),
        strict=True,
    )
    newcomers = []
    for raw_id, division, name, id_number, male, born_on, nation, phone, address, father_id, mother_id in columns:
        years = age_on(today, born_on=born_on)
        person = Person(
            name=name,
            id_number=id_number,
            id_type=ID_CARD if years >= ID_CARD_FROM_YEARS else HOUSEHOLD_BOOK,
            sex=MALE if male else FEMALE,
            birth=born_on,
            nation=nation,
            phone=phone,
            address=address,
        )
        guardians = _guardians(father_id, mother_id, male=male) if years < MINOR_UNDER_YEARS else ()
        newcomers.append(Newcomer(ResidentId(UUID(bytes=raw_id)), division, person, guardians))
    return newcomers


def _guardians(father_id: bytes, mother_id: bytes, *, male: bool) -> tuple[tuple[ResidentId, GuardianRelation], ...]:
    """Father and mother, where they are known."""
    guardians = []
    if father_id != NO_ID:
        relation = GuardianRelation.FATHER_SON if male else GuardianRelation.FATHER_DAUGHTER
        guardians.append((ResidentId(UUID(bytes=father_id)), relation))
    if mother_id != NO_ID:
        relation = GuardianRelation.MOTHER_SON if male else GuardianRelation.MOTHER_DAUGHTER
        guardians.append((ResidentId(UUID(bytes=mother_id)), relation))
    return tuple(guardians)


def _load_batches(batches: Iterator[People], destination: Destination, workers: int) -> Iterator[tuple[int, int]]:
    """Load batches in processes, a few ahead of what is finished; gives the size and the new ones of each."""
    with ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=_begin, initargs=(destination,)
    ) as pool:
        running: set[Future[tuple[int, int]]] = set()
        for people in batches:
            running.add(pool.submit(_load, people))
            if len(running) > 2 * workers:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        for future in running:
            yield future.result()


class _Worker:
    """What one process keeps: its event loop, its connection, its keys."""

    def __init__(self, destination: Destination) -> None:
        self.destination = destination
        self.runner = asyncio.Runner()
        self.vault = destination.open_vault()
        self.conn: psycopg.AsyncConnection[Any] = self.runner.run(
            psycopg.AsyncConnection.connect(destination.conninfo, autocommit=True)
        )

    async def load(self, people: People) -> int:
        """Register one batch in one transaction."""
        to = self.destination
        today = day_of(to.now)
        newcomers = newcomers_of(people, today=today)
        async with self.conn.transaction():
            return await register_newcomers(
                self.conn, newcomers, region=to.region, terms=to.terms, vault=self.vault, now=to.now
            )


_worker: list[_Worker] = []


def _begin(destination: Destination) -> None:
    # Millions of rows live for a moment and in no circles: collecting would only look at them again and again.
    gc.disable()
    _worker.append(_Worker(destination))


def _load(people: People) -> tuple[int, int]:
    worker = _worker[0]
    return people.size, worker.runner.run(worker.load(people))
