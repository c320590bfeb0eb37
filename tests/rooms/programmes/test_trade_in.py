"""The terms of a trade-in one by one: order, coupon, battery, bonuses, ownership, pledge, rounding."""

import pytest

from tests.support.builders.programmes import a_decision, a_sheet, a_sheet_text, a_shelf
from yikatong.programmes import service


def shelf_with(**terms: str) -> service.Shelf:
    """A shelf whose only sheet says this, and else asks for nothing and pays 500."""
    return a_shelf(a_sheet(a_sheet_text(terms)))


def a_share(percent: str, cap: str) -> str:
    """A base by share."""
    return f"{{kind: percent, percent: {percent}, cap: {cap}, clause: notice}}"


BEFORE, SAME, AFTER = "2024-10-19", "2024-10-20", "2024-10-21"
WRONG = "HAND_IN_IS_IN_THE_WRONG_ORDER"


@pytest.mark.parametrize(
    ("rule", "before", "same", "after"),
    [
        ("any", None, None, None),
        ("hand_in_first", None, None, WRONG),
        ("cancel_first", None, None, WRONG),
        ("buy_first", WRONG, None, None),
        ("same_day", WRONG, None, WRONG),
    ],
)
def test_old_and_new_come_in_the_order_that_the_place_asks(
    rule: str, before: str | None, same: str | None, after: str | None
) -> None:
    shelf = shelf_with(order=f"{{rule: {rule}, clause: notice}}")
    found = [a_decision(shelf, handed_in_on=day).reason for day in (BEFORE, SAME, AFTER)]

    assert [before, same, after] == found


def test_scrapping_first_asks_for_the_cancelled_plate_too() -> None:
    shelf = shelf_with(order="{rule: cancel_first, clause: notice}")

    assert a_decision(shelf, handed_in_on=BEFORE, old_cancelled_on=SAME).reason is None
    late = a_decision(shelf, handed_in_on=BEFORE, old_cancelled_on=AFTER)
    assert "CANCELLATION_IS_IN_THE_WRONG_ORDER" == late.reason


def test_where_one_buys_first_and_claims_later_a_claim_before_the_invoices_day_is_refused() -> None:
    shelf = shelf_with(order="{rule: buy_then_claim, clause: notice}")

    assert "CLAIM_IS_BEFORE_THE_PURCHASE" == a_decision(shelf, claimed_at="2024-10-19 23:59:59").reason
    assert a_decision(shelf, claimed_at="2024-10-20 00:00:00", handed_in_on=AFTER).reason is None


def test_online_another_order_may_hold() -> None:
    shelf = shelf_with(order="{rule: same_day, online: buy_first, clause: notice}")

    assert WRONG == a_decision(shelf, channel="store", handed_in_on=AFTER).reason
    assert a_decision(shelf, channel="online", handed_in_on=AFTER).reason is None
    assert WRONG == a_decision(shelf, channel="online", handed_in_on=BEFORE).reason
    assert a_decision(shelf, handed_in_on=SAME).reason is None


@pytest.mark.parametrize(
    ("life", "days", "good", "bad"),
    [
        ("same_day", 0, ["2024-10-20"], ["2024-10-19", "2024-10-21"]),
        ("days", 2, ["2024-10-18", "2024-10-19", "2024-10-20"], ["2024-10-17", "2024-10-21"]),
        ("days", 7, ["2024-10-13", "2024-10-20"], ["2024-10-12"]),
        ("month", 0, ["2024-10-01", "2024-10-20"], ["2024-09-30", "2024-10-21"]),
        ("unknown", 0, ["2024-01-01", "2024-12-31"], []),
    ],
)
def test_a_coupon_lives_as_long_as_the_place_says(life: str, days: int, good: list[str], bad: list[str]) -> None:
    shelf = shelf_with(
        mode=f"{{kind: coupon, then: deduct_at_sale, life: {life}, days: {days}, takes: 1, clause: notice}}"
    )

    assert {None} == {a_decision(shelf, coupon_taken_on=day).reason for day in good}
    assert {"COUPON_HAS_ENDED"} >= {a_decision(shelf, coupon_taken_on=day).reason for day in bad}
    assert len(bad) == sum(a_decision(shelf, coupon_taken_on=day).reason is not None for day in bad)


