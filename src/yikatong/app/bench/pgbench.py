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


class PgBench:
    """pgbench's default script against a database of its own on a server."""

    def __init__(self, address: ServerAddress, *, scale: int, tell: Callable[[str], None]) -> None:
        """Make and fill the database."""
        _create_database(address)
        self._conninfo = make_conninfo(address.conninfo, dbname=DATABASE)
        self._tell = tell
        tell(f"pgbench: filling scale {scale}")
        _run(self._conninfo, "-i", "-q", "-s", str(scale))

    def run(self, clients: int, *, seconds: int) -> float:
        """Transactions a second with so many clients."""
        output = _run(self._conninfo, "-c", str(clients), "-j", "2", "-T", str(seconds), "-n")
        match = _TPS.search(output)
        assert match is not None, output
        return float(match[1])

    def find_best(self, counts: tuple[int, ...], *, seconds: int) -> int:
        """The client count that brings most, each tried for so many seconds; one alone needs no trial."""
        if len(counts) == 1:
            return counts[0]
        tried: dict[int, float] = {}
        for count in counts:
            tried[count] = self.run(count, seconds=seconds)
            self._tell(f"pgbench: {count} clients, {tried[count]:.0f} transactions a second")
        return max(tried, key=tried.__getitem__)


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
