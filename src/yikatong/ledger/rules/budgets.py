"""How a programme's budget is shared out: what a bucket's slice is leased, and which claims a slice can pay."""

from collections.abc import Sequence

LEASES_PER_BUCKET = 2
"""A lease takes this part of a bucket's equal share of the main row, so leases become small as the budget does."""


def plan_lease(*, main_fen: int, slice_fen: int, need_fen: int, wanted_fen: int, bucket_count: int) -> int:
    """Say how many fen a bucket's slice is leased out of the main row, which with the slice holds `need_fen` or more.

    The slice then holds `need_fen` at least. It gets as much of `wanted_fen` as the main row has, or a part of its
    equal share where that is more: so buckets ask rarely while there is much, and for single places near the end.
    0 when the slice holds `need_fen` already.
    """
    lacking = need_fen - slice_fen
    if lacking <= 0:
        return 0
    assert main_fen >= lacking, "main row and slice together hold what is needed"
    share = main_fen // (LEASES_PER_BUCKET * bucket_count)
    return min(main_fen, max(lacking, wanted_fen - slice_fen, share))


def decide_takings(left_fen: int, amounts_fen: Sequence[int]) -> tuple[bool, ...]:
    """Say which of these amounts a slice can give, in the order given: one that is too large does not stop the next."""
    given: list[bool] = []
    for amount_fen in amounts_fen:
        fits = amount_fen <= left_fen
        left_fen -= amount_fen if fits else 0
        given.append(fits)
    return tuple(given)
