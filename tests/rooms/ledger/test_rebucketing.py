"""Levelling after a move to other buckets: no bucket owes while another is owed, and nothing is won or lost."""

from hypothesis import given
from hypothesis import strategies as st

from yikatong.ledger.service import level

BALANCES = st.dictionaries(st.integers(0, 20), st.integers(-1_000, 1_000), max_size=12)


@given(BALANCES)
def test_levelling_moves_money_between_buckets_and_changes_no_sum(balances: dict[int, int]) -> None:
    assert 0 == sum(level(balances).values())


@given(BALANCES)
def test_afterwards_no_bucket_is_below_zero_while_another_is_above(balances: dict[int, int]) -> None:
    changes = level(balances)
    after = [fen + changes.get(bucket, 0) for bucket, fen in balances.items()]

    assert not (min(after, default=0) < 0 < max(after, default=0))


@given(BALANCES)
def test_what_is_level_stays(balances: dict[int, int]) -> None:
    changes = level(balances)
    after = {bucket: fen + changes.get(bucket, 0) for bucket, fen in balances.items()}

    assert {} == level(after)
    assert 0 not in changes.values()


def test_the_settled_bucket_is_filled_from_those_that_its_sales_went_to() -> None:
    assert {0: 900, 1: -500, 3: -400} == level({0: -900, 1: 500, 3: 600})
