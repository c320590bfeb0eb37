"""What fits on the list; what a terminal may be registered for; whose cards count where."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders.catalogue import a_recognition, an_item, item_terms
from yikatong.catalogue import rules
from yikatong.catalogue.model import (
    DataKind,
    Form,
    Item,
    ItemClass,
    ItemTerms,
    Reason,
    Recognition,
    RecognitionScope,
    Scene,
    Snapshot,
)
from yikatong.kernel.outcomes import Refused

TODAY = date(2026, 11, 25)


def a_snapshot(*items: Item, recognitions: tuple[Recognition, ...] = ()) -> Snapshot:
    grouped: dict[tuple[str, str], tuple[Item, ...]] = {}
    for item in items:
        grouped[item.item_key()] = (*grouped.get(item.item_key(), ()), item)
    return Snapshot(
        version=1,
        items=grouped,
        terminals={},
        providers={},
        places={},
        recognitions={row.key(): (row,) for row in recognitions},
    )


@pytest.mark.parametrize(
    ("changes", "term"),
    [
        ({"code": "Meal"}, "code"),
        ({"code": "a" * 25}, "code"),
        ({"code": "meal-"}, "code"),
        ({"forms": ()}, "forms"),
        ({"forms": (Form.CARD, Form.CARD)}, "forms"),
        ({"item_class": ItemClass.BENEFIT}, "item_class"),
        ({"line": "Retail"}, "line"),
        ({"least_strength": 0}, "least_strength"),
        ({"least_strength": 4}, "least_strength"),
        ({"assurance_level": 5}, "assurance_level"),
        ({"learns": ()}, "learns"),
        ({"funding": ("purse", "purse")}, "funding"),
        ({"funding": ("cash",)}, "funding"),
        ({"amount_required": False}, "amount_fen_max"),
        ({"amount_fen_max": 0, "confirm_above_fen": None}, "amount_fen_max"),
        ({"confirm_above_fen": 20_001}, "confirm_above_fen"),
        ({"funding": ()}, "amount_required"),
    ],
)
def test_the_first_term_that_does_not_fit_is_named(changes: dict[str, Any], term: str) -> None:
    with pytest.raises(Refused) as refused:
        rules.verify_terms(item_terms("990101", **changes))

    assert (Reason.ITEM_TERMS_DO_NOT_FIT, term) == (refused.value.reason, refused.value.about["term"])


def test_terms_that_do_not_fit_are_refused_before_days_that_do_not() -> None:
    with pytest.raises(Refused) as both:
        rules.verify_terms(item_terms("990101", least_strength=9, valid_until=date(2026, 11, 1)))
    with pytest.raises(Refused) as days:
        rules.verify_terms(item_terms("990101", valid_until=date(2026, 11, 1)))

    assert Reason.ITEM_TERMS_DO_NOT_FIT is both.value.reason
    assert Reason.ITEM_ENDS_BEFORE_IT_BEGINS is days.value.reason


def test_an_entry_may_begin_on_the_day_another_ends() -> None:
    old = an_item(valid_until=date(2027, 1, 1))
    new = item_terms("990101", valid_from=date(2027, 1, 1))

    assert new == rules.verify_no_overlap([old], new)


@pytest.mark.parametrize(
    ("valid_from", "valid_until"),
    [(date(2026, 12, 31), None), (date(2026, 10, 1), date(2026, 11, 2)), (date(2026, 11, 5), date(2026, 11, 6))],
)
def test_an_entry_that_shares_a_day_with_another_is_refused(valid_from: date, valid_until: date | None) -> None:
    old = an_item(valid_until=date(2027, 1, 1))
    with pytest.raises(Refused) as refused:
        rules.verify_no_overlap([old], item_terms("990101", valid_from=valid_from, valid_until=valid_until))

    assert Reason.ITEM_PERIODS_OVERLAP is refused.value.reason


days = st.dates(min_value=date(2026, 1, 1), max_value=date(2026, 3, 1))
periods = st.tuples(days, days | st.none()).filter(lambda period: period[1] is None or period[0] < period[1])


@given(st.lists(periods, max_size=12))
def test_whatever_is_asked_for_no_day_ever_has_two_entries(asked: list[tuple[date, date | None]]) -> None:
    accepted: list[ItemTerms] = []
    calendar = [date(2026, 1, 1) + timedelta(days=offset) for offset in range(70)]
    for valid_from, valid_until in asked:
        terms = item_terms("990101", valid_from=valid_from, valid_until=valid_until)
        is_free = not any(
            terms.is_in_force(day) and any(entry.is_in_force(day) for entry in accepted) for day in calendar
        )
        try:
            accepted.append(rules.verify_no_overlap(accepted, terms))
            assert is_free
        except Refused:
            assert not is_free


def test_a_terminal_cannot_be_registered_to_learn_what_its_items_never_tell() -> None:
    meal = item_terms("990101")
    with pytest.raises(Refused) as refused:
        rules.verify_terminal_terms([meal], purposes=[Scene.COMMUNITY], learns=[DataKind.ID_NUMBER], items=None)

    assert Reason.PURPOSES_DO_NOT_COVER_THE_DATA is refused.value.reason


def test_an_unlisted_item_comes_before_one_of_another_purpose() -> None:
    meal = item_terms("990101")
    with pytest.raises(Refused) as unlisted:
        rules.verify_terminal_terms([meal], purposes=[Scene.HEALTH], learns=[], items=["no-such-item", "test-meal"])
    with pytest.raises(Refused) as other_purpose:
        rules.verify_terminal_terms([meal], purposes=[Scene.HEALTH], learns=[], items=["test-meal"])

    assert Reason.ITEM_IS_NOT_ON_THE_LIST is unlisted.value.reason
    assert Reason.PURPOSES_DO_NOT_COVER_THE_ITEM is other_purpose.value.reason


def test_a_region_s_own_entry_comes_before_its_province_s_and_the_country_s() -> None:
    county, province, country = (an_item(region=region) for region in ("500116", "500000", "000000"))
    snapshot = a_snapshot(country, province, county)

    assert county == snapshot.find_item("500116", "test-meal", TODAY)
    assert province == snapshot.find_item("500101", "test-meal", TODAY)
    assert country == snapshot.find_item("440100", "test-meal", TODAY)


def test_an_entry_that_ended_leaves_its_place_to_the_country_s() -> None:
    own, country = an_item(region="500116", valid_until=date(2026, 11, 20)), an_item(region="000000")
    snapshot = a_snapshot(own, country)

    assert own == snapshot.find_item("500116", "test-meal", date(2026, 11, 19))
    assert country == snapshot.find_item("500116", "test-meal", date(2026, 11, 20))


def test_without_a_day_only_an_entry_without_an_end_is_found() -> None:
    assert a_snapshot(an_item(valid_until=date(2099, 1, 1))).find_item("990101", "test-meal") is None


def test_what_a_snapshot_does_not_know_is_refused_by_name() -> None:
    snapshot = a_snapshot()
    with pytest.raises(Refused) as item:
        snapshot.get_item("990101", "test-meal", TODAY)
    with pytest.raises(Refused) as terminal:
        snapshot.get_terminal(UUID(int=1))
    with pytest.raises(Refused) as provider:
        snapshot.get_provider(UUID(int=2))

    assert Reason.ITEM_IS_NOT_ON_THE_LIST is item.value.reason
    assert Reason.TERMINAL_IS_UNKNOWN is terminal.value.reason
    assert Reason.PROVIDER_IS_UNKNOWN is provider.value.reason


def test_a_class_recognition_covers_its_items_one_way_from_its_first_day() -> None:
    recognition = a_recognition(from_region="500116", to_region="440100")
    snapshot = a_snapshot(recognitions=(recognition,))
    meal = an_item()

    there = snapshot.find_recognition(from_region="500116", to_region="440100", item=meal, on=TODAY)
    back = snapshot.find_recognition(from_region="440100", to_region="500116", item=meal, on=TODAY)
    too_early = snapshot.find_recognition(from_region="500116", to_region="440100", item=meal, on=date(2026, 10, 31))

    assert recognition == there
    assert back is None
    assert too_early is None


def test_an_item_recognition_covers_that_item_alone() -> None:
    recognition = a_recognition(
        from_region="500116", to_region="440100", scope=RecognitionScope.ITEM, subject="test-meal"
    )
    snapshot = a_snapshot(recognitions=(recognition,))

    there = snapshot.find_recognition(from_region="500116", to_region="440100", item=an_item(), on=TODAY)
    other = snapshot.find_recognition(
        from_region="500116", to_region="440100", item=an_item(code="another-item"), on=TODAY
    )

    assert recognition == there
    assert other is None
