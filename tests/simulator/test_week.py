"""A simulated week: one seed decides every message and every interleaving, and nothing is lost, doubled or wrong."""

import os
from collections.abc import Iterator

import psycopg
import pytest

from tests.simulator.week.living import VARIABLE, Lived, lived, told
from tests.simulator.week.turns import is_here
from tests.support.cluster import is_cluster
from tests.support.database import a_fresh_database, build_schema
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.database import Database

SEEDS = [int(seed) for seed in os.environ.get(VARIABLE, "2 3 4").split()]
MORE_SEEDS = range(101, 107)
"""Lived only as long as something has not happened yet."""
SHORT_DAYS = 1.5
KINDS = {
    "a message is lost": " lost: ",
    "an answer is lost": " answer lost: ",
    "a message comes late": " late",
    "a message comes twice": " doubled: ",
    "a till has no network": " is without network for ",
    "a statement waits for another's lock": " waits for a lock",
    "a reversal overtakes its original": ": reversed nothing False",
    "the original that was overtaken is refused": "refused TAP_WAS_REVERSED",
    "a code comes a second time": "CODE_ALREADY_USED",
    "a request comes with another body": "REQUEST_ID_IS_USED_FOR_ANOTHER_BODY",
    "a wallet's clock is behind": ": refused CODE_IS_TOO_OLD",
    "a wallet's clock is ahead": ": refused CODE_IS_FROM_THE_FUTURE",
    "a card that was reported lost is refused": "CARD_IS_TEMPORARILY_REPORTED_LOST",
    "a bank is asked": " the bank is asked ",
    "a bank is silent": " in silence",
    "somebody confirms": " confirm ",
    "something is given back": ": refunded ",
    "a till's key is revoked": " revoke the last till ",
    "an allowance is granted": " grant to their place ",
    "an outpost is dark for days": " is dark for 250000 s",
    "an outpost's clock is wrong by minutes": " wrong by 0:04:00",
    "an outpost loses its power": " loses its power",
    "an outpost takes a tap in the dark": " takes by answered",
    "an outpost takes a plastic card": " takes by chip:",
    "an outpost takes a plastic card without its password": " takes by chip without password",
    "an outpost wants a plastic card's password": " by chip without password: CHIP_MUST_VERIFY_ITS_PASSWORD",
    "an outpost hears of a plastic card's stop": " by chip entry: CERTIFICATE_IS_SUSPENDED",
    "what a chip said is shown again": ": CODE_WAS_SEEN_BEFORE",
    "what a chip said is shown to another terminal": "CHIP_ANSWERS_ANOTHER_TERMINAL",
    "an outpost takes nobody's word": ": ATTESTED_IS_NOT_SERVED_OFFLINE",
    "an outpost hears of a stop": "CERTIFICATE_IS_SUSPENDED",
    "an outpost's list becomes too old": ": STATUS_LIST_IS_",
    "older lists are played back": "STATUS_LIST_IS_ROLLED_BACK",
    "an allowance is used up": "ALLOWANCE_IS_USED_UP",
    "somebody is qualified": ": is qualified done",
    "an old bike counts for somebody else": "VEHICLE_IS_COUNTED_ALREADY",
    "the programme's money ends": "BUDGET_IS_USED_UP",
    "a sale is entered": ": a sale is entered for 200000 less 50000",
    "a sale that nobody paid is taken back": ": the sale is off done",
    "a sale is paid": "claim=50000",
    "a sale is paid that is not entered": "refused SALE_IS_NOT_PREPARED",
    "a sale comes back in part": "no, GOODS_COME_BACK_WHOLE",
    "goods come back": ": refunded 200000 left 0",
    "a qualification is given up": ": withdraw done, it is withdrawn",
    "what was paid is clawed back": ": reclaim done, it is reclaimed",
    "an upload is posted": ": posted",
    "an upload finds its code used": ": refused CODE_ALREADY_USED",
    "an upload becomes a dispute": ": disputed ",
    "a dispute is decided for the provider": " is decided: decide for the provider",
    "a dispute is decided for the resident": " is decided: decide for the resident",
    "somebody decides what was decided for the other side": "no, DISPUTE_IS_DECIDED",
    "a delta of before is put in front": " is given a status delta of before",
    "whoever serves a request dies over it": " dies over it: ",
    "a claim that is paid later is checked": " would check in the town: check done",
    "a claim that is paid later is sent back": " would reject in the town: reject done",
    "a roster is public": "publish a roster: done",
    "somebody objects to a line": "object to a line: done",
    "a roster is final": "make a roster final: done",
    "a roster is withdrawn": "withdraw a roster: done",
    "a payment is stopped": " would stop in the town: stop done",
    "a payment is revoked": "revoke a payment: done",
    "a bank books a payment": " books 50000",
    "a bank refuses a payment": " refuses 50000",
    "a bank gives a payment back": " gives a payment back",
    "a bank loses what it wrote": " loses a ",
    "a bank's files come in another order": " holds a ",
    "what came back is paid again": "pay again: done",
    "banks cannot be reached": "the place of bank files cannot be reached",
}
"""What happens in a week, and the words of its history that say so."""


@pytest.fixture(scope="module")
def empty_house(db: Database) -> Iterator[ServerAddress]:
    """A database with every table and nothing in it, of which each week gets a copy."""
    with psycopg.connect(db.address.conninfo) as conn:
        if is_cluster(conn):
            pytest.skip("a week needs one machine: its server says who waits for whom, and copies a database")
    with a_fresh_database(db.address.conninfo) as address:
        assert {} == build_schema(address.conninfo)
        yield address


@pytest.fixture(scope="module")
def weeks(empty_house: ServerAddress) -> dict[int, Lived]:
    """The weeks of the seeds."""
    return {seed: lived(seed, empty_house) for seed in SEEDS}


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_lost_doubled_or_wrong_in_a_week(weeks: dict[int, Lived], seed: int) -> None:
    if weeks[seed].wrong:
        pytest.fail(told(seed, weeks[seed]), pytrace=False)


def test_everything_that_can_happen_happens_within_a_few_weeks(
    empty_house: ServerAddress, weeks: dict[int, Lived]
) -> None:
    missing = dict(KINDS)
    for seed in [*SEEDS, *MORE_SEEDS]:
        if missing:
            week = weeks.get(seed) or lived(seed, empty_house)
            missing = {kind: words for kind, words in missing.items() if not any(words in line for line in week.lines)}

    assert {} == missing


def test_some_days_are_lived_again_byte_for_byte(empty_house: ServerAddress) -> None:
    with psycopg.connect(empty_house.conninfo) as watcher:
        if not is_here(watcher):
            pytest.skip("a server elsewhere chooses by itself who goes first of those whom one lock sets free")

    first, again = (lived(SEEDS[0], empty_house, days=SHORT_DAYS) for _ in range(2))

    assert first.lines == again.lines
    assert first.digest == again.digest
