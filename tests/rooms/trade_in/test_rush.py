"""A crowd for the last places: exactly as many win as there is money for, nobody twice, whoever asks through whom."""

import asyncio
import os
import time
from collections import Counter

import pytest

from tests.support.builders.cards import an_id_number
from tests.support.builders.chain import Place, a_code
from tests.support.builders.ledger import IDS
from tests.support.world import FixedClock
from yikatong.app.wallets.qualifying import Qualifying
from yikatong.cards import bulk
from yikatong.cards.bulk import Newcomer
from yikatong.cards.model import NewPerson, Registered
from yikatong.cards.rules.persons import read_person
from yikatong.kernel.ids import ResidentId, bucket_of
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Change, Refused
from yikatong.plumbing.database import Database
from yikatong.trade_in.model import Application, Qualified

pytestmark = pytest.mark.anyio

APPLICANTS = int(os.environ.get("YIKATONG_TESTS_APPLICANTS", "1000"))
PLACES = 100
ONE = 50_000
AT_ONCE = 500


async def a_crowd(place: Place, count: int) -> list[ResidentId]:
    """Grown-up residents."""
    people = []
    for _ in range(count):
        form = NewPerson(name="王小明", id_number=an_id_number(), phone="13800000000", address="亭亭社区一栋一单元")
        person = read_person(form, on=day_of(place.now), synthetic_allowed=True)
        people.append(Newcomer(ResidentId(IDS.new()), place.code, person))
    for start in range(0, count, AT_ONCE):
        async with place.db.transaction() as conn:
            await bulk.register_newcomers(
                conn,
                people[start : start + AT_ONCE],
                region=place.code,
                terms=place.world.terms,
                vault=place.vault,
                now=place.now,
            )
    return [one.id for one in people]


def several_workers(place: Place, count: int) -> list[Qualifying]:
    """Workers that know nothing of each other."""
    return [
        Qualifying(
            place.own_commit,
            chain=place.chain,
            vault=place.vault,
            clock=FixedClock(place.now),
            ids=IDS,
            writer=number,
        )
        for number in range(count)
    ]


def applied_by(place: Place, resident_id: ResidentId, old_code: str | None = None) -> Application:
    """An application of one of the crowd."""
    bucket = bucket_of(resident_id, place.chain.bucket_count)
    return place.an_application(
        Registered(resident_id=resident_id, bucket=bucket, change=Change.DONE), old_code=old_code
    )


async def rush(workers: list[Qualifying], applications: list[Application]) -> list[Qualified | Refused]:
    """Everybody at once, each at the next worker."""
    return await asyncio.gather(*(workers[number % len(workers)].apply(one) for number, one in enumerate(applications)))


@pytest.mark.parametrize("buckets", [1, 8])
async def test_of_a_crowd_exactly_those_win_for_whom_there_is_money(db: Database, buckets: int) -> None:
    place = await Place(db, bucket_count=buckets).funded(PLACES * ONE)
    crowd = await a_crowd(place, APPLICANTS)
    applications = [applied_by(place, one) for one in crowd]

    began = time.perf_counter()
    ends = await rush(several_workers(place, 2), applications)
    took = time.perf_counter() - began

    won = [end for end in ends if isinstance(end, Qualified)]
    reasons = Counter(end.reason.name for end in ends if isinstance(end, Refused))
    print(f"{APPLICANTS} applicants, {buckets} buckets: {took:.2f} s")  # noqa: T201  told with -s
    assert PLACES == len(won) == len({end.kept.claim.resident_id for end in won})
    assert {"BUDGET_IS_USED_UP": APPLICANTS - PLACES} == dict(reasons)
    assert 0 == await place.left()
    async with db.transaction() as conn:
        cursor = await conn.execute(
            "SELECT count(*), sum(held_fen) FROM trade_in.claim WHERE place = %s", (place.code,)
        )
        assert (PLACES, PLACES * ONE) == await cursor.fetchone()
        cursor = await conn.execute(
            "SELECT sum(refused) FROM trade_in.refusal WHERE place = %s AND reason = 'BUDGET_IS_USED_UP'",
            (place.code,),
        )
        assert (APPLICANTS - PLACES,) == await cursor.fetchone()
        codes = [one.old_code for one in applications]
        cursor = await conn.execute("SELECT count(*) FROM trade_in.vehicle WHERE code = ANY (%s)", (codes,))
        assert (PLACES,) == await cursor.fetchone()


async def test_of_many_who_ask_for_one_bike_one_wins(db: Database) -> None:
    place = await Place(db).funded(50 * ONE)
    crowd, code = await a_crowd(place, 40), a_code()

    ends = await rush(several_workers(place, 3), [applied_by(place, one, code) for one in crowd])

    reasons = Counter(end.reason.name for end in ends if isinstance(end, Refused))
    assert {"VEHICLE_IS_COUNTED_ALREADY": 39} == dict(reasons)
    assert 49 * ONE == await place.left()


async def test_one_person_who_asks_many_times_at_once_gets_what_the_place_allows(db: Database) -> None:
    terms = {"per_person": "{count: 2, per: scheme, clause: notice}"}
    place = await Place(db, terms=terms).funded(50 * ONE)
    (resident_id,) = await a_crowd(place, 1)

    ends = await rush(several_workers(place, 4), [applied_by(place, resident_id) for _ in range(30)])

    reasons = Counter(end.reason.name for end in ends if isinstance(end, Refused))
    assert {"CLAIMS_ARE_USED_UP": 28} == dict(reasons)
    assert 48 * ONE == await place.left()


async def test_one_request_that_comes_many_times_at_once_is_one_claim(db: Database) -> None:
    place = await Place(db).funded(50 * ONE)
    (resident_id,) = await a_crowd(place, 1)
    application = applied_by(place, resident_id)

    ends = await rush(several_workers(place, 4), [application] * 20)

    changes = Counter(end.change for end in ends if isinstance(end, Qualified))
    assert {Change.DONE: 1, Change.ALREADY_SO: 19} == dict(changes)
    assert 49 * ONE == await place.left()
