"""Living a week in a database of its own, and saying how it was."""

import asyncio
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from tests.simulator.week.attacker import differences_of_the_log
from tests.simulator.week.checks import differences
from tests.simulator.week.journal import Taken
from tests.simulator.week.life import Life
from tests.simulator.week.place import Place, a_place
from tests.simulator.week.turns import WeekLoop
from tests.support.database import named_instead
from yikatong.plumbing.address import ServerAddress

VARIABLE = "YIKATONG_TESTS_WEEKS"


class Lived(NamedTuple):
    """How a week was: what is wrong, its history, and figures."""

    wrong: list[str]
    lines: list[str]
    digest: str
    figures: str


def lived(seed: int, empty: ServerAddress, *, days: float = 7) -> Lived:
    """Live a week, or some days of one, in a database of its own and look at what is left of it."""
    sys.stdout.write(f"the week of seed {seed} at commit {a_commit()}\n")
    with a_copy(empty) as address, asyncio.Runner(loop_factory=WeekLoop) as runner:
        return runner.run(_live(seed, address, days=days))


async def _live(seed: int, address: ServerAddress, *, days: float) -> Lived:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, WeekLoop)
    async with a_place(seed, address, loop, days=days) as place:
        life = Life(place)
        await life.live()
        with psycopg.connect(address.conninfo) as conn:
            wrong = differences(place, life, conn)
        life.close()
        now = place.clock.now()
    wrong += await differences_of_the_log(address, keys=place.first.keys, now=now, seed=seed)
    return Lived(wrong, place.history.lines, place.history.digest(), figures_of(place, life))


def figures_of(place: Place, life: Life) -> str:
    """How much happened."""
    network, turns = life.network, place.turns
    taken = sum(isinstance(entry, Taken) for entry in place.journal)
    payments = sum(len(bank.payments) for bank in place.town.banks.values())
    return (
        f"{turns.statements} statements, {turns.waits} waits for locks, {turns.circles} circles, {taken} works,"
        f" {network.sent} messages, {network.lost} lost, {network.answers_lost} answers lost, {network.late} late,"
        f" {network.doubled} doubled, {len(life.told.receipts)} receipts, {len(life.told.commands)} commands,"
        f" {len(place.bank.debited)} debits, {len(life.told.dark)} taps in the dark,"
        f" {life.later.network.sent} messages of the town, {payments} payments by banks"
    )


@contextmanager
def a_copy(empty: ServerAddress) -> Iterator[ServerAddress]:
    """A copy of an empty house, dropped at the end."""
    name = f"yikatong_week_{uuid.uuid4().hex[:12]}"
    template = conninfo_to_dict(empty.conninfo)["dbname"]
    beside = named_instead(empty.conninfo, "postgres")
    with psycopg.connect(beside, autocommit=True) as conn:
        words = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(str(template)))
        conn.execute(words)
        try:
            yield ServerAddress(conninfo=named_instead(empty.conninfo, name))
        finally:
            conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def a_commit() -> str:
    """The commit that is tested, as far as git knows."""
    repository = Path(__file__).parents[2]
    asked = ["git", "-C", str(repository), "describe", "--always", "--dirty"]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip() or "unknown"  # noqa: S603


def told(seed: int, week: Lived) -> str:
    """What went wrong, and everything that is needed to live the same week again."""
    return "\n".join(
        (
            f"The week of seed {seed} at commit {a_commit()} went wrong:",
            *(f"  {one}" for one in week.wrong[:10]),
            "Its history ends:",
            *week.lines[-40:],
            f"To live it again: {VARIABLE}={seed} python -m pytest tests/simulator/test_week.py",
        )
    )
