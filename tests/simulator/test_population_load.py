"""A made-up population is registered as if each had come to the counter, by several processes, and only once."""

from datetime import UTC, date, datetime
from io import StringIO

import pytest
from rich.console import Console

from simulator.population.load import Destination, newcomers_of, populate
from simulator.population.people import generate, residents_of
from tests.support.builders.vault import TestVault
from tests.support.world import a_region_code
from yikatong.cards import service as cards
from yikatong.cards.bulk import register_newcomers
from yikatong.cards.model import GuardianRelation, NewPerson, Terms
from yikatong.cards.rules.persons import read_person
from yikatong.kernel.identifiers.reasons import Reason
from yikatong.kernel.ids import ResidentId, bucket_of
from yikatong.kernel.instants import age_on
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.database import Database

pytestmark = pytest.mark.anyio

TODAY = date(2026, 11, 25)
NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)
TERMS = Terms(bucket_count=4, synthetic_allowed=True)


def a_seed() -> int:
    """A seed that no other test used, so that its people are nobody yet."""
    return int(a_region_code()) * 1000


async def test_each_person_is_found_by_number_and_seen_with_every_field(db: Database) -> None:
    vault, region = TestVault(), a_region_code()
    columns = next(generate(a_seed(), 60, TODAY))
    people, newcomers = list(residents_of(columns)), newcomers_of(columns, today=TODAY)
    async with db.transaction() as conn:
        count = await register_newcomers(conn, newcomers, region=region, terms=TERMS, vault=vault, now=NOW)

        assert 60 == count
        for person in people:
            bucket = bucket_of(person.id, TERMS.bucket_count)
            seen = await cards.view_person(conn, bucket=bucket, resident_id=ResidentId(person.id), vault=vault)
            assert person.id == await cards.find_by_id_number(conn, id_number=person.id_number, vault=vault)
            assert (person.name, person.id_number, person.born_on, person.phone, person.address, person.nation) == (
                seen.name, seen.id_number, seen.birth, seen.phone, seen.address, seen.nation,
            )  # fmt: skip


async def test_made_up_people_are_those_that_a_counter_would_have_read_from_their_forms() -> None:
    for newcomer in newcomers_of(next(generate(a_seed(), 300, TODAY)), today=TODAY):
        made = newcomer.person
        form = NewPerson(
            name=made.name,
            id_number=made.id_number,
            id_type=made.id_type,
            nation=made.nation,
            phone=made.phone,
            address=made.address,
        )

        assert made == read_person(form, on=TODAY, synthetic_allowed=True)


async def test_newcomers_are_the_people_of_the_population() -> None:
    columns = next(generate(a_seed(), 300, TODAY))
    people, newcomers = list(residents_of(columns)), newcomers_of(columns, today=TODAY)

    assert [(one.id, one.division, one.name, one.id_number, one.born_on, one.phone) for one in people] == [
        (one.id, one.division, one.person.name, one.person.id_number, one.person.birth, one.person.phone)
        for one in newcomers
    ]


async def test_the_parents_of_a_minor_are_the_guardians_and_nobody_guards_an_adult(db: Database) -> None:
    vault = TestVault()
    columns = next(generate(a_seed(), 120, TODAY))
    people, newcomers = list(residents_of(columns)), newcomers_of(columns, today=TODAY)
    async with db.transaction() as conn:
        await register_newcomers(conn, newcomers, region=a_region_code(), terms=TERMS, vault=vault, now=NOW)

        for person in people:
            bucket = bucket_of(person.id, TERMS.bucket_count)
            guardians = await cards.list_guardians(conn, bucket=bucket, resident_id=ResidentId(person.id))
            minor = age_on(TODAY, born_on=person.born_on) < 18
            expected = {person.father_id, person.mother_id} - {None} if minor else set()
            assert expected == {guardian.guardian_id for guardian in guardians}
    assert {GuardianRelation.FATHER_SON, GuardianRelation.MOTHER_DAUGHTER} <= {
        relation for newcomer in newcomers for _, relation in newcomer.guardians
    }


async def test_who_is_known_is_passed_over_and_the_rest_is_registered(db: Database) -> None:
    vault, region, seed = TestVault(), a_region_code(), a_seed()
    few = newcomers_of(next(generate(seed, 20, TODAY)), today=TODAY)
    more = newcomers_of(next(generate(seed, 50, TODAY)), today=TODAY)
    async with db.transaction() as conn:
        assert 20 == await register_newcomers(conn, few, region=region, terms=TERMS, vault=vault, now=NOW)
        assert 30 == await register_newcomers(conn, more, region=region, terms=TERMS, vault=vault, now=NOW)
        assert 0 == await register_newcomers(conn, more, region=region, terms=TERMS, vault=vault, now=NOW)


async def test_where_synthetic_residents_are_not_allowed_nobody_is_registered(db: Database) -> None:
    vault, newcomers = TestVault(), newcomers_of(next(generate(a_seed(), 1, TODAY)), today=TODAY)
    async with db.transaction() as conn:
        with pytest.raises(Refused) as refusal:
            await register_newcomers(conn, newcomers, region="990100", terms=Terms(), vault=vault, now=NOW)

        assert Reason.ID_NUMBER_IS_SYNTHETIC is refusal.value.reason
        assert None is await cards.find_by_id_number(conn, id_number=newcomers[0].person.id_number, vault=vault)


SECRET = bytes(range(32))


def a_vault_of_the_secret() -> TestVault:
    """The vault that each process opens for itself."""
    return TestVault(SECRET)


async def test_two_processes_load_a_population_once_and_say_so(db: Database) -> None:
    seed, console = a_seed(), Console(file=StringIO())
    destination = Destination(
        conninfo=db.address.conninfo,
        region=a_region_code(),
        terms=TERMS,
        open_vault=a_vault_of_the_secret,
        now=NOW,
    )
    first = populate(seed, 250, TODAY, destination, batch_size=100, console=console)
    again = populate(seed, 300, TODAY, destination, batch_size=70, console=console)
    person = list(residents_of(next(generate(seed, 300, TODAY))))[-1]
    async with db.transaction() as conn:
        found = await cards.find_by_id_number(conn, id_number=person.id_number, vault=a_vault_of_the_secret())

    assert (250, 0) == first[:2]
    assert (50, 250) == again[:2]
    assert person.id == found
