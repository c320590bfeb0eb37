"""Taps through a counter, on the real database."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.support.builders.catalogue import TerminalWithKeys
from tests.support.builders.counter import CounterWorld, Phone, a_counter_world, a_second_worker
from yikatong.access import service as access
from yikatong.cards import service as cards
from yikatong.cards.model import Reason as CardsReason
from yikatong.catalogue.model import Scene
from yikatong.codes.model import Asked
from yikatong.codes.model import Reason as CodesReason
from yikatong.kernel.ids import ProviderId, TapId, read_id, show_id
from yikatong.kernel.outcomes import Refused
from yikatong.ledger.model import Reason as LedgerReason
from yikatong.lines.model import Reason as LinesReason
from yikatong.plumbing.database import Database
from yikatong.taps.counter.works import ReverseWork
from yikatong.taps.follow_ups import ReversalBody
from yikatong.taps.jobs import end_waiting_taps
from yikatong.taps.model import Outcome, Reason, Receipt, TapBody
from yikatong.taps.outside import DebitOutcome

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world(db: Database) -> AsyncIterator[CounterWorld]:
    """A counter at work."""
    async with a_counter_world(db) as world:
        yield world


async def test_an_answered_code_pays_from_benefit_then_purse_and_the_canteen_is_owed_the_whole(
    world: CounterWorld,
) -> None:
    phone = await world.a_phone(purse_fen=5_000, meals_fen=500)

    receipt = await world.tap(world.answered(phone, amount_fen=1_200))

    assert Outcome.ADMITTED is receipt.outcome
    assert [("benefit", 500), ("purse", 700)] == [(part.source, part.amount_fen) for part in receipt.paid_by]
    assert 4_300 == await world.balance(phone)
    assert 1_200 == await world.owed()


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


async def test_a_bare_code_proves_presence_and_tells_only_what_is_asked_for(world: CounterWorld) -> None:
    phone = await world.a_phone()

    receipt = await world.tap(world.shown(phone, learn=("name_masked",)))

    assert Outcome.ADMITTED is receipt.outcome
    assert {"name_masked": "王**"} == receipt.learned
    assert "王小明" not in str(receipt)


async def test_a_resident_reads_which_terminals_learned_something_and_of_what_kind(world: CounterWorld) -> None:
    phone, stranger = await world.a_phone(), await world.a_phone()
    await world.tap(world.shown(phone))
    receipt = await world.tap(world.shown(phone, learn=("name_masked",)))

    async with world.db.transaction() as conn:
        told = await world.follow_ups.list_told(conn, resident_id=phone.resident.resident_id)
        told_of_stranger = await world.follow_ups.list_told(conn, resident_id=stranger.resident.resident_id)

    assert [receipt.tap] == [show_id("tap", row.id) for row in told]
    assert [["name_masked"]] == [list(row.learned) for row in told]
    assert [] == told_of_stranger


async def test_a_terminal_whose_tap_waited_is_told_when_it_asks_how_the_tap_stands_and_nobody_else_is(
    world: CounterWorld,
) -> None:
    phone = await world.a_phone(purse_fen=20_000)
    waiting = await world.tap(world.answered(phone, amount_fen=15_000, learn=("name_masked",)))
    neighbour = await world.another_till()

    to_resident = await confirmed(world, phone, waiting)
    async with world.db.transaction() as conn:
        told = await world.follow_ups.list_told(conn, resident_id=phone.resident.resident_id)
    by_till, by_neighbour = await polled(world, waiting), await polled(world, waiting, by=neighbour)

    assert {} == waiting.learned
    assert [("admitted", ["name_masked"])] == [(to_resident.outcome.value, list(row.learned)) for row in told]
    assert {"name_masked": "王**"} == by_till.learned
    assert [{}, {}] == [to_resident.learned, by_neighbour.learned]
    assert to_resident == by_neighbour == replace(by_till, learned={})


async def test_a_repetition_that_can_no_longer_be_read_is_told_what_the_first_answer_told(world: CounterWorld) -> None:
    phone, operator = await world.a_phone(), await world.an_operator()
    body = await world.attested(phone, by=operator, item=world.entry, learn=("name_masked",))
    first = await world.tap(body)

    world.clock.advance(timedelta(minutes=2))
    again = await world.tap(body)

    assert {"name_masked": "王**"} == again.learned
    assert first == again


async def test_of_a_person_erased_since_a_terminal_is_told_nothing_and_keeps_its_receipt(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=20_000)
    waiting = await world.tap(world.answered(phone, amount_fen=15_000, learn=("name_masked",)))
    ended = await confirmed(world, phone, waiting)
    async with world.db.transaction() as conn:
        await cards.erase_person(
            conn,
            bucket=phone.resident.bucket,
            resident_id=phone.resident.resident_id,
            vault=world.vault,
            now=world.clock.now(),
        )

    assert ended == await polled(world, waiting)


async def polled(world: CounterWorld, waiting: Receipt, *, by: TerminalWithKeys | None = None) -> Receipt:
    """Ask how a tap stands, as a terminal."""
    async with world.db.transaction() as conn:
        tap_id = TapId(read_id("tap", waiting.tap))
        return await world.follow_ups.poll(conn, caller=world.terminal_caller(by), tap_id=tap_id)


async def test_a_line_that_is_full_refuses_the_next_work_at_once(world: CounterWorld) -> None:
    phone = await world.a_phone()
    work = ReverseWork(
        tap_id=TapId(world.ids.new()),
        bucket=0,
        resident_id=phone.resident.resident_id,
        terminal_id=world.till.terminal.id,
    )

    async with a_second_worker(world, line_max=0) as full:
        ended = await full.counter.submit(work)

    assert isinstance(ended, Refused)
    assert Reason.COUNTER_IS_BUSY is ended.reason


async def test_a_bare_code_pays_nothing_unless_its_holder_opted_in(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000)

    receipt = await world.tap(world.shown(phone, item=world.meal, amount_fen=500))

    assert "STRENGTH_IS_TOO_LOW" == receipt.reason
    assert 5_000 == await world.balance(phone)


async def test_small_payments_by_bare_codes_stop_at_the_days_limit(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    await opted_in(world, phone, limit_fen=1_000, day_limit_fen=1_500)

    receipts = [await world.tap(world.shown(phone, item=world.meal, amount_fen=800)) for _ in range(2)]

    assert [None, "SMALL_PAYMENT_DAY_LIMIT_IS_EXCEEDED"] == [receipt.reason for receipt in receipts]
    assert 4_200 == await world.balance(phone)


async def opted_in(world: CounterWorld, phone: Phone, *, limit_fen: int, day_limit_fen: int) -> None:
    """Let a resident allow small payments by bare codes."""
    async with world.db.transaction() as conn:
        await cards.set_small_payment_limit(
            conn,
            bucket=phone.resident.bucket,
            resident_id=phone.resident.resident_id,
            limit_fen=limit_fen,
            day_limit_fen=day_limit_fen,
            unknown_posture_allowed=False,
            vault=world.vault,
            now=world.clock.now(),
        )


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


async def test_a_code_that_answers_another_shops_challenge_moves_nothing_here(world: CounterWorld) -> None:
    """The relay: a complicit store passes the victim's answer on to a till of its own."""
    phone = await world.a_phone(purse_fen=5_000)
    body = world.answered(phone, amount_fen=1_200)
    async with a_counter_world(world.db) as elsewhere:
        with pytest.raises(Refused):
            await elsewhere.tap(replace(body, item=elsewhere.meal.code))

    assert 5_000 == await world.balance(phone)


