"""How the tables lie on a cluster, as each schema.sql says it, and the move of residents' rows to other buckets.

A row that belongs to a resident lies in the resident's bucket: the last 16 bits of an id, modulo the number of
buckets. When that number changes, each table's rows are moved by what says whose they are: a column, the first of a
list, or a row of another table. Nothing of an id changes, so whatever carries bucket bits (a tap's id) stays findable.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from psycopg import AsyncConnection, sql

from yikatong.plumbing.schema import room_schemas

_TABLE = re.compile(
    r"^-- (?:distributed by (?P<column>[a-z_]+)|(?P<kind>reference|local))\n"
    r"(?:--[^\n]*\n)+CREATE TABLE (?P<name>[a-z_.0-9]+) ",
    re.MULTILINE,
)
_MOVES = sql.Identifier("moved_transfer")


class Placing(msgspec.Struct, frozen=True):
    """Where a table's rows lie: `by` is `reference`, `local`, or the column that its rows are distributed by."""

    table: str
    by: str

    @property
    def room(self) -> str:
        """The room whose table it is."""
        return self.table.partition(".")[0]

    @property
    def is_distributed(self) -> bool:
        """Whether its rows lie on several servers."""
        return self.by not in ("reference", "local")


class OwnedBy(msgspec.Struct, frozen=True):
    """A row lies in the bucket of the id in a column; of the first id in `first_of`, where that list is not empty."""

    column: str
    first_of: str | None = None


class Follows(msgspec.Struct, frozen=True):
    """A row lies where a row of another table lies: the one whose key is in `column`; the tables are tried in order.

    Each of `tables` is a table and its key's column, and its rows are owned by `resident_id`.
    """

    column: str
    tables: tuple[tuple[str, str], ...]


class Listed(msgspec.Struct, frozen=True):
    """A row lies where the transfer in a column lies, as listed before anything moved; what is not listed stays."""

    column: str


Rule = OwnedBy | Follows | Listed
BY_RESIDENT = OwnedBy("resident_id")


def read_placings(schemas: Sequence[tuple[str, str]] | None = None) -> tuple[Placing, ...]:
    """Every table in the order in which it is made, with where its rows lie, from the rooms' schemas."""
    texts = [text for _, text in (room_schemas() if schemas is None else schemas)]
    return tuple(
        Placing(found["name"], found["column"] or found["kind"]) for text in texts for found in _TABLE.finditer(text)
    )


async def prepare_moves(conn: AsyncConnection[Any]) -> None:
    """Make the list of transfers whose bucket is known, for this transaction."""
    await conn.execute(
        sql.SQL(
            "CREATE TEMPORARY TABLE {} (bucket_before smallint, transfer_id uuid, bucket smallint NOT NULL,"
            " PRIMARY KEY (bucket_before, transfer_id)) ON COMMIT DROP"
        ).format(_MOVES)
    )


async def note_transfers(conn: AsyncConnection[Any], table: str, rule: OwnedBy, *, bucket_count: int) -> int:
    """List the transfers that rows of a table name in `transfer_id`: they go where those rows go."""
    text = sql.SQL(
        "INSERT INTO {moves} SELECT bucket, transfer_id, min({bucket}) FROM {table} AS t"
        " WHERE transfer_id IS NOT NULL GROUP BY 1, 2 ON CONFLICT DO NOTHING"
    )
    cursor = await conn.execute(
        text.format(moves=_MOVES, bucket=_bucket(rule, "t", bucket_count), table=_name_of(table))
    )
    return cursor.rowcount


async def move_rows(conn: AsyncConnection[Any], table: str, rule: Rule, *, bucket_count: int) -> int:
    """Move a table's rows to their buckets; gives how many moved. Rows that follow others move before those."""
    moved = 0
    for statement in _moving(table, rule, bucket_count):
        moved += (await conn.execute(statement)).rowcount
    return moved


async def count_misplaced(conn: AsyncConnection[Any], table: str, rule: Rule, *, bucket_count: int) -> int:
    """How many rows of a table do not lie where they belong."""
    row = await (await conn.execute(_misplaced(table, rule, bucket_count))).fetchone()
    assert row is not None
    return int(row[0])


async def list_columns(conn: AsyncConnection[Any], table: str) -> frozenset[str]:
    """The columns of a table as the database has it."""
    found = await conn.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped", [table]
    )
    return frozenset([name async for (name,) in found])


