"""Each table and statement keeps the rules by which one schema runs on one machine and on a cluster.

Read by PostgreSQL's own parser: what a schema makes and what its keys hold, and by what each statement finds its rows.
"""

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import pytest

from tests.house.house import PACKAGE
from tests.house.sql import read_schema
from tests.house.statements import parse, read_statement
from tests.house.test_queries import FILES, queries
from yikatong.app.distribute import EXCEPTIONS
from yikatong.plumbing.distribution import Follows, Listed, read_placings, rules_of
from yikatong.plumbing.schema import room_schemas

PLACES = {placing.table: placing.by for placing in read_placings()}

MAY_VISIT_ALL: Mapping[str, tuple[str, ...]] = {
    "the audit reads everything": (
        "access.approvals_without_record",
        "access.concerns_against_records",
        "access.answers_without_record",
        "access.page_records",
        "access.attestations_against_days",
        "*.audit_*",
        "desk.list_top_ups",
        "desk.list_kept_payouts",
        "ledger.list_account_names",
        "ledger.list_day_changes",
        "ledger.count_transfers",
        "ledger.page_*",
        "notices.impossible_notices",
        "payouts.list_statements",
        "payouts.list_unpaid_sums",
        "payouts.list_balances",
        "payouts.list_requests",
        "payouts.audit_*",
        "taps.page_*",
        "trade_in.page_*",
    ),
    "a report adds up everybody's, and locks nothing": ("trade_in.report_*",),
    "a nightly job reads or ends what is due everywhere, without locking one shard while it asks another": (
        "access.delete_*",
        "access.forget_approvals",
        "access.forget_attestation*",
        "ledger.list_day_totals",
        "offline.find_old_uploads",
        "payouts.insert_statements",
        "payouts.find_last_day",
        "payouts.list_providers_of_day",
        "payouts.list_settlements_under_way",
        "payouts.list_unresolved",
        "payouts.list_requests_of_day",
        "payouts.list_due_batches",
        "payouts.list_open_works",
        "taps.list_overdue",
        "trade_in.list_codes_past_their_term",
        "taps.forget_requests",
        "taps.forget_unread",
    ),
    "one sealer at a time takes what was left for it anywhere, a thousand at once": (
        "sealing.list_loose",
        "sealing.set_aside",
        "sealing.take_loose",
    ),
    "a receipt told again finds its batch by its instant": ("sealing.list_batches_at",),
    "a person looks through a region, or ends all that one subject has": (
        "access.list_credentials",
        "access.list_credentials_that_end",
        "access.revoke_credentials_of",
        "access.end_session",
        "access.end_sessions_of",
        "access.list_approvals",
        "access.list_records",
        "payouts.list_rosters",
        "trade_in.list_overnight_at",
        "payouts.list_batches",
        "payouts.list_return_files",
        "taps.count_unread",
        "taps.list_second_uses",
        "ledger.list_trial_lines",
        "ledger.find_budget_left",
        "ledger.find_open_balance",
        "ledger.list_slices",
    ),
    "many residents are loaded at once, in batches of many buckets": (
        "cards.list_known_marks",
        "cards.enrol_many_*",
        "ledger.insert_many_accounts",
    ),
    "another number of buckets moves every row while nothing serves, before the tables are distributed": (
        "ledger.rebucket_*",
        "payouts.count_half_sent",
    ),
    "a batch of one bucket asks what its terminals asked before, and these lie in a few other shards": (
        "taps.find_requests*",
        "taps.write_requests",
    ),
    "the terminals of one place may share a memory, and lie in a few shards": ("offline.list_lines",),
    "wallets that call at once are looked up at once, and so are the answers kept for them": (
        "access.load_sessions",
        "access.touch_sessions",
        "access.load_kept_answers",
        "access.keep_answers",
    ),
    "many apply at once, and the codes of their vehicles lie in many shards": (
        "trade_in.claim_old_codes",
        "trade_in.list_codes",
    ),
    "what is sealed of rows outside the counter is left under their ids": ("sealing.leave",),
}
"""Statements on distributed tables that name no single shard, with the reason; a star stands for the rest of a name."""


class Query(NamedTuple):
    """A named statement of a room."""

    name: str
    text: str


def the_queries() -> list[Query]:
    """Every statement of every room, under its room's and its own name."""
    return [
        Query(f"{file.relative_to(PACKAGE).parts[0]}.{name}", statement)
        for file in FILES
        for name, _, statement in queries(file.read_text(encoding="utf-8"))
    ]


