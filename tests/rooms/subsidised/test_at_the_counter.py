"""A subsidised sale is paid by one tap: the programme its part, the resident the rest, the store the full price."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.support.builders.counter import a_second_counter
from tests.support.builders.follow_ups import asked_back, confirmed, credited, id_of, refunded, reversed_by
from tests.support.builders.subsidised import OWN_FEN, PRICE_FEN, SUBSIDY_FEN, BikeStore
from yikatong.kernel.ids import show_id
from yikatong.kernel.outcomes import Change, Refused
from yikatong.ledger.audit import audit as audit_ledger
from yikatong.ledger.model import Reason as LedgerReason
from yikatong.lines.model import Reason as LineReason
from yikatong.plumbing.pipeline import Statement
from yikatong.subsidised.model import Reason
from yikatong.subsidised.service import SubsidisedLine
from yikatong.taps.audit import audit as audit_taps
from yikatong.taps.jobs import end_waiting_taps
from yikatong.taps.model import Outcome
from yikatong.taps.model import Reason as TapReason
from yikatong.taps.outside import DebitOutcome
from yikatong.trade_in.audit import audit as audit_claims
from yikatong.trade_in.model import ClaimState, NewState
from yikatong.trade_in.model import Reason as ChainReason

pytestmark = pytest.mark.anyio


async def test_the_store_gets_the_full_price_and_each_side_pays_its_part(store: BikeStore) -> None:
    buyer = await store.a_buyer(purse_fen=200_000)
    sale = await store.enters(buyer)

    receipt = await store.world.tap(store.tap(buyer))

    assert Outcome.ADMITTED is receipt.outcome
    assert PRICE_FEN == await store.world.owed()
    assert 200_000 - OWN_FEN == await store.world.balance(buyer.phone)
    assert 0 == await store.in_claim(buyer)
    assert [("claim", SUBSIDY_FEN), ("purse", OWN_FEN)] == [(part.source, part.amount_fen) for part in receipt.paid_by]
    steps = {step.name: step.value for step in receipt.steps}
    assert (str(PRICE_FEN), str(SUBSIDY_FEN), str(OWN_FEN)) == (
        steps["price_fen"], steps["subsidy_fen"], steps["own_share_fen"],
    )  # fmt: skip
    assert sale.clause == steps["subsidy_clause"]


class Watched(SubsidisedLine):
    """The line, which remembers about whom it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[list[UUID]] = []

    def facts(self, *, bucket: int, resident_ids: Sequence[UUID], now: datetime) -> list[Statement[Any]]:
        """As the line's, remembered."""
        self.asked.append(list(resident_ids))
        return super().facts(bucket=bucket, resident_ids=resident_ids, now=now)


async def test_only_what_is_a_subsidised_sale_or_undoes_one_has_sales_read(store: BikeStore) -> None:
    line = Watched()
    store.world.counter._lines[line.name] = line
    buyer = await store.a_buyer(purse_fen=200_000)
    await store.enters(buyer)
    meal = store.world.answered(buyer.phone, amount_fen=100)
    sale = store.tap(buyer)

    await store.world.tap(meal)
    await reversed_by(store.world, meal)
    before = list(line.asked)
    await store.world.tap(sale)
    await reversed_by(store.world, sale)

    assert [] == before
    assert [[buyer.phone.resident.resident_id]] * 2 == line.asked


async def test_the_claim_is_sold_and_paid_in_the_same_commit(store: BikeStore) -> None:
    buyer = await store.a_buyer(purse_fen=200_000)
    sale = await store.enters(buyer)

    receipt = await store.world.tap(store.tap(buyer))

    claim = (await store.claim(buyer)).claim
    assert (ClaimState.PAID, NewState.SOLD) == (claim.state, claim.new)
    assert (PRICE_FEN, SUBSIDY_FEN, sale.new_code) == (claim.price_fen, claim.money.paid_fen, claim.new_code)
    async with store.world.db.transaction() as conn:
        deeds = await store.deeds(conn, buyer)
    assert ("deduct", id_of(receipt)) == (deeds[-1].act, deeds[-1].request_id)


