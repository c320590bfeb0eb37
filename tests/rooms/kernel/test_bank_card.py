"""A bank card number is read exactly, or refused for a named reason."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rooms.kernel.vectors import vectors
from yikatong.kernel.identifiers.bank_card import (
    luhn_check_digit,
    make_bank_card_number,
    read_bank_card_number,
    show_masked,
)
from yikatong.kernel.identifiers.reasons import Reason
from yikatong.kernel.outcomes import Refused

numbers = st.builds(make_bank_card_number, st.from_regex(r"[1-9][0-9]{14,17}", fullmatch=True).filter(str.isascii))


@pytest.mark.parametrize("vector", vectors("bank_cards", "read"), ids=lambda vector: vector["text"])
def test_a_number_is_read_and_names_its_issuer(vector: dict[str, Any]) -> None:
    number = read_bank_card_number(vector["text"])

    assert (vector["text"], vector["text"][:6], vector["union_pay"]) == (
        number.text,
        number.issuer_number,
        number.is_union_pay,
    )


@pytest.mark.parametrize("vector", vectors("bank_cards", "refused"), ids=str)
def test_a_number_that_cannot_be_is_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refusal:
        read_bank_card_number(vector["text"])

    assert Reason[vector["reason"]] is refusal.value.reason


def test_the_check_digit_of_the_textbook_number_is_three() -> None:
    assert "3" == luhn_check_digit("7992739871")


@given(number=numbers)
def test_every_number_that_is_made_reads_back(number: str) -> None:
    assert number == read_bank_card_number(number).text


@given(number=numbers, place=st.integers(0, 18), other=st.sampled_from("0123456789"))
def test_a_number_with_any_one_digit_changed_is_refused(number: str, place: int, other: str) -> None:
    at = place % len(number)
    changed = number[:at] + other + number[at + 1 :]

    if changed != number:
        with pytest.raises(Refused):
            read_bank_card_number(changed)


def test_a_masked_number_shows_the_last_four_digits_and_so_does_the_repr() -> None:
    number = read_bank_card_number("6217000000000006")

    assert "************0006" == show_masked(number)
    assert "BankCardNumber(************0006)" == repr(number)
