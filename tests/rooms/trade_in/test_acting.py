"""A claim goes from hand-in to money on the real database; money, codes, count and lists move with it or not at all."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec import structs

from tests.support.builders.chain import (
    OFFICE,
    OTHER_STORE,
    RECYCLER,
    STATED,
    STORE,
    Place,
    a_code,
)
from tests.support.builders.ledger import IDS
from tests.support.builders.programmes import PAID_LATER
from yikatong.kernel.ids import ResidentId
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Change, Refused
from yikatong.ledger import service as ledger
from yikatong.ledger.model import AccountKind, AccountName, name_account, name_of_budget, owner_of
from yikatong.plumbing.database import Database
from yikatong.trade_in import service
from yikatong.trade_in.model import (
    Act,
    Acted,
    Actor,
    ClaimState,
    KeptClaim,
    ListedClaim,
    NewState,
    OldState,
    PreparedSale,
    Qualified,
    VehicleRole,
)
from yikatong.trade_in.store import vehicles as vehicle_store

pytestmark = pytest.mark.anyio

ONE = 50_000
LATER = PAID_LATER | {
    "per_person": "{count: 1, per: scheme, clause: notice}",
}


def a_clearing() -> AccountName:
    """An account of payouts."""
    return name_account(owner_of("roster", IDS.new().hex), AccountKind.PAYOUT_CLEARING, "trade_in")


async def approved(place: Place) -> KeptClaim:
    """A claim whose publicity is over and which finance approved, a week later."""
    kept = await place.qualified()
    kept = await place.done(kept, Act.RECEIVE_OLD, Act.SELL, Act.SUBMIT, Act.CHECK)
    week = day_of(place.now) + timedelta(days=7)
    kept = await place.done(kept, Act.PUBLISH, until=week)
    place.now += timedelta(days=7)
    return await place.done(kept, Act.APPROVE)


async def sent(place: Place, kept: KeptClaim, to: AccountName) -> Change:
    """Hand a claim's money to payouts."""
    async with place.db.transaction() as conn:
        return await service.send_to_payouts(
            conn,
            claim_ids=[kept.claim.claim_id],
            to=to,
            about=UUID(int=7),
            chain=place.chain,
            vault=place.vault,
            now=place.now,
            ids=place.ids,
        )


async def in_account(place: Place, account: AccountName) -> int:
    """What lies in an account without a floor."""
    async with place.db.transaction() as conn:
        return await ledger.open_balance(conn, buckets=range(place.chain.bucket_count), account=account)


async def test_a_claim_goes_all_the_way_and_is_paid_by_payouts(db: Database) -> None:
    place, clearing = await Place(db, terms=LATER).funded(2 * ONE), a_clearing()
    kept = await approved(place)

    assert Change.DONE is await sent(place, kept, clearing)
    assert Change.ALREADY_SO is await sent(place, kept, clearing)
    assert (ONE, 0) == (await in_account(place, clearing), await place.account_fen(kept))
    paid = await place.done(kept, Act.PAY)

    assert (ClaimState.PAID, ONE, 0) == (paid.claim.state, paid.claim.money.paid_fen, paid.sent_fen)
    assert (NewState.SOLD, OldState.IN_STORE) == (paid.claim.new, paid.claim.old)


async def test_what_a_bank_sends_back_is_approved_again_and_lies_with_payouts(db: Database) -> None:
    place, clearing = await Place(db, terms=LATER).funded(ONE), a_clearing()
    kept = await approved(place)
    await sent(place, kept, clearing)

    back = await place.done(kept, Act.PAY, Act.BANK_RETURNS)

    assert (ClaimState.APPROVED, ONE, ONE) == (back.claim.state, back.claim.money.held_fen, back.sent_fen)
    paid = await place.done(back, Act.PAY)
    assert ClaimState.PAID is paid.claim.state


async def test_a_stopped_payment_comes_back_into_the_claims_account(db: Database) -> None:
    place, clearing = await Place(db, terms=LATER).funded(ONE), a_clearing()
    kept = await approved(place)
    await sent(place, kept, clearing)

    with pytest.raises(Refused) as refused:
        await place.act(place.an_order(kept, Act.STOP))
    stopped = await place.done(kept, Act.STOP, source=clearing)

    assert "SOURCE_IS_MISSING" == refused.value.reason.name
    assert (ClaimState.REJECTED, ONE, 0) == (stopped.claim.state, stopped.claim.money.held_fen, stopped.sent_fen)
    assert (0, ONE) == (await in_account(place, clearing), await place.account_fen(kept))


