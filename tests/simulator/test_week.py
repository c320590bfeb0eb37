"""A simulated week: one seed decides every message and every interleaving, and nothing is lost, doubled or wrong."""

import os
from collections.abc import Iterator

import pytest

from tests.simulator.week.living import VARIABLE, Lived, lived, told
from tests.support.database import a_fresh_database, build_schema
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.database import Database

SEEDS = [int(seed) for seed in os.environ.get(VARIABLE, "1 2").split()]


@pytest.fixture(scope="module")
def empty_house(db: Database) -> Iterator[ServerAddress]:
    """A database with every table and nothing in it, of which each week gets a copy."""
    with a_fresh_database(db.address.conninfo) as address:
        assert {} == build_schema(address.conninfo)
        yield address


@pytest.fixture(scope="module")
def weeks() -> dict[int, Lived]:
    """The weeks lived so far, by their seeds."""
    return {}


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_lost_doubled_or_wrong_in_a_week(
    empty_house: ServerAddress, weeks: dict[int, Lived], seed: int
) -> None:
    weeks[seed] = lived(seed, empty_house)

    if weeks[seed].wrong:
        pytest.fail(told(seed, weeks[seed]), pytrace=False)


def test_a_week_is_lived_again_byte_for_byte(empty_house: ServerAddress, weeks: dict[int, Lived]) -> None:
    seed = SEEDS[0]
    first = weeks.get(seed) or lived(seed, empty_house)

    again = lived(seed, empty_house)

    assert first.lines == again.lines
    assert first.digest == again.digest
