"""Which sheet counts: the nearest place, the effective day, and what was known."""

from datetime import date

import pytest

from tests.support.builders.programmes import a_decision, a_sheet, a_sheet_text, a_shelf
from yikatong.kernel.outcomes import Refused
from yikatong.programmes import service
from yikatong.programmes.model import Reason

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


def amount(shelf: service.Shelf, place: str, on: date, known_on: date = date(2100, 1, 1)) -> int:
    """What comes out, in yuan."""
    return a_decision(shelf, place=place, on=on, known_on=known_on).amount_fen // 100


def test_a_citys_sheet_counts_instead_of_its_provinces_while_it_is_in_force() -> None:
    shelf = a_shelf(PROVINCE, CITY)

    assert 500 == amount(shelf, "320100", date(2024, 9, 30))
    assert 600 == amount(shelf, "320100", date(2024, 10, 1))
    assert 600 == amount(shelf, "320102", date(2024, 10, 31))
    assert 500 == amount(shelf, "320102", date(2024, 11, 1))
    assert 500 == amount(shelf, "320200", date(2024, 10, 15))


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
        ("320000", date(2024, 8, 31), date(2100, 1, 1)),
        ("320000", date(2025, 1, 1), date(2100, 1, 1)),
        ("330000", date(2024, 10, 20), date(2100, 1, 1)),
        ("320000", date(2024, 10, 20), date(2024, 8, 31)),
    ],
)
def test_where_no_sheet_is_in_force_and_known_nothing_is_decided(place: str, on: date, known_on: date) -> None:
    with pytest.raises(Refused) as refused:
        a_decision(a_shelf(PROVINCE), place=place, on=on, known_on=known_on)

    assert Reason.PROGRAMME_IS_NOT_IN_FORCE is refused.value.reason