async def test_money_that_is_not_with_payouts_is_not_paid(db: Database) -> None:
    place = await Place(db, terms=LATER).funded(ONE)
    kept = await approved(place)

    with pytest.raises(Refused) as refused:
        await place.act(place.an_order(kept, Act.PAY))

    assert "MONEY_IS_NOT_WITH_PAYOUTS" == refused.value.reason.name


async def test_the_price_decides_the_amount_and_the_rest_is_released(db: Database) -> None:
    terms = LATER | {"base": "{kind: percent, percent: 20, cap: 500, clause: notice}"}
    place, clearing = await Place(db, terms=terms).funded(ONE), a_clearing()
    kept = await place.qualified()
    kept = await place.done(kept, Act.RECEIVE_OLD)
    kept = await place.done(kept, Act.SELL, price_fen=150_050)
    kept = await place.done(kept, Act.SUBMIT, Act.CHECK)
    assert (30_010, ONE) == (kept.claim.amount_fen, kept.claim.money.held_fen)
    week = day_of(place.now) + timedelta(days=7)
    kept = await place.done(kept, Act.PUBLISH, until=week)
    place.now += timedelta(days=7)
    kept = await place.done(kept, Act.APPROVE)
    await sent(place, kept, clearing)

    paid = await place.done(kept, Act.PAY)

    assert (30_010, ONE - 30_010) == (paid.claim.money.paid_fen, paid.claim.money.released_fen)
    assert ONE - 30_010 == await place.left()
    assert 0 == await place.account_fen(paid)


@pytest.mark.parametrize(("was_checked", "amount_fen"), [("yes", ONE + 5_000), ("no", ONE)])
async def test_what_a_checked_battery_adds_is_reserved_before_anybody_knows_whether_it_was(
    db: Database, was_checked: str, amount_fen: int
) -> None:
    terms = LATER | {"bonuses": "[{when: battery_checked, amount: 50, clause: notice}]"}
    place = await Place(db, terms=terms).funded(2 * ONE)
    kept = await place.qualified()
    kept = await place.done(kept, Act.RECEIVE_OLD, facts={"battery_is_checked": was_checked})

    checked = await place.done(kept, Act.SELL, Act.SUBMIT, Act.CHECK)

    assert (ONE + 5_000, amount_fen) == (kept.claim.money.held_fen, checked.claim.amount_fen)
    assert ONE - 5_000 == await place.left()


async def test_goods_that_come_back_use_the_chance_and_the_bike_and_give_the_money_back(db: Database) -> None:
    place = await Place(db, terms=LATER).funded(ONE)
    kept = await place.qualified()
    resident = kept.claim.resident_id
    kept = await place.done(kept, Act.RECEIVE_OLD, Act.SELL)

    back = await place.done(kept, Act.RETURN_GOODS)

    assert (ClaimState.REFUNDED, NewState.RETURNED) == (back.claim.state, back.claim.new)
    assert ONE == await place.left()
    async with db.transaction() as conn:
        holder = await vehicle_store.find_code(conn, code=kept.claim.new_code)
    assert holder is not None
    assert (VehicleRole.NEW, kept.claim.claim_id) == (holder.role, holder.claim_id)
    del resident


async def test_what_is_owed_comes_back_in_parts_to_the_treasury(db: Database) -> None:
    place, clearing = await Place(db, terms=LATER).funded(ONE), a_clearing()
    kept = await approved(place)
    await sent(place, kept, clearing)
    kept = await place.done(kept, Act.PAY, Act.RECLAIM)
    debt = name_account(STORE, AccountKind.PROVIDER_DEBT, place.code)

    kept = await place.done(kept, Act.PAY_BACK, fen=20_000, source=debt)
    kept = await place.done(kept, Act.PAY_BACK, fen=30_000, source=debt)

    assert (0, ONE) == (kept.claim.money.owed_back_fen, kept.claim.money.reclaimed_fen)
    assert ONE == await in_account(place, name_of_budget(place.budget, AccountKind.RECLAIMED))
    assert 0 == await place.left()


