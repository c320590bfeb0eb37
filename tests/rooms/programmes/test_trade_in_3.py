"""Version 3 of the trade-in: all that version 2 decides, and two terms beside the amount."""

import pytest

from tests.support.builders.programmes import a_decision, a_sheet, a_sheet_text_3, a_shelf
from yikatong.programmes import service
from yikatong.programmes.model import NoteName
from yikatong.programmes.rules.reading import SheetError

QUOTA = "{bikes: 100, per: calendar_year, clause: notice}"
MODE = (
    "{{kind: coupon, then: deduct_at_sale, life: days, days: 3, takes: 0, paid_by: unknown, hours: {}, clause: notice}}"
)
HOURS = '{from: "09:00", until: "22:00"}'


@pytest.mark.parametrize(
    ("quota", "hours", "noted"),
    [(QUOTA, HOURS, set()), ("none", "none", set()), ("unknown", "unknown", {"quota", "mode.hours"})],
)
def test_hours_and_a_quota_change_no_amount_and_are_noted_where_nobody_published_them(
    quota: str, hours: str, noted: set[str]
) -> None:
    decision = a_decision(a_shelf(a_sheet(a_sheet_text_3({"mode": MODE.format(hours)}, quota=quota))))
    notes = {note.about for note in decision.notes if note.name is NoteName.TERM_NOT_PUBLISHED}

    assert (50_000, None, "trade_in/3") == (decision.amount_fen, decision.reason, decision.formula)
    assert noted == notes & {"quota", "mode.hours"}


def test_a_coupon_ends_as_under_version_2() -> None:
    shelf = a_shelf(a_sheet(a_sheet_text_3({"mode": MODE.format(HOURS)})))

    assert "COUPON_HAS_ENDED" == a_decision(shelf, coupon_taken_on="2024-10-16").reason
    assert a_decision(shelf, coupon_taken_on="2024-10-17").reason is None


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("bikes: 100", "bikes: 0"),
        ("bikes: 100", "bikes: a hundred"),
        ("per: calendar_year", "per: month"),
        (f"quota: {QUOTA}", "quota: 100"),
        ('from: "09:00"', 'from: "9:00"'),
        ('from: "09:00"', 'from: "22:00"'),
        ('until: "22:00"', 'until: "24:01"'),
        (f"hours: {HOURS}, ", ""),
    ],
)
def test_a_sheet_of_version_3_is_read_as_strictly(right: str, wrong: str) -> None:
    text = a_sheet_text_3({"mode": MODE.format(HOURS)}, quota=QUOTA)
    assert right in text

    with pytest.raises(SheetError, match=r"trade_in/320000-2024-09-01.yaml:\d+"):
        a_sheet(text.replace(right, wrong))


def test_the_hours_of_taiyuan_stand_in_its_correction_and_the_amount_is_as_it_was() -> None:
    sheets = {sheet.name: sheet for sheet in service.read_shelf().sheets_of("trade_in")}
    before, after = (sheets[f"trade_in/140100-2025-01-01{number}"] for number in ("", "-2"))

    assert ("09:00", "22:00") == (after.terms.mode.hours.from_, after.terms.mode.hours.until)
    assert before.terms.base == after.terms.base
    assert "140100-2025-01-01" == after.head.replaces
