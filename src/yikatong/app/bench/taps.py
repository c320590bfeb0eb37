"""Taps a second end to end over HTTP, against pgbench on the same database server."""

from collections.abc import Sequence

from msgspec.structs import replace

from yikatong.app.bench.generators import LoadResult
from yikatong.app.bench.load import LoadOrder
from yikatong.app.bench.plan import Plan
from yikatong.app.bench.rows import Judged, Row
from yikatong.app.bench.shop import Till
from yikatong.app.bench.stage import Stage

AIM_64, AIM_256, AIM_ONE_PROVIDER = 2.0, 2.5, 0.9
P99_AIM_MS = 100.0
_OPEN_CONNECTIONS = 256


def bench_taps(stage: Stage) -> Row:
    """At 64 connections, each till of a provider of its own: closed for the rate, then open at a share of that rate."""
    plan = stage.plan
    aim = AIM_256 if plan.connections >= Plan().many_connections else AIM_64
    row = _closed(stage, "taps", connections=plan.connections, rounds=plan.rounds, aim=aim)
    opened = _open(stage, rate=row.details["taps_per_second"] * plan.open_share)
    is_quick = opened["open_p99_ms"] <= P99_AIM_MS
    row.details.update(opened, p99_reached=is_quick)
    if is_quick:
        return row
    p99_ms = opened["open_p99_ms"]
    return _with(row, f"p99 at {plan.open_share:.0%} of the rate is {p99_ms:.0f} ms, above {P99_AIM_MS:.0f}")


def bench_taps_256(stage: Stage) -> Row:
    """At 256 connections."""
    plan = stage.plan
    return _closed(stage, "taps-256", connections=plan.many_connections, rounds=plan.more_rounds, aim=AIM_256)


def bench_one_provider(stage: Stage) -> Row:
    """Every tap at one provider, against taps at many, in turns."""
    people, plan = stage.people, stage.plan
    spread: list[LoadResult] = []
    one: list[LoadResult] = []
    for number in range(plan.more_rounds):
        spread.append(_load(stage, people.spread, plan.connections))
        one.append(_load(stage, people.at_one_provider, plan.connections))
        stage.tell(
            f"one provider, round {number + 1} of {plan.more_rounds}: {rate_of(one[-1:]):.0f} taps a second, "
            f"many {rate_of(spread[-1:]):.0f}"
        )
    ratio = rate_of(one) / rate_of(spread)
    return Row(
        name="one-provider",
        measure="taps a second, every tap at one provider, against taps at many",
        aim=AIM_ONE_PROVIDER,
        judged=Judged.RATIO_AT_LEAST,
        unit="taps/s",
        figure=round(rate_of(one), 1),
        ratio=round(ratio, 3),
        details={
            "taps_per_second": round(rate_of(one), 1),
            "spread_taps_per_second": round(rate_of(spread), 1),
            "rounds": [round(rate_of([a]) / rate_of([b]), 3) for a, b in zip(one, spread, strict=True)],
            "connections": plan.connections,
        },
    )


def rate_of(loads: Sequence[LoadResult]) -> float:
    """Taps a second over several loads together."""
    return sum(load.taps for load in loads) / sum(load.seconds for load in loads)


def _closed(stage: Stage, name: str, *, connections: int, rounds: int, aim: float) -> Row:
    """Run pgbench and taps in turns on one server."""
    tills = stage.people.spread
    loads: list[LoadResult] = []
    tps: list[float] = []
    for number in range(rounds):
        tps.append(stage.pgbench_tps())
        loads.append(_load(stage, tills, connections))
        stage.tell(
            f"{name}, round {number + 1} of {rounds}: {rate_of(loads[-1:]):.0f} taps, pgbench {tps[-1]:.0f} a second"
        )
    taps = sum(load.taps for load in loads)
    rate, mean_tps = rate_of(loads), sum(tps) / len(tps)
    latencies = sorted(one for load in loads for one in load.latencies_ms)
    row = Row(
        name=name,
        measure=f"taps a second end to end over HTTP, {connections} connections, against pgbench",
        aim=aim,
        judged=Judged.RATIO_AT_LEAST,
        unit="taps/s",
        figure=round(rate, 1),
        ratio=round(rate / mean_tps, 3),
        details={
            "taps_per_second": round(rate, 1),
            "pgbench_tps": round(mean_tps, 1),
            "rounds": [round(rate_of([load]) / one, 3) for load, one in zip(loads, tps, strict=True)],
            "connections": connections,
            "p50_ms": round(percentile(latencies, 50), 2),
            "p99_ms": round(percentile(latencies, 99), 2),
            "refused_share": round(sum(load.refused for load in loads) / max(1, taps), 4),
            "taps": taps,
        },
    )
    return row if row.reached else _with(row, f"the aim of {aim} is not reached; `yikatong bench profile` shows why")


def _load(stage: Stage, tills: tuple[Till, ...], connections: int) -> LoadResult:
    plan = stage.plan
    order = LoadOrder(connections=connections, tills=tills, warm_seconds=plan.warm_seconds, seconds=plan.seconds)
    with stage.served() as served:
        return stage.load(served.url, order)


def _open(stage: Stage, *, rate: float) -> dict[str, float]:
    """An open load at a rate, and its latencies from the scheduled moments."""
    plan = stage.plan
    certificates = min(plan.certificates_a_round, len(stage.people.certified))
    seconds = min(plan.open_seconds, certificates / rate - plan.warm_seconds)
    order = LoadOrder(
        connections=_OPEN_CONNECTIONS,
        tills=stage.people.spread,
        warm_seconds=plan.warm_seconds,
        seconds=seconds,
        rate=rate,
    )
    with stage.served() as served:
        load = stage.load(served.url, order)
    latencies = sorted(load.latencies_ms)
    stage.tell(
        f"open at {rate:.0f} taps a second: p50 {percentile(latencies, 50):.1f} ms, "
        f"p99 {percentile(latencies, 99):.1f} ms"
    )
    return {
        "open_taps_per_second": round(load.taps / seconds, 1),
        "open_p50_ms": round(percentile(latencies, 50), 2),
        "open_p99_ms": round(percentile(latencies, 99), 2),
        "open_max_ms": round(percentile(latencies, 100), 2),
        "open_generator_late_ms": load.late_ms,
        "open_waiting_max": load.waiting_max,
    }


def percentile(ordered: Sequence[float], percent: int) -> float:
    """The value below which so many of a hundred lie, of values in order; 0 of none."""
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] if ordered else 0.0


def _with(row: Row, said: str) -> Row:
    return replace(row, says=f"{row.says}; {said}" if row.says else said)