async def test_the_same_order_again_is_already_so_and_another_under_its_id_is_refused(db: Database) -> None:
    place = await Place(db, terms=LATER).funded(ONE)
    kept = await place.qualified()
    order = place.an_order(kept, Act.RECEIVE_OLD)
    first = await place.act(order)

    again = await place.act(order)
    with pytest.raises(Refused) as refused:
        await place.act(structs.replace(order, deed=structs.replace(order.deed, by=OTHER_STORE)))

    assert isinstance(first, Acted)
    assert isinstance(again, Acted)
    assert (Change.DONE, Change.ALREADY_SO) == (first.change, again.change)
    assert first.kept == again.kept
    assert "DEED_IS_ANOTHER" == refused.value.reason.name


async def test_a_step_that_the_formula_refuses_is_kept_as_a_decision_and_moves_nothing(db: Database) -> None:
    place = await Place(db, terms=LATER | {"minimum_price": "{price: 1500, clause: notice}"}).funded(ONE)
    kept = await place.done(await place.qualified(), Act.RECEIVE_OLD)

    refused = await place.act(place.an_order(kept, Act.SELL, price_fen=149_999))

    assert isinstance(refused, Refused)
    assert "PRICE_IS_BELOW_THE_MINIMUM" == refused.reason.name
    assert {"fact": "price", "least": "1500.00"}.items() <= refused.about.items()
    assert kept == await place.claim(kept.claim.claim_id)
    async with db.transaction() as conn:
        decisions = await service.list_decisions(
            conn, claim_id=kept.claim.claim_id, bucket_count=place.chain.bucket_count
        )
    assert [None, None, "PRICE_IS_BELOW_THE_MINIMUM"] == [one.reason for one in decisions]


async def test_a_check_asks_for_every_fact_that_the_sheet_needs(db: Database) -> None:
    place = await Place(db, terms=LATER).funded(ONE)
    kept = await place.done(await place.qualified(), Act.RECEIVE_OLD, Act.SELL, Act.SUBMIT)
    facts = {name: word for name, word in STATED[Act.CHECK].items() if name != "recycler_is_listed"}

    refused = await place.act(place.an_order(kept, Act.CHECK, facts=facts))
    checked = await place.done(kept, Act.CHECK)

    assert isinstance(refused, Refused)
    assert ("FACT_IS_NOT_GIVEN", "recycler_is_listed") == (refused.reason.name, refused.about["facts"])
    assert ONE == checked.claim.amount_fen


@pytest.mark.parametrize(
    ("act", "more", "reason"),
    [
        (Act.SELL, {"new_code": ""}, "NEW_VEHICLE_CODE_IS_MISSING"),
        (Act.SELL, {"new_code": "123"}, "VEHICLE_CODE_IS_NOT_VALID"),
        (Act.SELL, {"price_fen": 0}, "PRICE_IS_NOTHING"),
        (Act.SELL, {"price_fen": -1}, "PRICE_IS_NOTHING"),
        (Act.DISMANTLE, {}, "OLD_BIKE_IS_IN_ANOTHER_STATE"),
        (Act.DEDUCT, {}, "SALE_IS_NOT_PREPARED"),
        (Act.SUBMIT, {}, "CLAIM_LACKS_A_STEP"),
        (Act.CANCEL_PLATE, {"actor": Actor.STORE}, "ACT_IS_NOT_FOR_THIS_PARTY"),
        (Act.SUBMIT, {"by": OFFICE}, "CLAIM_IS_WITH_ANOTHER_PARTY"),
    ],
)
async def test_what_cannot_be_done_is_refused_by_name_and_the_claim_stays(
    db: Database, act: Act, more: dict[str, Any], reason: str
) -> None:
    place = await Place(db, terms=LATER).funded(ONE)
    kept = await place.done(await place.qualified(), Act.RECEIVE_OLD)

    with pytest.raises(Refused) as refused:
        await place.act(place.an_order(kept, act, **more))

    assert reason == refused.value.reason.name
    assert kept == await place.claim(kept.claim.claim_id)


async def test_a_bike_is_not_its_own_replacement(db: Database) -> None:
    place = await Place(db, terms=LATER).funded(ONE)
    kept = await place.done(await place.qualified(), Act.RECEIVE_OLD)

    with pytest.raises(Refused) as refused:
        await place.act(place.an_order(kept, Act.SELL, new_code=kept.claim.old_code))

    assert "VEHICLE_IS_COUNTED_ALREADY" == refused.value.reason.name


