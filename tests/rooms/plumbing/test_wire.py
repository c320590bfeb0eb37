"""What is packed for the server is what it reads, and what it sends back is what was meant."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yikatong.plumbing import wire
from yikatong.plumbing.database import Database
from yikatong.plumbing.pipeline import BatchConnection, Statement, as_tuple

pytestmark = pytest.mark.anyio

_INSTANTS = st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))
_DAYS = st.dates(date(1900, 1, 1), date(2200, 1, 1))
_TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)


def whole(bits: int) -> st.SearchStrategy[int]:
    return st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


Packed = tuple[Callable[[Any], wire.Param], st.SearchStrategy[Any]]
ARRAYS: dict[str, Packed] = {
    "int2[]": (wire.int2_array, whole(16)),
    "int4[]": (wire.int4_array, whole(32)),
    "int8[]": (wire.int8_array, whole(64)),
    "text[]": (wire.text_array, _TEXTS),
    "bytea[]": (wire.bytea_array, st.binary(max_size=20)),
    "uuid[]": (wire.uuid_array, st.uuids()),
    "timestamptz[]": (wire.instant_array, _INSTANTS),
    "date[]": (wire.day_array, _DAYS),
    "bool[]": (wire.boolean_array, st.booleans()),
}
VALUES: dict[str, Packed] = {
    "int2": (wire.int2, whole(16)),
    "int8": (wire.int8, whole(64)),
    "text": (wire.text, _TEXTS),
    "uuid": (wire.uuid, st.uuids()),
    "timestamptz": (wire.instant, _INSTANTS),
    "date": (wire.day, _DAYS),
    "bool": (wire.boolean, st.booleans()),
}


async def echo(db: Database, kind: str, params: list[wire.Param]) -> list[Any]:
    """Each parameter as the server reads and sends it."""
    conn = await BatchConnection.over(await db.connect_serving())
    try:
        results = await conn.run([Statement(f"SELECT $1::{kind}", [param], as_tuple) for param in params])
    finally:
        await conn.close()
    return [result.rows[0][0] for result in results]


@pytest.mark.parametrize("kind", ARRAYS)
async def test_arrays_come_back_as_they_went_with_and_without_nulls(db: Database, kind: str) -> None:
    pack, values = ARRAYS[kind]
    drawn: list[list[Any]] = [[]]

    @given(st.lists(st.one_of(values, st.none()), max_size=40) | st.lists(values, max_size=40))
    def draw(array: list[Any]) -> None:
        drawn.append(array)

    draw()
    assert drawn == await echo(db, kind, [pack(array) for array in drawn])


@pytest.mark.parametrize("kind", VALUES)
async def test_single_values_come_back_as_they_went(db: Database, kind: str) -> None:
    pack, values = VALUES[kind]
    drawn: list[Any] = [None]

    @given(values)
    def draw(value: Any) -> None:
        drawn.append(value)

    draw()
    assert drawn == await echo(db, kind, [pack(value) for value in drawn])


async def test_a_json_text_comes_back_as_its_text_for_its_reader_to_decode(db: Database) -> None:
    assert [b'{"a": [1, "\xe7\x8f\x9e"]}', None] == await echo(
        db, "jsonb", [wire.jsonb(b'{"a":[1,"\xe7\x8f\x9e"]}'), wire.jsonb(None)]
    )


async def test_an_instant_comes_back_in_utc_whatever_the_zone_of_the_session(db: Database) -> None:
    noon = datetime(2026, 11, 25, 4, tzinfo=UTC)
    conn = await db.connect_serving()
    await conn.execute("SET TIME ZONE 'Asia/Shanghai'")
    batch = await BatchConnection.over(conn)
    (result,) = await batch.run([Statement("SELECT $1::timestamptz", [wire.instant(noon)], as_tuple)])
    await batch.close()

    assert [(noon, UTC)] == [(instant, instant.tzinfo) for (instant,) in result.rows]
