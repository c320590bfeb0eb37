"""An ID number is read exactly, or refused for a named reason."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rooms.kernel.vectors import vectors
from yikatong.kernel.identifiers.reasons import Reason
from yikatong.kernel.identifiers.resident_id import (
    CHECK_CHARACTERS,
    IdKind,
    Sex,
    make_id_number,
    read_id_number,
    resident_check_digit,
    show_masked,
)
from yikatong.kernel.outcomes import Refused

TODAY = date(2026, 11, 25)

births = st.dates(min_value=date(1850, 1, 1), max_value=TODAY)
areas = st.sampled_from(["110105", "310227", "440524", "650102", "810000", "830000", "911840"])
numbers = st.builds(make_id_number, area=areas, born_on=births, sequence=st.integers(0, 999))


@pytest.mark.parametrize("vector", vectors("id_numbers", "read"), ids=lambda vector: vector["text"])
def test_a_number_says_whose_it_is_and_when_and_as_what_he_was_born(vector: dict[str, Any]) -> None:
    number = read_id_number(vector["text"], day=TODAY, synthetic_allowed=vector.get("synthetic", False))

    assert (vector["text"].upper(), vector["kind"], vector["born_on"], vector["sex"]) == (
        number.text,
        number.kind,
        number.born_on,
        number.sex,
    )


@pytest.mark.parametrize("vector", vectors("id_numbers", "refused"), ids=str)
def test_a_number_that_cannot_be_is_refused_for_the_first_reason_that_holds(vector: dict[str, Any]) -> None:
    text = vector["text"] if "text" in vector else vector["body"] + resident_check_digit(vector["body"])

    with pytest.raises(Refused) as refusal:
        read_id_number(text, day=TODAY)

    assert Reason[vector["reason"]] is refusal.value.reason


def test_who_is_born_today_has_a_number_and_who_is_born_tomorrow_has_none() -> None:
    newborn = make_id_number(area="110105", born_on=TODAY, sequence=1)

    assert TODAY == read_id_number(newborn, day=TODAY).born_on
    with pytest.raises(Refused) as refusal:
        read_id_number(newborn, day=date(2026, 11, 24))
    assert Reason.ID_NUMBER_BIRTH_DATE_IS_IN_THE_FUTURE is refusal.value.reason


def test_a_synthetic_number_passes_only_where_the_setting_allows_it() -> None:
    number = make_id_number(area="990101", born_on=date(1990, 3, 7), sequence=1)

    assert IdKind.SYNTHETIC is read_id_number(number, day=TODAY, synthetic_allowed=True).kind
    with pytest.raises(Refused) as refusal:
        read_id_number(number, day=TODAY)
    assert Reason.ID_NUMBER_IS_SYNTHETIC is refusal.value.reason


@given(number=numbers)
def test_every_number_that_is_made_reads_back(number: str) -> None:
    assert number == read_id_number(number, day=TODAY).text


@given(number=numbers)
def test_the_third_digit_of_the_sequence_is_odd_for_men(number: str) -> None:
    expected = Sex.MALE if number[16] in "13579" else Sex.FEMALE

    assert expected is read_id_number(number, day=TODAY).sex


@given(number=numbers, place=st.integers(0, 17), other=st.sampled_from(CHECK_CHARACTERS))
def test_a_number_with_any_one_character_changed_is_refused(number: str, place: int, other: str) -> None:
    changed = number[:place] + other + number[place + 1 :]

    if changed != number:
        with pytest.raises(Refused):
            read_id_number(changed, day=TODAY, synthetic_allowed=True)


@given(number=numbers, place=st.integers(0, 16))
def test_a_number_with_two_unequal_neighbours_swapped_is_refused(number: str, place: int) -> None:
    left, right = number[place], number[place + 1]
    swapped = number[:place] + right + left + number[place + 2 :]

    if swapped != number:
        with pytest.raises(Refused):
            read_id_number(swapped, day=TODAY, synthetic_allowed=True)


@given(number=numbers, place=st.integers(0, 16), zero=st.sampled_from("０٠०߀𝟎"))
def test_digits_of_other_scripts_are_refused(number: str, place: int, zero: str) -> None:
    foreign = chr(ord(zero) + int(number[place]))

    with pytest.raises(Refused) as refusal:
        read_id_number(number[:place] + foreign + number[place + 1 :], day=TODAY)

    assert Reason.ID_NUMBER_IS_MALFORMED is refusal.value.reason


@given(text=st.text(max_size=40))
def test_any_text_is_read_or_refused_and_nothing_else_happens(text: str) -> None:
    with pytest.raises(Refused):
        read_id_number(text + "?", day=TODAY)


def test_a_masked_number_hides_the_birth_date_and_so_does_the_repr() -> None:
    number = read_id_number("11010519491231002X", day=TODAY)

    assert "110***********002X" == show_masked(number)
    assert "IdNumber(110***********002X)" == repr(number)
