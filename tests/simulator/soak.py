"""Weeks of fresh seeds, for as long as there is time; ends at the first that goes wrong and says how to replay it.

`python -m tests.simulator.soak 17 23` lives the weeks of these seeds alone; without seeds, SOAK_MINUTES (20) of them.
"""

import itertools
import os
import random
import sys
import time
from collections.abc import Iterable
from typing import NamedTuple

from tests.simulator.week.living import lived, told
from tests.support.database import TestServer, a_fresh_database, build_schema

MINUTES = 20.0


class Weeks(NamedTuple):
    """How many weeks were lived, and the seed of the last when something was wrong in it."""

    lived: int
    wrong_seed: int | None


def soak_weeks(*, minutes: float) -> Weeks:
    """Live weeks of fresh seeds until time is over or one goes wrong."""
    until = time.monotonic() + 60 * minutes
    first = random.SystemRandom().randrange(1_000_000_000)
    return live(itertools.takewhile(lambda _: time.monotonic() < until, itertools.count(first)))


def live(seeds: Iterable[int]) -> Weeks:
    """Live the weeks of seeds on a server of their own, and say what each came to."""
    server, count = TestServer(), 0
    try:
        with a_fresh_database(server.address().conninfo) as empty:
            assert {} == build_schema(empty.conninfo)
            for seed in seeds:
                week = lived(seed, empty)
                count += 1
                sys.stdout.write(f"  {week.figures}, {week.digest[:12]}\n")
                sys.stdout.flush()
                if week.wrong:
                    sys.stdout.write(told(seed, week) + "\n")
                    return Weeks(count, seed)
    finally:
        server.end()
    return Weeks(count, None)


def main(seeds: list[int]) -> int:
    """End with 1 when something was wrong."""
    minutes = float(os.environ.get("SOAK_MINUTES") or MINUTES)
    weeks = live(seeds) if seeds else soak_weeks(minutes=minutes)
    return 0 if weeks.wrong_seed is None else 1


if __name__ == "__main__":
    sys.exit(main([int(seed) for seed in sys.argv[1:]]))
