"""Every row of the table, in order, and how one or all are measured."""

from collections.abc import Callable, Iterator, Mapping

from yikatong.app.bench.growing import bench_cost_by_size
from yikatong.app.bench.memory import bench_memory
from yikatong.app.bench.payouts import bench_payout_batch
from yikatong.app.bench.plan import Plan
from yikatong.app.bench.refreshing import bench_refresh
from yikatong.app.bench.rows import Row
from yikatong.app.bench.rushing import bench_budget_rush
from yikatong.app.bench.sealing import bench_sealed_log
from yikatong.app.bench.simulating import bench_simulate
from yikatong.app.bench.stage import Stage, Tell, open_stage
from yikatong.app.bench.story import bench_crash, bench_first_tap
from yikatong.app.bench.taps import bench_one_provider, bench_taps, bench_taps_256
from yikatong.app.bench.transfers import bench_ledger_one_account, bench_ledger_spread
from yikatong.app.bench.verifying import bench_verify_new, bench_verify_other, bench_verify_seen
from yikatong.plumbing.settings import Settings

ROWS: Mapping[str, Callable[[Stage], Row]] = {
    "taps": bench_taps,
    "taps-256": bench_taps_256,
    "one-provider": bench_one_provider,
    "sealed-log": bench_sealed_log,
    "ledger-spread": bench_ledger_spread,
    "ledger-one-account": bench_ledger_one_account,
    "verify-seen": bench_verify_seen,
    "verify-new": bench_verify_new,
    "verify-other": bench_verify_other,
    "refresh": bench_refresh,
    "simulate": bench_simulate,
    "payout-batch": bench_payout_batch,
    "budget-rush": bench_budget_rush,
    "memory": bench_memory,
    # What makes the population larger, and what starts platforms of its own, comes last.
    "cost-by-size": bench_cost_by_size,
    "first-tap": bench_first_tap,
    "crash": bench_crash,
}


def bench_rows(settings: Settings, plan: Plan, names: tuple[str, ...], *, tell: Tell) -> Iterator[Row]:
    """Measure the named rows on one stage, one after the other.

    Raises RuntimeError when an answer is not the expected one, or the audit finds a difference afterwards.
    """
    with open_stage(settings, plan, tell=tell) as stage:
        for name in names:
            tell(f"[{name}]")
            yield ROWS[name](stage)
