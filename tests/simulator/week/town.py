"""A place that pays claims later: who applies there, where their accounts are, and the banks that pay them."""

from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.simulator.week.history import History
from tests.simulator.week.paying_bank import PayingBank, WeekBankFiles
from tests.simulator.week.sheets import LATER, SUBSIDY_FEN
from tests.simulator.week.store import fund
from tests.support.builders.benefits import handle_of
from tests.support.builders.counter import CounterWorld
from yikatong.cards import bulk_enrolment
from yikatong.cards.bulk_enrolment import Binding
from yikatong.cards.model import Registered
from yikatong.payouts.jobs import FileTerms
from yikatong.payouts.model import FileFormat

APPLICANTS = 5
FUNDED_LATER_FEN = 7 * SUBSIDY_FEN + 10_000
BANKS = ("104", "105")
"""None of them is the one that debits at tills, so that what is owed to each is of claims alone."""
FILE_TERMS = FileTerms(formats={BANKS[1]: FileFormat.CSV}, lines_in_part=2)
_OLD_BIKES, _NEW_BIKES = 14, 14


class Town(NamedTuple):
    """The place."""

    applicants: list[Registered]
    banks: dict[str, PayingBank]
    files: WeekBankFiles
    old_codes: list[str]
    new_codes: list[str]


async def a_town(worker: CounterWorld, *, folder: Path, history: History, seed: int) -> Town:
    """People with cards and accounts at two banks, and a budget that may come to its end."""
    random = Random(seed)
    async with worker.db.transaction() as conn:
        people = worker.cards(conn)
        applicants = [await people.a_card_holder() for _ in range(APPLICANTS)]
        bindings = [
            Binding(one.resident_id, BANKS[number % len(BANKS)], handle_of(one.resident_id), "0000")
            for number, one in enumerate(applicants)
        ]
        await bulk_enrolment.bind_many(conn, bindings, bucket_count=1, now=worker.clock.now(), ids=worker.ids)
        await fund(conn, worker, place=LATER, fen=FUNDED_LATER_FEN)
    codes = [f"{number:015d}" for number in random.sample(range(10**14), _OLD_BIKES + _NEW_BIKES)]
    return Town(
        applicants=applicants,
        banks={
            name: PayingBank(
                folder / name, name=name, clock=worker.clock, random=Random(random.random()), history=history
            )
            for name in BANKS
        },
        files=WeekBankFiles(folder, random=Random(random.random()), history=history),
        old_codes=codes[:_OLD_BIKES],
        new_codes=codes[_OLD_BIKES:],
    )
