"""The cost of a tap among many cards, against that among few."""

import asyncio
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from uuid import UUID

import msgspec
import psycopg

from yikatong.app.bench.costing import LoadCost, an_order, measure_served
from yikatong.app.bench.people import certify, enrol, fund, generate_newcomers, open_purses, wallet_of
from yikatong.app.bench.plan import FULL_SIZES
from yikatong.app.bench.rows import Judged, Row
from yikatong.app.bench.shop import Refreshing
from yikatong.app.bench.stage import SPAWN, Stage, vacuum
from yikatong.app.worker import open_worker
from yikatong.cards.bulk_enrolment import EnrolledAtOnce
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.settings import Settings
from yikatong.trust.model import SigningKey

AIM = 1.3
_PIECE = 50_000
_AT_ONCE = 5_000


class AtSize(msgspec.Struct, frozen=True, kw_only=True):
    """What taps cost among so many cards: against pgbench, and in processor seconds where they can be seen."""

    cards: int
    taps_per_second: float
    pgbench_tps: float
    processor_microseconds_a_tap: float | None

    @property
    def cost(self) -> float:
        """Transactions of pgbench that take as long as one tap."""
        return self.pgbench_tps / self.taps_per_second


def bench_cost_by_size(stage: Stage) -> Row:
    """Grow the population in two steps; at each, taps and pgbench in turns, warm, each round from a checkpoint on."""
    few, many = FULL_SIZES if stage.plan.full else stage.plan.sizes
    at_few, at_many = _measure(stage, few), _measure(stage, many)
    which = "the full sizes" if stage.plan.full else f"not the full {FULL_SIZES[1]} against {FULL_SIZES[0]}: --full"
    return Row(
        name="cost-by-size",
        measure=f"cost of a tap among {many} cards against {few}, in transactions of pgbench",
        aim=AIM,
        judged=Judged.RATIO_AT_MOST,
        unit="pgbench tx",
        figure=round(at_many.cost, 4),
        ratio=round(at_many.cost / at_few.cost, 3),
        says=f"{which}; those who tap are {stage.plan.residents} spread over all, each round from a checkpoint on",
        details={
            "cards": [few, many],
            "taps_per_second": [round(one.taps_per_second, 1) for one in (at_few, at_many)],
            "pgbench_tps": [round(one.pgbench_tps, 1) for one in (at_few, at_many)],
            "processor_microseconds_a_tap": [one.processor_microseconds_a_tap for one in (at_few, at_many)],
        },
    )


def _measure(stage: Stage, cards: int) -> AtSize:
    grow(stage, cards)
    plan = stage.plan
    costs: list[LoadCost] = []
    tps: list[float] = []
    for number in range(plan.size_rounds):
        tps.append(stage.pgbench_tps())
        with psycopg.connect(stage.address.conninfo, autocommit=True) as conn:
            conn.execute("CHECKPOINT")
        costs.append(measure_served(stage, an_order(stage)))
        rate = costs[-1].load.taps / costs[-1].load.seconds
        stage.tell(f"{cards} cards, round {number + 1} of {plan.size_rounds}: {rate:.0f} taps a second")
    seconds = [cost.seconds for cost in costs if cost.seconds is not None]
    answered = sum(cost.load.answered for cost in costs)
    return AtSize(
        cards=cards,
        taps_per_second=sum(cost.load.taps for cost in costs) / sum(cost.load.seconds for cost in costs),
        pgbench_tps=sum(tps) / len(tps),
        processor_microseconds_a_tap=round(1e6 * sum(seconds) / answered, 1) if len(seconds) == len(costs) else None,
    )


def grow(stage: Stage, cards: int) -> None:
    """Enrol residents until there are so many, and have as many tap as the plan says, spread evenly over all.

    All have an empty purse; those who tap have certificates and something in it.
    """
    people, residents, there = stage.people, stage.plan.residents, stage.card_count
    if cards <= there:
        return
    newest = enrol_more(stage, cards, every=max(1, cards // residents))
    tapping = [*spread(people.refreshing, residents * there // cards), *newest]

    async def certified() -> None:
        async with stage.worker() as worker:
            # The others were given their money before, and refusals count on how little that is.
            await fund(worker, newest)
            fresh = await certify(worker, tapping, stage.plan.certificates_a_round)
        stage.show(people._replace(certified=fresh, refreshing=tuple(tapping)))

    stage.tell(f"{stage.plan.certificates_a_round} certificates")
    asyncio.run(certified())
    asyncio.run(vacuum(stage.address))


def spread(people: Sequence[Refreshing], count: int) -> list[Refreshing]:
    """So many of some people, or all if they are fewer, from places as far apart as can be."""
    count = min(count, len(people))
    return [people[place * len(people) // count] for place in range(count)]


def enrol_more(stage: Stage, cards: int, *, every: int = 1) -> list[Refreshing]:
    """Enrol residents by several processes until there are so many; gives one of `every` so many new ones."""
    there = stage.card_count
    if cards <= there:
        return []
    stage.tell(f"{cards - there} more residents with cards")
    edges = [*range(there, cards, _PIECE), cards]
    with ProcessPoolExecutor(min(len(edges) - 1, os.cpu_count() or 1), mp_context=SPAWN) as pool:
        pieces = [
            pool.submit(fill, stage.settings, stage.address, after=after, until=until, every=every)
            for after, until in pairwise(edges)
        ]
        stage.card_count = cards
        return [one for piece in pieces for one in piece.result()]


def fill(settings: Settings, address: ServerAddress, *, after: int, until: int, every: int) -> list[Refreshing]:
    """Enrol the residents of some places, with empty purses; gives some of them. Work of a process of its own."""

    async def run() -> list[Refreshing]:
        async with open_worker(settings, address) as worker:
            tapping: list[Refreshing] = []
            for start, newcomers in generate_newcomers(worker, until, after=after, at_once=_AT_ONCE):
                keys: dict[UUID, SigningKey] = {}
                enrolled = await enrol(worker, [(start, newcomers)], keys, every=every)
                await open_purses(worker, enrolled)
                tapping += _some_of(enrolled, keys, start=start, every=every)
            return tapping

    return asyncio.run(run())


def _some_of(
    enrolled: list[EnrolledAtOnce], keys: dict[UUID, SigningKey], *, start: int, every: int
) -> Iterator[Refreshing]:
    for place, one in enumerate(enrolled, start=start):
        if place % every == 0:
            yield wallet_of(one, keys)