async def test_the_same_tap_again_is_answered_as_before_and_a_second_one_finds_no_sale(store: BikeStore) -> None:
    buyer = await store.a_buyer(purse_fen=400_000)
    await store.enters(buyer)
    body = store.tap(buyer)

    receipts = [await store.world.tap(body), await store.world.tap(body), await store.world.tap(store.tap(buyer))]

    assert [None, None, ChainReason.SALE_IS_NOT_PREPARED.name] == [receipt.reason for receipt in receipts]
    assert PRICE_FEN == await store.world.owed()


async def test_nothing_is_paid_before_the_store_has_entered_the_sale(store: BikeStore) -> None:
    buyer = await store.a_buyer(purse_fen=200_000)

    receipt = await store.world.tap(store.tap(buyer))

    assert ChainReason.SALE_IS_NOT_PREPARED.name == receipt.reason
    assert 200_000 == await store.world.balance(buyer.phone)


async def test_a_sale_of_another_store_is_none_here(store: BikeStore) -> None:
    buyer = await store.a_buyer(purse_fen=200_000)
    await store.enters(buyer, by=store.world.ids.new())

    receipt = await store.world.tap(store.tap(buyer))

    assert ChainReason.SALE_IS_NOT_PREPARED.name == receipt.reason


async def test_the_amount_is_the_full_price_and_nothing_else(store: BikeStore) -> None:
    buyer = await store.a_buyer(purse_fen=200_000)
    await store.enters(buyer)

    receipts = [await store.world.tap(store.tap(buyer, price_fen=fen)) for fen in (OWN_FEN, PRICE_FEN - 1)]

    assert [Reason.PRICE_IS_NOT_THE_ENTERED_ONE.name] * 2 == [receipt.reason for receipt in receipts]
    assert SUBSIDY_FEN == await store.in_claim(buyer)


async def test_a_sale_is_paid_on_the_day_for_which_it_was_entered(store: BikeStore) -> None:
    buyer = await store.a_buyer(purse_fen=200_000)
    await store.enters(buyer)
    store.world.clock.advance(timedelta(days=1))
    await store.world.refreshed(buyer.phone)

    receipt = await store.world.tap(store.tap(buyer))

    assert Reason.SALE_WAS_ENTERED_ON_ANOTHER_DAY.name == receipt.reason


async def test_whoever_cannot_pay_the_rest_pays_nothing_and_keeps_the_claim(store: BikeStore) -> None:
    buyer = await store.a_buyer(purse_fen=OWN_FEN - 1)
    await store.enters(buyer)

    receipt = await store.world.tap(store.tap(buyer))

    assert LedgerReason.BALANCE_IS_TOO_LOW.name == receipt.reason
    assert (OWN_FEN - 1, SUBSIDY_FEN) == (await store.world.balance(buyer.phone), await store.in_claim(buyer))
    assert ClaimState.QUALIFIED is (await store.claim(buyer)).claim.state


async def test_a_bare_code_moves_no_subsidy(store: BikeStore) -> None:
    buyer = await store.a_buyer(purse_fen=200_000)
    await store.enters(buyer)

    receipt = await store.world.tap(store.world.shown(buyer.phone, item=store.item, amount_fen=PRICE_FEN))

    assert LineReason.STRENGTH_IS_TOO_LOW.name == receipt.reason


async def test_the_bank_pays_the_rest_and_the_subsidy_waits_with_it(store: BikeStore) -> None:
    buyer = await store.a_buyer(purse_fen=50_000, with_bank=True)
    await store.enters(buyer)
    store.world.bank.answer = DebitOutcome.UNKNOWN
    waiting = await store.world.tap(store.tap(buyer))
    held = await store.in_claim(buyer)
    store.world.clock.advance(timedelta(seconds=20))
    await end_waiting_taps(
        database=store.world.db, counter=store.world.counter, debits=store.world.bank, clock=store.world.clock
    )

    assert (Outcome.WAITING, 0) == (waiting.outcome, held)
    assert ClaimState.PAID is (await store.claim(buyer)).claim.state
    assert PRICE_FEN == await store.world.owed()
    assert [OWN_FEN - 50_000] == list(store.world.bank.debited.values())


