"""What a payment needs, and which sources pay it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders.catalogue import an_item
from tests.support.builders.taps import RESIDENT, FixedBalances, a_gate, a_holder, a_presentation, a_tap
from tests.support.world import NOON
from yikatong.cards.model import Reason as CardsReason
from yikatong.codes.model import Form, Posture, Strength
from yikatong.kernel.instants import day_of
from yikatong.ledger.model import Reason as LedgerReason
from yikatong.lines.model import Admit, Reason, Refuse, Wait, WaitsFor
from yikatong.lines.rules import account_of_source, price_parts
from yikatong.retail.rules import decide_payment

MEALS = account_of_source(RESIDENT, "benefit:elder-meal").id
PURSE = account_of_source(RESIDENT, "purse").id
RICH = FixedBalances({PURSE: 100_000})


def parts_of(decision: object) -> list[tuple[str, int]]:
    """Who pays what."""
    assert isinstance(decision, Admit | Wait)
    return [(part.source, part.amount_fen) for part in decision.parts]


def test_a_benefit_pays_first_and_the_purse_pays_the_rest() -> None:
    decision = decide_payment(a_tap(amount_fen=1_200), FixedBalances({MEALS: 500, PURSE: 5_000}))

    assert [("benefit:elder-meal", 500), ("purse", 700)] == parts_of(decision)


def test_what_the_accounts_do_not_cover_is_asked_of_the_bound_bank_account() -> None:
    decision = decide_payment(a_tap(amount_fen=1_200), FixedBalances({PURSE: 200}))

    assert [("purse", 200), ("bank", 1_000)] == parts_of(decision)
    assert isinstance(decision, Wait)
    assert WaitsFor.BANK is decision.waits_for


def test_without_a_bound_bank_account_too_little_is_refused() -> None:
    tap = a_tap(amount_fen=1_200, holder=a_holder(bank_code=None, bank_token=None))

    assert Refuse(LedgerReason.BALANCE_IS_TOO_LOW) == decide_payment(tap, FixedBalances({PURSE: 1_199}))


def test_a_large_amount_waits_for_the_residents_confirmation_whatever_the_strength() -> None:
    tap = a_tap(amount_fen=10_001, presented=a_presentation(strength=Strength.SHOWN))

    decision = decide_payment(tap, RICH)

    assert isinstance(decision, Wait)
    assert WaitsFor.CONFIRMATION is decision.waits_for


def test_a_plastic_card_has_no_wallet_to_confirm_with_and_its_pin_stands_for_it() -> None:
    tap = a_tap(amount_fen=10_001, presented=a_presentation(form=Form.CHIP))

    assert isinstance(decide_payment(tap, RICH), Admit)


SHOWN = a_presentation(strength=Strength.SHOWN)
SMALL = a_gate(shown_limit_fen=2_000, shown_day_limit_fen=3_000)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"amount_fen": None}, Reason.AMOUNT_IS_MISSING),
        ({"item": an_item(amount_required=False, amount_fen_max=0)}, Reason.AMOUNT_IS_NOT_ALLOWED),
        ({"amount_fen": 20_001}, Reason.AMOUNT_IS_OVER_THE_ITEM_MAXIMUM),
        ({"gate": a_gate(payments_frozen_at=NOON)}, CardsReason.PAYMENTS_ARE_FROZEN),
        ({"presented": SHOWN}, Reason.STRENGTH_IS_TOO_LOW),
        ({"presented": SHOWN, "gate": SMALL, "item": an_item(least_strength=2)}, Reason.STRENGTH_IS_TOO_LOW),
        (
            {"presented": a_presentation(strength=Strength.SHOWN, posture=Posture.CONTROLLED), "gate": SMALL},
            Reason.POSTURE_IS_NOT_SAFE,
        ),
        (
            {"presented": a_presentation(strength=Strength.SHOWN, posture=Posture.UNKNOWN), "gate": SMALL},
            CardsReason.SMALL_PAYMENTS_ARE_NOT_ALLOWED,
        ),
        ({"presented": SHOWN, "gate": SMALL, "amount_fen": 2_001}, CardsReason.SMALL_PAYMENT_LIMIT_IS_EXCEEDED),
        (
            {"presented": SHOWN, "gate": SMALL._replace(shown_on=day_of(NOON), shown_spent_fen=1_801)},
            CardsReason.SMALL_PAYMENT_DAY_LIMIT_IS_EXCEEDED,
        ),
    ],
)
def test_a_payment_is_refused_for_the_first_reason_in_order(changes: dict[str, object], reason: object) -> None:
    decision = decide_payment(a_tap(**changes), RICH)

    assert isinstance(decision, Refuse)
    assert reason is decision.reason


def test_a_shown_code_pays_up_to_the_limits_its_holder_opted_into() -> None:
    gate = SMALL._replace(shown_on=day_of(NOON), shown_spent_fen=1_800)

    decision = decide_payment(a_tap(presented=SHOWN, gate=gate, amount_fen=1_200), RICH)

    assert isinstance(decision, Admit)
    assert decision.counts_as_shown


def test_yesterdays_small_payments_do_not_count_today() -> None:
    gate = SMALL._replace(shown_on=day_of(NOON).replace(day=24), shown_spent_fen=3_000)

    assert isinstance(decide_payment(a_tap(presented=SHOWN, gate=gate), RICH), Admit)


@given(
    amount_fen=st.integers(1, 20_000),
    meals_fen=st.integers(0, 20_000),
    purse_fen=st.integers(0, 20_000),
    has_bank=st.booleans(),
)
def test_the_parts_sum_to_the_amount_and_take_no_more_than_there_is(
    amount_fen: int, meals_fen: int, purse_fen: int, has_bank: bool
) -> None:
    holder = a_holder() if has_bank else a_holder(bank_token=None, bank_code=None)

    parts = price_parts(
        a_tap(amount_fen=amount_fen, holder=holder), amount_fen, FixedBalances({MEALS: meals_fen, PURSE: purse_fen})
    )

    if parts is None:
        assert not has_bank
        assert meals_fen + purse_fen < amount_fen
        return
    assert amount_fen == sum(part.amount_fen for part in parts)
    taken = {part.source: part.amount_fen for part in parts}
    assert taken.get("benefit:elder-meal", 0) <= meals_fen
    assert taken.get("purse", 0) <= purse_fen
