"""pgbench on the same database server: the yardstick that makes figures of different machines comparable."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.postgres.binaries import wheel_programs

DATABASE = "yikatong_pgbench"
_TPS = re.compile(r"tps = ([0-9.]+)")
_TIMEOUT_SECONDS = 600


def measure_pgbench(
    address: ServerAddress, *, scale: int, clients: tuple[int, ...], seconds: int, tell: Callable[[str], None]
) -> float:
    """Transactions per second of pgbench's default script, at the best of some client counts."""
    _create_database(address)
    conninfo = make_conninfo(address.conninfo, dbname=DATABASE)
    tell(f"pgbench: filling scale {scale}")
    _run(conninfo, "-i", "-q", "-s", str(scale))
    best = 0.0
    for count in clients:
        output = _run(conninfo, "-c", str(count), "-j", "2", "-T", str(seconds), "-n")
        match = _TPS.search(output)
        assert match is not None, output
        tell(f"pgbench: {count} clients, {float(match[1]):.0f} transactions a second")
        best = max(best, float(match[1]))
    return best


def _create_database(address: ServerAddress) -> None:
    with psycopg.connect(address.conninfo, autocommit=True) as conn:
        found = conn.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if found is None:
            conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))


def _run(conninfo: str, *arguments: str) -> str:
    given = conninfo_to_dict(conninfo)
    program: Path = wheel_programs() / "pgbench"
    command = [str(program), "-h", str(given["host"]), "-p", str(given.get("port", 5432)), "-U", str(given["user"])]
    environment = {"PGPASSWORD": str(given["password"])} if given.get("password") else {}
    done = subprocess.run(  # noqa: S603  our own program with arguments of our own
        [*command, *arguments, str(given["dbname"])],
        capture_output=True,
        text=True,
        check=True,
        timeout=_TIMEOUT_SECONDS,
        env={**environment, "PGCONNECT_TIMEOUT": "10"},
    )
    return done.stdout