async def test_a_bank_that_refuses_leaves_claim_and_sale_as_they_were(store: BikeStore) -> None:
    buyer = await store.a_buyer(with_bank=True)
    await store.enters(buyer)
    store.world.bank.answer = DebitOutcome.REFUSED
    refused = await store.world.tap(store.tap(buyer))
    store.world.bank.answer = DebitOutcome.DEBITED
    admitted = await store.world.tap(store.tap(buyer))

    assert TapReason.BANK_REFUSED_THE_DEBIT.name == refused.reason
    assert Outcome.ADMITTED is admitted.outcome
    assert PRICE_FEN == await store.world.owed()


async def test_a_dear_bike_waits_for_its_buyer_and_is_sold_on_the_yes(store: BikeStore) -> None:
    buyer = await store.a_buyer(purse_fen=400_000)
    await store.enters(buyer, price_fen=400_000)
    waiting = await store.world.tap(store.tap(buyer, price_fen=400_000))
    before = (await store.claim(buyer)).claim.state
    receipt = await confirmed(
        store.world, buyer.phone, id_of(waiting), amount_fen=400_000, item_number=store.item.number
    )

    assert (Outcome.WAITING, ClaimState.QUALIFIED) == (waiting.outcome, before)
    assert Outcome.ADMITTED is receipt.outcome
    assert ClaimState.PAID is (await store.claim(buyer)).claim.state
    assert 400_000 == await store.world.owed()


async def test_a_sale_that_waits_is_not_paid_by_another_tap(store: BikeStore) -> None:
    buyer = await store.a_buyer(purse_fen=800_000)
    await store.enters(buyer, price_fen=400_000)
    await store.world.tap(store.tap(buyer, price_fen=400_000))

    receipt = await store.world.tap(store.tap(buyer, price_fen=400_000))

    assert receipt.reason in (LedgerReason.BALANCE_IS_TOO_LOW.name, LineReason.SOURCE_WAITS_IN_ANOTHER_TAP.name)


async def test_a_sale_that_waits_for_its_buyer_is_not_taken_back_by_the_store(store: BikeStore) -> None:
    buyer = await store.a_buyer(purse_fen=400_000)
    await store.enters(buyer, price_fen=400_000)
    waiting = await store.world.tap(store.tap(buyer, price_fen=400_000))
    with pytest.raises(Refused) as refused:
        await store.takes_back_the_entry(buyer)
    await confirmed(
        store.world, buyer.phone, id_of(waiting), amount_fen=400_000, item_number=store.item.number, agreed=False
    )

    assert ChainReason.SALE_IS_BEING_PAID is refused.value.reason
    assert Change.DONE is await store.takes_back_the_entry(buyer)


async def test_a_till_that_lost_the_answer_takes_the_tap_back_and_the_sale_waits_again(store: BikeStore) -> None:
    buyer = await store.a_buyer(purse_fen=200_000)
    await store.enters(buyer)
    body = store.tap(buyer)
    await store.world.tap(body)

    met = [await reversed_by(store.world, body), await reversed_by(store.world, body)]
    between = (await store.claim(buyer)).claim
    again = await store.world.tap(store.tap(buyer))

    assert ["admitted", "admitted"] == [one.found for one in met]
    assert (ClaimState.QUALIFIED, NewState.NOT_BOUGHT, SUBSIDY_FEN) == (
        between.state, between.new, between.money.held_fen,
    )  # fmt: skip
    assert Outcome.ADMITTED is again.outcome
    assert (PRICE_FEN, 200_000 - OWN_FEN) == (await store.world.owed(), await store.world.balance(buyer.phone))


