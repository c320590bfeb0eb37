"""What was reserved for a claim is somewhere, to the fen, and a vehicle counts once."""

from collections.abc import Callable
from uuid import UUID

import pytest

from tests.support.builders.trade_in import (
    LATER,
    NEW_CODE,
    OLD_CODE,
    TODAY,
    a_claim,
    a_deed,
    approved,
    deducted,
    done,
    paid_later,
    published,
)
from yikatong.kernel.outcomes import Refused
from yikatong.trade_in.model import Act, Claim, ClaimState, Money, OldState, Reason, Spending, VehicleRole
from yikatong.trade_in.rules import (
    decide_move,
    list_spendings,
    resume,
    split_return,
    uses_chance,
    verify_conserved,
    verify_free,
)


def test_what_was_reserved_and_not_needed_goes_back_into_the_budget_when_the_claim_is_paid() -> None:
    claim = done(a_claim(), Act.QUALIFY, Act.SELL, Act.SUBMIT)
    checked = decide_move(claim, a_deed(Act.CHECK, fen=39_999), today=TODAY)
    paid = done(done(checked, Act.PUBLISH), Act.APPROVE, Act.PAY, today=LATER)

    assert Money(reserved_fen=50_000, held_fen=50_000) == checked.money
    assert Money(reserved_fen=50_000, paid_fen=39_999, released_fen=10_001) == paid.money


@pytest.mark.parametrize("act", [Act.WITHDRAW, Act.RETURN_GOODS, Act.RECLAIM])
def test_what_ends_unpaid_gives_the_reserve_back(act: Act) -> None:
    claim = done(a_claim(), Act.QUALIFY, Act.SELL, act)

    assert Money(reserved_fen=50_000, released_fen=50_000) == claim.money


@pytest.mark.parametrize("paid", [deducted, paid_later])
@pytest.mark.parametrize("act", [Act.RETURN_GOODS, Act.RECLAIM])
def test_what_was_paid_is_owed_back_until_the_treasury_has_it(paid: Callable[[], Claim], act: Act) -> None:
    owed = done(paid(), act, today=LATER)
    part = decide_move(owed, a_deed(Act.PAY_BACK, fen=20_000, on=LATER), today=LATER)
    whole = decide_move(part, a_deed(Act.PAY_BACK, fen=30_000, on=LATER), today=LATER)

    assert Money(reserved_fen=50_000, owed_back_fen=50_000) == owed.money
    assert Money(reserved_fen=50_000, owed_back_fen=30_000, reclaimed_fen=20_000) == part.money
    assert Money(reserved_fen=50_000, reclaimed_fen=50_000) == whole.money


def test_nobody_pays_back_more_than_is_owed() -> None:
    owed = done(deducted(), Act.RETURN_GOODS)

    with pytest.raises(Refused) as refused:
        decide_move(owed, a_deed(Act.PAY_BACK, fen=50_001), today=TODAY)
    assert Reason.AMOUNT_IS_ABOVE_THE_RESERVE is refused.value.reason


def test_a_subsidy_above_the_price_is_not_taken_as_checked() -> None:
    claim = decide_move(done(a_claim(), Act.QUALIFY), a_deed(Act.SELL, price_fen=49_999), today=TODAY)

    with pytest.raises(Refused) as refused:
        done(claim, Act.SUBMIT, Act.CHECK)
    assert Reason.AMOUNT_IS_ABOVE_THE_PRICE is refused.value.reason


@pytest.mark.parametrize(
    ("claim", "split"), [(deducted, (150_000, 50_000)), (paid_later, (150_000, 50_000)), (published, (200_000, 0))]
)
def test_a_returning_resident_gets_back_what_was_their_own(claim: Callable[[], Claim], split: tuple[int, int]) -> None:
    assert split == split_return(claim())


