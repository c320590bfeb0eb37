"""The garbage collector of processes that live long and leave almost nothing in cycles."""

import gc


def rest_the_collector() -> None:
    """Let it pass over what lives as long as the process, and look at the rest less often.

    Scanning modules and the catalogue at every few hundred allocations costs more than it frees: a quarter of what
    reading a card code costs.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
