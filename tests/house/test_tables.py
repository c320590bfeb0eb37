"""Every table keeps the rules that let one schema run on one machine and on a cluster."""

import re
from collections.abc import Callable

import pytest

from tests.house.house import PACKAGE
from tests.house.sql import Schema, Table, read_schema, read_schema_file

SCHEMAS = [read_schema_file(file) for file in sorted(PACKAGE.glob("*/schema.sql"))]
SERVING = "yikatong_serving"


def faults_of_placing(schema: Schema) -> list[str]:
    """A table says how it is distributed and what it holds; its keys contain its column; bucket comes first."""
    faults = []
    for table in schema.tables:
        if not table.name.startswith(f"{schema.room}."):
            faults.append(f"{table.name} does not stand in the schema of its room")
        if table.distribution is None:
            faults.append(f"{table.name} has no line above it that says how it is distributed")
        if not any(line.endswith(".") and " " in line for line in table.about[1:]):
            faults.append(f"{table.name} has no sentence above it that says what it holds")
        if table.is_distributed:
            faults += _faults_of_keys(table)
    return faults


def _faults_of_keys(table: Table) -> list[str]:
    column = next((column for column in table.columns if column.name == table.distribution), None)
    if column is None:
        return [f"{table.name} is distributed by {table.distribution}, which is no column of it"]
    faults = []
    if "NOT NULL" not in column.says and column.name not in table.primary_key:
        faults.append(f"{table.name}.{column.name} may be null")
    if not table.primary_key:
        faults.append(f"{table.name} has no primary key")
    faults += [f"{table.name} has the key {key} without {column.name}" for key in table.keys if column.name not in key]
    if column.name == "bucket" and table.primary_key[:1] != ("bucket",):
        faults.append(f"{table.name} has not bucket first in its primary key")
    return faults


BANNED = {
    r"\bCREATE (?:OR REPLACE )?(?:CONSTRAINT )?TRIGGER\b": "a trigger",
    r"\bCREATE (?:OR REPLACE )?(?:FUNCTION|PROCEDURE)\b": "a stored procedure",
    r"\bGENERATED\b.*\bAS IDENTITY\b": "an identity column",
    r"\bCREATE SEQUENCE\b|\bnextval\b": "a sequence",
    r"\bnow\s*\(|\bCURRENT_(?:TIMESTAMP|DATE|TIME)\b|\bclock_timestamp\b|\bstatement_timestamp\b": "the clock",
    r"\brandom\s*\(|\bgen_random|\buuidv[47]\b|\buuid_generate": "randomness",
    r"\bGRANT ALL\b|\bALL TABLES\b": "a grant of everything",
}


def faults_of_words(schema: Schema) -> list[str]:
    """A schema has no triggers, no serials, no clock and no randomness: time and ids are arguments."""
    return [
        f"{schema.room}: schema.sql uses {what}"
        for pattern, what in BANNED.items()
        if re.search(pattern, schema.text, re.IGNORECASE)
    ]


def faults_of_references(schemas: list[Schema]) -> list[str]:
    """A foreign key joins tables that lie together: the same distribution on both ends."""
    distribution = {table.name: table.distribution for schema in schemas for table in schema.tables}
    faults = []
    for schema in schemas:
        for table in schema.tables:
            says = " ".join([column.says for column in table.columns] + list(table.constraints))
            for target in re.findall(r"\bREFERENCES ([a-z_.0-9]+)", says):
                if distribution.get(target) != table.distribution:
                    faults.append(f"{table.name} references {target}, which lies elsewhere")
                if target.split(".")[0] != schema.room:
                    faults.append(f"{table.name} references {target}, a table of another room")
    return faults


def faults_of_grants(schema: Schema) -> list[str]:
    """Each table is granted to the serving role alone, and a table written once without change and removal."""
    faults = []
    tables = {table.name: table for table in schema.tables}
    granted = {table for _, table, _ in schema.grants}
    faults += [f"{name} is granted to nobody" for name in tables if name not in granted]
    for rights, name, role in schema.grants:
        if name not in tables:
            faults.append(f"{schema.room} grants {name}, which is no table of it")
        elif role != SERVING:
            faults.append(f"{name} is granted to {role}")
        elif tables[name].written_once and rights - {"SELECT", "INSERT"}:
            faults.append(f"{name} is written once, yet may be changed: {', '.join(sorted(rights))}")
    return faults


ENDINGS = {"timestamptz": ("_at", "_from", "_until"), "date": ("_on", "_from", "_until", "day")}
UNWANTED_TYPES = ("timestamp", "money", "float4", "float8", "float", "real", "double", "numeric")
SERIAL_TYPES = ("serial", "bigserial", "smallserial", "serial2", "serial4", "serial8")


