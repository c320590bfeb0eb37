"""Runs a simulation: blocks of claimants decided by two threads, every step kept as Parquet, sums by place."""

import csv
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from simulator.claimants.trade_in import BLOCK_ROWS, Shape, make_block
from yikatong.programmes.model import Column, Formula, Reason
from yikatong.programmes.service import Calendar, Outcome, Rules, choose_sheets, decide_population, runs_of

THREADS = 2
MAKERS: Mapping[str, Callable[..., dict[str, Column]]] = {"trade_in": make_block}
"""Who makes up claimants of a programme."""
NO_RULE = Reason.PROGRAMME_IS_NOT_IN_FORCE.name


class Simulation(NamedTuple):
    """What to simulate. `changed` are the rules it is compared with, None if with none; `folder` gets the steps."""

    formula: Formula
    present: Rules
    changed: Rules | None
    shape: Shape
    known_on: date
    seed: int
    rows: int
    folder: Path


class PlaceSums(NamedTuple):
    """One place: claims, those that get something, fen, and the same under the changed rules; refusals by reason."""

    place: str
    claims: int
    paid: int
    paid_fen: int
    changed_paid: int
    changed_fen: int
    refusals: dict[str, int]


def simulate(simulation: Simulation) -> list[PlaceSums]:
    """Decide the population, keep every step in `steps/part-….parquet`, sum by place; the same seed gives the same."""
    steps_folder(simulation).mkdir(parents=True, exist_ok=True)
    for old in steps_folder(simulation).glob("part-*.parquet"):
        old.unlink()
    calendars = _calendars_of(simulation)
    blocks = range(-(-simulation.rows // BLOCK_ROWS))
    with ThreadPoolExecutor(THREADS) as pool:
        parts = list(pool.map(lambda block: _simulate_block(simulation, calendars, block), blocks))
    sums: dict[str, PlaceSums] = {}
    for part in parts:
        for one in part:
            sums[one.place] = _add(sums[one.place], one) if one.place in sums else one
    return [sums[place] for place in sorted(sums)]


def steps_folder(simulation: Simulation) -> Path:
    """Where the steps lie, and nothing else: a folder that reads as one table."""
    return simulation.folder / "steps"


def _calendars_of(simulation: Simulation) -> list[Calendar]:
    """The calendar of the present rules, and that of the changed ones."""
    both = [simulation.present] + ([] if simulation.changed is None else [simulation.changed])
    return [Calendar(rules, known_on=simulation.known_on) for rules in both]


def _simulate_block(simulation: Simulation, calendars: list[Calendar], block: int) -> list[PlaceSums]:
    rows = min(BLOCK_ROWS, simulation.rows - block * BLOCK_ROWS)
    programme = simulation.formula.programme
    facts = MAKERS[programme](simulation.shape, seed=simulation.seed, block=block, rows=rows)
    places = facts.pop("place")
    outcomes = [_decide(simulation.formula, calendar, places, facts) for calendar in calendars]
    present, changed = outcomes[0], outcomes[1] if outcomes[1:] else None
    _write_part(simulation, block, places=places, facts=facts, present=present, changed=changed)
    return _sum_by_place(simulation, places, present, present if changed is None else changed)


def _decide(formula: Formula, calendar: Calendar, places: Column, facts: Mapping[str, Column]) -> Outcome:
    sheets = choose_sheets(calendar, places=places, days=facts[formula.effective])
    return decide_population(calendar.rules, facts, sheets=sheets, steps=formula.steps)


def _write_part(
    simulation: Simulation,
    block: int,
    *,
    places: Column,
    facts: Mapping[str, Column],
    present: Outcome,
    changed: Outcome | None,
) -> None:
    # Arrow is large and nobody else needs it, so only a simulation loads it.
    import pyarrow
    from pyarrow import parquet

    columns: dict[str, Any] = {"place": places, **facts, **_columns_of(present)}
    if changed is not None:
        columns |= {f"changed_{name}": column for name, column in _columns_of(changed).items()}
    described = {"sheets": " ".join(f"{sheet.name}:{sheet.digest}" for sheet in simulation.present.every)}
    if simulation.changed is not None:
        described["changed_sheets"] = " ".join(f"{one.name}:{one.digest}" for one in simulation.changed.every)
    described["reasons"] = " ".join(_names_of(simulation.formula))
    table = pyarrow.table(columns).replace_schema_metadata(described)
    # Whole numbers that lie close together, many of them sorted: their differences take less time and room than a
    # dictionary of each column would.
    parquet.write_table(
        table,
        steps_folder(simulation) / f"part-{block:05d}.parquet",
        write_statistics=False,
        use_dictionary=False,
        column_encoding="DELTA_BINARY_PACKED",
    )


def _columns_of(outcome: Outcome) -> dict[str, Column]:
    steps = {f"step_{name}": column for name, column in outcome.steps.items()}
    found = {"sheet": outcome.sheet, "reason": outcome.reason, "failed": outcome.failed}
    return {**found, **steps, "amount_fen": outcome.amount_fen}


def _names_of(formula: Formula) -> tuple[str, ...]:
    """The names behind the numbers of the column `reason`, from 1."""
    return tuple(reason.name for reason in formula.order)


def _sum_by_place(simulation: Simulation, places: Column, present: Outcome, changed: Outcome) -> list[PlaceSums]:
    names = _names_of(simulation.formula)
    sums = []
    for start, end in runs_of(places):
        inside = slice(start, end)
        counts = np.bincount(present.reason[inside], minlength=len(names) + 1)
        refusals = {names[place - 1]: int(counts[place]) for place in range(1, len(names) + 1) if counts[place]}
        no_rule = int((present.sheet[inside] < 0).sum())
        sums.append(
            PlaceSums(
                place=f"{places[start]:06d}",
                claims=end - start,
                paid=int((present.amount_fen[inside] > 0).sum()),
                paid_fen=int(present.amount_fen[inside].sum()),
                changed_paid=int((changed.amount_fen[inside] > 0).sum()),
                changed_fen=int(changed.amount_fen[inside].sum()),
                refusals={**refusals, **({NO_RULE: no_rule} if no_rule else {})},
            )
        )
    return sums


def _add(one: PlaceSums, other: PlaceSums) -> PlaceSums:
    refusals = {
        name: one.refusals.get(name, 0) + other.refusals.get(name, 0)
        for name in dict.fromkeys((*one.refusals, *other.refusals))
    }
    return PlaceSums(
        place=one.place,
        claims=one.claims + other.claims,
        paid=one.paid + other.paid,
        paid_fen=one.paid_fen + other.paid_fen,
        changed_paid=one.changed_paid + other.changed_paid,
        changed_fen=one.changed_fen + other.changed_fen,
        refusals=refusals,
    )


def add_all(sums: list[PlaceSums]) -> PlaceSums:
    """All places together."""
    total = PlaceSums("", 0, 0, 0, 0, 0, {})
    for one in sums:
        total = _add(total, one)
    return total


def write_sums(sums: list[PlaceSums], file: Path) -> None:
    """Write the sums as CSV, amounts in fen."""
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(("place", "claims", "paid", "paid_fen", "changed_paid", "changed_fen"))
        writer.writerows(one[:6] for one in sums)
