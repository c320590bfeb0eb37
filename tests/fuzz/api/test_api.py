"""The API does what its document says: a short run of every phase by every kind of caller, the same each time."""

import json
from collections.abc import Iterator

import pytest

from tests.fuzz.api.running import EVERYONE, Ran, Run, run_as
from tests.fuzz.api.town import ServedTown, a_served_town
from tests.fuzz.parsers.calls import house_routes
from tests.support.database import a_database_to_serve_from
from yikatong.plumbing.database import Database

SEED = 20_261_125
COVERED_ONE_IN = 12
"""Of so many operations one goes through the phase of coverage, which makes some fifty calls of each."""
DONE_MIN = 40
"""So many operations must be done, not only refused, for a run to have looked behind the door."""


@pytest.fixture(scope="module")
def town(db: Database) -> Iterator[ServedTown]:
    """A town on a database of its own."""
    with a_database_to_serve_from(db.address.conninfo) as address, a_served_town(address) as served:
        yield served


@pytest.fixture(scope="module")
def ran(town: ServedTown) -> Ran:
    """Every operation, called by those it admits in turn."""
    operations = tuple(route.name for route in house_routes())
    return run_as(
        EVERYONE, Run(operations=operations, examples=1, seed=SEED, covered=operations[::COVERED_ONE_IN]), town=town
    )


def test_what_the_document_says_is_what_callers_meet(ran: Ran) -> None:
    assert not ran.is_faulty, ran.said


def test_it_looked_behind_the_door(ran: Ran) -> None:
    assert {route.path for route in house_routes()} == {name.partition(" ")[2] for name in ran.tally.statuses}
    assert DONE_MIN <= len(ran.tally.done), ran.tally


def test_no_room_refused_for_a_reason_that_it_does_not_declare(town: ServedTown, ran: Ran) -> None:
    lines = [json.loads(line) for line in town.log.read_text(encoding="utf-8").splitlines() if line.startswith("{")]

    assert ran.tally.calls // 2 < sum(line["event"] == "call" for line in lines)
    assert [] == [line for line in lines if line["event"] == "a reason is not declared"]