async def test_goods_that_come_back_bring_the_subsidy_to_the_treasury_and_the_own_money_home(store: BikeStore) -> None:
    buyer = await store.a_buyer(purse_fen=200_000)
    await store.enters(buyer)
    receipt = await store.world.tap(store.tap(buyer))

    given = [await refunded(store.world, id_of(receipt), PRICE_FEN, request_id="return-1") for _ in range(2)]

    assert [0, 0] == [one.left_fen for one in given]
    assert (0, 200_000, SUBSIDY_FEN) == (
        await store.world.owed(), await store.world.balance(buyer.phone), await store.reclaimed(),
    )  # fmt: skip
    claim = (await store.claim(buyer)).claim
    assert (ClaimState.REFUNDED, NewState.RETURNED) == (claim.state, claim.new)
    assert (SUBSIDY_FEN, 0) == (claim.money.reclaimed_fen, claim.money.owed_back_fen)


async def test_a_part_of_a_subsidised_sale_is_not_given_back(store: BikeStore) -> None:
    buyer = await store.a_buyer(purse_fen=200_000)
    await store.enters(buyer)
    receipt = await store.world.tap(store.tap(buyer))

    with pytest.raises(Refused) as refused:
        await refunded(store.world, id_of(receipt), OWN_FEN, request_id="return-1")

    assert Reason.GOODS_COME_BACK_WHOLE is refused.value.reason
    assert (PRICE_FEN, 0) == (await store.world.owed(), await store.reclaimed())


async def test_a_return_after_settlement_takes_the_receivable_to_its_limit_and_the_rest_is_a_debt(
    store: BikeStore,
) -> None:
    buyer = await store.a_buyer(purse_fen=100_000)
    await store.enters(buyer, price_fen=140_000)
    receipt = await store.world.tap(store.tap(buyer, price_fen=140_000))
    await store.settled()
    before = await store.world.owed()

    await refunded(store.world, id_of(receipt), 140_000, request_id="return-1")

    limit = store.world.provider.receivable_limit_fen
    assert (0, 100_000) == (before, limit)
    assert (-limit, -(140_000 - limit)) == (await store.world.owed(), await store.debt())
    assert (SUBSIDY_FEN, 100_000) == (await store.reclaimed(), await store.world.balance(buyer.phone))


async def test_a_claw_back_comes_out_of_what_the_store_is_owed(store: BikeStore) -> None:
    buyer = await store.a_buyer(purse_fen=200_000)
    await store.enters(buyer)
    await store.world.tap(store.tap(buyer))
    await store.clawed_back(buyer)
    request_id = store.world.ids.new()

    acted = [await store.pays_back(buyer, SUBSIDY_FEN, request_id=request_id) for _ in range(2)]

    assert [Change.DONE, Change.ALREADY_SO] == [one.change for one in acted]
    assert (OWN_FEN, 0, SUBSIDY_FEN) == (await store.world.owed(), await store.debt(), await store.reclaimed())
    money = (await store.claim(buyer)).claim.money
    assert (SUBSIDY_FEN, 0) == (money.reclaimed_fen, money.owed_back_fen)


async def test_a_claw_back_from_an_empty_receivable_takes_it_to_its_limit_and_then_is_a_debt(store: BikeStore) -> None:
    buyers = [await store.a_buyer(purse_fen=200_000) for _ in range(3)]
    for buyer in buyers:
        await store.enters(buyer)
        await store.world.tap(store.tap(buyer))
    await store.settled()
    for buyer in buyers:
        await store.clawed_back(buyer)
        await store.pays_back(buyer, SUBSIDY_FEN, request_id=store.world.ids.new())

    limit = store.world.provider.receivable_limit_fen
    assert 100_000 == limit
    assert (-limit, limit - 3 * SUBSIDY_FEN) == (await store.world.owed(), await store.debt())
    assert 3 * SUBSIDY_FEN == await store.reclaimed()


async def test_after_a_claw_back_a_store_that_takes_the_bike_back_owes_its_buyer_their_own_money(
    store: BikeStore,
) -> None:
    buyer = await store.a_buyer(purse_fen=200_000)
    await store.enters(buyer)
    receipt = await store.world.tap(store.tap(buyer))
    await store.clawed_back(buyer)
    await store.pays_back(buyer, SUBSIDY_FEN, request_id=store.world.ids.new())

    with pytest.raises(Refused) as refused:
        await refunded(store.world, id_of(receipt), PRICE_FEN, request_id="return-1")
    await refunded(store.world, id_of(receipt), OWN_FEN, request_id="return-2")

    assert Reason.SUBSIDY_WAS_CLAWED_BACK is refused.value.reason
    assert (0, 200_000) == (await store.world.owed(), await store.world.balance(buyer.phone))


