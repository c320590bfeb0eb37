"""ID numbers and phone numbers that nobody has, for many people at once."""

import numpy as np
from numpy.typing import NDArray

from yikatong.kernel.identifiers.resident_id import CHECK_CHARACTERS, SYNTHETIC_PREFIX, WEIGHTS

DISTRICTS = 20
"""Divisions in use: 990101 to 990120; GB/T 2260 assigns none of them."""
SEQUENCES = 499
"""Sequence numbers of one sex, one day and one division: 001, 003 … 997 for men, 002, 004 … 998 for women."""
PHONE_PREFIX = 15_400_000_000
"""No mobile numbers begin with 154."""

Indexes = NDArray[np.int64]

_TENS = 10 ** np.arange(16, -1, -1, dtype=np.int64)


class NumberGiver:
    """Gives each person the next free sequence number of the day, the division and the sex."""

    def __init__(self, *, days: int) -> None:
        self._given = np.zeros(DISTRICTS * days * 2, dtype=np.int16)
        self._days = days

    def give(
        self, *, district: Indexes, day: Indexes, male: NDArray[np.bool_], birth_digits: Indexes
    ) -> NDArray[np.bytes_]:
        """ID numbers as 18 ASCII bytes; `day` counts from the first possible birth, `birth_digits` is YYYYMMDD.

        Raises ValueError when more people are born in a division on one day than there are sequence numbers.
        """
        slot = (district * self._days + day) * 2 + male
        ordinal = self._given[slot] + _rank_among_equals(slot)
        np.add.at(self._given, slot, 1)
        if ordinal.max(initial=0) >= SEQUENCES:
            raise ValueError("more people than sequence numbers: ask for fewer")
        # Where the count begins differs from day to day, so that not every number ends in 001.
        sequence = (ordinal + slot * 7919) % SEQUENCES * 2 + np.where(male, 1, 2)
        area = int(SYNTHETIC_PREFIX) * 100 + 1 + district
        return with_check_digits((area * 10**8 + birth_digits) * 1000 + sequence)


def with_check_digits(first_seventeen: Indexes) -> NDArray[np.bytes_]:
    """Append the check character (GB 11643-1999) to numbers of 17 digits."""
    digits = first_seventeen[:, np.newaxis] // _TENS % 10
    checks = np.frombuffer(CHECK_CHARACTERS.encode(), dtype=np.uint8)[digits @ np.array(WEIGHTS) % 11]
    ascii_digits = np.empty((len(digits), 18), dtype=np.uint8)
    ascii_digits[:, :17] = digits + ord("0")
    ascii_digits[:, 17] = checks
    return ascii_digits.view("S18").ravel()


def phones_of(index: Indexes) -> NDArray[np.bytes_]:
    """A phone number for each place in the population: all different, and scattered, below a hundred million."""
    return (PHONE_PREFIX + index * 61_803_397 % 10**8).astype("S11")


def _rank_among_equals(keys: Indexes) -> Indexes:
    """For each element, how many equal ones stand before it."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    places = np.arange(len(keys))
    starts = np.maximum.accumulate(np.where(np.concatenate([[True], ordered[1:] != ordered[:-1]]), places, 0))
    ranks = np.empty(len(keys), dtype=np.int64)
    ranks[order] = places - starts
    return ranks
