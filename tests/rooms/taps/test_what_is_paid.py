"""What a tap pays, from which source, and once."""

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.support.builders.counter import CounterWorld
from tests.support.builders.follow_ups import opted_in
from yikatong.cards import service as cards
from yikatong.cards.model import Reason as CardsReason
from yikatong.catalogue.model import Scene
from yikatong.codes.model import Reason as CodesReason
from yikatong.kernel.outcomes import Refused
from yikatong.ledger.model import Reason as LedgerReason
from yikatong.taps.model import Outcome, Reason
from yikatong.taps.outside import DebitOutcome

pytestmark = pytest.mark.anyio


async def test_an_answered_code_pays_from_benefit_then_purse_and_the_canteen_is_owed_the_whole(
    world: CounterWorld,
) -> None:
    phone = await world.a_phone(purse_fen=5_000, meals_fen=500)

    receipt = await world.tap(world.answered(phone, amount_fen=1_200))

    assert Outcome.ADMITTED is receipt.outcome
    assert [("benefit", 500), ("purse", 700)] == [(part.source, part.amount_fen) for part in receipt.paid_by]
    assert 4_300 == await world.balance(phone)
    assert 1_200 == await world.owed()


async def test_balances_that_are_too_low_are_refused_whole(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=999)

    receipt = await world.tap(world.answered(phone, amount_fen=1_000))

    assert LedgerReason.BALANCE_IS_TOO_LOW.name == receipt.reason
    assert 999 == await world.balance(phone)


async def test_the_same_request_again_gets_the_same_receipt_and_moves_nothing(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    body = world.answered(phone, amount_fen=1_200)
    first = await world.tap(body)

    world.clock.advance(timedelta(minutes=30))
    again = await world.tap(body)

    assert first == again
    assert 3_800 == await world.balance(phone)


async def test_the_same_request_id_with_another_body_is_refused(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    body = world.answered(phone, amount_fen=1_200)
    await world.tap(body)

    with pytest.raises(Refused) as refused:
        await world.tap(world.answered(phone, amount_fen=900, request_id=body.request_id))

    assert Reason.REQUEST_ID_IS_USED_FOR_ANOTHER_BODY is refused.value.reason
    assert 3_800 == await world.balance(phone)


async def test_a_code_that_comes_twice_under_two_requests_pays_once(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    body = world.answered(phone, amount_fen=1_200)

    both = await asyncio.gather(world.tap(body), world.tap(replace(body, request_id="the-second-request")))

    assert [Outcome.ADMITTED, Outcome.REFUSED] == [receipt.outcome for receipt in both]
    assert "CODE_ALREADY_USED" == both[1].reason
    assert 3_800 == await world.balance(phone)


async def test_two_taps_on_one_balance_in_one_batch_see_each_other(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=2_000)
    bodies = [world.answered(phone, amount_fen=1_200) for _ in range(3)]

    receipts = await asyncio.gather(*(world.tap(body) for body in bodies))

    assert [None, "BALANCE_IS_TOO_LOW", "BALANCE_IS_TOO_LOW"] == [receipt.reason for receipt in receipts]
    assert 800 == await world.balance(phone)


async def test_small_payments_by_bare_codes_stop_at_the_days_limit(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    await opted_in(world, phone, limit_fen=1_000, day_limit_fen=1_500)

    receipts = [await world.tap(world.shown(phone, item=world.meal, amount_fen=800)) for _ in range(2)]

    assert [None, "SMALL_PAYMENT_DAY_LIMIT_IS_EXCEEDED"] == [receipt.reason for receipt in receipts]
    assert 4_200 == await world.balance(phone)


async def test_a_card_reported_lost_a_moment_ago_is_refused(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    body = world.answered(phone, amount_fen=1_200)
    async with world.db.transaction() as conn:
        people = world.cards(conn)
        await cards.report_temporary_loss(
            conn, bucket=phone.resident.bucket, resident_id=phone.resident.resident_id, **people.step()
        )

    receipt = await world.tap(body)

    assert CardsReason.CARD_IS_TEMPORARILY_REPORTED_LOST.name == receipt.reason


async def test_a_code_too_old_is_a_refused_tap_that_spends_its_code(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    body = world.answered(phone, amount_fen=1_200)
    world.clock.advance(timedelta(seconds=91))

    late = await world.tap(body)
    again = await world.tap(replace(body, request_id="another-request"))

    assert CodesReason.CODE_IS_TOO_OLD.name == late.reason
    assert Reason.CODE_ALREADY_USED.name == again.reason


async def test_a_terminal_for_culture_takes_no_money_for_meals(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    desk = await world.another_till(purposes=(Scene.CULTURE,))

    receipt = await world.tap(world.shown(phone, item=world.meal, amount_fen=500), till=desk)

    assert Reason.TERMINAL_MAY_NOT_OFFER_THIS_ITEM.name == receipt.reason


async def test_the_bank_pays_what_the_accounts_do_not_cover(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=200, with_bank=True)

    receipt = await world.tap(world.answered(phone, amount_fen=1_200))

    assert Outcome.ADMITTED is receipt.outcome
    assert [("purse", 200), ("bank", 1_000)] == [(part.source, part.amount_fen) for part in receipt.paid_by]
    assert [1_000] == list(world.bank.debited.values())
    assert 0 == await world.balance(phone)
    assert 1_200 == await world.owed()


async def test_a_bank_that_refuses_frees_what_was_held(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=200, with_bank=True)
    world.bank.answer = DebitOutcome.REFUSED

    receipt = await world.tap(world.answered(phone, amount_fen=1_200))

    assert Reason.BANK_REFUSED_THE_DEBIT.name == receipt.reason
    assert 200 == await world.balance(phone)
    assert 0 == await world.owed()
