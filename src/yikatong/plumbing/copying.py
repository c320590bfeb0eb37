"""Rows in PostgreSQL's binary COPY format, packed by whoever has many of the same table.

A row is the number of its columns, then each value with its length before it. Values are the bytes of the server's
binary forms, as `wire` makes them, so a part that many rows share is packed once.
"""

from collections.abc import Iterable
from struct import Struct
from typing import Any, LiteralString

import psycopg

from yikatong.plumbing.cluster_faults import faults_named
from yikatong.plumbing.wire import Param

_SIGNATURE = b"PGCOPY\n\xff\r\n\0"
_HEADER = _SIGNATURE + bytes(8)
"""No flags, and no extension of the header."""
_TRAILER = b"\xff\xff"
_NULL = b"\xff\xff\xff\xff"
_COLUMNS = Struct("!h")
_LENGTH = Struct("!i")
_SHORT = 1024
_LENGTHS = tuple(_LENGTH.pack(size) for size in range(_SHORT))
"""The lengths of short values, packed once."""


def row_start(column_count: int) -> bytes:
    """What stands before the values of a row."""
    return _COLUMNS.pack(column_count)


def values(*data: bytes) -> bytes:
    """Values of one row, each with its length before it; none of them is NULL."""
    pieces = []
    for value in data:
        pieces.append(_LENGTHS[len(value)] if len(value) < _SHORT else _LENGTH.pack(len(value)))
        pieces.append(value)
    return b"".join(pieces)


def shared_values(*params: Param) -> bytes:
    """Values that many rows share, NULL among them."""
    return b"".join(_NULL if param.data is None else values(param.data) for param in params)


async def copy_rows(conn: psycopg.AsyncConnection[Any], statement: LiteralString, rows: Iterable[bytes]) -> None:
    """Send packed rows by a `COPY … FROM STDIN (FORMAT binary)` statement."""
    with faults_named():
        async with conn.cursor() as cursor, cursor.copy(statement) as copy:
            await copy.write(b"".join((_HEADER, *rows, _TRAILER)))