def test_a_return_or_a_claw_back_gives_no_chance_back_and_an_expiry_does() -> None:
    qualified = done(a_claim(), Act.QUALIFY)

    assert not uses_chance(a_claim())
    assert uses_chance(qualified)
    assert uses_chance(done(deducted(), Act.RETURN_GOODS))
    assert uses_chance(done(deducted(), Act.RECLAIM))
    assert not uses_chance(done(qualified, Act.EXPIRE, today=LATER))
    assert not uses_chance(done(qualified, Act.WITHDRAW))


def test_an_old_bike_that_its_owner_still_has_is_free_again_and_one_that_was_handed_in_is_not() -> None:
    qualified = done(a_claim(), Act.QUALIFY)
    handed_in = done(qualified, Act.RECEIVE_OLD, Act.WITHDRAW)

    assert () == list_spendings(done(qualified, Act.WITHDRAW))
    assert [OLD_CODE] == [spending.code for spending in list_spendings(handed_in)]


def test_who_let_a_claim_end_goes_on_with_the_bike_that_was_handed_in() -> None:
    ended = done(a_claim(), Act.QUALIFY, Act.RECEIVE_OLD, Act.WITHDRAW)
    resumed = resume(ended, claim_id=UUID(int=101), terms=ended.terms)
    claim = done(resumed.draft, Act.QUALIFY, Act.COLLECT_OLD, Act.SELL, Act.SUBMIT)

    assert () == list_spendings(resumed.ended)
    assert {UUID(int=101)} == {spending.claim_id for spending in list_spendings(resumed.draft)}
    assert (OldState.AT_RECYCLER, ClaimState.SUBMITTED) == (claim.old, claim.state)


def test_a_claim_is_resumed_once_and_only_if_it_ended_unpaid() -> None:
    ended = done(a_claim(), Act.QUALIFY, Act.WITHDRAW)
    resumed = resume(ended, claim_id=UUID(int=101), terms=ended.terms)
    told = []
    for claim in (resumed.ended, deducted(), done(deducted(), Act.RETURN_GOODS)):
        with pytest.raises(Refused) as refused:
            resume(claim, claim_id=UUID(int=102), terms=claim.terms)
        told.append(refused.value.reason)
    with pytest.raises(Refused) as refused:
        done(resumed.ended, Act.CANCEL_PLATE)

    assert [Reason.CLAIM_WAS_RESUMED, Reason.CLAIM_IS_IN_ANOTHER_STATE, Reason.CLAIM_IS_IN_ANOTHER_STATE] == told
    assert Reason.CLAIM_WAS_RESUMED is refused.value.reason


def test_a_returned_bike_is_no_new_bike_for_anybody() -> None:
    claim = done(deducted(), Act.RETURN_GOODS)

    assert [OLD_CODE, NEW_CODE] == [spending.code for spending in list_spendings(claim)]


def test_a_vehicle_counts_for_one_claim_in_one_role() -> None:
    one = done(a_claim(), Act.QUALIFY)
    (held,) = list_spendings(one)
    (other,) = list_spendings(done(a_claim(number=101), Act.QUALIFY))
    as_new = Spending(OLD_CODE, VehicleRole.NEW, one.claim_id)

    assert held == verify_free(None, held)
    assert held == verify_free(held, held)
    for wanted in (other, as_new):
        with pytest.raises(Refused) as refused:
            verify_free(held, wanted)
        assert Reason.VEHICLE_IS_COUNTED_ALREADY is refused.value.reason


def test_a_stopped_payment_waits_for_mending_with_its_money() -> None:
    stopped = done(approved(), Act.STOP, today=LATER)

    assert (ClaimState.REJECTED, 50_000) == (stopped.state, stopped.money.held_fen)


@pytest.mark.parametrize(
    "money", [Money(reserved_fen=1), Money(held_fen=1), Money(reserved_fen=0, held_fen=-1, paid_fen=1)]
)
def test_money_that_is_nowhere_or_from_nowhere_is_a_fault(money: Money) -> None:
    with pytest.raises(ValueError, match="not conserved"):
        verify_conserved(money)
