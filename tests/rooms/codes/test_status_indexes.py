"""Status indexes are fresh, and their order tells nothing."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from yikatong.codes.rules.status import BLOCK_SIZE, block_and_place, spread_positions, status_index

SEED = bytes(range(16))


@given(seed=st.binary(min_size=16, max_size=16))
@settings(max_examples=10, deadline=None)
def test_every_place_of_a_block_is_given_exactly_once(seed: bytes) -> None:
    assert BLOCK_SIZE == len(set(spread_positions(seed, 0, BLOCK_SIZE)))


def test_positions_taken_together_give_the_places_they_give_one_by_one() -> None:
    together = spread_positions(SEED, 500, 20)

    assert together == [spread_positions(SEED, position, 1)[0] for position in range(500, 520)]


def test_places_given_together_lie_apart() -> None:
    places = spread_positions(SEED, 0, 4_096)
    near = sum(abs(one - next_one) < 64 for one, next_one in pairwise(places))

    assert near < 4_096 * 4 * 64 // BLOCK_SIZE


def test_another_seed_gives_another_order() -> None:
    assert spread_positions(SEED, 0, 64) != spread_positions(SEED[::-1], 0, 64)


@given(block=st.integers(0, 65_535), place=st.integers(0, BLOCK_SIZE - 1))
@settings(deadline=None)
def test_an_index_says_its_block_and_place_and_fits_32_bits(block: int, place: int) -> None:
    assert (block, place) == block_and_place(status_index(block, place))
    assert status_index(block, place) < 2**32