def amount(shelf: service.Shelf, price: str, old: str = "lead_acid", new: str = "lead_acid", **facts: str) -> int:
    """What comes out, in fen."""
    return a_decision(shelf, facts, price=price, old_battery=old, new_battery=new).amount_fen


def test_a_cap_of_600_and_500_plus_100_give_different_money() -> None:
    capped = shelf_with(
        base=a_share("20", "500"),
        battery="[{old: lithium, new: lead_acid, effect: replace_percent, percent: 20, cap: 600, clause: notice}]",
    )
    added = shelf_with(
        base=a_share("20", "500"), battery="[{old: lithium, new: lead_acid, effect: add, amount: 100, clause: notice}]"
    )

    assert (39_999, 49_999) == tuple(amount(one, "1999.99", old="lithium") for one in (capped, added))
    assert (52_000, 60_000) == tuple(amount(one, "2600", old="lithium") for one in (capped, added))
    assert (50_000, 50_000) == tuple(amount(one, "2600") for one in (capped, added))


def test_a_rule_of_the_old_battery_alone_holds_whatever_the_new_one() -> None:
    shelf = shelf_with(
        base="{kind: tiers, tiers: [{from: 0, amount: 400}, {from: 2000, amount: 500}], clause: notice}",
        battery="[{old: lithium, effect: replace_flat, amount: 500, clause: notice}]",
    )

    assert {50_000} == {amount(shelf, "999.99", old="lithium", new=new) for new in ("lithium", "lead_acid", "other")}
    assert 40_000 == amount(shelf, "999.99")


def test_a_fixed_sum_has_no_price_check_and_no_cap_of_the_base() -> None:
    shelf = shelf_with(
        base=a_share("20", "500"),
        battery="[{old: lithium, new: lead_acid, effect: replace_flat, amount: 800, clause: notice}]",
    )

    assert 80_000 == amount(shelf, "999.99", old="lithium")
    assert 50_000 == amount(shelf, "3500")


def test_half_up_to_tens_comes_before_the_cap_and_before_what_is_added() -> None:
    shelf = shelf_with(
        base=a_share("15", "500"),
        rounding="{rule: tens_half_up, clause: notice}",
        bonuses="[{when: battery_checked, amount: 0.05, clause: notice}]",
    )

    assert [15_000, 22_000, 23_000, 35_000, 37_000, 38_000] == [
        amount(shelf, price) for price in ("999.99", "1499.99", "1500", "2300", "2499.99", "2500")
    ]
    assert 50_000 == amount(shelf, "3333.33")
    assert 23_005 == amount(shelf, "1500", battery_is_checked="yes")


def test_a_pledge_serves_instead_of_a_plate_only_where_the_place_says_so() -> None:
    either = shelf_with(ownership="{proof: plate_or_pledge, same_person: true, clause: notice}")
    plate = shelf_with(ownership="{proof: plate, same_person: true, clause: notice}")
    unplated = {"old_is_plated": "no", "pledge_is_given": "yes"}

    assert a_decision(either, unplated).reason is None
    assert "OLD_BIKE_HAS_NO_PROOF_OF_OWNERSHIP" == a_decision(plate, unplated).reason
    assert "OLD_BIKE_HAS_NO_PROOF_OF_OWNERSHIP" == a_decision(either, old_is_plated="no").reason


def test_the_price_may_reach_the_pledge_and_not_exceed_it() -> None:
    shelf = shelf_with(price_pledge="{rule: average_month_before_joining, clause: notice}")

    assert a_decision(shelf, price="2000", reference_price="2000").reason is None
    assert "PRICE_IS_OVER_THE_PLEDGE" == a_decision(shelf, price="2000.01", reference_price="2000").reason


def test_the_last_of_the_money_is_paid_and_no_fen_more() -> None:
    assert a_decision(shelf_with(), budget_left="500").reason is None
    assert "BUDGET_IS_USED_UP" == a_decision(shelf_with(), budget_left="499.99").reason


def test_each_step_names_the_clause_that_was_followed() -> None:
    text = a_sheet_text(
        base="{kind: flat, amount: 500, clause: notice article 3}",
        battery="[{old: lithium, effect: replace_flat, amount: 600, clause: notice article 4}]",
    )
    plain, lithium = (a_decision(a_shelf(a_sheet(text)), old_battery=old) for old in ("lead_acid", "lithium"))

    assert "A notice: article 3" == plain.steps[0].clause
    assert "A notice: article 4" == lithium.steps[0].clause
