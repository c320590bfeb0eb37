"""The book decides in order of arrival, refuses in the written order, and forgets what is rolled back."""

from datetime import timedelta

import msgspec
import pytest

from tests.support.builders.ledger import (
    BANK,
    a_benefit,
    a_hold,
    a_hold_draft,
    a_purse,
    a_receivable,
    a_row,
    a_transfer,
)
from tests.support.world import NOON
from yikatong.kernel.money import AMOUNT_FEN_MAX
from yikatong.ledger.model import (
    RESERVE_CLEARING,
    RESERVE_NOSTRO,
    Account,
    AccountName,
    Hold,
    HoldStatus,
    Leg,
    OpenTotal,
    Reason,
    TransferDraft,
)
from yikatong.ledger.rules import Book

PAST = NOON - timedelta(seconds=1)
SHOP = a_receivable()


def a_book(*accounts: Account, holds: tuple[Hold, ...] = ()) -> Book:
    return Book(accounts=accounts, holds=holds, now=NOON)


def with_legs(*legs: tuple[AccountName, int]) -> TransferDraft:
    draft = a_transfer(BANK, SHOP, 1)
    return msgspec.structs.replace(draft, legs=tuple(Leg(account, amount) for account, amount in legs))


def test_two_taps_on_one_balance_in_one_batch_see_each_other() -> None:
    meals = a_benefit()
    book = a_book(a_row(meals, posted_fen=1_000))
    outcomes = [book.post(a_transfer(meals, SHOP, 600)) for _ in range(2)]
    assert [None, Reason.BALANCE_IS_TOO_LOW] == outcomes
    assert 400 == book.available(meals.id)


@pytest.mark.parametrize(
    ("reason", "draft"),
    [
        (Reason.TRANSFER_DOES_NOT_BALANCE, with_legs((BANK, -5), (SHOP, 4))),
        (Reason.TRANSFER_DOES_NOT_BALANCE, with_legs()),
        (Reason.TRANSFER_DOES_NOT_BALANCE, with_legs((BANK, 0))),
        (Reason.TRANSFER_DOES_NOT_BALANCE, with_legs(*[(BANK, -1), (SHOP, 1)] * 5)),
        (Reason.AMOUNT_IS_NOT_POSITIVE, with_legs((BANK, 0), (SHOP, 0))),
        (Reason.AMOUNT_IS_NOT_POSITIVE, with_legs((BANK, -AMOUNT_FEN_MAX - 1), (SHOP, AMOUNT_FEN_MAX + 1))),
        (Reason.ACCOUNT_IS_UNKNOWN, a_transfer(a_purse(), SHOP, 1)),
    ],
)
def test_a_transfer_that_is_wrong_in_itself_is_refused(reason: Reason, draft: TransferDraft) -> None:
    book = a_book()
    assert reason is book.post(draft)
    assert () == book.writes.transfers


def test_the_first_reason_in_the_written_order_is_given() -> None:
    unknown, closed, frozen, poor = a_purse(), a_purse(), a_purse(), a_benefit()
    book = a_book(a_row(closed, closed_at=PAST), a_row(frozen, frozen_at=PAST), a_row(poor))
    everything = [(poor, -1), (frozen, 1), (closed, 1), (unknown, -1)]
    assert Reason.ACCOUNT_IS_UNKNOWN is book.post(with_legs(*everything))
    assert Reason.ACCOUNT_IS_CLOSED is book.post(with_legs((SHOP, -1), *everything[:3]))
    assert Reason.ACCOUNT_IS_FROZEN is book.post(with_legs(*everything[:2]))
    assert Reason.BALANCE_IS_TOO_LOW is book.post(with_legs((poor, -1), (SHOP, 1)))


def test_one_id_is_posted_once_in_a_batch() -> None:
    meals = a_benefit()
    book = a_book(a_row(meals, posted_fen=10))
    draft = a_transfer(meals, SHOP, 1)
    assert [None, Reason.TRANSFER_ID_IS_USED] == [book.post(draft), book.post(draft)]
    assert 9 == book.available(meals.id)


def test_what_is_rolled_back_was_never_there() -> None:
    purse = a_purse()
    overdue = a_hold(purse, 300, expires_at=PAST)
    book = a_book(a_row(purse, posted_fen=1_000, held_fen=300), holds=(overdue,))
    book.post(a_transfer(purse, SHOP, 100))
    before = book.writes
    savepoint = book.savepoint()
    book.hold(a_hold_draft(purse, 50))
    book.post(a_transfer(purse, SHOP, 200))
    book.rollback_to(savepoint)
    assert before == book.writes
    assert 900 == book.available(purse.id)


def test_a_tap_rolled_back_before_any_use_leaves_the_overdue_hold_as_it_was_read() -> None:
    meals = a_benefit()
    book = a_book(a_row(meals, posted_fen=100, held_fen=60), holds=(a_hold(meals, 60, expires_at=PAST),))
    savepoint = book.savepoint()
    assert book.post(a_transfer(meals, SHOP, 100)) is None
    book.rollback_to(savepoint)
    assert ((), ()) == (book.writes.accounts, book.writes.holds_ended)
    assert 100 == book.available(meals.id)