async def test_what_the_store_is_owed_is_settled_the_next_day_with_a_statement(store: BikeStore) -> None:
    buyer = await store.a_buyer(purse_fen=200_000)
    await store.enters(buyer)
    await store.world.tap(store.tap(buyer))

    assert PRICE_FEN == await store.settled()
    assert 0 == await store.world.owed()
    statement = await store.statement()
    assert (1, PRICE_FEN, 0) == (statement.sales_count, statement.sales_fen, statement.refunds_fen)


async def test_the_store_does_not_return_a_paid_bike_past_its_tap(store: BikeStore) -> None:
    buyer = await store.a_buyer(purse_fen=200_000)
    await store.enters(buyer)
    await store.world.tap(store.tap(buyer))

    with pytest.raises(Refused) as refused:
        await store.returns_without_its_tap(buyer)

    assert ChainReason.GOODS_COME_BACK_BY_THEIR_TAP is refused.value.reason


async def test_a_bank_that_paid_the_rest_is_asked_to_credit_it_back(store: BikeStore) -> None:
    buyer = await store.a_buyer(with_bank=True)
    await store.enters(buyer)
    receipt = await store.world.tap(store.tap(buyer))
    await refunded(store.world, id_of(receipt), PRICE_FEN, request_id="return-1")

    assert id_of(receipt) in await credited(store.world)
    assert id_of(receipt) not in await asked_back(store.world)


async def test_a_store_that_takes_an_entry_back_which_was_paid_meanwhile_is_told_so(store: BikeStore) -> None:
    buyer = await store.a_buyer(purse_fen=200_000)
    await store.enters(buyer)
    await store.world.tap(store.tap(buyer))

    with pytest.raises(Refused, match="NEW_BIKE_IS_IN_ANOTHER_STATE"):
        await store.takes_back_the_entry(buyer)

    assert NewState.SOLD is (await store.claim(buyer)).claim.new


async def test_two_tills_of_two_workers_sell_one_claim_once(store: BikeStore) -> None:
    buyers = [await store.a_buyer(purse_fen=1_000_000) for _ in range(6)]
    for buyer in buyers:
        await store.enters(buyer)
    async with a_second_counter(store.world) as second:
        receipts = await store.at_once(
            [(store.tap(buyer), at) for buyer in buyers for at in (None, second, None, second)]
        )

    assert len(buyers) == sum(receipt.outcome is Outcome.ADMITTED for receipt in receipts)
    assert len(buyers) * PRICE_FEN == await store.world.owed()
    assert [1_000_000 - OWN_FEN] * 6 == [await store.world.balance(buyer.phone) for buyer in buyers]


async def test_the_audits_find_nothing_amiss_after_all_of_it(store: BikeStore) -> None:
    buyers = [await store.a_buyer(purse_fen=200_000) for _ in range(3)]
    bodies = []
    for buyer in buyers:
        await store.enters(buyer)
        bodies.append(store.tap(buyer))
    receipts = [await store.world.tap(body) for body in bodies]
    await reversed_by(store.world, bodies[0])
    await refunded(store.world, id_of(receipts[1]), PRICE_FEN, request_id="return-1")

    state = await store.budget_state()
    held = [(await store.claim(buyer)).claim.money for buyer in buyers]
    assert state.funded_fen == state.left_fen + sum(
        money.held_fen + money.paid_fen + money.owed_back_fen + money.reclaimed_fen for money in held
    )
    async with store.world.db.transaction() as conn:
        mine = [receipt.tap for receipt in receipts]
        assert [] == [line for line in await audit_taps(conn) if any(tap in line for tap in mine)]
        assert [] == [line for line in await audit_ledger(conn) if "budget" in line or "lease" in line]
        claims = [show_id("claim", buyer.claim_id) for buyer in buyers]
        assert [] == [line for line in await audit_claims(conn) if any(claim in line for claim in claims)]
