"""A room is its card and the same few files, and it is entered by its doors alone."""

import ast
import re
from pathlib import Path

import pytest

from tests.house.house import PACKAGE, SIMULATOR, imports, module_of, parse, place, python_files, rooms
from tests.house.sql import read_schema_file

ROOMS = rooms()

ROOM_FILES = {
    "__init__.py",
    "model.py",
    "reasons.py",
    "rules.py",
    "schema.sql",
    "queries.sql",
    "store.py",
    "service.py",
    "api.py",
    "jobs.py",
    "audit.py",
    "outside.py",
}
"""What a room may hold. `reasons.py` is the part of `model` with the refusals; it is entered through `model`."""

ROOM_FOLDERS = {"rules", "queries", "store", "service", "api", "model", "jobs"}
"""A file that became large may be a folder of the same name, split by noun."""

MORE_OF_A_ROOM = {
    # The words of notices in both languages.
    "notices": {"data"},
    # Seed data that the room itself puts into its tables, and the code that reads it.
    "places": {"data", "seeds.py"},
    "catalogue": {"data", "seeds.py"},
    # A million residents are loaded, and benchmarks enrol many, by COPY, which is no statement of a use case.
    "cards": {"bulk.py", "bulk_enrolment.py"},
    # The statements of a tap batch that concern the ledger, which taps runs in its pipeline; what is sealed of money.
    "ledger": {"batch.py", "leaves.py"},
    # Formulas and sheets are what a programme is; the lock has the digests of what was published.
    "programmes": {"formulas", "sheets", "published.lock"},
    # Bank files are long, so they are written and read piece by piece, under schemas that lie beside.
    "payouts": {"data", "messages"},
    # Lists of stores and prices come as text tables and spreadsheets, each read strictly by a reader of its own.
    "trade_in": {"messages"},
    # The counter and what stands around it live as long as a worker, so they are no functions of a service.
    "taps": {
        "counter",
        "bank.py",
        "follow_ups.py",
        "late.py",
        "learning.py",
        "leaves.py",
        "presenting.py",
        "reading.py",
        "receipts.py",
        "told.py",
    },
}
"""What single rooms hold beyond that, and why."""

FREE_ROOMS = {"kernel", "plumbing", "trust", "app", "client", "terminal", "witness"}
"""Rooms named by subject instead: values, machinery, standards, edges. They still have a card."""

DOORS = {"service", "model"}
DOORS_FOR_APP = DOORS | {"api", "jobs", "audit", "outside"}
"""`outside` is what app's adapters answer for other organisations."""
MORE_DOORS = {"ledger": {"batch"}}
"""The ledger's part of a tap batch is statements for a pipeline that taps runs, which no use case could return."""
MORE_DOORS_OF = {("terminal", "codes"): {"rules"}}
"""A terminal has no database and no server: it reads and decides by the pure rules of codes, past the service."""
MORE_DOORS_FOR_APP = {
    # App builds the counter and what stands around it, once a worker.
    "taps": {"counter", "bank", "follow_ups", "presenting", "reading"},
    # The command line opens a witness's folder and serves it.
    "witness": {"folder", "http"},
    # Benchmarks and populations come in by many at once.
    "cards": {"bulk", "bulk_enrolment"},
}
OPEN_ROOMS = {"kernel", "plumbing", "lines"}
"""Rooms whose every file may be used; `lines` is values and pure rules that all service lines share."""

CARD = re.compile(
    r"\A[A-Z][A-Za-z-]*: .+?\.\n\nOwns {6}(?P<owns>.+?)\nPromises {2}.+?\nAsks {6}.+?\nNever {5}.+\Z", re.DOTALL
)


def faults_of_card(room: str, card: str | None, tables: set[str]) -> list[str]:
    """A room card has its four parts, and owns exactly the tables of schema.sql."""
    found = CARD.match((card or "").strip())
    if not found:
        return [f"{room} has no room card with Owns, Promises, Asks and Never"]
    owned = set(re.findall(rf"\b{room}\.[a-z_0-9]+", found["owns"]))
    faults = [f"{room} owns {table}, which its schema does not make" for table in sorted(owned - tables)]
    faults += [f"{room} makes {table}, which its card does not name" for table in sorted(tables - owned)]
    if not tables and not found["owns"].startswith("nothing"):
        faults.append(f"{room} has no table and does not say that it owns nothing")
    return faults


