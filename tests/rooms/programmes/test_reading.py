"""A sheet is read strictly: what is wrong is said with file, line and reason."""

import re

import pytest

from tests.support.builders.programmes import a_sheet, a_sheet_text, a_shelf
from yikatong.programmes.service import SheetError

NAME = "320000-2024-09-01"


def fault_of(text: str, *, name: str = NAME) -> str:
    """What reading a sheet says against it."""
    with pytest.raises(SheetError) as refused:
        a_sheet(text, name=name)
    return str(refused.value)


def line_of(text: str, begins: str) -> int:
    """The line that begins so."""
    return next(place for place, line in enumerate(text.splitlines(), start=1) if line.strip().startswith(begins))


GOOD = a_sheet_text()


def test_a_good_sheet_is_read() -> None:
    sheet = a_sheet(GOOD)

    assert ("trade_in/320000-2024-09-01", "320000") == (sheet.name, sheet.head.place)
    assert 50_000 == sheet.terms.base.amount


@pytest.mark.parametrize(
    ("old", "new", "begins", "says"),
    [
        ("amount: 500", "amount: 5oo", "base", "terms.base.amount: `5oo` is not an amount in yuan with two places"),
        ("amount: 500", "amount: 499.999", "base", "`499.999` is not an amount in yuan with two places at most"),
        ("amount: 500", "amount: -500", "base", "`-500` is not an amount in yuan"),
        ("amount: 500", "amount: 1e3", "base", "`1e3` is not an amount in yuan"),
        ("amount: 500", "amount: 10000000.01", "base", "`10000000.01` is more than a sheet may say"),
        ("amount: 500", "amount: [500]", "base", "a single value is wanted here"),
        ("amount: 500", "amuont: 500", "base", "Object contains unknown field `amuont`"),
        ("amount: 500, clause: notice", "amount: 500", "base", "Object missing required field `clause`"),
        ("amount: 500, clause: notice", "amount: 500, clause: rumour", "base", "`rumour` is none of the sheet's"),
        ("amount: 500, clause: notice", "amount: 500, clause: derived", "base", "says in words how it was derived"),
        ("kind: flat", "kind: flatt", "base", "Invalid value 'flatt'"),
        ("battery: none", "battery: nothing", "battery", "Invalid enum value 'nothing'"),
        ("  minimum_price: none\n", "", "terms", "Object missing required field `minimum_price`"),
        ("  minimum_price: none\n", "  minimum_price: none\n  battery: none\n", "battery: none\n", "stands twice"),
        ("battery: none", "battery: &x none", "battery", "anchors and aliases are not used"),
        ("battery: none", "battery: !!str none", "battery", "tags are not used"),
        ("claimed: none", "claimed: {from: 2024-09-01, clause: notice}", "windows", "a window lasts `through`"),
        (
            "bought: none",
            "bought: {from: 2024-10-01, through: 2024-09-30, clause: notice}",
            "windows",
            "the window ends before it begins",
        ),
        (
            "bought: none",
            "bought: {from: 2024-10-01 09:00, through: open, clause: notice}",
            "windows",
            "the window `bought` is of days",
        ),
        (
            "bought: none",
            "bought: {from: 2024-13-01, through: open, clause: notice}",
            "windows",
            "month must be in 1..12",
        ),
        ("bought: none", "bought: {from: soon, through: open, clause: notice}", "windows", "`soon` is no day"),
        ("valid_until: 2025-01-01", "valid_until: 2024-09-01", "programme", "the sheet ends before it begins"),
        ("programme: trade_in", "programme: allowance", "programme", "this is a sheet of allowance"),
        ("formula: 1", "formula: 9", "", "there is no formula trade_in/9"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(old: str, new: str, begins: str, says: str) -> None:
    assert 1 <= GOOD.count(old)
    text = GOOD.replace(old, new, 1)
    fault = fault_of(text)

    assert says in fault
    found = re.match(rf"trade_in/{NAME}\.yaml:(\d+): ", fault)
    assert found is not None
    expected = text.rindex(begins) if begins.endswith("\n") else None
    wanted = text[:expected].count("\n") + 1 if expected is not None else line_of(text, begins) if begins else 1
    assert wanted == int(found[1])


@pytest.mark.parametrize(
    "battery",
    [
        "[{old: lithium, effect: add, amount: 1, clause: notice}, "
        "{new: lead_acid, effect: add, amount: 1, clause: notice}]",
        "[{old: lithium, new: lead_acid, effect: add, amount: 1, clause: notice}, "
        "{old: lithium, effect: replace_flat, amount: 1, clause: notice}]",
    ],
)
def test_two_battery_rules_that_fit_one_pair_are_refused(battery: str) -> None:
    assert "two battery rules fit the same pair" in fault_of(a_sheet_text(battery=battery))


def test_tiers_out_of_order_are_refused() -> None:
    tiers = "{kind: tiers, tiers: [{from: 2000, amount: 400}, {from: 0, amount: 300}], clause: notice}"

    assert "tiers begin one above the other" in fault_of(a_sheet_text(base=tiers))


def test_a_file_is_named_by_its_place_and_first_day() -> None:
    assert "the file should be named 320000-2024-09-01.yaml" in fault_of(GOOD, name="320000-2024-09-02")
    assert "a correction has `replaces` and a number" in fault_of(GOOD, name="320000-2024-09-01-2")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- a\n- b\n",
        "a: [\n",
        "a: \x00\n",
        "? [a, b]\n: c\n",
        "a: " + "[" * 2000,
        "a: " + "[" * 2000 + "]" * 2000,
        "a: b\n---\na: b\n",
    ],
)
def test_what_is_no_sheet_at_all_is_refused_in_a_sentence(text: str) -> None:
    assert fault_of(text).startswith(f"trade_in/{NAME}.yaml:")


def test_a_sheet_that_is_too_long_is_refused_unread() -> None:
    assert "longer than 100000 bytes" in fault_of(GOOD + "#" * 100_000)


def fault_between(*sheets: tuple[str, str]) -> str:
    """What is wrong between versions of one place; each a name and a text."""
    with pytest.raises(SheetError) as refused:
        a_shelf(*(a_sheet(text, name=name) for name, text in sheets))
    return str(refused.value)


LATER = a_sheet_text(valid_from="2025-01-01", valid_until="open", known_from="2025-01-01")


def test_versions_that_follow_one_another_stand() -> None:
    shelf = a_shelf(a_sheet(GOOD), a_sheet(LATER, name="320000-2025-01-01"))

    assert 2 == len(shelf.sheets_of("trade_in"))


def test_an_overlap_of_two_versions_is_found() -> None:
    earlier = LATER.replace("valid_from: 2025-01-01", "valid_from: 2024-12-31")
    said = fault_between((NAME, GOOD), ("320000-2024-12-31", earlier))

    assert "trade_in/320000-2024-12-31.yaml:1: overlaps trade_in/320000-2024-09-01" in said


def test_a_gap_between_two_versions_is_found_unless_it_is_said() -> None:
    after = LATER.replace("valid_from: 2025-01-01", "valid_from: 2025-01-02")
    said = fault_between((NAME, GOOD), ("320000-2025-01-02", after))

    assert "trade_in/320000-2025-01-02.yaml:1: nothing speaks from 2025-01-01 on" in said
    told = after.replace("sources:", "gap_before: no programme on New Year's Day\nsources:")
    assert 2 == len(a_shelf(a_sheet(GOOD), a_sheet(told, name="320000-2025-01-02")).sheets_of("trade_in"))


def test_a_gap_that_is_said_and_not_there_is_found() -> None:
    told = LATER.replace("sources:", "gap_before: none at all\nsources:")

    assert "`gap_before` is said, and there is no gap" in fault_between((NAME, GOOD), ("320000-2025-01-01", told))


def test_a_correction_must_be_known_later_than_what_it_corrects() -> None:
    same_day = a_sheet_text(more="replaces: 320000-2024-09-01\n")
    said = fault_between((NAME, GOOD), (f"{NAME}-2", same_day))

    assert "`replaces` names no sheet of this place that was known earlier" in said
