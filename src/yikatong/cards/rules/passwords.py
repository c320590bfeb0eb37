"""The six-digit password of the e-card: one for all channels, never proof alone."""

from itertools import pairwise

from yikatong.cards.model import Reason

FAILURES_MAX = 6
"""Wrong attempts in a row after which the password is locked."""

_DIGITS = frozenset("0123456789")


def decide_password(password: str, *, id_number: str) -> Reason | None:
    """Say why a password may not be set, or None.

    Refuses, in this order:
        PASSWORD_IS_NOT_SIX_DIGITS        ASCII digits only
        PASSWORD_IS_CONSECUTIVE           each digit one above, or one below, the one before it (9 and 0 are neighbours)
        PASSWORD_IS_REPEATED              one digit, or one group of two or three, said again (111111, 121212, 123123)
        PASSWORD_IS_TAKEN_FROM_ID_NUMBER  it stands in the ID number, forwards or backwards
    """
    if len(password) != 6 or not _DIGITS.issuperset(password):
        return Reason.PASSWORD_IS_NOT_SIX_DIGITS
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(password)}
    if steps in ({1}, {9}):
        return Reason.PASSWORD_IS_CONSECUTIVE
    if any(password == password[:size] * (6 // size) for size in (1, 2, 3)):
        return Reason.PASSWORD_IS_REPEATED
    if password in id_number or password[::-1] in id_number:
        return Reason.PASSWORD_IS_TAKEN_FROM_ID_NUMBER
    return None


def decide_attempt(failures: int) -> Reason | None:
    """Say PASSWORD_IS_LOCKED once six attempts in a row were wrong; then even the right password is refused."""
    return Reason.PASSWORD_IS_LOCKED if failures >= FAILURES_MAX else None