def faults_of_names(schema: Schema) -> list[str]:
    """An instant ends in _at, a day in _on, an end in _until; an amount is a whole number and carries its unit."""
    faults = []
    for table in schema.tables:
        for column in table.columns:
            if column.type in UNWANTED_TYPES + SERIAL_TYPES:
                faults.append(f"{table.name}.{column.name} is a {column.type}")
            elif column.type in ENDINGS and not column.name.endswith(ENDINGS[column.type]):
                faults.append(f"{table.name}.{column.name} is a {column.type} by another name")
            elif re.fullmatch(r"(.*_)?(amount|balance|fee|price)", column.name):
                faults.append(f"{table.name}.{column.name} has no unit")
    return faults


CHECKERS = [faults_of_placing, faults_of_words, faults_of_grants, faults_of_names]


@pytest.mark.parametrize("checker", CHECKERS, ids=lambda checker: checker.__name__)
@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.room)
def test_a_room_s_tables_keep_the_rules(schema: Schema, checker: Callable[[Schema], list[str]]) -> None:
    assert [] == checker(schema)


def test_foreign_keys_join_only_tables_that_lie_together() -> None:
    assert [] == faults_of_references(SCHEMAS)


def test_a_schema_begins_by_making_the_room_s_own() -> None:
    for schema in SCHEMAS:
        assert schema.text.strip().startswith(f"CREATE SCHEMA {schema.room};")


GOOD = """CREATE SCHEMA shop;

-- distributed by bucket
-- written once
-- What was sold.
CREATE TABLE shop.sale (
    bucket smallint NOT NULL,
    id uuid NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen > 0 AND 'a,(b' <> ''),
    sold_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, id)
);
CREATE UNIQUE INDEX sale_once ON shop.sale (bucket, sold_at DESC) WHERE amount_fen > 0;
GRANT SELECT, INSERT ON shop.sale TO yikatong_serving;
"""


def test_a_good_schema_has_no_faults() -> None:
    assert [] == [fault for checker in CHECKERS for fault in checker(read_schema("shop", GOOD))]


@pytest.mark.parametrize(
    ("right", "wrong", "fault"),
    [
        ("-- distributed by bucket\n", "", "shop.sale has no line above it that says how it is distributed"),
        ("-- What was sold.\n", "", "shop.sale has no sentence above it that says what it holds"),
        ("by bucket", "by till", "shop.sale is distributed by till, which is no column of it"),
        ("KEY (bucket, id)", "KEY (id, bucket)", "shop.sale has not bucket first in its primary key"),
        ("KEY (bucket, id)", "KEY (id)", "shop.sale has the key ('id',) without bucket"),
        ("(bucket, sold_at DESC)", "(sold_at DESC)", "shop.sale has the key ('sold_at',) without bucket"),
        ("shop.sale (\n", "till.sale (\n", "till.sale does not stand in the schema of its room"),
        ("id uuid NOT NULL", "id bigserial", "shop.sale.id is a bigserial"),
        ("id uuid NOT NULL", "id bigint GENERATED ALWAYS AS IDENTITY", "shop: schema.sql uses an identity column"),
        ("sold_at timestamptz NOT NULL", "sold_at timestamptz DEFAULT now()", "shop: schema.sql uses the clock"),
        ("id uuid NOT NULL", "id uuid DEFAULT gen_random_uuid()", "shop: schema.sql uses randomness"),
        ("GRANT SELECT", "CREATE TRIGGER t AFTER INSERT;\nGRANT SELECT", "shop: schema.sql uses a trigger"),
        ("INSERT ON", "INSERT, UPDATE ON", "shop.sale is written once, yet may be changed: INSERT, SELECT, UPDATE"),
        ("TO yikatong_serving", "TO public", "shop.sale is granted to public"),
        ("GRANT SELECT, INSERT ON shop.sale TO yikatong_serving;", "", "shop.sale is granted to nobody"),
        ("sold_at timestamptz", "sold timestamptz", "shop.sale.sold is a timestamptz by another name"),
        ("amount_fen bigint", "amount bigint", "shop.sale.amount has no unit"),
        ("amount_fen bigint", "amount_fen money", "shop.sale.amount_fen is a money"),
    ],
)
def test_each_rule_of_tables_catches_its_fault(right: str, wrong: str, fault: str) -> None:
    assert right in GOOD
    planted = read_schema("shop", GOOD.replace(right, wrong))

    assert fault in [found for checker in CHECKERS for found in checker(planted)]


def test_a_foreign_key_to_another_distribution_or_room_is_caught() -> None:
    city = read_schema("city", "-- reference\n-- Streets.\nCREATE TABLE city.street (\n    name text PRIMARY KEY\n);\n")
    shop = read_schema("shop", GOOD.replace("id uuid NOT NULL", "id text NOT NULL REFERENCES city.street"))

    assert [
        "shop.sale references city.street, which lies elsewhere",
        "shop.sale references city.street, a table of another room",
    ] == faults_of_references([city, shop])
