"""The population as batches of columns, and as people."""

from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from simulator.population.families import NOBODY, Families, Role, form_families
from simulator.population.names import (
    SURNAMES,
    Texts,
    draw_given_names,
    draw_surnames,
    inherit_surnames,
)
from simulator.population.numbers import DISTRICTS, NumberGiver, phones_of
from simulator.population.pyramid import DAYS_A_YEAR, draw_ages_and_sexes

BLOCK = 16_384
"""People are made in blocks of this size, each from its own random stream, whatever the caller's batch size is."""
OLDEST_YEARS = 101
OWN_PHONE_FROM_YEARS = 12
MILLISECONDS_A_DAY = 86_400_000

_NATIONS = np.array(["01", "03", "05", "06", "09", "10", "11", "13", "15", "17"], dtype=object)
_NATION_PERMILLE = np.array([911, 8, 8, 8, 7, 14, 8, 4, 19, 13]) / 1000
_STREETS = (
    "和平",
    "人民",
    "建设",
    "解放",
    "文化",
    "长江",
    "中山",
    "滨河",
    "迎春",
    "新华",
    "朝阳",
    "青年",
    "友谊",
    "锦绣",
)

_ROLES = tuple(Role)

NO_ID = bytes(16)
"""In the place of an id, where there is nobody."""

Indexes = NDArray[np.int64]
Raw = NDArray[np.void]
"""The 16 bytes of a UUID each."""


class People(NamedTuple):
    """Columns of some people, in order of their place in the population; nobody is place -1 and an id of zeros."""

    place: Indexes
    id: Raw
    name: Texts
    id_number: NDArray[np.bytes_]
    male: NDArray[np.bool_]
    born_on: NDArray[np.datetime64]
    nation: Texts
    phone: NDArray[np.bytes_]
    address: Texts
    division: Indexes
    household: Indexes
    role: Indexes
    partner: Indexes
    mother: Indexes
    father: Indexes
    mother_id: Raw
    father_id: Raw

    @property
    def size(self) -> int:
        """How many people these are."""
        return len(self.place)

    def cut(self, start: int, end: int | None = None) -> "People":
        """The people from one place to before another, counted within these."""
        columns: Any = [column[start:end] for column in self]
        return People(*columns)


class MadeUpResident(NamedTuple):
    """One person of the population, as Python values; `partner`, `mother`, `father` are places or None."""

    place: int
    id: UUID
    name: str
    id_number: str
    male: bool
    born_on: date
    nation: str
    phone: str
    address: str
    division: str
    household: int
    role: Role
    partner: int | None
    mother: int | None
    father: int | None
    mother_id: UUID | None
    father_id: UUID | None


def generate(seed: int, count: int, on: date, *, batch_size: int = 50_000) -> Iterator[People]:
    """Make `count` people as of a day, in batches; the same seed and day give the same people at any batch size.

    Families live in one household and stand together; only the last household may be cut by `count`.
    Raises ValueError when `count` is not from 1 to 100 million (phones end there) or `batch_size` is not positive.
    """
    if not 1 <= count <= 10**8 or batch_size < 1:
        raise ValueError("a population has from 1 to 100 million people, in batches of at least one")
    held: list[People] = []
    for block in _blocks(seed, count, on):
        held.append(block)
        while sum(part.size for part in held) >= batch_size:
            together = _join(held)
            yield together.cut(0, batch_size)
            held = [together.cut(batch_size)]
    rest = _join(held)
    if rest.size:
        yield rest


def residents_of(people: People) -> Iterator[MadeUpResident]:
    """The people of some columns one by one."""
    texts = people._replace(
        id_number=people.id_number.astype("U18"),
        phone=people.phone.astype("U11"),
        division=people.division.astype("U6"),
    )
    rows: Any = zip(*(column.tolist() for column in texts), strict=True)
    for row in rows:
        place, raw_id, name, id_number, male, born_on, nation, phone, address, division, household, role, *kin = row
        partner, mother, father = (None if relative == NOBODY else relative for relative in kin[:3])
        mother_id, father_id = kin[3:]
        yield MadeUpResident(
            place,
            UUID(bytes=raw_id),
            name,
            id_number,
            male,
            born_on,
            nation,
            phone,
            address,
            division,
            household,
            _ROLES[role],
            partner,
            mother,
            father,
            None if mother is None else UUID(bytes=mother_id),
            None if father is None else UUID(bytes=father_id),
        )


def _join(parts: list[People]) -> People:
    columns: Any = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return People(*columns)


