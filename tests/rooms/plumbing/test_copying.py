"""Rows that were packed for COPY are read back by the server as they were meant."""

from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yikatong.plumbing import wire
from yikatong.plumbing.copying import copy_rows, row_start, shared_values, values
from yikatong.plumbing.database import Database

pytestmark = pytest.mark.anyio

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
ROWS = st.tuples(
    st.integers(-(2**15), 2**15 - 1),
    st.uuids(),
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.booleans(),
    TEXTS,
    st.binary(max_size=40) | st.sampled_from([bytes(1023), bytes(1024), bytes(70_000)]),
    st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),
)
TABLE = """CREATE TEMPORARY TABLE copied
    (place int, a smallint, b uuid, c bigint, d boolean, e text, f bytea, g timestamptz) ON COMMIT DROP"""


@given(rows=st.lists(ROWS, max_size=5))
@settings(max_examples=30, deadline=None)
async def test_packed_rows_are_read_back_as_they_were(db: Database, rows: list[tuple[Any, ...]]) -> None:
    packed = [
        row_start(8)
        + shared_values(
            wire.Param(wire.INT4, place.to_bytes(4)), wire.int2(a), wire.uuid(b), wire.int8(c), wire.boolean(d)
        )
        + values(e.encode(), f)
        + shared_values(wire.instant(g))
        for place, (a, b, c, d, e, f, g) in enumerate(rows)
    ]
    async with db.owner_transaction() as conn:
        await conn.execute(TABLE)
        await copy_rows(conn, "COPY copied FROM STDIN (FORMAT binary)", packed)
        cursor = await conn.execute("SELECT a, b, c, d, e, f, g FROM copied ORDER BY place")

        assert rows == await cursor.fetchall()


async def test_a_row_of_other_columns_is_refused_whole(db: Database) -> None:
    with pytest.raises(psycopg.errors.BadCopyFileFormat):
        async with db.owner_transaction() as conn:
            await conn.execute("CREATE TEMPORARY TABLE copied (a text, b text) ON COMMIT DROP")
            await copy_rows(conn, "COPY copied FROM STDIN (FORMAT binary)", [row_start(1) + values(b"a")])
