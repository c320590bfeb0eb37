"""Every statement has a name, a sentence and a caller, and names tables of its own room alone."""

import ast
import re

import pytest

from tests.house.house import PACKAGE, docstrings, module_of, parse, python_files
from tests.house.sql import read_schema_file

FILES = sorted([*PACKAGE.glob("**/queries.sql"), *PACKAGE.glob("**/queries/*.sql")])
ROOMS = sorted({file.relative_to(PACKAGE).parts[0] for file in FILES})
TABLES = {table.name for file in PACKAGE.glob("*/schema.sql") for table in read_schema_file(file).tables}
WRITTEN_ONCE = {
    table.name for file in PACKAGE.glob("*/schema.sql") for table in read_schema_file(file).tables if table.written_once
}

_HEADER = re.compile(r"^-- name: (\S+)[ \t]*\n", re.MULTILINE)
_CLOCK = re.compile(
    r"\bnow\s*\(|\bCURRENT_(?:TIMESTAMP|DATE|TIME)\b|\brandom\s*\(|\bgen_random|\buuidv7\b", re.IGNORECASE
)


def text_of(room: str) -> str:
    """All statements of a room, which may stand in several files."""
    return "\n".join(file.read_text(encoding="utf-8") for file in FILES if file.relative_to(PACKAGE).parts[0] == room)


def queries(text: str) -> list[tuple[str, str, str]]:
    """Name, comment and statement of each query of a file."""
    pieces = _HEADER.split(text)
    found = []
    for name, body in zip(pieces[1::2], pieces[2::2], strict=True):
        lines = body.splitlines()
        comment = " ".join(line.removeprefix("--").strip() for line in lines if line.startswith("--"))
        found.append((name, comment, "\n".join(line for line in lines if not line.startswith("--"))))
    return found


def faults_of_queries(room: str, text: str, tables: set[str], written_once: set[str]) -> list[str]:
    """A query has a sentence, no clock, no table of another room, and changes nothing that is written once.

    At the end of its term what is written once is deleted, by the owner: by a query that says so in its name, that
    changes nothing, and that says from before when.
    """
    faults = []
    names = [name for name, _, _ in queries(text)]
    faults += [f"{room}: {name} stands twice" for name in sorted({name for name in names if names.count(name) > 1})]
    for name, comment, statement in queries(text):
        if len(comment.removeprefix("sentence:").split()) < 2:
            faults.append(f"{room}: {name} has no sentence")
        if _CLOCK.search(statement):
            faults.append(f"{room}: {name} asks the database for the time or for chance")
        faults += [
            f"{room}: {name} names {table}, a table of another room"
            for table in sorted(tables_named(statement, tables))
            if table.split(".")[0] != room
        ]
        faults += [
            f"{room}: {name} changes {table}, which is written once"
            for word, table in re.findall(r"\b(UPDATE|DELETE FROM) (?:ONLY )?([a-z_]+\.[a-z_0-9]+)", statement)
            if table in written_once and not (word == "DELETE FROM" and ends_a_term(name, statement))
        ]
    return faults


def ends_a_term(name: str, statement: str) -> bool:
    """Whether a query deletes what is older than an instant or a day, and calls itself forgetting."""
    return (
        name.startswith("forget_")
        and re.search(r"\w+_(?:at|on)\b < %\(before\)s|\bday < %\(before\)s", statement) is not None
    )


def tables_named(statement: str, tables: set[str]) -> set[str]:
    """The tables a statement names; `ledger.hold` is not named by `ledger.hold_ended`."""
    return {name for name in re.findall(r"\b[a-z_]+\.[a-z_0-9]+", statement) if name in tables}


