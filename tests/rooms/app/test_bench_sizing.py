"""The sizing pages: their arithmetic comes out again from their own numbers, and units are never mixed."""

import math
from pathlib import Path

import pytest

from tests.house.house import REPOSITORY
from yikatong.app.bench.quantities import Quantity, UnitError, evaluate, evaluate_as, read_unit
from yikatong.app.bench.sizing import ASSUMPTIONS, SECTIONS, UNITS_OF_RATE, Figure, Machine, calculate
from yikatong.app.bench.sizing_pages import DIGITS, read_page, show_scaled, sizing_page

PAGES = [REPOSITORY / "docs" / name for name in ("sizing.md", "sizing.zh-CN.md")]
KNOWN = {
    "work": Quantity(0.002, read_unit("core s/tap")),
    "taps": Quantity(1000.0, read_unit("tap/s")),
    "bytes": Quantity(300.0, read_unit("B/tap")),
}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_arithmetic_of_a_page_comes_out_again_from_its_own_numbers(page: Path) -> None:
    figures, results = read_page(page.read_text(encoding="utf-8"))
    known = {one.name: Quantity(one.value, read_unit(one.unit)) for one in figures}

    assert [line.name for section in SECTIONS for line in section.lines] == [result.line.name for result in results]
    assert {one.name for one in (*ASSUMPTIONS, *UNITS_OF_RATE)} < set(known)
    for line, value in results:
        known[line.name] = evaluate_as(line.formula, line.unit, known)
        assert value == pytest.approx(known[line.name].value, rel=0.6 * 10 ** (1 - DIGITS)), line.name


def test_both_pages_have_the_same_numbers() -> None:
    english, chinese = (read_page(page.read_text(encoding="utf-8")) for page in PAGES)

    assert english == chinese
    assert len(english[0]) > 20


def test_a_page_made_of_other_figures_is_read_as_it_was_calculated() -> None:
    measured = [
        one._replace(value=one.value * 1.7, en="x", zh="甲")
        for one in read_page(PAGES[0].read_text(encoding="utf-8"))[0]
        if one.name not in {other.name for other in (*ASSUMPTIONS, *UNITS_OF_RATE)}
    ]
    machine = Machine("a processor", 2, 8 * 10**9, "Linux")

    figures, results = read_page(sizing_page(measured, machine, chinese=False))

    rounded = [one for one in figures if one.name in {other.name for other in measured}]
    assert [result.value for part in calculate(rounded) for result in part] == pytest.approx(
        [result.value for result in results], rel=0.6 * 10 ** (1 - DIGITS)
    )


def test_a_sum_of_different_units_is_refused() -> None:
    with pytest.raises(UnitError, match="tap/s and B/tap are not added"):
        evaluate("taps + bytes", KNOWN)


def test_a_formula_of_another_unit_than_announced_is_refused() -> None:
    with pytest.raises(UnitError, match="taps \\* bytes is B/s, not B"):
        evaluate_as("taps * bytes", "B", KNOWN)


def test_units_are_multiplied_and_cancelled() -> None:
    assert Quantity(2.0, read_unit("core")) == evaluate("taps * work", KNOWN)
    assert Quantity(1.0, read_unit("1")) == evaluate("ceil(taps / taps - 1 / 2)", KNOWN)
    assert "core s/tap" == str(read_unit("core s/tap"))


@pytest.mark.parametrize("formula", ["taps ** 2", "taps.value", "print(taps)", "[taps]", "'x' * 2"])
def test_a_formula_is_arithmetic_and_nothing_else(formula: str) -> None:
    with pytest.raises(ValueError, match="no part of a formula"):
        evaluate(formula, KNOWN)


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (3.21e12, "B", "3.21 TB"),
        (450.0, "B/s", "450 B/s"),
        (0.00045, "core s/tap", "450 core µs/tap"),
        (4790.0, "tap/s", "4,790 tap/s"),
        (2.5, "core", "2.5 core"),
    ],
)
def test_numbers_are_shown_as_people_say_them(value: float, unit: str, said: str) -> None:
    assert said == show_scaled(value, unit)


def test_what_the_country_takes_grows_with_what_a_tap_takes() -> None:
    figures = [
        one if one.name != "tap_database" else one._replace(value=2 * one.value) for one in figures_of_the_page()
    ]
    cores = [value_of("database_cores", some) for some in (figures_of_the_page(), figures)]

    assert cores[0] < cores[1] < 2 * cores[0]
    assert math.isclose(4790.0, value_of("peak_taps", figures))


def figures_of_the_page() -> list[Figure]:
    """What the page says was measured."""
    return read_page(PAGES[0].read_text(encoding="utf-8"))[0]


def value_of(name: str, figures: list[Figure]) -> float:
    """A result of the arithmetic."""
    return next(result.value for part in calculate(figures) for result in part if result.line.name == name)
