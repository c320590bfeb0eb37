"""Mutations by a seed alone: what harnesses take in every test run, without a guide, so that they cannot rot."""

import random
from collections.abc import Iterator, Sequence

from tests.fuzz.parsers.harness import Harness

_CHANGES_MAX = 4


def mutations(harness: Harness, *, count: int, seed: int) -> Iterator[bytes]:
    """So many inputs near the genuine ones; the same for the same seed."""
    chance = random.Random(seed)
    seeds = list(harness.seeds())
    for _ in range(count):
        data = bytearray(chance.choice(seeds))
        for _ in range(chance.randint(1, _CHANGES_MAX)):
            _change(data, chance, seeds=seeds, words=harness.words)
        yield bytes(data[: harness.bytes_max])


def _change(data: bytearray, chance: random.Random, *, seeds: Sequence[bytes], words: Sequence[bytes]) -> None:
    at = chance.randint(0, len(data))
    match chance.randrange(6):
        case 0:
            data[at : at + 1] = chance.randbytes(1)
        case 1:
            del data[at : at + chance.randint(1, 4)]
        case 2:
            data[at:at] = chance.randbytes(chance.randint(1, 4))
        case 3 if words:
            data[at:at] = chance.choice(words)
        case 4 if at < len(data):
            data[at] ^= 1 << chance.randrange(8)
        case _:
            other = chance.choice(seeds)
            data[at:] = other[chance.randint(0, len(other)) :]