def faults_of_files(room: str, names: set[str]) -> list[str]:
    """A room holds only the files every room may hold, and what it was given by name."""
    allowed = ROOM_FILES | ROOM_FOLDERS | MORE_OF_A_ROOM.get(room, set())
    unlisted = names - allowed if room not in FREE_ROOMS else set()
    banned = {name for name in names if Path(name).stem in BANNED_NAMES}
    return [f"{room} holds {name}, which no room should" for name in sorted(unlisted | banned)]


BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers", "base"}


def faults_of_entry(module: str, imported: str) -> str | None:
    """A room is entered by `service` and `model`; by `app` also by `api`, `jobs`, `audit` and `outside`."""
    parts = imported.split(".")
    here = module.split(".")[1] if module.startswith("yikatong.") else module.split(".")[0]
    if parts[0] != "yikatong" or len(parts) < 2 or parts[1] == here or parts[1] in OPEN_ROOMS:
        return None
    door = parts[2] if len(parts) > 2 else "the room itself"
    if here == "simulator":
        return f"{module} enters {parts[1]} by {door}" if door == "store" else None
    if here == "app" and door in DOORS_FOR_APP | MORE_DOORS_FOR_APP.get(parts[1], set()):
        return None
    if door in DOORS | MORE_DOORS.get(parts[1], set()) | MORE_DOORS_OF.get((here, parts[1]), set()):
        return None
    return f"{module} enters {parts[1]} by {door}"


HEIGHT = {"api": 3, "jobs": 3, "audit": 3, "service": 2, "store": 1, "rules": 1, "outside": 0, "model": 0, "reasons": 0}


def faults_of_order(module: str, imported: str) -> str | None:
    """Inside a room: `api, jobs → service → store | rules → model`; api and jobs leave the store to the service."""
    here, there = module.split("."), imported.split(".")
    if len(here) < 3 or len(there) < 3 or here[:2] != there[:2] or here[2] == there[2]:
        return None
    upper, lower = HEIGHT.get(here[2]), HEIGHT.get(there[2])
    if upper is None or lower is None:
        return None
    rises = lower > upper or lower == upper > 0
    if rises or (here[2] in ("api", "jobs") and there[2] == "store"):
        return f"{module} uses {imported}"
    return None


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_a_room_has_a_card_that_owns_exactly_its_tables(room: Path) -> None:
    schema = room / "schema.sql"
    tables = {table.name for table in read_schema_file(schema).tables} if schema.exists() else set()
    tree = parse(room / "__init__.py")

    assert 1 >= len(tree.body)
    assert [] == faults_of_card(room.name, _docstring(room), tables)


def _docstring(room: Path) -> str | None:
    return ast.get_docstring(parse(room / "__init__.py"))


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_a_room_holds_only_what_rooms_hold(room: Path) -> None:
    names = {entry.name for entry in room.iterdir() if entry.name != "__pycache__"}

    assert [] == faults_of_files(room.name, names)


def test_no_file_anywhere_has_a_name_that_says_nothing() -> None:
    assert [] == [place(file) for file in python_files(PACKAGE, SIMULATOR) if file.stem in BANNED_NAMES]


def test_rooms_are_entered_by_their_doors() -> None:
    assert [] == [
        f"{place(file)}:{line}: {fault}"
        for file in python_files(PACKAGE, SIMULATOR)
        for imported, line in imports(parse(file))
        if (fault := faults_of_entry(module_of(file), imported))
    ]


def test_the_files_of_a_room_use_one_another_downwards() -> None:
    assert [] == [
        f"{place(file)}:{line}: {fault}"
        for file in python_files(PACKAGE)
        if file.relative_to(PACKAGE).parts[0] not in FREE_ROOMS
        for imported, line in imports(parse(file))
        if (fault := faults_of_order(module_of(file), imported))
    ]