async def test_a_changed_amount_is_refused_and_leaves_no_tap(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    body = world.answered(phone, amount_fen=1_200)

    with pytest.raises(Refused) as refused:
        await world.tap(replace(body, amount_fen=1_300))

    assert CodesReason.CODE_ANSWERS_ANOTHER_AMOUNT is refused.value.reason
    assert 5_000 == await world.balance(phone)


async def test_a_terminal_learns_nothing_beyond_its_purpose(world: CounterWorld) -> None:
    phone = await world.a_phone()

    receipt = await world.tap(world.shown(phone, learn=("id_number",)))

    assert Reason.TERMINAL_MAY_NOT_LEARN_THIS.name == receipt.reason
    assert {} == receipt.learned


async def test_a_terminal_for_culture_takes_no_money_for_meals(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    desk = await world.another_till(purposes=(Scene.CULTURE,))

    receipt = await world.tap(world.shown(phone, item=world.meal, amount_fen=500), till=desk)

    assert Reason.TERMINAL_MAY_NOT_OFFER_THIS_ITEM.name == receipt.reason


async def test_a_key_revoked_counts_from_the_next_batch_on(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    await world.tap(world.answered(phone, amount_fen=100))
    async with world.db.transaction() as conn:
        await access.revoke_keys_of(conn, subject_id=world.till.terminal.id, now=world.clock.now())

    with pytest.raises(Refused) as refused:
        await world.tap(world.answered(phone, amount_fen=100))

    assert "KEY_IS_REVOKED" == refused.value.reason.name
    assert 4_900 == await world.balance(phone)


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


async def test_a_bank_that_does_not_answer_is_asked_again_and_the_tap_ends_once(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=200, with_bank=True)
    world.bank.answer = DebitOutcome.UNKNOWN

    waiting = await world.tap(world.answered(phone, amount_fen=1_200))
    world.clock.advance(timedelta(seconds=20))
    for _ in range(2):
        await end_waiting_taps(database=world.db, counter=world.counter, debits=world.bank, clock=world.clock)

    assert Outcome.WAITING is waiting.outcome
    async with world.db.transaction() as conn:
        tap_id = TapId(read_id("tap", waiting.tap))
        receipt = await world.follow_ups.poll(conn, caller=world.terminal_caller(), tap_id=tap_id)
    assert Outcome.ADMITTED is receipt.outcome
    assert 1_200 == await world.owed()


async def waiting_tap(world: CounterWorld, phone: Phone) -> tuple[TapBody, Receipt]:
    """A large payment that waits for the resident."""
    body = world.answered(phone, amount_fen=15_000)
    return body, await world.tap(body)


def asked_by(world: CounterWorld, *, amount_fen: int) -> Asked:
    """What the server shows the wallet of a waiting tap."""
    payee = ProviderId(world.provider.id)
    return Asked(nonce=b"\0" * 8, amount_fen=amount_fen, payee_id=payee, item_number=world.meal.number)


async def confirmed(
    world: CounterWorld, phone: Phone, waiting: Receipt, *, amount_fen: int = 15_000, agreed: bool = True
) -> Receipt:
    """Send the resident's signed answer."""
    tap_id = TapId(read_id("tap", waiting.tap))
    data = phone.wallet.confirm(
        tap_id=tap_id, asked=asked_by(world, amount_fen=amount_fen), agreed=agreed, now=world.clock.now()
    )
    async with world.db.transaction() as conn:
        return await world.follow_ups.confirm(
            conn, caller=phone.caller, tap_id=tap_id, data=data, now=world.clock.now()
        )


async def test_a_large_payment_holds_the_money_until_its_resident_confirms(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=20_000)

    _, waiting = await waiting_tap(world, phone)
    held = await world.balance(phone)
    receipt = await confirmed(world, phone, waiting)

    assert Outcome.WAITING is waiting.outcome
    assert 5_000 == held
    assert (Outcome.ADMITTED, "confirmed") == (receipt.outcome, receipt.strength)
    assert 5_000 == await world.balance(phone)
    assert 15_000 == await world.owed()


async def test_a_resident_who_declines_has_the_money_free_again(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=20_000)
    _, waiting = await waiting_tap(world, phone)

    receipt = await confirmed(world, phone, waiting, agreed=False)

    assert Reason.RESIDENT_DECLINED.name == receipt.reason
    assert 20_000 == await world.balance(phone)


async def test_a_confirmation_of_another_amount_leaves_the_tap_waiting(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=20_000)
    body, waiting = await waiting_tap(world, phone)

    with pytest.raises(Refused) as refused:
        await confirmed(world, phone, waiting, amount_fen=1_500)

    assert Reason.CONFIRMATION_IS_FOR_ANOTHER_TAP is refused.value.reason
    assert Outcome.WAITING is (await world.tap(body)).outcome


async def test_an_unconfirmed_tap_ends_at_its_deadline(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=20_000)
    body, _ = await waiting_tap(world, phone)
    world.clock.advance(timedelta(seconds=121))

    await end_waiting_taps(database=world.db, counter=world.counter, debits=world.bank, clock=world.clock)
    receipt = await world.tap(body)

    assert Reason.CONFIRMATION_DID_NOT_COME.name == receipt.reason
    assert 20_000 == await world.balance(phone)


async def test_a_code_whose_tap_waits_is_used(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=20_000)
    body, _ = await waiting_tap(world, phone)

    receipt = await world.tap(replace(body, request_id="another-request"))

    assert Reason.CODE_ALREADY_USED.name == receipt.reason


async def reversed_by(world: CounterWorld, body: TapBody) -> str:
    """Take a tap back by its code; says what the reversal met."""
    reversal = ReversalBody(
        request_id=body.request_id,
        code=body.code,
        answers=body.answers,
        item=body.item,
        amount_fen=body.amount_fen or 0,
    )
    async with world.db.transaction() as conn:
        done = await world.follow_ups.reverse(
            conn, caller=world.terminal_caller(), body=reversal, now=world.clock.now()
        )
    return done.found


async def test_a_reversal_gives_the_money_back_once(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    body = world.answered(phone, amount_fen=1_200)
    await world.tap(body)

    found = [await reversed_by(world, body), await reversed_by(world, body)]

    assert "admitted" == found[0]
    assert 5_000 == await world.balance(phone)
    assert 0 == await world.owed()


async def test_a_reversal_that_overtakes_its_original_refuses_it(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    body = world.answered(phone, amount_fen=1_200)

    found = await reversed_by(world, body)
    receipt = await world.tap(body)

    assert "nothing" == found
    assert Reason.TAP_WAS_REVERSED.name == receipt.reason
    assert 5_000 == await world.balance(phone)


async def test_a_reversal_of_a_waiting_tap_frees_what_it_held(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=20_000)
    body, _ = await waiting_tap(world, phone)

    assert "waiting" == await reversed_by(world, body)
    assert 20_000 == await world.balance(phone)


async def refunded(world: CounterWorld, receipt: Receipt, amount_fen: int, *, request_id: str) -> int:
    """Give money back; says what is left of the payment."""
    async with world.db.transaction() as conn:
        done = await world.follow_ups.refund(
            conn,
            caller=world.terminal_caller(),
            tap_id=TapId(read_id("tap", receipt.tap)),
            request_id=request_id,
            amount_fen=amount_fen,
        )
    return done.left_fen


async def test_refunds_give_back_no_more_than_was_paid_and_each_request_once(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    receipt = await world.tap(world.answered(phone, amount_fen=1_200))

    left = [await refunded(world, receipt, 500, request_id=request) for request in ("refund-1", "refund-1")]
    with pytest.raises(Refused) as refused:
        await refunded(world, receipt, 701, request_id="refund-2")

    assert [700, 700] == left
    assert Reason.REFUND_IS_MORE_THAN_PAID is refused.value.reason
    assert 4_300 == await world.balance(phone)


async def test_two_taps_of_one_instant_are_given_back_under_the_same_request_id(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    receipts = [await world.tap(world.answered(phone, amount_fen=1_200)) for _ in range(2)]

    left = [await refunded(world, receipt, 500, request_id="refund-1") for receipt in receipts]

    assert [700, 700] == left
    assert 3_600 == await world.balance(phone)


async def test_a_server_connection_lost_between_batches_is_opened_anew(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    await world.tap(world.answered(phone, amount_fen=100))
    async with world.db.owner_transaction() as conn:
        await conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = %s", [world.counter.backend_pid]
        )

    receipt = await world.tap(world.answered(phone, amount_fen=100))

    assert Outcome.ADMITTED is receipt.outcome
    assert 4_800 == await world.balance(phone)


async def test_balances_that_are_too_low_are_refused_whole(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=999)

    receipt = await world.tap(world.answered(phone, amount_fen=1_000))

    assert LedgerReason.BALANCE_IS_TOO_LOW.name == receipt.reason
    assert LinesReason.STRENGTH_IS_TOO_LOW.name != receipt.reason
    assert 999 == await world.balance(phone)
