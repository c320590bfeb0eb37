"""Weeks of fresh seeds for SOAK_WEEKS_MINUTES (20); ends with 1 at the first that goes wrong and says how to replay it.

`python -m tests.simulator.soak 17 23` lives the weeks of these seeds alone.
"""

import itertools
import os
import random
import sys
import time
from collections.abc import Iterable

from tests.simulator.week.living import lived, told
from tests.support.database import TestServer, a_fresh_database, build_schema

MINUTES = 20.0


def main(seeds: list[int]) -> int:
    """Live weeks until time is over, and say what each came to."""
    server = TestServer()
    try:
        with a_fresh_database(server.address().conninfo) as empty:
            assert {} == build_schema(empty.conninfo)
            for seed in seeds or _fresh_seeds():
                week = lived(seed, empty)
                sys.stdout.write(f"week {seed}: {week.figures}, {week.digest[:12]}\n")
                sys.stdout.flush()
                if week.wrong:
                    sys.stdout.write(told(seed, week) + "\n")
                    return 1
    finally:
        server.end()
    return 0


def _fresh_seeds() -> Iterable[int]:
    until = time.monotonic() + 60 * float(os.environ.get("SOAK_WEEKS_MINUTES") or MINUTES)
    first = random.SystemRandom().randrange(1_000_000_000)
    return itertools.takewhile(lambda _: time.monotonic() < until, itertools.count(first))


if __name__ == "__main__":
    sys.exit(main([int(seed) for seed in sys.argv[1:]]))
