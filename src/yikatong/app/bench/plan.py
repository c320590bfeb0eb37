"""How large a benchmark is."""

import msgspec


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes of every row. pgbench and what is measured take turns, `rounds` times, so that neighbours meet both.

    `certificates_a_round` is more than the taps of a round; of `sizes` the second is the larger population.
    """

    rounds: int = 6
    more_rounds: int = 3
    connections: int = 64
    many_connections: int = 256
    seconds: float = 4
    warm_seconds: float = 2
    open_seconds: float = 12
    open_share: float = 0.7
    residents: int = 4_000
    certificates: int = 40_000
    certificates_a_round: int = 20_000
    terminals: int = 64
    pgbench_scale: int = 100
    pgbench_seconds: int = 4
    pgbench_probe_seconds: int = 2
    pgbench_clients: tuple[int, ...] = (4, 8, 16, 32)
    batch: int = 1_000
    ledger_processes: int = 2
    codes: int = 1_000
    refreshes: int = 1_200
    sizes: tuple[int, int] = (6_000, 60_000)
    size_rounds: int = 4
    payout_lines: int = 200_000
    applicants: int = 10_000
    applicants_win: int = 100
    applicants_at_once: int = 1_000
    list_places: int = 33_226_752
    sizing_cards: int = 20_000
    simulated_claims: int = 1_000_000
    demo_runs: int = 2
    kills: int = 1
    full: bool = False


FULL_SIZES = (100_000, 10_000_000)
"""The two populations of `cost-by-size --full`."""

SMALL = Plan(
    rounds=1,
    more_rounds=1,
    connections=4,
    many_connections=8,
    seconds=0.5,
    warm_seconds=0.3,
    open_seconds=0.5,
    residents=40,
    certificates=1_200,
    certificates_a_round=600,
    terminals=4,
    pgbench_scale=1,
    pgbench_seconds=1,
    pgbench_probe_seconds=1,
    pgbench_clients=(4,),
    batch=50,
    ledger_processes=1,
    codes=64,
    refreshes=8,
    sizes=(40, 80),
    size_rounds=1,
    payout_lines=200,
    applicants=300,
    applicants_win=10,
    applicants_at_once=100,
    list_places=131_072,
    sizing_cards=20,
    simulated_claims=2_000,
    demo_runs=0,
    kills=0,
)
"""Only to see that every row runs; no figure of it says anything."""