def strings(tree: ast.Module) -> list[tuple[str, int]]:
    """All strings of a file that are not docstrings, with their lines."""
    described = docstrings(tree)
    return [
        (node.value, node.lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in described
    ]


def faults_of_callers(text: str, trees: list[ast.Module]) -> list[str]:
    """Each query is called by name from its room."""
    called = {value for tree in trees for value, _ in strings(tree)}
    return [f"{name} has no caller" for name, _, _ in queries(text) if name not in called]


_STATEMENT = re.compile(r"\b(?:SELECT|INSERT INTO|UPDATE|DELETE FROM|COPY|TRUNCATE|FROM|JOIN)\s", re.IGNORECASE)


def faults_of_hidden_sql(module: str, tree: ast.Module, tables: set[str]) -> list[str]:
    """Python of one room holds no statement about a table of another."""
    room = module.split(".")[1]
    return [
        f"{module}:{line} names {table} in a statement"
        for value, line in strings(tree)
        if _STATEMENT.search(value)
        for table in sorted(tables_named(value, tables))
        if table.split(".")[0] != room
    ]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_s_queries_keep_the_rules(room: str) -> None:
    assert [] == faults_of_queries(room, text_of(room), TABLES, WRITTEN_ONCE)


@pytest.mark.parametrize("room", ROOMS)
def test_every_query_has_a_caller_in_its_room(room: str) -> None:
    trees = [parse(python) for python in python_files(PACKAGE / room)]

    assert [] == faults_of_callers(text_of(room), trees)


def test_no_python_holds_a_statement_about_another_room_s_table() -> None:
    assert [] == [
        fault
        for file in python_files(PACKAGE)
        if "." in module_of(file)
        for fault in faults_of_hidden_sql(module_of(file), parse(file), TABLES)
    ]


GOOD = """-- name: find_sale
-- sentence: returns one sale, locks nothing.
SELECT id FROM shop.sale WHERE bucket = %(bucket)s AND id = %(id)s;
"""


@pytest.mark.parametrize(
    ("right", "wrong", "fault"),
    [
        ("-- sentence: returns one sale, locks nothing.\n", "", "shop: find_sale has no sentence"),
        ("SELECT id FROM", "SELECT now(), id FROM", "shop: find_sale asks the database for the time or for chance"),
        ("shop.sale", "till.drawer", "shop: find_sale names till.drawer, a table of another room"),
        ("SELECT id FROM", "DELETE FROM", "shop: find_sale changes shop.sale, which is written once"),
        ("-- name", GOOD + "-- name", "shop: find_sale stands twice"),
    ],
)
def test_each_rule_of_queries_catches_its_fault(right: str, wrong: str, fault: str) -> None:
    tables = {"shop.sale", "till.drawer"}

    assert [] == faults_of_queries("shop", GOOD, tables, {"shop.sale"})
    assert [fault] == faults_of_queries("shop", GOOD.replace(right, wrong), tables, {"shop.sale"})


@pytest.mark.parametrize(
    ("name", "deletes", "is_fault"),
    [
        ("forget_sales", "DELETE FROM shop.sale WHERE bucket = %(bucket)s AND sold_at < %(before)s", False),
        ("forget_sales", "DELETE FROM shop.sale WHERE bucket = %(bucket)s", True),
        ("forget_sales", "UPDATE shop.sale SET id = id WHERE sold_at < %(before)s", True),
        ("delete_sales", "DELETE FROM shop.sale WHERE sold_at < %(before)s", True),
    ],
)
def test_what_is_written_once_is_deleted_only_by_its_term(name: str, deletes: str, is_fault: bool) -> None:
    text = f"-- name: {name}\n-- Deletes what is old.\n{deletes};\n"
    fault = f"shop: {name} changes shop.sale, which is written once"

    assert ([fault] if is_fault else []) == faults_of_queries("shop", text, {"shop.sale"}, {"shop.sale"})


def test_a_query_that_nobody_calls_is_caught() -> None:
    assert [] == faults_of_callers(GOOD, [ast.parse('"""Store."""\nrun(QUERIES["find_sale"])')])
    assert ["find_sale has no caller"] == faults_of_callers(GOOD, [ast.parse('"""find_sale"""')])


def test_a_statement_hidden_in_python_is_caught() -> None:
    tree = ast.parse('"""Reads shop.sale."""\nEVENT = "shop.sale"\nconn.execute("SELECT 1 FROM shop.sale")')

    assert [] == faults_of_hidden_sql("yikatong.shop.audit", tree, {"shop.sale"})
    assert ["yikatong.till.audit:3 names shop.sale in a statement"] == faults_of_hidden_sql(
        "yikatong.till.audit", tree, {"shop.sale"}
    )