async def test_a_new_bike_counts_once(db: Database) -> None:
    place = await Place(db, terms=LATER).funded(2 * ONE)
    code = a_code()
    await place.done(await place.done(await place.qualified(), Act.RECEIVE_OLD), Act.SELL, new_code=code)
    other = await place.done(await place.qualified(), Act.RECEIVE_OLD)

    with pytest.raises(Refused) as refused:
        await place.act(place.an_order(other, Act.SELL, new_code=code))

    assert "VEHICLE_IS_COUNTED_ALREADY" == refused.value.reason.name


async def test_a_lithium_bike_that_stays_overnight_is_found_until_it_is_collected(db: Database) -> None:
    place = await Place(db, terms=LATER).funded(ONE)
    kept = await place.done(await place.qualified(), Act.RECEIVE_OLD)
    today = day_of(place.now)

    async def overnight() -> list[UUID]:
        async with db.transaction() as conn:
            found = await service.list_overnight_at(conn, place=place.code, today=today + timedelta(days=1))
            assert not await service.list_overnight_at(conn, place=place.code, today=today)
        return [bike.claim_id for bike in found]

    before = await overnight()
    await place.done(kept, Act.COLLECT_OLD, Act.DISMANTLE)

    assert [kept.claim.claim_id] == before
    assert [] == await overnight()


async def test_a_claim_is_found_by_its_bikes_and_by_its_resident(db: Database) -> None:
    place = await Place(db, terms=LATER).funded(ONE)
    kept = await place.done(await place.qualified(), Act.RECEIVE_OLD, Act.SELL)
    count = place.chain.bucket_count

    async with db.transaction() as conn:
        by_old = await service.get_claim_of_code(conn, code=kept.claim.old_code, bucket_count=count)
        by_new = await service.get_claim_of_code(conn, code=kept.claim.new_code, bucket_count=count)
        of_resident = await service.list_claims_of_resident(
            conn, resident_id=ResidentId(kept.claim.resident_id), bucket_count=count
        )
        at_place = await service.list_claims(conn, place=place.code, state=ClaimState.QUALIFIED, bucket_count=count)
        without_plate = await service.list_without_plate(
            conn, place=place.code, bought_before=day_of(place.now) + timedelta(days=1), bucket_count=count
        )

    assert kept == by_old == by_new
    assert [kept] == list(of_resident)
    claim = kept.claim
    in_a_list = ListedClaim(
        claim_id=claim.claim_id,
        mode=claim.terms.mode,
        state=claim.state,
        old_state=claim.old,
        new_state=claim.new,
        bought_on=claim.days.bought_on,
        amount_fen=claim.amount_fen,
    )
    assert [in_a_list] == list(at_place) == list(without_plate)


async def test_a_store_enters_a_sale_and_may_take_it_back(db: Database) -> None:
    place = await Place(db).funded(ONE)
    kept = await place.done(await place.qualified(), Act.RECEIVE_OLD)
    order = place.an_order(kept, Act.DEDUCT)

    sale = await place.prepared(order)
    again = await place.prepared(order)
    async with db.transaction() as conn:
        taken_back = await service.cancel_sale(
            conn, claim_id=kept.claim.claim_id, provider_id=STORE, chain=place.chain, vault=place.vault,
            now=place.now, ids=place.ids,
        )  # fmt: skip
    other = await place.prepared(place.an_order(kept, Act.DEDUCT, new_code=order.deed.new_code, price_fen=180_000))

    assert isinstance(sale, PreparedSale)
    assert (200_000, ONE, 150_000, STORE) == (sale.price_fen, sale.subsidy_fen, sale.own_fen, sale.provider_id)
    assert sale == again
    assert Change.DONE is taken_back
    assert isinstance(other, PreparedSale)
    assert ClaimState.QUALIFIED is (await place.claim(kept.claim.claim_id)).claim.state


async def test_a_sale_needs_what_can_be_known_before_it(db: Database) -> None:
    place = await Place(db).funded(ONE)
    kept = await place.done(await place.qualified(), Act.RECEIVE_OLD)
    facts = {name: word for name, word in STATED[Act.DEDUCT].items() if name != "store_is_listed"}

    with pytest.raises(Refused) as refused:
        await place.prepared(place.an_order(kept, Act.DEDUCT, facts=facts))
    unlisted = await place.prepared(place.an_order(kept, Act.DEDUCT, facts=facts | {"store_is_listed": "no"}))

    assert ("FACT_IS_NOT_GIVEN", "store_is_listed") == (refused.value.reason.name, refused.value.about["facts"])
    assert isinstance(unlisted, Refused)
    assert "STORE_IS_NOT_LISTED" == unlisted.reason.name


