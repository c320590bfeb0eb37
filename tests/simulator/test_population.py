"""The made-up population is the same each time, in order, and lives in believable families."""

from collections import Counter
from datetime import date
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.population.families import NOBODY, Role
from simulator.population.numbers import with_check_digits
from simulator.population.people import BLOCK, MadeUpResident, People, generate, residents_of
from simulator.population.pyramid import GROUP_PERMILLE
from yikatong.kernel.identifiers.resident_id import IdKind, Sex, read_id_number, resident_check_digit
from yikatong.kernel.instants import age_on

TODAY = date(2026, 11, 25)


def residents(count: int, *, seed: int = 7, batch_size: int = 50_000) -> list[MadeUpResident]:
    """The first people of a population, one by one."""
    return [person for batch in generate(seed, count, TODAY, batch_size=batch_size) for person in residents_of(batch)]


POPULATION = residents(2 * BLOCK)
AGES = [age_on(TODAY, born_on=person.born_on) for person in POPULATION]


def whole() -> People:
    """The same people, as columns."""
    return next(generate(7, 2 * BLOCK, TODAY, batch_size=2 * BLOCK))


def test_every_id_number_is_synthetic_correct_and_says_the_same_as_the_person() -> None:
    for person in POPULATION:
        number = read_id_number(person.id_number, day=TODAY, synthetic_allowed=True)

        assert (IdKind.SYNTHETIC, person.born_on, person.division) == (number.kind, number.born_on, number.area)
        assert (Sex.MALE if person.male else Sex.FEMALE) is number.sex


def test_nobody_shares_an_id_number_or_an_id() -> None:
    assert len(POPULATION) == len({person.id_number for person in POPULATION})
    assert len(POPULATION) == len({person.id for person in POPULATION})


def test_ids_are_version_7_rise_with_the_place_and_spread_over_buckets() -> None:
    ids = [person.id for person in POPULATION]

    assert {(7, "specified in RFC 4122")} == {(one.version, one.variant) for one in ids}
    assert ids == sorted(ids)
    assert 4096 > max(Counter(one.int & 0xF for one in ids).values())


@given(batch_size=st.integers(1, 3000), count=st.integers(1, 3000))
@settings(max_examples=10, deadline=None)
def test_the_batch_size_changes_nobody_and_no_order(batch_size: int, count: int) -> None:
    batches = list(generate(7, count, TODAY, batch_size=batch_size))

    assert -(-count // batch_size) == len(batches)
    assert [person.id_number for person in POPULATION[:count]] == [
        number.decode() for batch in batches for number in batch.id_number.tolist()
    ]


def test_the_same_seed_gives_the_same_people_and_another_seed_gives_others() -> None:
    assert POPULATION[:400] == residents(500)[:400]
    assert POPULATION[:400] != residents(500, seed=8)[:400]


def test_a_population_that_is_cut_short_mentions_nobody_beyond_its_end() -> None:
    for count in (1, 2, 3, 50, BLOCK + 1):
        people = next(generate(7, count, TODAY, batch_size=count))

        assert count == people.size
        assert count > max(column.max() for column in (people.partner, people.mother, people.father))


def test_ages_have_the_shape_of_the_census() -> None:
    shares = np.bincount(np.array(AGES) // 5, minlength=len(GROUP_PERMILLE)) / len(AGES)

    assert 0.01 > np.abs(shares - GROUP_PERMILLE / GROUP_PERMILLE.sum()).max()


def test_spouses_name_each_other_and_are_of_age() -> None:
    spouses = [person for person in POPULATION if person.partner is not None]

    assert 0.5 < len(spouses) / len(POPULATION) < 0.7
    for person in spouses:
        assert person.partner is not None
        other = POPULATION[person.partner]
        assert (person.place, not person.male, person.household) == (other.partner, other.male, other.household)
        assert AGES[person.place] >= (22 if person.male else 20)


def test_parents_are_a_generation_older_and_live_in_the_same_household() -> None:
    for person in POPULATION:
        for parent, male in ((person.mother, False), (person.father, True)):
            if parent is not None:
                assert (male, person.household) == (POPULATION[parent].male, POPULATION[parent].household)
                assert 17 < AGES[parent] - AGES[person.place] < 70


def test_hardly_a_minor_lives_without_a_parent() -> None:
    minors = [person for person, age in zip(POPULATION, AGES, strict=True) if age < 18]
    alone = [person for person in minors if person.mother is None and person.father is None]

    assert 0.15 < len(minors) / len(POPULATION) < 0.25
    assert 0.01 > len(alone) / len(minors)


def test_households_stand_together_begin_with_their_head_and_have_one_address() -> None:
    for person in POPULATION:
        head = POPULATION[person.household]
        assert (Role.HEAD, head.address, head.household) == (head.role, person.address, head.place)
        assert head.place <= person.place <= head.place + 15
    sizes = Counter(Counter(person.household for person in POPULATION).values())
    assert 2.0 < len(POPULATION) / sizes.total() < 3.2
    assert 0.02 < sum(person.role is Role.GRANDPARENT for person in POPULATION) / len(POPULATION) < 0.12


def test_most_children_bear_the_name_of_their_father_and_wang_is_common() -> None:
    named = [(person.name[0], POPULATION[person.father].name[0]) for person in POPULATION if person.father is not None]
    wang = sum(person.name.startswith("王") for person in POPULATION) / len(POPULATION)

    assert 0.88 < sum(child == father for child, father in named) / len(named) < 0.98
    assert 0.05 < wang < 0.1


def test_phones_are_of_a_range_that_is_not_assigned_and_small_children_have_the_household_s() -> None:
    assert all(person.phone.startswith("154") and len(person.phone) == 11 for person in POPULATION)
    for person, age in zip(POPULATION, AGES, strict=True):
        if age < 11:
            assert POPULATION[person.household].phone == person.phone


def test_check_digits_of_many_numbers_are_those_of_one() -> None:
    bodies = [99010119550307003, 11010519491231002, 44052418800101001]

    assert [f"{body}{resident_check_digit(str(body))}".encode() for body in bodies] == with_check_digits(
        np.array(bodies)
    ).tolist()


@pytest.mark.parametrize(("count", "batch_size"), [(0, 10), (10**8 + 1, 10), (10, 0)])
def test_a_population_of_nobody_or_of_too_many_is_refused(count: int, batch_size: int) -> None:
    with pytest.raises(ValueError, match="population"):
        next(generate(7, count, TODAY, batch_size=batch_size))


def test_columns_and_people_say_the_same() -> None:
    people = whole()

    assert [person.id for person in POPULATION] == [UUID(bytes=raw) for raw in people.id.tolist()]
    assert [NOBODY if person.father is None else person.father for person in POPULATION] == people.father.tolist()
    assert [bytes(16) if person.mother is None else POPULATION[person.mother].id.bytes for person in POPULATION] == (
        people.mother_id.tolist()
    )
