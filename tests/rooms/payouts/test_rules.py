"""A day's statement, what it pays, and where a bank disagrees: pure decisions."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from tests.support.builders.payouts import a_debit, a_provider_id, a_total, morning_after
from tests.support.world import NOON
from yikatong.kernel.instants import start_of
from yikatong.kernel.outcomes import Refused
from yikatong.payouts.model import (
    BankDid,
    BankDifference,
    BankNeverHeard,
    BankRefusal,
    BankRefused,
    BankRequest,
    BankReversed,
    BankStanding,
    DayLine,
    DayLineKind,
    RequestState,
)
from yikatong.payouts.rules.settling import (
    apply_standing,
    compare_day,
    decide_debt,
    digest_statement,
    price_payable,
    show_csv,
    split_netting,
    state_day,
    verify_day_has_ended,
)

DAY = date(2026, 11, 25)
DID = BankDid("B1", DAY)


def a_request(state: RequestState) -> BankRequest:
    asked = structs.asdict(a_debit())
    is_done = state is RequestState.DONE
    return BankRequest(
        **asked,
        state=state,
        refusal=BankRefusal.OTHER if state is RequestState.REFUSED else None,
        bank_reference="B0" if is_done else None,
        booked_on=DAY if is_done else None,
        reversed_on=None,
        asked_at=NOON,
        changed_at=NOON,
    )


def test_a_statement_sums_all_buckets_and_adds_up() -> None:
    provider = a_provider_id()
    totals = [
        a_total(
            {"payment": (3, 400), "refund": (1, -20), "reversal": (1, -40), "settlement": (1, -50)},
            opening=100,
            closing=390,
        ),
        a_total({"payment": (1, 10), "return": (1, 3), "correction": (1, 2)}, bucket=1, opening=-10, closing=5),
        a_total({"debt": (2, -30)}, bucket=2, opening=40, closing=10),
    ]
    statement = state_day(provider, DAY, totals)
    assert (130, 4, 410, 1, 20, 1, 40, 47, 30, 2, 405) == (
        statement.opening_fen,
        statement.sales_count,
        statement.sales_fen,
        statement.refunds_count,
        statement.refunds_fen,
        statement.reversals_count,
        statement.reversals_fen,
        statement.settled_fen,
        statement.netted_fen,
        statement.other_fen,
        statement.closing_fen,
    )


def test_what_was_undone_is_no_refund_and_both_come_off_what_is_due() -> None:
    undone = state_day(a_provider_id(), DAY, [a_total({"payment": (2, 500), "reversal": (1, -200)}, closing=300)])
    given_back = state_day(a_provider_id(), DAY, [a_total({"payment": (2, 500), "refund": (1, -200)}, closing=300)])

    assert [(0, 0, 1, 200, 0), (1, 200, 0, 0, 0)] == [
        (it.refunds_count, it.refunds_fen, it.reversals_count, it.reversals_fen, it.other_fen)
        for it in (undone, given_back)
    ]


def test_a_day_without_anything_is_a_statement_of_zeros() -> None:
    statement = state_day(a_provider_id(), DAY, [])
    assert {0} == {getattr(statement, field) for field in statement.__struct_fields__ if field.endswith("_fen")}


def test_the_csv_of_a_statement_is_in_yuan_and_its_digest_changes_with_any_figure() -> None:
    statement = state_day(a_provider_id(), DAY, [a_total({"payment": (1, 1_234)}, closing=1_234)])
    header, line = show_csv([statement]).splitlines()
    assert "provider_id,day_on,opening_yuan,sales_count,sales_yuan" == ",".join(header.split(",")[:5])
    assert "refunds_count,refunds_yuan,reversals_count,reversals_yuan,settled_yuan" == ",".join(header.split(",")[5:10])
    assert "netted_yuan,other_yuan,closing_yuan" == ",".join(header.split(",")[10:])
    assert f"{statement.provider_id},2026-11-25,0.00,1,12.34,0,0.00,0,0.00,0.00,0.00,0.00,12.34" == line
    other = structs.replace(statement, sales_count=2)
    assert digest_statement(statement) != digest_statement(other)


def test_a_day_ends_five_minutes_after_midnight_in_shanghai() -> None:
    midnight = start_of(DAY + timedelta(days=1))
    verify_day_has_ended(DAY, now=midnight + timedelta(minutes=5))
    with pytest.raises(Refused, match="STATEMENT_DAY_HAS_NOT_ENDED"):
        verify_day_has_ended(DAY, now=midnight + timedelta(minutes=5) - timedelta(microseconds=1))


def test_what_was_settled_after_the_day_is_not_payable_again() -> None:
    totals = [
        a_total(bucket=3, closing=100, settled_later=-100),
        a_total(bucket=4, closing=50),
        a_total(bucket=5, closing=-7),
    ]
    assert {4: 50, 5: -7} == price_payable(totals)


@given(
    payable=st.dictionaries(st.integers(0, 5), st.integers(-1_000, 1_000), max_size=6), debt_fen=st.integers(-50, 5_000)
)
def test_a_debt_takes_as_much_as_is_due_and_no_bucket_falls_below_zero_for_it(
    payable: dict[int, int], debt_fen: int
) -> None:
    netted = split_netting(payable, debt_fen=debt_fen)

    assert max(0, min(debt_fen, sum(payable.values()))) == sum(netted.values())
    assert all(0 < fen <= payable[bucket] for bucket, fen in netted.items())


@pytest.mark.parametrize(
    ("is_debt", "closings"),
    [(True, [-1, -1, -1]), (True, [-1, -2, -3, 9]), (False, [-1, 0, -1]), (False, [-1, -1]), (False, [5, -1, -1])],
)
def test_a_receivable_becomes_a_debt_after_every_day_of_the_term_below_zero(is_debt: bool, closings: list[int]) -> None:
    assert is_debt is decide_debt(closings, term_days=3)


@pytest.mark.parametrize(
    ("before", "standing", "after"),
    [
        (RequestState.ASKED, DID, RequestState.DONE),
        (RequestState.ASKED, BankRefused(BankRefusal.INSUFFICIENT_FUNDS), RequestState.REFUSED),
        (RequestState.ASKED, None, RequestState.UNKNOWN),
        (RequestState.UNKNOWN, BankNeverHeard(), RequestState.UNKNOWN),
        (RequestState.UNKNOWN, BankReversed(None, None), RequestState.REVERSED),
        (RequestState.REVERSING, DID, RequestState.REVERSING),
        (RequestState.REVERSING, None, RequestState.REVERSING),
        (RequestState.REVERSING, BankRefused(BankRefusal.OTHER), RequestState.REFUSED),
        (RequestState.REVERSING, BankReversed(DAY, DAY), RequestState.REVERSED),
        (RequestState.DONE, None, RequestState.DONE),
        (RequestState.DONE, BankReversed(DAY, DAY), RequestState.REVERSED),
        (RequestState.REFUSED, DID, RequestState.REFUSED),
        (RequestState.REVERSED, DID, RequestState.REVERSED),
    ],
)
def test_a_request_goes_on_as_the_bank_says_and_ends_once(
    before: RequestState, standing: BankStanding | None, after: RequestState
) -> None:
    assert after is apply_standing(a_request(before), standing, now=NOON).state


standings = st.sampled_from([None, DID, BankRefused(BankRefusal.OTHER), BankReversed(DAY, DAY), BankNeverHeard()])


@given(said=st.lists(standings, max_size=6))
def test_whatever_a_bank_says_in_whatever_order_a_request_that_has_ended_stays_ended(
    said: list[BankStanding | None],
) -> None:
    request = a_request(RequestState.ASKED)
    for standing in said:
        before, request = request.state, apply_standing(request, standing, now=NOON)
        if before in (RequestState.REFUSED, RequestState.REVERSED):
            assert before is request.state
        if before is RequestState.DONE:
            assert request.state in (RequestState.DONE, RequestState.REVERSED)


def test_a_day_on_which_both_sides_agree_has_no_difference() -> None:
    done = a_request(RequestState.DONE)
    back = structs.replace(a_request(RequestState.REVERSED), booked_on=DAY - timedelta(days=1), reversed_on=DAY)
    lines = [DayLine(back.id, DayLineKind.REVERSAL, 500), DayLine(done.id, DayLineKind.DEBIT, 500)]
    assert () == compare_day([done, back], lines, day=DAY)


def test_the_differences_of_a_day_are_named_both_ways() -> None:
    ours, dearer, doubled = (a_request(RequestState.DONE) for _ in range(3))
    stranger = a_debit()
    lines = [
        DayLine(dearer.id, DayLineKind.DEBIT, 501),
        DayLine(doubled.id, DayLineKind.DEBIT, 500),
        DayLine(doubled.id, DayLineKind.DEBIT, 500),
        DayLine(stranger.id, DayLineKind.PAY_OUT, 9),
    ]
    assert {
        BankDifference(ours.id, DayLineKind.DEBIT, 500, None),
        BankDifference(dearer.id, DayLineKind.DEBIT, 500, 501),
        BankDifference(doubled.id, DayLineKind.DEBIT, 500, 1_000),
        BankDifference(stranger.id, DayLineKind.PAY_OUT, None, 9),
    } == set(compare_day([ours, dearer, doubled], lines, day=DAY))


def test_the_morning_after_is_late_enough() -> None:
    verify_day_has_ended(DAY, now=morning_after(DAY))
