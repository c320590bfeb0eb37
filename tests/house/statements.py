"""Reads statements with PostgreSQL's own parser: which tables each names, and by what their rows are found."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pgparse

Bound = tuple[str, str]
_SCOPES = ("SelectStmt", "UpdateStmt", "DeleteStmt", "larg", "rarg")
_PLACEHOLDER = re.compile(r"%\((\w+)\)[sbt]")


class Named(NamedTuple):
    """A table that a statement names, under the name that the statement gives it; `binds` are its bound columns."""

    table: str
    alias: str
    binds: frozenset[str]


def parse(text: str) -> list[dict[str, Any]]:
    """The statements of a text as PostgreSQL parses them; placeholders of the driver become numbered ones."""
    numbers: dict[str, int] = {}
    taken = max((int(number) for number in re.findall(r"\$(\d+)", text)), default=0)

    def number_of(found: re.Match[str]) -> str:
        return f"${numbers.setdefault(found[1], taken + len(numbers) + 1)}"

    plain = re.sub(r"^COPY .*", "SELECT 1", _PLACEHOLDER.sub(number_of, text).strip(), flags=re.DOTALL)
    return [one["stmt"] for one in pgparse.parse(plain.replace("%%", "%"))]


def read_statement(text: str) -> tuple[Named, ...]:
    """Every table that one statement names, wherever it names it, with what is bound there."""
    (tree,) = parse(text)
    return tuple(_read_scope(tree, frozenset()))


def _read_scope(node: Any, outer: frozenset[Bound]) -> Iterator[Named]:
    """The tables of one query and of those inside it, which see what is bound around them."""
    here = list(_walk(node))
    tables = [_table(inner) for name, inner in here if name in ("RangeVar", "relation") and "schemaname" in inner]
    bound = {*outer, *(found for name, inner in here if name == "InsertStmt" for found in _inserted(inner))}
    only = tables[0][1] if len(tables) == 1 else "*"
    equal = [(one, other) for left, right in _equalities(here) for one, other in ((left, right), (right, left))]
    for _ in equal:
        bound |= {
            column
            for one, other in equal
            if (column := _column(one, only)) and (_is_fixed(other) or _column(other, only) in bound)
        }
    for table, alias in tables:
        yield Named(table, alias, frozenset(column for name, column in bound if name == alias))
    for name, inner in here:
        if name in _SCOPES:
            yield from _read_scope(inner, frozenset(bound))


def _walk(node: Any) -> Iterator[tuple[str, Any]]:
    """Every named part of a query, down to the queries inside it, which are named and not entered."""
    if isinstance(node, dict):
        for name, inner in node.items():
            yield name, inner
            if name not in _SCOPES:
                yield from _walk(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _walk(inner)


def _table(inner: Any) -> tuple[str, str]:
    return f"{inner['schemaname']}.{inner['relname']}", inner.get("alias", {}).get("aliasname", inner["relname"])


def _equalities(here: list[tuple[str, Any]]) -> Iterator[tuple[Any, Any]]:
    """Both sides of every `=` and, place by place, of rows; of `IN` and `= ANY` none: they may name several shards."""
    for name, inner in here:
        if name == "A_Expr" and inner["kind"] == "AEXPR_OP" and inner["name"][-1]["String"]["sval"] == "=":
            yield inner["lexpr"], inner["rexpr"]


def _column(node: Any, only: str) -> Bound | None:
    """The table's name here and the column; a column that names no table is that of the only one."""
    if "ColumnRef" not in node:
        return None
    names = [field["String"]["sval"] for field in node["ColumnRef"]["fields"] if "String" in field]
    return (names[-2] if len(names) > 1 else only, names[-1]) if names else None


def _is_fixed(node: Any) -> bool:
    """Whether an expression is the same for every row: it names a parameter or a constant and no column."""
    return not any(name in ("ColumnRef", "SubLink") for name, _ in _walk(node))


def _inserted(insert: Any) -> Iterator[Bound]:
    """Columns of an INSERT that get a parameter or a constant in the only row, or in every selected one."""
    relation = insert["relation"]
    select = insert["selectStmt"]["SelectStmt"]
    rows = [row["List"]["items"] for row in select.get("valuesLists", [])]
    rows = rows or [[target["ResTarget"]["val"] for target in select["targetList"]]]
    for index, target in enumerate(insert["cols"]):
        if len(rows) == 1 and _is_fixed(rows[0][index]):
            yield _table(relation)[1], target["ResTarget"]["name"]
