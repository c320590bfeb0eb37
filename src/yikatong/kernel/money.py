"""Money is a whole number of fen (分), one hundredth of a yuan."""

from typing import Annotated, NewType

from msgspec import Meta

Fen = NewType("Fen", int)

AMOUNT_FEN_MAX = 10_000_000_000_000
"""The largest amount any input may name: 100 billion yuan. Sums of 900 000 such amounts still fit a bigint."""

AmountFen = Annotated[
    int, Meta(ge=1, le=AMOUNT_FEN_MAX, description="amount in fen (分), 100 fen = 1 yuan", examples=[1350])
]


def show_yuan(amount_fen: int) -> str:
    """Write fen as yuan with two places: 1234 is "12.34", -5 is "-0.05"."""
    sign = "-" if amount_fen < 0 else ""
    yuan, fen = divmod(abs(amount_fen), 100)
    return f"{sign}{yuan}.{fen:02d}"


def read_yuan(text: str) -> Fen:
    """Read yuan with at most two places into fen.

    Raises ValueError for anything else: more places, signs other than a leading minus, exponents, blanks.
    """
    digits = text.removeprefix("-")
    whole, _, part = digits.partition(".")
    if not whole.isascii() or not whole.isdigit() or len(whole) > 13:
        raise ValueError("not an amount in yuan")
    if "." in digits and not (part.isascii() and part.isdigit() and len(part) <= 2):
        raise ValueError("not an amount in yuan")
    fen = int(whole) * 100 + int(part.ljust(2, "0") if part else 0)
    return Fen(-fen if text.startswith("-") else fen)


def split_fen(total_fen: int, weights: list[int]) -> list[int]:
    """Share an amount by weights so that the parts sum to the whole.

    Each part is rounded down; the fen left over go one each to the first parts (largest remainder is not
    used, because its order would depend on the amounts and so surprise the payee).
    Raises ValueError when the amount is negative, or no weight is positive, or one is negative.
    """
    weight_sum = sum(weights)
    if total_fen < 0 or weight_sum <= 0 or min(weights) < 0:
        raise ValueError("an amount and its weights must not be negative, and one weight must be positive")
    parts = [total_fen * weight // weight_sum for weight in weights]
    left = total_fen - sum(parts)
    positive = [index for index, weight in enumerate(weights) if weight > 0]
    for index in positive[:left]:
        parts[index] += 1
    return parts