def _blocks(seed: int, count: int, on: date) -> Iterator[People]:
    giver = NumberGiver(days=int(OLDEST_YEARS * DAYS_A_YEAR) + 1)
    for number in range(-(-count // BLOCK)):
        random = np.random.Generator(np.random.Philox(key=seed % 2**64, counter=[0, 0, 0, number]))
        block = _make_block(random, number, on, giver)
        yield _forget_who_is_missing(block.cut(0, count - number * BLOCK), count)


def _make_block(random: np.random.Generator, number: int, on: date, giver: NumberGiver) -> People:
    """One block: ages, families, then all that depends on them, in the order of households."""
    age_days, male = draw_ages_and_sexes(random, BLOCK)
    families = form_families(random, age_days / DAYS_A_YEAR, male)
    order, families = _by_household(random, families)
    age_days, male = age_days[order], male[order]
    born_on = np.datetime64(on, "D") - age_days
    years, months = born_on.astype("datetime64[Y]"), born_on.astype("datetime64[M]")
    born_in = years.astype(np.int64) + 1970
    birth_digits = (
        born_in * 10_000 + ((months - years).astype(np.int64) + 1) * 100 + (born_on - months).astype(np.int64) + 1
    )
    surname = draw_surnames(random, BLOCK)
    inherit_surnames(surname, families.father, families.mother, random.random(BLOCK) < 0.06)
    home = families.household
    district = random.integers(0, DISTRICTS, BLOCK)[home]
    first = number * BLOCK
    ids = _ids(random, number, on)
    return People(
        place=first + np.arange(BLOCK),
        id=ids,
        name=SURNAMES[surname] + draw_given_names(random, born_in, male),
        id_number=giver.give(
            district=district,
            day=int(OLDEST_YEARS * DAYS_A_YEAR) - age_days,
            male=male,
            birth_digits=birth_digits,
        ),
        male=male,
        born_on=born_on,
        nation=random.choice(_NATIONS, BLOCK, p=_NATION_PERMILLE)[home],
        phone=phones_of(first + np.where(age_days < OWN_PHONE_FROM_YEARS * DAYS_A_YEAR, home, np.arange(BLOCK))),
        address=_addresses(random, district, home),
        division=990101 + district,
        household=first + home,
        role=families.role,
        partner=_in_population(families.partner, first),
        mother=_in_population(families.mother, first),
        father=_in_population(families.father, first),
        mother_id=_ids_of(families.mother, ids),
        father_id=_ids_of(families.father, ids),
    )


def _by_household(random: np.random.Generator, families: Families) -> tuple[Indexes, Families]:
    """An order in which households are scattered and their members stand together, and the families in that order.

    A household is then named by the place of its first member, its head.
    """
    scattered = random.permutation(BLOCK)
    order = np.lexsort((families.role, scattered[families.household]))
    new_place = np.empty(BLOCK, dtype=np.int64)
    new_place[order] = np.arange(BLOCK)

    def moved(places: Indexes) -> Indexes:
        return np.where(places[order] == NOBODY, NOBODY, new_place[places[order]])

    return order, Families(
        household=moved(families.household),
        role=families.role[order],
        partner=moved(families.partner),
        mother=moved(families.mother),
        father=moved(families.father),
    )


def _in_population(places: Indexes, first: int) -> Indexes:
    return np.where(places == NOBODY, NOBODY, places + first)


def _forget_who_is_missing(people: People, count: int) -> People:
    """In the last household, relatives beyond the last person of the population become nobody."""

    def known(places: Indexes) -> Indexes:
        return np.where(places < count, places, NOBODY)

    return people._replace(
        partner=known(people.partner),
        mother=known(people.mother),
        father=known(people.father),
        mother_id=np.where(people.mother < count, people.mother_id, np.void(NO_ID)),
        father_id=np.where(people.father < count, people.father_id, np.void(NO_ID)),
    )


def _ids_of(places: Indexes, ids: Raw) -> Raw:
    """The ids of relatives in the same block; zeros for nobody."""
    found = ids[places]
    found[places == NOBODY] = np.void(NO_ID)
    return found


def _ids(random: np.random.Generator, number: int, on: date) -> Raw:
    """UUIDv7 (RFC 9562 §5.7) that rise with the place; a millisecond of the day for each 1024 people."""
    place = number * BLOCK + np.arange(BLOCK, dtype=np.int64)
    midnight = (np.datetime64(on, "D") - np.datetime64("1970-01-01", "D")).astype(np.int64) * MILLISECONDS_A_DAY
    high = (midnight + (place >> 10)) << 16 | 0x7000 | (place & 0x3FF) << 2
    low = random.integers(0, 2**62, BLOCK, dtype=np.int64).astype(np.uint64) | np.uint64(1 << 63)
    halves = np.stack([high.astype(np.uint64), low], axis=1).astype(">u8")
    return halves.view("V16").ravel()


def _addresses(random: np.random.Generator, district: Indexes, home: Indexes) -> Texts:
    """The address of each person's household, which is written once for its head."""
    street = random.integers(0, len(_STREETS), len(district))
    house = random.integers(1, 300, len(district))
    building = random.integers(1, 30, len(district))
    room = random.integers(1, 12, len(district)) * 100 + random.integers(1, 5, len(district))
    heads = np.unique(home)
    columns = (column[heads].tolist() for column in (district, street, house, building, room))
    written = np.empty(len(district), dtype=object)
    written[heads] = [
        f"虚构市{d + 1:02d}区{_STREETS[s]}路{h}号{b}栋{r}室" for d, s, h, b, r in zip(*columns, strict=True)
    ]
    return written[home]
