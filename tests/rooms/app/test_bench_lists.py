"""What is said of status lists is measured on real ones, and its bounds are right."""

from math import comb, log2

import pytest

from yikatong.app.bench.status_lists import blocks_touched, bound_bytes, measure_lists

HEARD: list[str] = []


def test_the_lists_of_two_blocks_are_built_signed_read_and_looked_up() -> None:
    measured = measure_lists(131_072, 0.01, tell=HEARD.append)

    assert (2, 131_072, 1_311) == (measured.blocks, measured.places, measured.revoked)
    assert measured.bound_bytes < measured.signed_bytes < measured.packed_bytes == 2 * 16_384
    assert measured.day_bound_bytes < measured.bound_bytes
    assert 437 == measured.day_changes
    assert measured.day_bound_bytes < measured.day_bytes < measured.signed_bytes
    assert measured.build_seconds > 0


@pytest.mark.parametrize(("places", "chosen"), [(8, 1), (1_000, 10), (500, 250)])
def test_no_list_can_be_below_the_logarithm_of_the_ways_to_choose(places: int, chosen: int) -> None:
    bits = log2(comb(places, chosen))

    assert bits / 8 <= bound_bytes(places, chosen) <= bits / 8 + 1


def test_few_changes_touch_as_many_blocks_and_many_touch_all() -> None:
    assert 1.0 == pytest.approx(blocks_touched(500, 1))
    assert 500.0 == pytest.approx(blocks_touched(500, 100_000))
