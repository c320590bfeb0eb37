"""A unified social credit code is read exactly, or refused for a named reason."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rooms.kernel.vectors import vectors
from yikatong.kernel.identifiers.credit_code import (
    ALPHABET,
    credit_check_character,
    make_credit_code,
    read_credit_code,
)
from yikatong.kernel.identifiers.reasons import Reason
from yikatong.kernel.outcomes import Refused

bodies = st.from_regex(rf"[{ALPHABET}]{{2}}[0-9]{{6}}[{ALPHABET}]{{9}}", fullmatch=True).filter(str.isascii)


@pytest.mark.parametrize("vector", vectors("credit_codes", "read"), ids=lambda vector: vector["text"])
def test_a_code_is_read_in_upper_case(vector: dict[str, Any]) -> None:
    assert vector["code"] == read_credit_code(vector["text"])


@pytest.mark.parametrize("vector", vectors("credit_codes", "refused"), ids=str)
def test_a_code_that_cannot_be_is_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refusal:
        read_credit_code(vector["text"])

    assert Reason[vector["reason"]] is refusal.value.reason


def test_a_sum_divisible_by_31_gives_the_check_zero() -> None:
    assert "0" == credit_check_character("91990101MA0000011")


@given(body=bodies)
def test_every_code_that_is_made_reads_back(body: str) -> None:
    code = make_credit_code(body)

    assert code == read_credit_code(code)


@given(body=bodies, place=st.integers(0, 17), other=st.sampled_from(ALPHABET))
def test_a_code_with_any_one_character_changed_is_refused(body: str, place: int, other: str) -> None:
    code = make_credit_code(body)
    changed = code[:place] + other + code[place + 1 :]

    if changed != code:
        with pytest.raises(Refused):
            read_credit_code(changed)


@given(text=st.text(max_size=40))
def test_any_text_is_read_or_refused_and_nothing_else_happens(text: str) -> None:
    with pytest.raises(Refused):
        read_credit_code(text + "?")