ALLOWED = ("CreateSchemaStmt", "CreateStmt", "IndexStmt", "GrantStmt")
KEYS = ("CONSTR_PRIMARY", "CONSTR_UNIQUE", "CONSTR_EXCLUSION")
UNWANTED = {"CONSTR_IDENTITY": "is an identity", "CONSTR_GENERATED": "is generated"}
_PLACE = re.compile(r"^-- (?:distributed by [a-z_]+|reference|local)$", re.MULTILINE)


def faults_of_schema(text: str) -> list[str]:
    """What a schema makes that a cluster cannot have, and keys without the column that says where a row lies."""
    places = {placing.table: placing.by for placing in read_placings([("", text)])}
    faults = []
    tables = 0
    for statement in parse(text):
        ((kind, made),) = statement.items()
        if kind not in ALLOWED:
            faults.append(f"the schema has a {kind}")
        elif kind == "CreateStmt":
            tables += 1
            faults += _faults_of_table(made, places)
        elif kind == "IndexStmt" and made.get("unique"):
            columns = [part["IndexElem"].get("name", "") for part in made["indexParams"]]
            faults += _faults_of_key(_name(made["relation"]), columns, places)
    if tables != len(_PLACE.findall(text)):
        faults.append(f"{tables} tables have {len(_PLACE.findall(text))} lines that say where they lie")
    return faults


def _faults_of_table(made: Any, places: Mapping[str, str]) -> Iterator[str]:
    table = _name(made["relation"])
    if table not in places:
        yield f"{table} does not say where it lies"
        return
    for element in made["tableElts"]:
        column = element.get("ColumnDef")
        constraints = [one["Constraint"] for one in (column or {}).get("constraints", [])]
        constraints += [element["Constraint"]] if "Constraint" in element else []
        if column and column["typeName"]["names"][-1]["String"]["sval"].endswith("serial"):
            yield f"{table}.{column['colname']} is a sequence"
        for constraint in constraints:
            yield from _faults_of_constraint(table, column, constraint, places)


def _faults_of_constraint(table: str, column: Any, constraint: Any, places: Mapping[str, str]) -> Iterator[str]:
    kind = constraint["contype"]
    if kind in KEYS:
        names = [key["String"]["sval"] for key in constraint.get("keys", [])]
        names += [part["List"]["items"][0]["IndexElem"].get("name", "") for part in constraint.get("exclusions", [])]
        yield from _faults_of_key(table, names or [column["colname"]], places, is_primary=kind == "CONSTR_PRIMARY")
    elif kind in UNWANTED:
        yield f"{table}.{column['colname']} {UNWANTED[kind]}"
    elif kind == "CONSTR_DEFAULT" and any(call in str(constraint) for call in ("FuncCall", "SQLValueFunction")):
        yield f"{table}.{column['colname']} has a default that is not fixed"
    elif kind == "CONSTR_FOREIGN":
        target = _name(constraint["pktable"])
        if (places[table], places.get(target)) != ("reference", "reference"):
            yield f"{table} references {target}, and both are not reference tables"


def _faults_of_key(
    table: str, columns: list[str], places: Mapping[str, str], *, is_primary: bool = False
) -> Iterator[str]:
    by = places.get(table, "local")
    if by in ("reference", "local"):
        return
    if by not in columns:
        yield f"{table} has the key ({', '.join(columns)}) without {by}"
    elif is_primary and by == "bucket" and columns[0] != "bucket":
        yield f"{table} has not bucket first in its key"


def _name(relation: Any) -> str:
    return f"{relation['schemaname']}.{relation['relname']}"