GOOD_CARD = """Shop: sells.

Owns      shop.sale,
          shop.shelf
Promises  honest weights
Asks      money
Never     gives credit
"""


def test_a_card_that_forgets_or_invents_a_table_is_caught() -> None:
    assert [] == faults_of_card("shop", GOOD_CARD, {"shop.sale", "shop.shelf"})
    assert ["shop makes shop.till, which its card does not name"] == faults_of_card(
        "shop", GOOD_CARD, {"shop.sale", "shop.shelf", "shop.till"}
    )
    assert ["shop owns shop.shelf, which its schema does not make"] == faults_of_card("shop", GOOD_CARD, {"shop.sale"})


@pytest.mark.parametrize("part", ["Owns      ", "Promises  ", "Asks      ", "Never     "])
def test_a_card_without_one_of_its_parts_is_caught(part: str) -> None:
    planted = GOOD_CARD.replace(part, "Sometimes ")

    assert ["shop has no room card with Owns, Promises, Asks and Never"] == faults_of_card("shop", planted, set())


def test_a_file_that_no_room_has_is_caught() -> None:
    assert [] == faults_of_files("shop", {"__init__.py", "rules.py", "service", "schema.sql"})
    assert ["shop holds pricing.py, which no room should"] == faults_of_files("shop", {"rules.py", "pricing.py"})
    assert ["app holds utils.py, which no room should"] == faults_of_files("app", {"cli.py", "utils.py"})


@pytest.mark.parametrize(
    ("module", "imported", "fault"),
    [
        ("yikatong.taps.service", "yikatong.cards.service.lock_gates", None),
        ("yikatong.taps.rules", "yikatong.cards.model.Gate", None),
        ("yikatong.taps.store", "yikatong.plumbing.queries.load_queries", None),
        ("yikatong.app.serve", "yikatong.cards.api.routes", None),
        ("yikatong.taps.api", "yikatong.cards.api.routes", "yikatong.taps.api enters cards by api"),
        ("yikatong.taps.service", "yikatong.cards.store", "yikatong.taps.service enters cards by store"),
        ("yikatong.taps.service", "yikatong.cards", "yikatong.taps.service enters cards by the room itself"),
        (
            "yikatong.codes.rules",
            "yikatong.trust.rfc9052_cose.sign1",
            "yikatong.codes.rules enters trust by rfc9052_cose",
        ),
        ("yikatong.app.serve", "yikatong.cards.store", "yikatong.app.serve enters cards by store"),
        ("yikatong.terminal.rules", "yikatong.codes.rules.code", None),
        ("yikatong.client.terminal", "yikatong.codes.rules.code", "yikatong.client.terminal enters codes by rules"),
        ("simulator.wallet", "yikatong.trust.rfc9052_cose.sign1", None),
        ("simulator.population.load", "yikatong.cards.store", "simulator.population.load enters cards by store"),
    ],
)
def test_entering_a_room_by_another_way_than_its_doors_is_caught(module: str, imported: str, fault: str | None) -> None:
    assert fault == faults_of_entry(module, imported)


@pytest.mark.parametrize(
    ("module", "imported", "caught"),
    [
        ("yikatong.cards.api", "yikatong.cards.service", False),
        ("yikatong.cards.service", "yikatong.cards.store", False),
        ("yikatong.cards.service.loss", "yikatong.cards.service.gates", False),
        ("yikatong.cards.audit", "yikatong.cards.store", False),
        ("yikatong.cards.model", "yikatong.cards.reasons", False),
        ("yikatong.cards.api", "yikatong.cards.store", True),
        ("yikatong.cards.rules", "yikatong.cards.store", True),
        ("yikatong.cards.store", "yikatong.cards.service", True),
        ("yikatong.cards.model", "yikatong.cards.rules", True),
        ("yikatong.cards.jobs", "yikatong.cards.api", True),
    ],
)
def test_using_a_file_of_the_same_room_upwards_is_caught(module: str, imported: str, caught: bool) -> None:
    assert caught == (faults_of_order(module, imported) is not None)
