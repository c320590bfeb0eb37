"""An application becomes a claim with its money in one commit, or is refused for a reason and changes nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import pytest
from msgspec import structs

from tests.support.backends import until_waits
from tests.support.builders.chain import Place, a_code
from yikatong.kernel.outcomes import Change, Refused
from yikatong.plumbing.database import Connection, Database
from yikatong.programmes import service as programmes
from yikatong.trade_in import service
from yikatong.trade_in.model import Act, ClaimState, Qualified
from yikatong.trade_in.service.applying import claim_old_codes, give_codes_back
from yikatong.trade_in.store.vehicles import find_code

pytestmark = pytest.mark.anyio

ONE = 50_000


async def test_who_qualifies_has_a_claim_its_money_and_one_decision(db: Database) -> None:
    place = await Place(db).funded(3 * ONE)

    kept = await place.qualified()

    assert ClaimState.QUALIFIED is kept.claim.state
    assert (ONE, 0) == (kept.claim.money.held_fen, kept.to_release_fen)
    assert ONE == await place.account_fen(kept)
    assert 2 * ONE == await place.left()
    assert kept == await place.claim(kept.claim.claim_id)
    async with db.transaction() as conn:
        ((deed,), (decision,)) = (
            await service.list_deeds(conn, claim_id=kept.claim.claim_id, bucket_count=place.chain.bucket_count),
            await service.list_decisions(conn, claim_id=kept.claim.claim_id, bucket_count=place.chain.bucket_count),
        )
    assert ("qualify", 1, decision.decision_id) == (deed.act, deed.number, deed.decision_id)
    assert (ONE, None, ("price", "new_battery")) == (decision.amount_fen, decision.reason, decision.assumed)


async def test_the_same_request_again_is_already_so_and_another_under_its_id_is_refused(db: Database) -> None:
    place = await Place(db).funded(3 * ONE)
    application = place.an_application(await place.a_resident())
    first = await place.admit(application)

    again = await place.admit(application)
    other = await place.admit(structs.replace(application, old_code=a_code()))

    assert isinstance(first, Qualified)
    assert Qualified(first.kept, Change.ALREADY_SO) == again
    assert "DEED_IS_ANOTHER" == reason_of(other)
    assert 2 * ONE == await place.left()


async def test_a_request_that_was_heard_is_already_so_also_when_the_budget_is_used_up(db: Database) -> None:
    place = await Place(db).funded(ONE)
    application = place.an_application(await place.a_resident())
    await place.admit(application)

    again = await place.admit(application)

    assert isinstance(again, Qualified)
    assert Change.ALREADY_SO is again.change


async def test_a_code_that_its_holder_gives_back_meanwhile_is_held_by_whoever_applies(db: Database) -> None:
    place = await Place(db).funded(ONE)
    earlier = place.an_application(await place.a_resident())
    later = structs.replace(place.an_application(await place.a_resident()), old_code=earlier.old_code)
    async with db.transaction() as conn:
        await claim_old_codes(conn, applications=[earlier], chain=place.chain, now=place.now)
    async with await db.connect_serving() as qualifying:

        @asynccontextmanager
        async def own_commit() -> AsyncIterator[Connection]:
            async with qualifying.transaction():
                yield qualifying

        async with db.transaction() as giving:
            await giving.execute("SELECT FROM trade_in.vehicle WHERE code = %s FOR UPDATE", [earlier.old_code])
            admitting = asyncio.create_task(place.admit(later, own_commit=own_commit))
            await until_waits(db, qualifying.info.backend_pid, for_pid=giving.info.backend_pid)
            await give_codes_back(giving, applications=[earlier])
        end = await admitting
    assert isinstance(end, Qualified)
    async with db.transaction() as conn:
        holder = await find_code(conn, code=earlier.old_code)
    assert holder is not None
    assert end.kept.claim.claim_id == holder.claim_id


async def test_a_vehicle_counts_once_whoever_asks(db: Database) -> None:
    place, elsewhere = await Place(db).funded(3 * ONE), await Place(db).funded(3 * ONE)
    code = a_code()
    await place.qualified(old_code=code)

    second = await elsewhere.admit(elsewhere.an_application(await elsewhere.a_resident(), old_code=code))

    assert "VEHICLE_IS_COUNTED_ALREADY" == reason_of(second)
    assert 3 * ONE == await elsewhere.left()


async def test_a_withdrawn_claim_gives_code_chance_and_money_back(db: Database) -> None:
    terms = {"per_person": "{count: 1, per: scheme, clause: notice}"}
    place = await Place(db, terms=terms).funded(ONE)
    code = a_code()
    resident = await place.a_resident()
    first = await place.admit(place.an_application(resident, old_code=code))
    assert isinstance(first, Qualified)
    withdrawn = await place.done(first.kept, Act.WITHDRAW)

    again = await place.admit(place.an_application(resident, old_code=code))

    assert ClaimState.WITHDRAWN is withdrawn.claim.state
    assert 0 == await place.account_fen(withdrawn)
    assert isinstance(again, Qualified)
    assert 0 == await place.left()


async def test_the_limit_of_a_person_counts_in_the_same_commit(db: Database) -> None:
    terms = {"per_person": "{count: 2, per: scheme, clause: notice}"}
    place = await Place(db, terms=terms).funded(5 * ONE)
    resident = await place.a_resident()
    applications = [place.an_application(resident) for _ in range(3)]

    ends = await service.admit_many(
        place.own_commit,
        bucket=resident.bucket,
        applications=applications,
        chain=place.chain,
        vault=place.vault,
        now=place.now,
        ids=place.ids,
    )

    assert [True, True, False] == [isinstance(end, Qualified) for end in ends]
    assert "CLAIMS_ARE_USED_UP" == reason_of(ends[2])
    assert 3 * ONE == await place.left()


async def test_an_empty_budget_refuses_and_nothing_was_counted(db: Database) -> None:
    terms = {"per_person": "{count: 1, per: scheme, clause: notice}"}
    place = await Place(db, terms=terms).funded(ONE)
    await place.qualified()
    resident, code = await place.a_resident(), a_code()

    refused = await place.admit(place.an_application(resident, old_code=code))
    await place.funded(ONE)
    again = await place.admit(place.an_application(resident, old_code=code))

    assert "BUDGET_IS_USED_UP" == reason_of(refused)
    assert isinstance(again, Qualified)


async def test_a_rest_that_is_too_small_refuses_too(db: Database) -> None:
    place = await Place(db).funded(ONE + 1)
    await place.qualified()

    refused = await place.admit(place.an_application(await place.a_resident()))

    assert "BUDGET_IS_USED_UP" == reason_of(refused)
    assert 1 == await place.left()


async def test_a_place_without_a_budget_reserves_nothing(db: Database) -> None:
    place = Place(db)

    assert "BUDGET_IS_USED_UP" == reason_of(await place.admit(place.an_application(await place.a_resident())))


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"old_code": "12345"}, "VEHICLE_CODE_IS_NOT_VALID"),
        ({"old_code": "１２３４５６７８９０１２３４５"}, "VEHICLE_CODE_IS_NOT_VALID"),
        ({"price": "2000"}, "FACT_IS_NOT_FOR_THIS_PARTY"),
        ({"age_years": "30"}, "FACT_IS_NOT_FOR_THIS_PARTY"),
        ({"old_battery": "petrol"}, "FACT_IS_NOT_READABLE"),
        ({"bought_on": "2026-02-30"}, "FACT_IS_NOT_READABLE"),
        ({"bought_on": "1999-01-01"}, "PROGRAMME_IS_NOT_IN_FORCE"),
        ({"colour": "red"}, "FACT_IS_UNKNOWN"),
        ({"old_owner_is_applicant": "no"}, "OLD_BIKE_IS_OF_ANOTHER_PERSON"),
    ],
)
async def test_what_cannot_be_is_refused_by_name_and_nothing_is_lost(
    db: Database, wrong: dict[str, Any], reason: str
) -> None:
    place = await Place(db).funded(ONE)
    application = place.an_application(await place.a_resident(), **wrong)

    assert reason == reason_of(await place.admit(application))
    assert ONE == await place.left()


async def test_a_person_of_five_years_is_refused_and_the_decision_is_kept(db: Database) -> None:
    place = await Place(db).funded(ONE)
    child = await place.a_resident(born_on=date(2021, 6, 1))
    application = place.an_application(child)

    assert "APPLICANT_IS_TOO_YOUNG" == reason_of(await place.admit(application))
    assert ONE == await place.left()
    async with db.transaction() as conn:
        cursor = await conn.execute(
            "SELECT reason, amount_fen FROM trade_in.decision WHERE bucket = %s AND resident_id = %s",
            (child.bucket, child.resident_id),
        )
        assert [("APPLICANT_IS_TOO_YOUNG", 0)] == await cursor.fetchall()
        cursor = await conn.execute(
            "SELECT reason, sum(refused) FROM trade_in.refusal WHERE place = %s GROUP BY reason", (place.code,)
        )
        assert [("APPLICANT_IS_TOO_YOUNG", 1)] == await cursor.fetchall()


async def test_a_sheet_of_tiers_reserves_the_most_that_may_come(db: Database) -> None:
    terms = {
        "base": "{kind: tiers, tiers: [{from: 0, amount: 300}, {from: 3000, amount: 500}], clause: notice}",
        "battery": "[{old: lithium, new: lead_acid, effect: add, amount: 100, clause: notice}]",
    }
    place = await Place(db, terms=terms).funded(100_000)

    assert 60_000 == (await place.qualified()).claim.money.reserved_fen
    assert 40_000 == await place.left()


async def test_published_sheets_can_all_be_read_by_the_chain() -> None:
    """Every sheet has terms, a key to count by and a budget, whatever nobody published."""
    from yikatong.trade_in.rules.sheets import (
        allowed_of,
        budget_code_of,
        count_key_of,
        end_of_claiming,
        end_of_qualification,
        read_terms,
    )

    for sheet in programmes.read_shelf().sheets_of("trade_in"):
        on = sheet.valid_from
        read_terms(sheet)
        assert allowed_of(sheet) is None or allowed_of(sheet) in range(1, 10)
        assert budget_code_of(sheet, on=on).startswith(f"trade_in:{sheet.head.place}:")
        assert count_key_of(sheet, on=on).startswith(sheet.head.place)
        assert end_of_qualification(sheet, today=on, days=30) >= on
        assert end_of_claiming(sheet, bought_on=on, days=60) > date(2024, 1, 1)


def reason_of(end: object) -> str:
    """The name of a refusal."""
    assert isinstance(end, Refused), end
    return end.reason.name
