"""Decides Arrow batches of cases, so that where a population outgrows one machine Spark runs the same formula.

`DataFrame.mapInArrow(decide_batches_of(…), schema)`: each batch has a column `place` (six digits as a whole number) and
the formula's facts as int64; a null is a fact that was not given. What comes back has every step.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import partial

import numpy as np
import pyarrow

from yikatong.programmes import service as programmes
from yikatong.programmes.model import NOT_GIVEN, Column, Formula

Decide = Callable[[Iterable[pyarrow.RecordBatch]], Iterator[pyarrow.RecordBatch]]


def decide_batches_of(programme: str, *, known_on: date) -> Decide:
    """What Spark sends to its workers: a name and a day; each worker reads its own installation's shelf."""
    return partial(decide_batches, programme, known_on)


def decide_batches(
    programme: str, known_on: date, batches: Iterable[pyarrow.RecordBatch]
) -> Iterator[pyarrow.RecordBatch]:
    """Decide batches one after the other. Refuses PROGRAMME_IS_UNKNOWN."""
    shelf = programmes.read_shelf()
    formula = shelf.newest_formula(programme)
    rules = programmes.present_rules(shelf, programme)
    calendar = programmes.Calendar(rules, known_on=known_on)
    names = [sheet.name for sheet in rules.every]
    for batch in batches:
        facts = {fact.name: _column(batch, fact.name) for fact in formula.facts if fact.name in batch.schema.names}
        places = _column(batch, "place")
        sheets = programmes.choose_sheets(calendar, places=places, days=facts[formula.effective])
        outcome = programmes.decide_population(rules, facts, sheets=sheets, steps=formula.steps)
        columns: dict[str, Column | list[str | None]] = {
            "place": places,
            "sheet": [names[number] if number >= 0 else None for number in sheets],
            "reason": outcome.reason,
            "failed": outcome.failed,
            **{f"step_{name}": column for name, column in outcome.steps.items()},
            "amount_fen": outcome.amount_fen,
        }
        yield pyarrow.RecordBatch.from_pydict(columns, schema=answer_schema(formula))


def answer_schema(formula: Formula) -> pyarrow.Schema:
    """The columns that come back."""
    steps = [(f"step_{name}", pyarrow.int64()) for name in formula.steps]
    first = [("place", pyarrow.int64()), ("sheet", pyarrow.string()), ("reason", pyarrow.int64())]
    return pyarrow.schema([*first, ("failed", pyarrow.int64()), *steps, ("amount_fen", pyarrow.int64())])


def spark_schema(formula: Formula) -> str:
    """The same in Spark's words."""
    return ", ".join(
        f"{field.name} {'string' if field.type == pyarrow.string() else 'long'}" for field in answer_schema(formula)
    )


def _column(batch: pyarrow.RecordBatch, name: str) -> Column:
    filled: Column = batch.column(name).fill_null(NOT_GIVEN).to_numpy(zero_copy_only=False)
    return filled.astype(np.int64)
