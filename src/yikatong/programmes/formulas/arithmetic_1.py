"""The arithmetic of published formulas, in int64: multiplication before floor division, and named roundings."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Column = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

BASIS_POINTS = 10_000
TEN_YUAN_FEN = 1_000


def share_of(amount_fen: Column, basis_points: int | Column) -> Column:
    """A share of an amount, rounded down to the fen. Amounts up to 10**14 fen stay below 2**63."""
    return amount_fen * basis_points // BASIS_POINTS


def by_tier(amount_fen: Column, begins_fen: Sequence[int], values: Sequence[int]) -> Column:
    """The value of the last tier that begins at or below an amount; 0 below the first."""
    table = np.array([0, *values], np.int64)
    found: Column = table[np.searchsorted(np.array(begins_fen, np.int64), amount_fen, side="right")]
    return found


def round_fen_floor(amount_fen: Column) -> Column:
    """Whole fen, rounded down; what is here is whole already."""
    return amount_fen


def round_tens_half_up(amount_fen: Column) -> Column:
    """Whole tens of yuan, half up (四舍五入取整到十位数). From whole fen it is exact: half of ten yuan is whole fen."""
    return (amount_fen + TEN_YUAN_FEN // 2) // TEN_YUAN_FEN * TEN_YUAN_FEN


def begin_of_month(days: Column) -> Column:
    """The first day of the month in which a day lies, both in days since 1970."""
    first: Column = days.astype("datetime64[D]").astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return first