async def lock_whole(conn: AsyncConnection[Any], tables: Sequence[str]) -> None:
    """Lock tables against everybody until the transaction ends; waits no longer than the session's lock timeout."""
    names = sql.SQL(", ").join(_name_of(table) for table in tables)
    await conn.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(names))


def rules_of(columns: Mapping[str, frozenset[str]], exceptions: Mapping[str, Rule | None]) -> dict[str, Rule]:
    """What says in which bucket each table's rows lie, or name one: `resident_id`, but for the exceptions.

    `columns` are those of every table. An exception of None is a table that its room makes anew. Those that follow
    others come first. Raises LookupError for a table with a bucket that nothing says whose it is.
    """
    rules: dict[str, Rule] = {}
    for table, names in columns.items():
        rule = exceptions.get(table, BY_RESIDENT)
        if "bucket" not in names or rule is None:
            continue
        if rule is BY_RESIDENT and "resident_id" not in names:
            raise LookupError(f"{table} has buckets and nothing says whose its rows are")
        rules[table] = rule
    return dict(sorted(rules.items(), key=lambda item: isinstance(item[1], OwnedBy)))


def _bucket(rule: OwnedBy, alias: str, bucket_count: int) -> sql.Composed:
    """The bucket that a row belongs to; the same as `kernel.ids.bucket_of`."""
    owner: sql.Composable = sql.Identifier(alias, rule.column)
    if rule.first_of is not None:
        owner = sql.SQL("coalesce({}[1], {})").format(sql.Identifier(alias, rule.first_of), owner)
    return sql.SQL(
        "(((get_byte(uuid_send({owner}), 14) << 8) | get_byte(uuid_send({owner}), 15)) % {count})::smallint"
    ).format(owner=owner, count=sql.Literal(bucket_count))


def _moving(table: str, rule: Rule, bucket_count: int) -> list[sql.Composed]:
    name = _name_of(table)
    if isinstance(rule, OwnedBy):
        text = sql.SQL("UPDATE {} AS t SET bucket = {bucket} WHERE t.bucket <> {bucket}")
        return [text.format(name, bucket=_bucket(rule, "t", bucket_count))]
    if isinstance(rule, Listed):
        text = sql.SQL(
            "UPDATE {table} AS t SET bucket = coalesce(m.bucket, k.bucket % {count}::smallint)"
            " FROM {table} AS k LEFT JOIN {moves} AS m ON m.bucket_before = k.bucket AND m.transfer_id = k.{column}"
            " WHERE t.ctid = k.ctid AND t.bucket <> coalesce(m.bucket, k.bucket % {count}::smallint)"
        )
        count, column = sql.Literal(bucket_count), sql.Identifier(rule.column)
        return [text.format(table=name, moves=_MOVES, count=count, column=column)]
    text = sql.SQL(
        "UPDATE {} AS t SET bucket = {bucket} FROM {followed} AS p"
        " WHERE p.bucket = t.bucket AND p.{key} = t.{column} AND t.bucket <> {bucket}"
    )
    return [
        text.format(
            name,
            bucket=_bucket(BY_RESIDENT, "p", bucket_count),
            followed=_name_of(followed),
            key=sql.Identifier(key),
            column=sql.Identifier(rule.column),
        )
        for followed, key in rule.tables
    ]


def _misplaced(table: str, rule: Rule, bucket_count: int) -> sql.Composed:
    if isinstance(rule, OwnedBy):
        text = sql.SQL("SELECT count(*) FROM {} AS t WHERE t.bucket <> {}")
        return text.format(_name_of(table), _bucket(rule, "t", bucket_count))
    if isinstance(rule, Listed):
        text = sql.SQL("SELECT count(*) FROM {} WHERE bucket >= {}")
        return text.format(_name_of(table), sql.Literal(bucket_count))
    nowhere = sql.SQL(" AND ").join(
        sql.SQL("NOT EXISTS (SELECT FROM {} AS p WHERE p.bucket = t.bucket AND p.{} = t.{})").format(
            _name_of(followed), sql.Identifier(key), sql.Identifier(rule.column)
        )
        for followed, key in rule.tables
    )
    return sql.SQL("SELECT count(*) FROM {} AS t WHERE bucket IS NOT NULL AND {}").format(_name_of(table), nowhere)


def _name_of(table: str) -> sql.Identifier:
    return sql.Identifier(*table.split("."))
