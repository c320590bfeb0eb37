"""The formula on Arrow batches, by hand and in a local Spark, gives what one machine's columns give."""

import os
import shutil
import sys
from datetime import date
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from simulator.claimants.trade_in import make_block, shape_of
from yikatong.app.arrow_batches import answer_schema, decide_batches_of, spark_schema
from yikatong.programmes import service
from yikatong.programmes.model import Column
from yikatong.programmes.rules.facts import day_number

KNOWN_ON = date(2026, 11, 26)
ROWS = 5_000
FORMULA = service.read_shelf().newest_formula("trade_in")


def a_population() -> dict[str, Column]:
    """Made-up trade-ins in every place."""
    places = [sheet.head.place for sheet in service.read_shelf().sheets_of("trade_in")]
    shape = shape_of(places, first_on=date(2024, 9, 1), last_on=date(2025, 6, 30))
    return make_block(shape, seed=11, block=0, rows=ROWS)


def amounts_of(facts: dict[str, Column]) -> list[int]:
    """What the columns of one machine give."""
    rules = service.present_rules(service.read_shelf(), "trade_in")
    sheets = service.choose_sheets(
        service.Calendar(rules, known_on=KNOWN_ON), places=facts["place"], days=facts["bought_on"]
    )
    amounts: list[int] = service.decide_population(rules, facts, sheets=sheets, steps=()).amount_fen.tolist()
    return amounts


def test_batches_of_any_size_give_the_same() -> None:
    facts = a_population()
    decide = decide_batches_of("trade_in", known_on=KNOWN_ON)
    table = pyarrow.Table.from_batches(decide(pyarrow.table(facts).to_batches(max_chunksize=777)))

    assert answer_schema(FORMULA) == table.schema
    assert amounts_of(facts) == table["amount_fen"].to_pylist()


def test_a_null_is_a_fact_that_was_not_given() -> None:
    day = day_number(date(2024, 10, 20))
    facts = {"place": 320_000, "bought_on": day, "price": 200_000, "old_battery": 0, "new_battery": 0}
    young, unknown = (
        {name: pyarrow.array([value], pyarrow.int64()) for name, value in {**facts, "age_years": age}.items()}
        for age in (5, None)
    )
    decide = decide_batches_of("trade_in", known_on=KNOWN_ON)
    failed = [next(decide([pyarrow.RecordBatch.from_pydict(given)]))["failed"][0].as_py() for given in (young, unknown)]
    place = [reason.name for reason in FORMULA.order].index("APPLICANT_IS_TOO_YOUNG")

    assert [1, 0] == [bits >> place & 1 for bits in failed]


@pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java, which this machine has not")
def test_a_local_spark_gives_the_same_by_map_in_arrow(tmp_path: Path) -> None:
    pytest.importorskip("pandas", reason="PySpark asks for pandas, which is in no lock file")
    sql = pytest.importorskip(
        "pyspark.sql", reason="PySpark is not installed (it with pandas; it is in no lock file: 400 MB)"
    )
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    session = (
        sql.SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "2")
        .getOrCreate()
    )
    try:
        facts = a_population()
        parquet.write_table(pyarrow.table(facts), tmp_path / "facts.parquet")
        frame = session.read.parquet(str(tmp_path)).repartition(4)
        decided = frame.mapInArrow(decide_batches_of("trade_in", known_on=KNOWN_ON), spark_schema(FORMULA))
        found = decided.groupBy("place").sum("amount_fen").collect()
    finally:
        session.stop()

    expected: dict[int, int] = {}
    for place, amount in zip(facts["place"].tolist(), amounts_of(facts), strict=True):
        expected[place] = expected.get(place, 0) + amount
    assert expected == {row[0]: row[1] for row in found}
