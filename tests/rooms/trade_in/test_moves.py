"""A claim and its goods move along the table alone, and each refusal has its name and its turn."""

from collections.abc import Callable
from datetime import timedelta
from itertools import product

import pytest
from msgspec import structs

from tests.support.builders.trade_in import (
    LATER,
    NEW_CODE,
    OLD_CODE,
    OTHER_RECYCLER,
    OTHER_RESIDENT,
    OTHER_STORE,
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
from yikatong.trade_in.model import (
    MOVES,
    Act,
    Actor,
    Battery,
    Claim,
    ClaimState,
    Deed,
    Mode,
    NewState,
    OldState,
    PlateState,
    Reason,
    Step,
)
from yikatong.trade_in.rules import decide_move, find_overnight

DAY = timedelta(days=1)


def refusal(claim: Claim, deed: Deed) -> Reason | None:
    """Why a deed is refused a week after today, or None."""
    try:
        decide_move(claim, deed, today=LATER)
    except Refused as refused:
        assert isinstance(refused.reason, Reason)
        return refused.reason
    return None


def tracks(claim: Claim) -> tuple[ClaimState, OldState, PlateState, NewState]:
    """Where a claim and its goods are."""
    return claim.state, claim.old, claim.plate, claim.new


def test_a_claim_goes_from_the_draft_to_the_account_step_by_step() -> None:
    claim, seen = a_claim(), []
    for act in (Act.QUALIFY, Act.RECEIVE_OLD, Act.SELL, Act.SUBMIT, Act.CHECK, Act.PUBLISH):
        claim = done(claim, act)
        seen.append(claim.state.value)
    claim = done(claim, Act.APPROVE, Act.PAY, today=LATER)

    assert ["qualified", "qualified", "qualified", "submitted", "checked", "published"] == seen
    assert ClaimState.PAID is claim.state
    assert (50_000, 0) == (claim.money.paid_fen, claim.money.held_fen)


def test_a_bike_goes_by_the_store_or_straight_to_the_recycler() -> None:
    qualified = done(a_claim(), Act.QUALIFY)
    by_store = done(qualified, Act.RECEIVE_OLD, Act.COLLECT_OLD, Act.DISMANTLE)
    straight = decide_move(qualified, a_deed(Act.RECEIVE_OLD, actor=Actor.RECYCLER), today=TODAY)

    assert OldState.DISMANTLED is by_store.old
    assert OldState.AT_RECYCLER is straight.old
    assert OldState.DISMANTLED is done(straight, Act.DISMANTLE).old


def test_a_deduction_sells_and_pays_in_one_step() -> None:
    claim = deducted()

    assert (ClaimState.PAID, NewState.SOLD) == (claim.state, claim.new)


@pytest.mark.parametrize(
    ("claim", "deed", "reason"),
    [
        (a_claim, a_deed(Act.QUALIFY, actor=Actor.STORE), Reason.ACT_IS_NOT_FOR_THIS_PARTY),
        (deducted, a_deed(Act.SUBMIT), Reason.CLAIM_IS_PAID_IN_ANOTHER_WAY),
        (published, a_deed(Act.DEDUCT), Reason.CLAIM_IS_PAID_IN_ANOTHER_WAY),
        (published, a_deed(Act.PAY), Reason.CLAIM_IS_IN_ANOTHER_STATE),
        (approved, a_deed(Act.RETURN_GOODS), Reason.CLAIM_IS_IN_ANOTHER_STATE),
        (published, a_deed(Act.DISMANTLE), Reason.OLD_BIKE_IS_IN_ANOTHER_STATE),
        (
            lambda: done(a_claim(plate=PlateState.NONE), Act.QUALIFY),
            a_deed(Act.CANCEL_PLATE),
            Reason.PLATE_IS_IN_ANOTHER_STATE,
        ),
        (lambda: done(a_claim(), Act.QUALIFY), a_deed(Act.REGISTER_NEW), Reason.NEW_BIKE_IS_IN_ANOTHER_STATE),
        (published, a_deed(Act.COLLECT_OLD, on=LATER + DAY), Reason.STEP_IS_IN_THE_FUTURE),
        (published, a_deed(Act.COLLECT_OLD, on=TODAY - DAY), Reason.STEP_IS_BEFORE_THE_ONE_IT_FOLLOWS),
        (published, a_deed(Act.REGISTER_NEW, on=TODAY - DAY), Reason.STEP_IS_BEFORE_THE_ONE_IT_FOLLOWS),
        (a_claim, a_deed(Act.QUALIFY, by=OTHER_RESIDENT), Reason.CLAIM_IS_WITH_ANOTHER_PARTY),
        (published, a_deed(Act.RETURN_GOODS, by=OTHER_STORE), Reason.CLAIM_IS_WITH_ANOTHER_PARTY),
        (
            lambda: done(published(), Act.COLLECT_OLD),
            a_deed(Act.DISMANTLE, by=OTHER_RECYCLER),
            Reason.CLAIM_IS_WITH_ANOTHER_PARTY,
        ),
        (lambda: done(a_claim(), Act.QUALIFY), a_deed(Act.SELL, on=LATER), Reason.QUALIFICATION_HAS_ENDED),
        (lambda: done(a_claim(), Act.QUALIFY), a_deed(Act.EXPIRE), Reason.QUALIFICATION_HAS_NOT_ENDED),
        (
            lambda: done(a_claim(needs=Step), Act.QUALIFY, Act.RECEIVE_OLD, Act.SELL),
            a_deed(Act.SUBMIT),
            Reason.CLAIM_LACKS_A_STEP,
        ),
        (
            lambda: done(a_claim(mode=Mode.DEDUCT_AT_SALE, needs=[Step.HAND_IN]), Act.QUALIFY),
            a_deed(Act.DEDUCT),
            Reason.CLAIM_LACKS_A_STEP,
        ),
        (lambda: done(a_claim(), Act.QUALIFY), a_deed(Act.SELL, new_code=""), Reason.NEW_VEHICLE_CODE_IS_MISSING),
        (
            lambda: done(a_claim(), Act.QUALIFY),
            a_deed(Act.SELL, new_code=OLD_CODE),
            Reason.VEHICLE_IS_COUNTED_ALREADY,
        ),
        (lambda: done(a_claim(), Act.QUALIFY), a_deed(Act.SELL, price_fen=0), Reason.PRICE_IS_NOTHING),
        (a_claim, a_deed(Act.QUALIFY, fen=0), Reason.AMOUNT_IS_NOTHING),
        (
            lambda: done(a_claim(mode=Mode.DEDUCT_AT_SALE), Act.QUALIFY),
            a_deed(Act.DEDUCT, fen=40_000, price_fen=39_999),
            Reason.AMOUNT_IS_ABOVE_THE_PRICE,
        ),
        (
            lambda: done(a_claim(mode=Mode.DEDUCT_AT_SALE), Act.QUALIFY),
            a_deed(Act.DEDUCT, fen=50_001),
            Reason.AMOUNT_IS_ABOVE_THE_RESERVE,
        ),
        (
            lambda: done(a_claim(), Act.QUALIFY, Act.SELL, Act.SUBMIT, Act.CHECK),
            a_deed(Act.PUBLISH, until=TODAY),
            Reason.PUBLICITY_HAS_NO_TERM,
        ),
        (published, a_deed(Act.APPROVE, on=LATER - DAY), Reason.PUBLICITY_IS_NOT_OVER),
    ],
)
def test_each_refusal_has_its_name(claim: Callable[[], Claim], deed: Deed, reason: Reason) -> None:
    assert reason is refusal(claim(), deed)


WRONG_IN_EVERY_WAY = structs.replace(
    a_deed(Act.DEDUCT, by=OTHER_STORE, on=LATER + DAY, fen=0, price_fen=0, new_code=""), actor=Actor.POLICE
)


def test_the_first_refusal_in_the_written_order_is_told() -> None:
    draft = a_claim(needs=[Step.HAND_IN])
    told = [refusal(draft, WRONG_IN_EVERY_WAY)]
    deed = structs.replace(WRONG_IN_EVERY_WAY, actor=Actor.STORE)
    told.append(refusal(draft, deed))
    draft = a_claim(mode=Mode.DEDUCT_AT_SALE, needs=[Step.HAND_IN])
    told.append(refusal(draft, deed))
    claim = done(draft, Act.QUALIFY)
    told.append(refusal(claim, deed))
    told.append(refusal(claim, structs.replace(deed, on=LATER)))
    deed = structs.replace(deed, on=TODAY)
    told.append(refusal(claim, deed))
    claim = done(claim, Act.RECEIVE_OLD)
    told.append(refusal(claim, deed))
    told.append(refusal(claim, structs.replace(deed, new_code=OLD_CODE)))
    told.append(refusal(claim, structs.replace(deed, new_code=NEW_CODE)))
    told.append(refusal(claim, structs.replace(deed, new_code=NEW_CODE, price_fen=1)))
    told.append(refusal(claim, structs.replace(deed, new_code=NEW_CODE, price_fen=60_000, fen=60_000)))

    assert [
        Reason.ACT_IS_NOT_FOR_THIS_PARTY,
        Reason.CLAIM_IS_PAID_IN_ANOTHER_WAY,
        Reason.CLAIM_IS_IN_ANOTHER_STATE,
        Reason.STEP_IS_IN_THE_FUTURE,
        Reason.QUALIFICATION_HAS_ENDED,
        Reason.CLAIM_LACKS_A_STEP,
        Reason.NEW_VEHICLE_CODE_IS_MISSING,
        Reason.VEHICLE_IS_COUNTED_ALREADY,
        Reason.PRICE_IS_NOTHING,
        Reason.AMOUNT_IS_NOTHING,
        Reason.AMOUNT_IS_ABOVE_THE_RESERVE,
    ] == told


def test_every_place_act_and_party_is_a_row_of_the_table_or_a_named_refusal() -> None:
    """All combinations of four tracks, two modes, acts and parties; what the table has leads where it says."""
    moved = 0
    for mode, state, old, plate, new in product(Mode, ClaimState, OldState, PlateState, NewState):
        claim = structs.replace(a_claim(mode=mode), state=state, old=old, plate=plate, new=new)
        for act, actor in MOVES:
            row = MOVES[act, actor]
            fits = state in row.claim and old in row.old and plate in row.plate and new in row.new
            try:
                after = decide_move(claim, a_deed(act, actor=actor), today=LATER)
            except Refused as refused:
                assert not (fits and refused.reason.name.endswith("_IS_IN_ANOTHER_STATE"))
            else:
                moved += 1
                assert fits
                assert row.mode in (None, mode)
                leads_to = (row.to or state, row.old_to or old, row.plate_to or plate, row.new_to or new)
                assert leads_to == tracks(after)

    assert 1 <= moved


@pytest.mark.parametrize(("act", "actor"), [pair for pair in product(Act, Actor) if pair not in MOVES])
def test_nobody_does_what_is_another_partys(act: Act, actor: Actor) -> None:
    assert Reason.ACT_IS_NOT_FOR_THIS_PARTY is refusal(a_claim(), a_deed(act, actor=actor))


def test_a_rejected_claim_is_mended_and_goes_through_every_step_again() -> None:
    rejected = done(published(), Act.REJECT)
    again = done(rejected, Act.SUBMIT, Act.CHECK)

    assert (ClaimState.REJECTED, 50_000) == (rejected.state, rejected.money.held_fen)
    assert ClaimState.CHECKED is again.state
    assert Reason.CLAIM_IS_IN_ANOTHER_STATE is refusal(again, a_deed(Act.APPROVE, on=LATER))


def test_a_rejected_claim_that_nobody_mends_expires_on_the_day_its_term_ends() -> None:
    rejected = done(published(), Act.REJECT)

    assert Reason.QUALIFICATION_HAS_NOT_ENDED is refusal(rejected, a_deed(Act.EXPIRE, on=LATER - DAY))
    assert ClaimState.EXPIRED is done(rejected, Act.EXPIRE, today=LATER).state


def test_a_claim_that_was_paid_and_returned_by_the_bank_is_paid_again() -> None:
    returned = done(paid_later(), Act.BANK_RETURNS, today=LATER)

    assert (ClaimState.APPROVED, 50_000) == (returned.state, returned.money.held_fen)
    assert 50_000 == done(returned, Act.PAY, today=LATER).money.paid_fen


@pytest.mark.parametrize(
    ("battery", "days", "found"),
    [
        (Battery.LITHIUM, 0, None),
        (Battery.LITHIUM, 1, TODAY),
        (Battery.LEAD_ACID, 1, None),
        (Battery.OTHER, 30, None),
    ],
)
def test_a_lithium_bike_that_stays_in_the_store_overnight_is_found(battery: Battery, days: int, found: object) -> None:
    claim = done(a_claim(old_battery=battery), Act.QUALIFY, Act.RECEIVE_OLD)

    assert found == find_overnight(claim, today=TODAY + days * DAY)


def test_a_lithium_bike_that_left_the_store_is_found_no_more() -> None:
    claim = done(a_claim(), Act.QUALIFY, Act.RECEIVE_OLD, Act.COLLECT_OLD)

    assert None is find_overnight(claim, today=LATER)