def test_a_held_amount_cannot_be_spent_and_is_free_after_its_end() -> None:
    meals = a_benefit()
    row = a_row(meals, posted_fen=100, held_fen=60)
    pending = a_book(row, holds=(a_hold(meals, 60),))
    assert Reason.BALANCE_IS_TOO_LOW is pending.post(a_transfer(meals, SHOP, 41))
    due = a_book(row, holds=(a_hold(meals, 60, expires_at=NOON),))
    assert due.post(a_transfer(meals, SHOP, 100)) is None
    assert [HoldStatus.EXPIRED] == [hold.status for hold in due.writes.holds_ended]
    assert [(0, 0)] == [(write.posted_fen, write.held_fen) for write in due.writes.accounts]


def test_a_hold_posted_in_part_gives_the_rest_free() -> None:
    meals = a_benefit()
    hold = a_hold(meals, 60)
    book = a_book(a_row(meals, posted_fen=60, held_fen=60), holds=(hold,))
    assert book.post_hold(hold.id, a_transfer(meals, SHOP, 45)) is None
    assert 15 == book.available(meals.id)


def test_holds_refuse_for_the_named_reasons() -> None:
    meals, purse = a_benefit(), a_purse()
    overdue = a_hold(meals, 10, expires_at=NOON)
    voided = a_hold(meals, 10, status=HoldStatus.VOIDED, ended_at=PAST)
    pending = a_hold(meals, 10)
    book = a_book(
        a_row(meals, posted_fen=100, held_fen=20), a_row(purse, posted_fen=9), holds=(overdue, voided, pending)
    )
    payment = a_transfer(meals, SHOP, 11)
    assert Reason.HOLD_IS_UNKNOWN is book.post_hold(a_hold(meals, 1).id, payment)
    assert Reason.HOLD_HAS_ENDED is book.post_hold(voided.id, payment)
    assert Reason.HOLD_HAS_EXPIRED is book.post_hold(overdue.id, payment)
    assert Reason.HOLD_IS_ON_ANOTHER_ACCOUNT is book.post_hold(pending.id, a_transfer(purse, SHOP, 1))
    assert Reason.HOLD_IS_SMALLER_THAN_THE_TRANSFER is book.post_hold(pending.id, payment)
    both = with_legs((meals, -5), (purse, -10), (SHOP, 15))
    assert Reason.BALANCE_IS_TOO_LOW is book.post_hold(pending.id, both)
    assert [Reason.HOLD_IS_UNKNOWN, Reason.HOLD_HAS_ENDED, Reason.HOLD_HAS_EXPIRED, None, Reason.HOLD_HAS_ENDED] == [
        book.void_hold(hold_id) for hold_id in (a_hold(meals, 1).id, voided.id, overdue.id, pending.id, pending.id)
    ]


def test_making_a_hold_refuses_for_the_named_reasons() -> None:
    meals, frozen = a_benefit(), a_benefit()
    book = a_book(a_row(meals, posted_fen=10), a_row(frozen, frozen_at=PAST))
    first = a_hold_draft(meals, 4)
    assert [Reason.AMOUNT_IS_NOT_POSITIVE] * 2 == [book.hold(a_hold_draft(meals, fen)) for fen in (0, -1)]
    assert Reason.ACCOUNT_IS_UNKNOWN is book.hold(a_hold_draft(a_purse(), 1))
    assert Reason.ACCOUNT_IS_FROZEN is book.hold(a_hold_draft(frozen, 1))
    assert Reason.HOLD_HAS_EXPIRED is book.hold(a_hold_draft(meals, 1, expires_at=NOON))
    assert [None, Reason.HOLD_ID_IS_USED] == [book.hold(first), book.hold(first)]
    assert Reason.BALANCE_IS_TOO_LOW is book.hold(a_hold_draft(meals, 7))


def test_a_hold_on_a_frozen_account_can_be_given_free() -> None:
    meals = a_benefit()
    hold = a_hold(meals, 5)
    book = a_book(a_row(meals, posted_fen=5, held_fen=5, frozen_at=PAST), holds=(hold,))
    assert book.void_hold(hold.id) is None
    assert 0 == book.available(meals.id)


def test_the_reserve_follows_the_purses_once_for_the_whole_batch() -> None:
    mine, yours = a_purse(), a_purse()
    book = a_book(a_row(mine, posted_fen=500), a_row(yours))
    book.post(a_transfer(mine, SHOP, 300))
    book.post(a_transfer(BANK, yours, 1_000))
    reserve = book.writes.transfers[-1]
    assert (Leg(RESERVE_NOSTRO, -700), Leg(RESERVE_CLEARING, 700)) == reserve.legs
    assert 3 == len(book.writes.transfers)


def test_a_payment_between_purses_leaves_the_reserve_alone() -> None:
    mine, yours = a_purse(), a_purse()
    book = a_book(a_row(mine, posted_fen=500), a_row(yours))
    book.post(a_transfer(mine, yours, 300))
    assert 1 == len(book.writes.transfers)


def test_payments_to_one_provider_become_one_change_of_its_receivable() -> None:
    meals = a_benefit()
    book = Book(accounts=[a_row(meals, posted_fen=100)], holds=[], now=NOON, open_totals=[OpenTotal(SHOP.id, -30)])
    for _ in range(3):
        book.post(a_transfer(meals, SHOP, 20))
    assert (Leg(SHOP, 60),) == book.writes.open_changes
    assert 30 == book.open_total(SHOP.id)
