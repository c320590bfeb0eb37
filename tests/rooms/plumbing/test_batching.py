"""Batches through transactions: what meets another writer runs again, and one fault does not reach its neighbours."""

from collections import Counter
from collections.abc import Sequence

import pytest

from tests.support.backends import end_backend
from yikatong.plumbing.batching import Transactions
from yikatong.plumbing.database import Database
from yikatong.plumbing.pipeline import BEGIN, COMMIT, BatchConnection, BatchMustRerun

pytestmark = pytest.mark.anyio


class Kitchen:
    """Cooks in transactions: a stone breaks a tooth, a slow dish needs some tries, a poisoned one never succeeds."""

    def __init__(self, *, slow_tries: int = 0) -> None:
        self.tries: Counter[str] = Counter()
        self.slow_tries = slow_tries

    async def cook(self, conn: BatchConnection, dishes: Sequence[str]) -> list[str]:
        """One transaction."""
        await conn.run([BEGIN])
        for dish in dishes:
            self.tries[dish] += 1
            if dish == "stone":
                raise ValueError(dish)
            if dish == "poison" or (dish == "slow" and self.tries[dish] <= self.slow_tries):
                raise BatchMustRerun(dish)
        await conn.run([COMMIT])
        return [dish.upper() for dish in dishes]


async def served(db: Database, kitchen: Kitchen, *dishes: str) -> list[str | type[Exception]]:
    """The ends of a batch; the class of what was raised."""
    transactions = Transactions(kitchen.cook, connect=db.connect_serving)
    try:
        return [type(end) if isinstance(end, Exception) else end for end in await transactions.serve(dishes)]
    finally:
        await transactions.close()


async def test_a_batch_that_met_another_writer_runs_again_whole(db: Database) -> None:
    kitchen = Kitchen(slow_tries=1)

    assert ["SOUP", "SLOW", "RICE"] == await served(db, kitchen, "soup", "slow", "rice")
    assert {"soup": 2, "slow": 2, "rice": 1} == dict(kitchen.tries)


async def test_what_meets_others_at_every_try_is_given_up_alone(db: Database) -> None:
    kitchen = Kitchen()

    assert ["A", "B", BatchMustRerun, "C"] == await served(db, kitchen, "a", "b", "poison", "c")
    assert 8 == kitchen.tries["poison"]


async def test_a_fault_of_ours_is_raised_to_its_own_work_after_one_try_alone(db: Database) -> None:
    kitchen = Kitchen()

    assert ["A", ValueError, "B", "C"] == await served(db, kitchen, "a", "stone", "b", "c")
    assert 3 == kitchen.tries["stone"]


async def test_a_connection_that_was_lost_is_opened_anew(db: Database) -> None:
    transactions = Transactions(Kitchen().cook, connect=db.connect_serving)
    before = await transactions.serve(["soup"])
    first = transactions.backend_pid
    await end_backend(db, first)

    assert ["SOUP"] == before == await transactions.serve(["soup"])
    assert first != transactions.backend_pid
    await transactions.close()
