"""A claim stays with the place, the year and the person for which it was qualified."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.builders.chain import Place, a_code
from tests.support.builders.programmes import PAID_LATER
from yikatong.cards.model import Registered
from yikatong.kernel.outcomes import Refused
from yikatong.ledger.model import name_budget
from yikatong.plumbing.database import Database
from yikatong.trade_in import service
from yikatong.trade_in.model import (
    Act,
    Application,
    ClaimState,
    KeptClaim,
    PreparedSale,
    Qualified,
    Spending,
    VehicleRole,
)  # fmt: skip
from yikatong.trade_in.service import stop_payment
from yikatong.trade_in.store import vehicles

pytestmark = pytest.mark.anyio

ONE = 50_000
ONCE_A_YEAR = {"per_person": "{count: 1, per: calendar_year, clause: notice}"}
NEW_YEAR = datetime(2027, 1, 2, 4, 0, tzinfo=UTC)


def reason_of(end: object) -> str:
    assert isinstance(end, Refused), end
    return end.reason.name


async def qualified(place: Place, resident: Registered, **more: Any) -> KeptClaim:
    """A claim of somebody who is known."""
    end = await place.admit(place.an_application(resident, **more))
    assert isinstance(end, Qualified), end
    return end.kept


async def a_place_of_two_years(db: Database, **terms: str) -> Place:
    """A place with money of this year and of the last, where each person has one chance a year."""
    place = await Place(db, now=NEW_YEAR, terms=ONCE_A_YEAR | terms).funded(10 * ONE)
    this_year, place.budget = place.budget, name_budget(f"trade_in:{place.code}:2026")
    await place.funded(10 * ONE)
    place.budget = this_year
    return place


async def test_a_chance_of_last_year_buys_no_second_bike_this_year(db: Database) -> None:
    place = await a_place_of_two_years(db, **PAID_LATER)
    resident = await place.a_resident()
    await place.done(await qualified(place, resident), Act.RECEIVE_OLD, Act.SELL)
    of_last_year = await qualified(place, resident, bought_on="2026-12-31")
    await place.done(of_last_year, Act.RECEIVE_OLD)

    with pytest.raises(Refused, match="SALE_IS_UNDER_ANOTHER_SCHEME"):
        await place.act(place.an_order(of_last_year, Act.SELL))

    sold = await place.done(of_last_year, Act.SELL, on=datetime(2026, 12, 31, tzinfo=UTC).date())
    assert f"trade_in:{place.code}:2026" == sold.budget


async def test_a_till_takes_no_money_of_last_year_off_a_price_of_this_year(db: Database) -> None:
    place = await a_place_of_two_years(db)
    resident = await place.a_resident()
    of_last_year = await qualified(place, resident, bought_on="2026-12-31")
    of_this_year = await qualified(place, resident)

    with pytest.raises(Refused, match="SALE_IS_UNDER_ANOTHER_SCHEME"):
        await place.prepared(place.an_order(of_last_year, Act.DEDUCT))
    assert isinstance(await place.prepared(place.an_order(of_this_year, Act.DEDUCT)), PreparedSale)


async def test_goods_that_were_moved_in_one_place_are_not_claimed_in_another(db: Database) -> None:
    here, there = await Place(db, terms=PAID_LATER).funded(2 * ONE), await Place(db, terms=PAID_LATER).funded(2 * ONE)
    resident = await here.a_resident()
    code = a_code()
    bought = await here.done(await qualified(here, resident, old_code=code), Act.RECEIVE_OLD, Act.SELL)
    await here.done(bought, Act.WITHDRAW)

    assert "VEHICLE_IS_COUNTED_ALREADY" == reason_of(await there.admit(there.an_application(resident, old_code=code)))
    assert 2 * ONE == await there.left()
    again = await here.admit(here.an_application(resident, old_code=code))
    assert isinstance(again, Qualified)
    assert bought.claim.new_code == again.kept.claim.new_code


@pytest.mark.parametrize("is_first", [True, False])
async def test_whoever_asks_for_another_persons_bike_at_the_same_moment_does_not_keep_it_from_them(
    db: Database, is_first: bool
) -> None:
    place = await Place(db, terms=PAID_LATER, bucket_count=1).funded(5 * ONE)
    owner, other, code = await place.a_resident(), await place.a_resident(), a_code()
    await place.done(await qualified(place, owner, old_code=code), Act.RECEIVE_OLD, Act.WITHDRAW)
    in_order = (owner, other) if is_first else (other, owner)
    asking = [place.an_application(one, old_code=code) for one in in_order]

    ends = await many(place, asking)

    by_resident = {one.resident_id: end for one, end in zip(asking, ends, strict=True)}
    assert isinstance(by_resident[owner.resident_id], Qualified)
    assert "VEHICLE_IS_COUNTED_ALREADY" == reason_of(by_resident[other.resident_id])


async def test_of_two_who_ask_for_one_bike_in_one_batch_the_first_has_it(db: Database) -> None:
    place = await Place(db, bucket_count=1).funded(5 * ONE)
    code = a_code()
    asking = [place.an_application(await place.a_resident(), old_code=code) for _ in range(3)]

    ends = await many(place, asking)

    assert [True, False, False] == [isinstance(end, Qualified) for end in ends]


async def many(place: Place, asking: Sequence[Application]) -> list[Qualified | Refused]:
    """The ends of applications that come together."""
    return await service.admit_many(
        place.own_commit, bucket=0, applications=asking, chain=place.chain, vault=place.vault, now=place.now,
        ids=place.ids,
    )  # fmt: skip


async def test_whoever_frees_the_code_of_a_refused_sale_waits_for_nobody(db: Database) -> None:
    place = await Place(db, terms=PAID_LATER).funded(ONE)
    claim_id, code = (await place.qualified()).claim.claim_id, a_code()
    async with db.transaction() as conn:
        await service.claim_new_code(conn, claim_id=claim_id, code=code, chain=place.chain, now=place.now)
    wanted = Spending(code, VehicleRole.NEW, claim_id)
    async with db.transaction() as selling:
        await vehicles.claim_code(selling, wanted=wanted, held_until=place.now)
        async with db.transaction() as conn:
            await conn.execute("SET LOCAL lock_timeout = '5s'")
            await service.free_new_code(conn, claim_id=claim_id, code=code)
        assert wanted == await vehicles.find_code(selling, code=code)
    async with db.transaction() as conn:
        await service.free_new_code(conn, claim_id=claim_id, code=code)
        assert await vehicles.find_code(conn, code=code) is None


async def test_a_payment_is_stopped_once_for_a_request_and_another_term_under_its_id_is_another(db: Database) -> None:
    place = await Place(db, terms=PAID_LATER).funded(ONE)
    kept = await place.done(await place.qualified(), Act.RECEIVE_OLD, Act.SELL, Act.SUBMIT, Act.CHECK)
    request_id = place.ids.new()
    order = place.an_order(kept, Act.REJECT, request_id=request_id)
    await place.act(order)

    with pytest.raises(Refused, match="DEED_IS_ANOTHER"):
        async with db.transaction() as conn:
            await stop_payment(
                conn,
                order=place.an_order(kept, Act.STOP, request_id=request_id),
                chain=place.chain,
                vault=place.vault,
                now=place.now,
                ids=place.ids,
            )
    assert ClaimState.REJECTED is (await place.claim(kept.claim.claim_id)).claim.state
