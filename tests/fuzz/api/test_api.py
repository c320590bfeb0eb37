"""The API does what its document says, for each kind of caller: a short run of every phase, the same each time."""

import json
from collections.abc import Iterator

import pytest

from tests.fuzz.api.running import Ran, Run, operations_of, run_as
from tests.fuzz.api.town import ServedTown, a_served_town
from tests.fuzz.parsers.calls import house_routes
from tests.support.database import a_fresh_database
from yikatong.plumbing.database import Database

SEED = 20_261_125
EXAMPLES = 2
COVERED_ONE_IN = 8
"""Of so many operations one goes through the phase of coverage, which makes some fifty calls of each."""
DONE_BY = {"nobody": 5, "partner": 1, "terminal": 2, "wallet": 8, "staff": 2, "operator": 20}
"""So many operations must be done, not only refused, for a run to have looked behind the door."""


@pytest.fixture(scope="module")
def town(db: Database) -> Iterator[ServedTown]:
    """A town on a database of its own."""
    with a_fresh_database(db.address.conninfo) as address, a_served_town(address) as served:
        yield served


def run_shortly(town: ServedTown, caller: str) -> Ran:
    """Every phase, on what the caller may call."""
    operations = operations_of(caller, house_routes())
    run = Run(operations=operations, examples=EXAMPLES, seed=SEED, covered=operations[::COVERED_ONE_IN])
    return run_as(caller, run, town=town)


@pytest.mark.parametrize("caller", DONE_BY)
def test_what_the_document_says_is_what_a_caller_meets(town: ServedTown, caller: str) -> None:
    ran = run_shortly(town, caller)

    assert not ran.is_faulty, ran.said
    assert DONE_BY[caller] <= len(ran.tally.done), ran.tally


def test_no_room_refused_for_a_reason_that_it_does_not_declare(town: ServedTown) -> None:
    lines = [json.loads(line) for line in town.log.read_text(encoding="utf-8").splitlines() if line.startswith("{")]

    assert 100 < sum(line["event"] == "call" for line in lines)
    assert [] == [line for line in lines if line["event"] == "a reason is not declared"]
