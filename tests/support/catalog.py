"""What a database consists of, in words that two databases can be compared by."""

from typing import Any

import psycopg

_QUESTIONS = {
    "column": """
        SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
               pg_get_expr(d.adbin, d.adrelid), a.attnum
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v')""",
    "constraint": """
        SELECT n.nspname, c.relname, k.conname, pg_get_constraintdef(k.oid)
        FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace""",
    "index": "SELECT schemaname AS nspname, tablename, indexname, indexdef FROM pg_indexes AS n",
    "right": """
        SELECT n.nspname, c.relname, (aclexplode(c.relacl)).privilege_type,
               (aclexplode(c.relacl)).grantee::regrole::text
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace""",
    "right on schema": """
        SELECT n.nspname, (aclexplode(n.nspacl)).privilege_type, (aclexplode(n.nspacl)).grantee::regrole::text
        FROM pg_namespace n""",
}
_OWN_SCHEMAS = "nspname NOT LIKE 'pg\\_%' AND nspname NOT IN ('information_schema', 'public')"


def describe_catalog(conninfo: str) -> set[tuple[Any, ...]]:
    """Every column, constraint, index and right outside the system's own schemas."""
    with psycopg.connect(conninfo) as conn:
        return {
            (kind, *row)
            for kind, question in _QUESTIONS.items()
            for row in conn.execute(f"SELECT * FROM ({question}) AS seen WHERE {_OWN_SCHEMAS}".encode())
        }