def faults_of_query(query: Query, places: Mapping[str, str], may_visit_all: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Whether a statement finds its rows in one shard, and names tables that lie together; or may do otherwise."""
    named = [one for one in read_statement(query.text) if places.get(one.table, "reference") != "reference"]
    listed = any(_is_listed(query.name, pattern) for patterns in may_visit_all.values() for pattern in patterns)
    groups = {_together(one.table, places) for one in named}
    faults = []
    if len(groups) > 1 and not listed:
        faults.append(f"{query.name} joins {', '.join(sorted({one.table for one in named}))}, which lie apart")
    unbound = sorted(
        {one.table for one in named if places[one.table] != "local" and places[one.table] not in one.binds}
    )
    if unbound and not listed:
        faults.append(f"{query.name} does not say which {places[unbound[0]]} of {unbound[0]}")
    return faults


def _together(table: str, places: Mapping[str, str]) -> str:
    by = places[table]
    return by if by in ("bucket", "local") else f"{table.split('.')[0]} by {by}"


def _is_listed(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern)


@pytest.mark.parametrize(("room", "text"), room_schemas(), ids=[room for room, _ in room_schemas()])
def test_a_schema_can_be_laid_over_the_nodes_of_a_cluster(room: str, text: str) -> None:
    assert [] == faults_of_schema(text)


def test_every_statement_finds_its_rows_in_one_shard_or_is_listed_with_a_reason() -> None:
    assert [] == [fault for query in the_queries() for fault in faults_of_query(query, PLACES, MAY_VISIT_ALL)]


def test_every_listed_statement_is_there_and_visits_all() -> None:
    """A list that no statement needs hides the next one that should not be in it."""
    visiting = [query.name for query in the_queries() if faults_of_query(query, PLACES, {})]
    patterns = [pattern for listed in MAY_VISIT_ALL.values() for pattern in listed]

    assert [] == [one for one in patterns if not any(_is_listed(name, one) for name in visiting)]


def test_every_table_with_buckets_says_whose_each_row_is() -> None:
    """Or its rows would stay behind when the number of buckets changes."""
    tables = {table.name: table for room, text in room_schemas() for table in read_schema(room, text).tables}
    columns = {name: frozenset(column.name for column in table.columns) for name, table in tables.items()}

    assert rules_of(columns, EXCEPTIONS)
    for name, rule in EXCEPTIONS.items():
        if name not in columns:
            continue
        followed = rule.tables if isinstance(rule, Follows) else ()
        assert rule is None or rule.column in columns[name]
        assert isinstance(rule, Listed) or all(
            key in columns[table] and "resident_id" in columns[table] for table, key in followed
        )


GOOD = """CREATE SCHEMA shop;
-- reference
-- Streets.
CREATE TABLE shop.street (name text PRIMARY KEY);
-- distributed by bucket
-- What was sold.
CREATE TABLE shop.sale (
    bucket smallint NOT NULL,
    id uuid NOT NULL,
    count integer NOT NULL DEFAULT 0,
    PRIMARY KEY (bucket, id),
    UNIQUE (bucket, count)
);
CREATE UNIQUE INDEX once ON shop.sale (bucket, count) WHERE count > 0;
-- distributed by mark
-- Marks.
CREATE TABLE shop.mark (mark bytea PRIMARY KEY, id uuid NOT NULL);
-- local
-- Work.
CREATE TABLE shop.job (name text PRIMARY KEY, at timestamptz);
GRANT SELECT ON shop.sale TO yikatong_serving;
"""


def test_a_good_schema_has_no_faults() -> None:
    assert [] == faults_of_schema(GOOD)


@pytest.mark.parametrize(
    ("right", "wrong", "fault"),
    [
        ("-- local\n", "", "shop.job does not say where it lies"),
        ("-- local\n", "-- local\n-- reference\n", "4 tables have 5 lines that say where they lie"),
        ("PRIMARY KEY (bucket, id)", "PRIMARY KEY (id)", "shop.sale has the key (id) without bucket"),
        ("PRIMARY KEY (bucket, id)", "PRIMARY KEY (id, bucket)", "shop.sale has not bucket first in its key"),
        ("UNIQUE (bucket, count)", "UNIQUE (count)", "shop.sale has the key (count) without bucket"),
        ("shop.sale (bucket, count) W", "shop.sale (count) W", "shop.sale has the key (count) without bucket"),
        (
            "mark bytea PRIMARY KEY, id uuid",
            "mark bytea, id uuid PRIMARY KEY",
            "shop.mark has the key (id) without mark",
        ),
        (
            "UNIQUE (bucket, count)",
            "EXCLUDE USING gist (count WITH =)",
            "shop.sale has the key (count) without bucket",
        ),
        ("id uuid NOT NULL,\n", "id uuid REFERENCES shop.mark,\n", "shop.sale references shop.mark, and both are not"),
        ("id uuid NOT NULL,\n", "id text REFERENCES shop.street,\n", "shop.sale references shop.street, and both"),
        ("DEFAULT 0", "GENERATED ALWAYS AS IDENTITY", "shop.sale.count is an identity"),
        ("count integer NOT NULL DEFAULT 0", "count bigserial", "shop.sale.count is a sequence"),
        ("at timestamptz", "at timestamptz DEFAULT now()", "shop.job.at has a default that is not fixed"),
        ("at timestamptz", "at timestamptz DEFAULT CURRENT_TIMESTAMP", "shop.job.at has a default that is not fixed"),
        ("id uuid NOT NULL,\n", "id uuid DEFAULT gen_random_uuid(),\n", "shop.sale.id has a default that is not fixed"),
        ("GRANT", "CREATE SEQUENCE shop.s;\nGRANT", "the schema has a CreateSeqStmt"),
        (
            "GRANT",
            "CREATE TRIGGER t AFTER INSERT ON shop.sale EXECUTE FUNCTION f();\nGRANT",
            "the schema has a CreateTrigStmt",
        ),
        ("GRANT", "CREATE VIEW shop.v AS SELECT 1;\nGRANT", "the schema has a ViewStmt"),
    ],
)
def test_each_rule_of_schemas_catches_its_fault(right: str, wrong: str, fault: str) -> None:
    assert right in GOOD
    found = faults_of_schema(GOOD.replace(right, wrong))

    assert any(one.startswith(fault) for one in found), found


SHOP = {
    "shop.sale": "bucket",
    "shop.line": "bucket",
    "shop.mark": "mark",
    "shop.street": "reference",
    "shop.job": "local",
}


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT id FROM shop.sale WHERE bucket = %(bucket)s AND id = ANY (%(ids)s)",
        "SELECT 1 FROM shop.sale AS s JOIN shop.line AS l ON l.bucket = s.bucket WHERE s.bucket = $1",
        "SELECT 1 FROM shop.sale AS s JOIN shop.street AS t ON t.name = s.street WHERE s.bucket = $1",
        "INSERT INTO shop.sale (bucket, id) VALUES (%(bucket)s, %(id)s) ON CONFLICT (bucket, id) DO NOTHING",
        "INSERT INTO shop.sale (bucket, id) SELECT $1, d.id FROM unnest($2::uuid[]) AS d (id)",
        "UPDATE shop.sale AS s SET id = d.id FROM unnest($2::uuid[]) AS d (id) WHERE s.bucket = $1 AND s.id = d.id",
        "SELECT ARRAY(SELECT id FROM shop.line WHERE bucket = s.bucket) FROM shop.sale AS s WHERE s.bucket = $1",
        "WITH gone AS (DELETE FROM shop.sale WHERE bucket = $1 RETURNING id) SELECT count(*) FROM gone",
        "SELECT 1 FROM shop.street",
        "UPDATE shop.job SET at = %(now)s",
    ],
)
def test_a_statement_on_one_shard_has_no_faults(statement: str) -> None:
    assert [] == faults_of_query(Query("shop.do", statement), SHOP, {})


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("SELECT id FROM shop.sale WHERE id = $1", "shop.do does not say which bucket of shop.sale"),
        ("SELECT id FROM shop.sale WHERE bucket = ANY ($1)", "shop.do does not say which bucket of shop.sale"),
        ("SELECT id FROM shop.sale WHERE bucket > $1", "shop.do does not say which bucket of shop.sale"),
        ("DELETE FROM shop.mark WHERE id = $1", "shop.do does not say which mark of shop.mark"),
        (
            "DELETE FROM shop.sale WHERE bucket = $1 AND id IN (SELECT id FROM shop.line WHERE id = $2)",
            "shop.do does not say which bucket of shop.line",
        ),
        (
            "SELECT 1 FROM shop.sale AS s JOIN shop.line AS l ON l.id = s.id WHERE s.bucket = $1",
            "shop.do does not say which bucket of shop.line",
        ),
        (
            "INSERT INTO shop.sale (bucket, id) SELECT d.b, d.id FROM unnest($1::int[], $2::uuid[]) AS d (b, id)",
            "shop.do does not say which bucket of shop.sale",
        ),
        (
            "INSERT INTO shop.sale (bucket, id) VALUES ($1, $2), ($3, $4)",
            "shop.do does not say which bucket of shop.sale",
        ),
        (
            "SELECT 1 FROM shop.sale AS s JOIN shop.mark AS m ON m.id = s.id WHERE s.bucket = $1 AND m.mark = $2",
            "shop.do joins shop.mark, shop.sale, which lie apart",
        ),
        (
            "SELECT 1 FROM shop.sale AS s, shop.job AS j WHERE s.bucket = $1",
            "shop.do joins shop.job, shop.sale, which lie apart",
        ),
    ],
)
def test_each_rule_of_statements_catches_its_fault(statement: str, fault: str) -> None:
    assert [fault] == faults_of_query(Query("shop.do", statement), SHOP, {})
    assert [] == faults_of_query(Query("shop.do", statement), SHOP, {"a reason": ("shop.d*",)})
