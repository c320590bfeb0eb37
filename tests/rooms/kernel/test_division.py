"""Division codes are well formed, and their history is followed."""

from datetime import date

import pytest

from yikatong.kernel.identifiers.division import (
    PROVINCES,
    Division,
    DivisionCode,
    find_division,
    is_within,
    read_division_code,
    resolve_division,
    significant_prefix,
)
from yikatong.kernel.identifiers.reasons import Reason
from yikatong.kernel.outcomes import Refused

CHONGMING_COUNTY, CHONGMING_DISTRICT = DivisionCode("310230"), DivisionCode("310151")
ON_CHANGE = date(2016, 7, 22)
HISTORY = (
    Division(
        code=CHONGMING_COUNTY,
        name="崇明县",
        valid_from=date(1958, 12, 1),
        valid_until=ON_CHANGE,
        successors=(CHONGMING_DISTRICT,),
    ),
    Division(code=CHONGMING_DISTRICT, name="崇明区", valid_from=ON_CHANGE),
)


@pytest.mark.parametrize("text", ["", "31015", "3101510", "310１51", "31015x", "010101", "310151\n", " 310151"])
def test_a_division_code_is_six_ascii_digits(text: str) -> None:
    with pytest.raises(Refused) as refusal:
        read_division_code(text)

    assert Reason.DIVISION_CODE_IS_MALFORMED is refusal.value.reason


def test_a_code_reads_as_itself() -> None:
    assert "310151" == read_division_code("310151")


def test_all_34_divisions_of_the_first_level_are_known() -> None:
    assert 34 == len(PROVINCES)


def test_a_county_lies_in_its_city_and_its_province_and_in_no_other() -> None:
    county = DivisionCode("440106")

    assert ["44", "4401", "440106"] == [significant_prefix(DivisionCode(c)) for c in ("440000", "440100", "440106")]
    assert is_within(county, outer=DivisionCode("440100"))
    assert is_within(county, outer=DivisionCode("440000"))
    assert not is_within(county, outer=DivisionCode("440300"))
    assert not is_within(DivisionCode("440100"), outer=county)


def test_a_division_stands_from_its_first_day_until_the_day_it_ends() -> None:
    assert HISTORY[0] == find_division(HISTORY, CHONGMING_COUNTY, on=date(2016, 7, 21))
    assert None is find_division(HISTORY, CHONGMING_COUNTY, on=ON_CHANGE)
    assert HISTORY[1] == find_division(HISTORY, CHONGMING_DISTRICT, on=ON_CHANGE)


def test_an_old_code_resolves_to_what_took_over_its_area() -> None:
    assert (CHONGMING_DISTRICT,) == resolve_division(HISTORY, CHONGMING_COUNTY, on=date(2026, 1, 1))
    assert (CHONGMING_COUNTY,) == resolve_division(HISTORY, CHONGMING_COUNTY, on=date(2000, 1, 1))
    assert () == resolve_division(HISTORY, DivisionCode("990101"), on=date(2026, 1, 1))


def test_a_division_that_was_split_resolves_to_all_its_parts_and_a_circle_ends() -> None:
    old, east, west = DivisionCode("990101"), DivisionCode("990102"), DivisionCode("990103")
    began, ended = date(2000, 1, 1), date(2010, 1, 1)
    history = (
        Division(code=old, name="旧区", valid_from=began, valid_until=ended, successors=(west, east)),
        Division(code=east, name="东区", valid_from=ended),
        Division(code=west, name="西区", valid_from=ended, valid_until=date(2015, 1, 1), successors=(old,)),
    )

    assert (east, west) == resolve_division(history, old, on=date(2012, 1, 1))
    assert (east,) == resolve_division(history, old, on=date(2020, 1, 1))
