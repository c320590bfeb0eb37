"""Money is a whole number of fen, and sharing it loses nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yikatong.kernel.money import AMOUNT_FEN_MAX, read_yuan, show_yuan, split_fen

amounts = st.integers(-AMOUNT_FEN_MAX, AMOUNT_FEN_MAX)
weights = st.lists(st.integers(0, 10_000), min_size=1, max_size=20).filter(lambda some: sum(some) > 0)


@given(amount_fen=amounts)
def test_an_amount_written_in_yuan_reads_back_to_the_same_fen(amount_fen: int) -> None:
    assert amount_fen == read_yuan(show_yuan(amount_fen))


@pytest.mark.parametrize(("text", "amount_fen"), [("12.34", 1234), ("-0.05", -5), ("7", 700), ("7.5", 750), ("0", 0)])
def test_yuan_are_read_with_at_most_two_places(text: str, amount_fen: int) -> None:
    assert amount_fen == read_yuan(text)


@pytest.mark.parametrize(
    "text",
    ["", "-", ".", "1.", ".5", "1.234", "+1", "--1", "1e3", " 1", "1\n", "１", "1.５", "1_0", "1,000", "9" * 14, "NaN"],
)
def test_anything_else_is_no_amount(text: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        read_yuan(text)


@given(total_fen=st.integers(0, AMOUNT_FEN_MAX), shares=weights)
def test_a_split_loses_nothing_and_gives_each_part_its_share_to_within_one_fen(
    total_fen: int, shares: list[int]
) -> None:
    parts = split_fen(total_fen, shares)

    assert total_fen == sum(parts)
    for part, share in zip(parts, shares, strict=True):
        assert 0 <= part - total_fen * share // sum(shares) <= (1 if share else 0)


def test_the_fen_left_over_go_to_the_first_parts_that_have_a_weight() -> None:
    assert [0, 4, 3, 3] == split_fen(10, [0, 1, 1, 1])


@pytest.mark.parametrize(("total_fen", "shares"), [(-1, [1]), (1, []), (1, [0, 0]), (1, [2, -1])])
def test_an_amount_below_zero_or_weights_that_share_nothing_are_refused(total_fen: int, shares: list[int]) -> None:
    with pytest.raises(ValueError, match="must"):
        split_fen(total_fen, shares)