async def test_whoever_withdraws_frees_the_bike_of_a_sale_that_waits(db: Database) -> None:
    place = await Place(db).funded(ONE)
    kept = await place.qualified()
    sale = await place.prepared(place.an_order(kept, Act.DEDUCT))
    assert isinstance(sale, PreparedSale)

    await place.done(kept, Act.WITHDRAW)

    async with db.transaction() as conn:
        assert await vehicle_store.find_code(conn, code=sale.new_code) is None
        assert await vehicle_store.find_code(conn, code=kept.claim.old_code) is None


async def test_a_qualification_that_nobody_used_expires_and_gives_everything_back(db: Database) -> None:
    place = await Place(db).funded(ONE)
    kept = await place.qualified()

    async def expire() -> Acted | Refused:
        async with db.transaction() as conn:
            return await service.expire(
                conn, claim_id=kept.claim.claim_id, chain=place.chain, vault=place.vault, now=place.now, ids=place.ids
            )

    with pytest.raises(Refused) as refused:
        await expire()
    place.now += timedelta(days=30)
    async with db.transaction() as conn:
        ended = await service.list_ended(
            conn, bucket=kept.bucket, today=day_of(place.now), chain=place.chain, limit=10_000
        )
    expired = await expire()

    assert "QUALIFICATION_HAS_NOT_ENDED" == refused.value.reason.name
    assert kept.claim.claim_id in ended
    assert isinstance(expired, Acted)
    assert (ClaimState.EXPIRED, ONE) == (expired.kept.claim.state, await place.left())


async def test_dismantled_bikes_have_their_proof(db: Database) -> None:
    place = await Place(db, terms=LATER).funded(ONE)
    kept = await place.done(await place.qualified(), Act.RECEIVE_OLD, Act.COLLECT_OLD)
    order = place.an_order(kept, Act.DISMANTLE)

    with pytest.raises(Refused) as refused:
        await place.act(structs.replace(order, proof=b"a picture"))
    dismantled = await place.done(kept, Act.DISMANTLE)

    assert "PROOF_IS_MISSING" == refused.value.reason.name
    assert order.proof == dismantled.proof
    assert RECYCLER == dismantled.claim.recycler_id


async def test_who_handed_a_bike_in_and_let_the_term_pass_goes_on_with_it_and_nobody_else_can(db: Database) -> None:
    place = await Place(db, terms=LATER).funded(2 * ONE)
    resident = await place.a_resident()
    application = place.an_application(resident)
    first = await place.admit(application)
    assert isinstance(first, Qualified)
    kept = await place.done(first.kept, Act.RECEIVE_OLD)
    withdrawn = await place.done(kept, Act.WITHDRAW)
    code = withdrawn.claim.old_code

    other = await place.admit(place.an_application(await place.a_resident(), old_code=code))
    again = await place.admit(place.an_application(resident, old_code=code))
    third = await place.admit(place.an_application(resident, old_code=code))

    assert isinstance(other, Refused)
    assert "VEHICLE_IS_COUNTED_ALREADY" == other.reason.name
    assert isinstance(again, Qualified)
    assert (OldState.IN_STORE, STORE) == (again.kept.claim.old, again.kept.claim.old_store_id)
    assert isinstance(third, Refused)
    assert (await place.claim(withdrawn.claim.claim_id)).claim.was_resumed
    async with db.transaction() as conn:
        by_code = await service.get_claim_of_code(conn, code=code, bucket_count=place.chain.bucket_count)
        overnight = await service.list_overnight_at(conn, place=place.code, today=day_of(place.now) + timedelta(days=1))
    assert again.kept == by_code
    assert [again.kept.claim.claim_id] == [bike.claim_id for bike in overnight]
    await place.done(again.kept, Act.COLLECT_OLD, Act.SELL)


async def test_whether_a_party_is_listed_is_taken_from_the_lists_of_its_place(db: Database) -> None:
    place = await Place(db, terms=LATER).funded(ONE)
    kept = await place.qualified()
    order = structs.replace(place.an_order(kept, Act.RECEIVE_OLD), credit_code="91320000MA00000000")

    refused = await place.act(order)

    assert isinstance(refused, Refused)
    assert "STORE_IS_NOT_LISTED" == refused.reason.name
    assert OldState.OWNED is (await place.claim(kept.claim.claim_id)).claim.old
