"""Which sheet counts: the nearest place, the effective day, and what was known."""

from datetime import date

import numpy as np
import pytest

from tests.support.builders.programmes import KNOWN_BY_ALL, a_decision, a_sheet, a_sheet_text, a_shelf
from yikatong.kernel.outcomes import Refused
from yikatong.programmes import service
from yikatong.programmes.model import Reason
from yikatong.programmes.rules.facts import day_number

PROVINCE = a_sheet(a_sheet_text())
CITY = a_sheet(
    a_sheet_text(
        place="320100",
        valid_from="2024-10-01",
        valid_until="2024-11-01",
        base="{kind: flat, amount: 600, clause: notice}",
    ),
    name="320100-2024-10-01",
)
CORRECTION = a_sheet(
    a_sheet_text(
        known_from="2024-12-01",
        more="replaces: 320000-2024-09-01\n",
        base="{kind: flat, amount: 700, clause: notice}",
    ),
    name="320000-2024-09-01-2",
)


def amount(shelf: service.Shelf, place: str, on: date, known_on: date = KNOWN_BY_ALL) -> int:
    """What comes out, in yuan."""
    return a_decision(shelf, place=place, on=on, known_on=known_on).amount_fen // 100


def test_a_citys_sheet_counts_instead_of_its_provinces_while_it_is_in_force() -> None:
    shelf = a_shelf(PROVINCE, CITY)

    assert 500 == amount(shelf, "320100", date(2024, 9, 30))
    assert 600 == amount(shelf, "320100", date(2024, 10, 1))
    assert 600 == amount(shelf, "320102", date(2024, 10, 31))
    assert 500 == amount(shelf, "320102", date(2024, 11, 1))
    assert 500 == amount(shelf, "320200", date(2024, 10, 15))


@pytest.mark.parametrize(
    ("changed", "numbers"), [("320000", [2, 2, 1, 2, 2]), ("320100", [0, 0, 2, 0, 0])], ids=["province", "city"]
)
def test_a_changed_sheet_counts_before_the_others_of_its_place_alone(changed: str, numbers: list[int]) -> None:
    shelf = a_shelf(PROVINCE, CITY)
    sheets = service.change_sheets(shelf, "trade_in", {changed: {"base.amount": "550"}})
    rules = service.changed_rules(service.present_rules(shelf, "trade_in"), sheets)
    places = np.array([320_000, 320_100, 320_100, 320_100, 320_200], np.int64)
    days = [day_number(date(2024, *on)) for on in ((10, 15), (9, 30), (10, 15), (11, 1), (10, 15))]
    chosen = service.choose_sheets(
        service.Calendar(rules, known_on=KNOWN_BY_ALL), places=places, days=np.array(days, np.int64)
    )

    assert numbers == chosen.tolist()


def test_a_correction_counts_from_the_day_it_is_known_for_the_same_effective_day() -> None:
    shelf = a_shelf(PROVINCE, CORRECTION)

    assert 500 == amount(shelf, "320000", date(2024, 10, 20), known_on=date(2024, 11, 30))
    assert 700 == amount(shelf, "320000", date(2024, 10, 20), known_on=date(2024, 12, 1))


def test_what_was_decided_before_a_correction_replays_as_it_was() -> None:
    before = a_decision(a_shelf(PROVINCE), known_on=date(2024, 11, 30))

    assert before == service.replay(a_shelf(PROVINCE, CORRECTION), before)


@pytest.mark.parametrize(
    ("place", "on", "known_on"),
    [
        ("320000", date(2024, 8, 31), KNOWN_BY_ALL),
        ("320000", date(2025, 1, 1), KNOWN_BY_ALL),
        ("330000", date(2024, 10, 20), KNOWN_BY_ALL),
        ("320000", date(2024, 10, 20), date(2024, 8, 31)),
    ],
)
def test_where_no_sheet_is_in_force_and_known_nothing_is_decided(place: str, on: date, known_on: date) -> None:
    with pytest.raises(Refused) as refused:
        a_decision(a_shelf(PROVINCE), place=place, on=on, known_on=known_on)

    assert Reason.PROGRAMME_IS_NOT_IN_FORCE is refused.value.reason
