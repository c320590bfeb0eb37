"""Values in PostgreSQL's binary format, for the pipelined statements of the tap batch, and long arrays of others.

Arrays are packed in one pass, because a batch sends a few long arrays rather than many short rows. Each
encoder returns a `Param`: the type's oid and its bytes. Results are read by psycopg's compiled loaders.
Oids are those of the server's own catalogue (pg_type), fixed since their types were first released.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from struct import Struct
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg import pq
from psycopg.abc import AdaptContext, Buffer
from psycopg.abc import Transformer as Loading
from psycopg.adapt import Dumper, Loader, PyFormat, Transformer

_POSTGRES_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_POSTGRES_DAY_ZERO = date(2000, 1, 1).toordinal()
_MICROSECOND = timedelta(microseconds=1)

_INT2 = Struct("!h")
_INT4 = Struct("!i")
_INT8 = Struct("!q")
_ARRAY_HEAD = Struct("!iiiii")
_EMPTY_ARRAY = Struct("!iii")
_LENGTH = Struct("!i")
_NULL = _LENGTH.pack(-1)
_SIXTEEN = _LENGTH.pack(16)

BOOL, BYTEA, INT8, INT2, INT4, TEXT, JSONB, DATE, TIMESTAMPTZ, UUID_OID = (
    16, 17, 20, 21, 23, 25, 3802, 1082, 1184, 2950,
)  # fmt: skip
_ARRAY_OF = {BOOL: 1000, BYTEA: 1001, INT2: 1005, INT4: 1007, TEXT: 1009, INT8: 1016,
             DATE: 1182, TIMESTAMPTZ: 1185, UUID_OID: 2951}  # fmt: skip


class Param(NamedTuple):
    """One parameter of a pipelined statement: its type and its bytes (None is NULL)."""

    oid: int
    data: bytes | None


def _instant_bytes(value: datetime) -> bytes:
    return _INT8.pack((value - _POSTGRES_EPOCH) // _MICROSECOND)


def _day_bytes(value: date) -> bytes:
    return _INT4.pack(value.toordinal() - _POSTGRES_DAY_ZERO)


def _bool_bytes(value: bool) -> bytes:
    return b"\x01" if value else b"\x00"


def _array(element_oid: int, items: list[bytes | None]) -> Param:
    oid = _ARRAY_OF[element_oid]
    if not items:
        return Param(oid, _EMPTY_ARRAY.pack(0, 0, element_oid))
    pieces = [_ARRAY_HEAD.pack(1, int(None in items), element_oid, len(items), 1)]
    for item in items:
        if item is None:
            pieces.append(_NULL)
        else:
            pieces.append(_LENGTH.pack(len(item)))
            pieces.append(item)
    return Param(oid, b"".join(pieces))


def _ints(element_oid: int, code: str, size: int, values: Sequence[int | None]) -> Param:
    """Pack whole numbers without NULLs in one call; the format is head, then (length, value) pairs."""
    if not values:
        return Param(_ARRAY_OF[element_oid], _EMPTY_ARRAY.pack(0, 0, element_oid))
    if None in values:
        single = Struct("!" + code)
        return _array(element_oid, [None if value is None else single.pack(value) for value in values])
    head = _ARRAY_HEAD.pack(1, 0, element_oid, len(values), 1)
    flat: list[int] = [size] * (2 * len(values))
    flat[1::2] = values  # type: ignore[assignment]  # no None is left
    return Param(_ARRAY_OF[element_oid], head + Struct("!" + ("i" + code) * len(values)).pack(*flat))


def int2(value: int | None) -> Param:
    """A smallint."""
    return Param(INT2, None if value is None else _INT2.pack(value))


def int8(value: int | None) -> Param:
    """A bigint."""
    return Param(INT8, None if value is None else _INT8.pack(value))


def text(value: str | None) -> Param:
    """A text."""
    return Param(TEXT, None if value is None else value.encode())


def bytea(value: bytes | None) -> Param:
    """A bytea."""
    return Param(BYTEA, value)


def uuid(value: UUID | None) -> Param:
    """A UUID."""
    return Param(UUID_OID, None if value is None else value.bytes)


def instant(value: datetime | None) -> Param:
    """An aware instant as timestamptz."""
    return Param(TIMESTAMPTZ, None if value is None else _instant_bytes(value))


def day(value: date | None) -> Param:
    """A date."""
    return Param(DATE, None if value is None else _day_bytes(value))


def boolean(value: bool | None) -> Param:
    """A boolean."""
    return Param(BOOL, None if value is None else _bool_bytes(value))


def jsonb(value: bytes | None) -> Param:
    """A JSON text as jsonb (version byte 1 in front)."""
    return Param(JSONB, None if value is None else b"\x01" + value)


def int2_array(values: Sequence[int | None]) -> Param:
    """smallint[]."""
    return _ints(INT2, "h", 2, values)


def int4_array(values: Sequence[int | None]) -> Param:
    """integer[]."""
    return _ints(INT4, "i", 4, values)


def int8_array(values: Sequence[int | None]) -> Param:
    """bigint[]."""
    return _ints(INT8, "q", 8, values)


def text_array(values: Sequence[str | None]) -> Param:
    """text[]."""
    return _array(TEXT, [None if value is None else value.encode() for value in values])


def bytea_array(values: Sequence[bytes | None]) -> Param:
    """bytea[]."""
    return _array(BYTEA, list(values))


def uuid_array(values: Sequence[UUID | None]) -> Param:
    """uuid[]. Without NULLs the values are joined by their common length in one call."""
    items = [None if value is None else value.int.to_bytes(16) for value in values]
    if not items or None in items:
        return _array(UUID_OID, items)
    head = _ARRAY_HEAD.pack(1, 0, UUID_OID, len(items), 1)
    return Param(_ARRAY_OF[UUID_OID], head + _SIXTEEN + _SIXTEEN.join(items))  # type: ignore[arg-type]  # no None left


def instant_array(values: Sequence[datetime | None]) -> Param:
    """timestamptz[]."""
    return _array(TIMESTAMPTZ, [None if value is None else _instant_bytes(value) for value in values])


def day_array(values: Sequence[date | None]) -> Param:
    """date[]."""
    return _array(DATE, [None if value is None else _day_bytes(value) for value in values])


def boolean_array(values: Sequence[bool | None]) -> Param:
    """boolean[]."""
    return _array(BOOL, [None if value is None else _bool_bytes(value) for value in values])


class _ParamDumper(Dumper):
    """Passes a value already in binary through psycopg; each type is a dumper of its own, told apart by its oid."""

    format = pq.Format.BINARY

    def get_key(self, obj: Param, format: PyFormat) -> Any:
        return (self.cls, obj.oid)

    def upgrade(self, obj: Param, format: PyFormat) -> "_ParamDumper":
        dumper = _ParamDumper(self.cls)
        dumper.oid = obj.oid
        return dumper

    def dump(self, obj: Param) -> bytes | None:
        return obj.data


def pass_params(context: AdaptContext) -> None:
    """Let ordinary statements of a connection or cursor take `Param` values too: a long array costs a tenth so."""
    context.adapters.register_dumper(Param, _ParamDumper)


class _InstantLoader(Loader):
    """timestamptz as an aware instant in UTC, whatever the session's zone."""

    format = pq.Format.BINARY

    def load(self, data: Buffer) -> datetime:
        microseconds: int = _INT8.unpack(data)[0]
        return _POSTGRES_EPOCH + timedelta(microseconds=microseconds)


class _JsonTextLoader(Loader):
    """jsonb as its text: what reads it knows its shape."""

    format = pq.Format.BINARY

    def load(self, data: Buffer) -> bytes:
        return bytes(data)[1:]


def loading_of(conn: psycopg.AsyncConnection[Any]) -> Loading:
    """What turns a connection's binary results into values: psycopg's own loaders, but for the two above."""
    cursor = conn.cursor()
    cursor.adapters.register_loader("timestamptz", _InstantLoader)
    cursor.adapters.register_loader("jsonb", _JsonTextLoader)
    return Transformer(cursor)
