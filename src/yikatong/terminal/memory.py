"""The memory of terminals without a network: what they hold, what they have seen, what they admitted.

An SQLite file in WAL mode with `synchronous=FULL`: a block under `writing` is one transaction, on the disk when it
ends. Frames of its log carry checksums: wherever the power fails, the file is that of some earlier commit. Terminals of
one place on one machine open the same file: writers wait for one another, and each sees what the others took.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from yikatong.codes.model import Asked, UploadedLine
from yikatong.kernel.ids import ProviderId, TerminalId
from yikatong.kernel.instants import epoch_ms, from_epoch_ms
from yikatong.terminal.model import Taken, Uploaded

MEMORY_ID_BYTES = 8
_WAIT_SECONDS = 30.0
_SETTINGS = ("journal_mode = WAL", "synchronous = FULL", "fullfsync = ON", "foreign_keys = ON")
_TABLES = """
CREATE TABLE IF NOT EXISTS memory (only_one INTEGER PRIMARY KEY CHECK (only_one = 1), id BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS held (name TEXT PRIMARY KEY, envelope BLOB NOT NULL, beside BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS challenge (
    nonce BLOB PRIMARY KEY, terminal BLOB NOT NULL, amount_fen INTEGER NOT NULL, payee BLOB NOT NULL,
    item INTEGER NOT NULL, expires_at INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS seen (
    made_at INTEGER NOT NULL, alias BLOB NOT NULL, nonce BLOB NOT NULL, PRIMARY KEY (made_at, alias, nonce)
) STRICT;
CREATE TABLE IF NOT EXISTS tap (
    terminal BLOB NOT NULL, sequence INTEGER NOT NULL, allowance BLOB, amount_fen INTEGER,
    accepted_at INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (terminal, sequence)
) STRICT;
CREATE INDEX IF NOT EXISTS tap_of_allowance ON tap (allowance) WHERE allowance IS NOT NULL;
CREATE TABLE IF NOT EXISTS answer (
    terminal BLOB NOT NULL, sequence INTEGER NOT NULL, outcome TEXT NOT NULL, reason TEXT, tap TEXT,
    decided_at INTEGER NOT NULL, PRIMARY KEY (terminal, sequence), FOREIGN KEY (terminal, sequence) REFERENCES tap
) STRICT;
"""


class Memory:
    """An open memory; made by `open`, used in a `with` or closed by `close`. One thread uses it at a time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Use `open`."""
        self._connection = connection
        self.id: bytes = connection.execute("SELECT id FROM memory").fetchone()[0]

    @classmethod
    def open(cls, file: Path, *, new_id: bytes) -> "Memory":
        """Open the file, or make it under `new_id` (8 random bytes); raises sqlite3.DatabaseError for another file."""
        connection = sqlite3.connect(file, timeout=_WAIT_SECONDS, isolation_level=None)
        try:
            for setting in _SETTINGS:
                connection.execute(f"PRAGMA {setting}")
            connection.execute("BEGIN IMMEDIATE")
            for statement in _TABLES.split(";\n"):
                connection.execute(statement)
            connection.execute("INSERT INTO memory VALUES (1, ?) ON CONFLICT DO NOTHING", (new_id,))
            connection.execute("COMMIT")
        except sqlite3.DatabaseError:
            connection.close()
            raise
        return cls(connection)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> "Memory":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction: the block sees no other writer, and is on the disk when it ends, or was never there."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def hold(self, name: str, envelope: bytes, *, beside: bytes = b"") -> None:
        """Hold a signed thing in place of the one before; `beside` is what its next reading needs."""
        self._connection.execute(
            "INSERT INTO held VALUES (?, ?, ?) "
            "ON CONFLICT (name) DO UPDATE SET envelope = excluded.envelope, beside = excluded.beside",
            (name, envelope, beside),
        )

    def held(self, name: str) -> tuple[bytes, bytes] | None:
        """A signed thing as it came, with what stands beside it; None when nothing is held."""
        row = self._one("SELECT envelope, beside FROM held WHERE name = ?", name)
        return None if row is None else (row[0], row[1])

    def held_under(self, prefix: str) -> list[tuple[str, bytes]]:
        """Names and envelopes of everything held whose name begins so."""
        rows = self._all("SELECT name, envelope FROM held WHERE substr(name, 1, ?) = ?", len(prefix), prefix)
        return [(name, envelope) for name, envelope in rows]

    def drop(self, name: str) -> None:
        """Hold a thing no longer."""
        self._connection.execute("DELETE FROM held WHERE name = ?", (name,))

    def ask(self, asked: Asked, *, terminal: UUID, expires_at: datetime) -> None:
        """Remember a challenge, so that its answer is known also after a power failure."""
        self._connection.execute(
            "INSERT INTO challenge VALUES (?, ?, ?, ?, ?, ?)",
            (asked.nonce, terminal.bytes, asked.amount_fen, asked.payee_id.bytes, asked.item_number,
             epoch_ms(expires_at)),
        )  # fmt: skip

    def asked(self, nonce: bytes, *, terminal: UUID, now: datetime) -> Asked | None:
        """What this terminal asked under a nonce that is neither spent nor over; None otherwise."""
        row = self._one(
            "SELECT amount_fen, payee, item FROM challenge WHERE nonce = ? AND terminal = ? AND expires_at > ?",
            nonce, terminal.bytes, epoch_ms(now),
        )  # fmt: skip
        if row is None:
            return None
        return Asked(nonce=nonce, amount_fen=row[0], payee_id=ProviderId(UUID(bytes=row[1])), item_number=row[2])

    def spend(self, nonce: bytes) -> None:
        """A challenge is answered once."""
        self._connection.execute("DELETE FROM challenge WHERE nonce = ?", (nonce,))

    def was_seen(self, *, made_at: datetime, alias: bytes, nonce: bytes) -> bool:
        """Whether a code was taken before."""
        key = (epoch_ms(made_at), alias, nonce)
        return self._one("SELECT 1 FROM seen WHERE made_at = ? AND alias = ? AND nonce = ?", *key) is not None

    def see(self, *, made_at: datetime, alias: bytes, nonce: bytes) -> None:
        """Remember a code that is taken now."""
        self._connection.execute("INSERT INTO seen VALUES (?, ?, ?)", (epoch_ms(made_at), alias, nonce))

    def next_sequence(self, terminal: UUID) -> int:
        """The number of the next tap of a terminal; they count from 1 without a gap."""
        row = self._one("SELECT coalesce(max(sequence), 0) + 1 FROM tap WHERE terminal = ?", terminal.bytes)
        assert row is not None
        return int(row[0])

    def write_tap(
        self,
        *,
        terminal: UUID,
        sequence: int,
        allowance_id: UUID | None,
        amount_fen: int | None,
        accepted_at: datetime,
        body: bytes,
    ) -> None:
        """Write a tap that is admitted, with the bytes in which it will be uploaded."""
        allowance = None if allowance_id is None else allowance_id.bytes
        self._connection.execute(
            "INSERT INTO tap VALUES (?, ?, ?, ?, ?, ?)",
            (terminal.bytes, sequence, allowance, amount_fen, epoch_ms(accepted_at), body),
        )

    def pending(self, terminal: UUID) -> list[tuple[int, bytes]]:
        """Number and body of each tap that the platform has not answered, in order."""
        rows = self._all(
            "SELECT sequence, body FROM tap WHERE terminal = ? AND NOT EXISTS (SELECT 1 FROM answer "
            "WHERE answer.terminal = tap.terminal AND answer.sequence = tap.sequence) ORDER BY sequence",
            terminal.bytes,
        )
        return [(sequence, body) for sequence, body in rows]

    def answer(self, terminal: UUID, said: Uploaded) -> None:
        """Write what the platform answered; the first answer stands."""
        self._connection.execute(
            "INSERT INTO answer VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (terminal.bytes, said.sequence, said.outcome, said.reason, said.tap, epoch_ms(said.decided_at)),
        )

    def answers(self, terminal: UUID) -> list[Uploaded]:
        """What the platform answered, in order."""
        rows = self._all(
            "SELECT sequence, outcome, decided_at, tap, reason FROM answer WHERE terminal = ? ORDER BY sequence",
            terminal.bytes,
        )
        return [
            Uploaded(sequence=row[0], outcome=row[1], decided_at=from_epoch_ms(row[2]), tap=row[3], reason=row[4])
            for row in rows
        ]

    def taken(self, *, uploaded: Iterable[UploadedLine]) -> dict[UUID, Taken]:
        """What was taken of each allowance; not what the platform refused, which it did not post either.

        `uploaded` says of which taps of this memory the sheet knows already what became of them.
        """
        counted = {one.terminal_id: one.sequence for one in uploaded if one.memory == self.id}
        found: dict[UUID, Taken] = {}
        for (terminal,) in self._all("SELECT DISTINCT terminal FROM tap WHERE allowance IS NOT NULL"):
            rows = self._all(
                "SELECT allowance, sum(amount_fen), sum(amount_fen * (sequence > ?)) "
                "FROM tap LEFT JOIN answer USING (terminal, sequence) WHERE terminal = ? "
                "AND allowance IS NOT NULL AND coalesce(outcome, 'posted') = 'posted' GROUP BY allowance",
                counted.get(TerminalId(UUID(bytes=terminal)), 0),
                terminal,
            )
            for allowance, fen, uncounted_fen in rows:
                before = found.get(UUID(bytes=allowance), Taken())
                found[UUID(bytes=allowance)] = Taken(
                    fen=before.fen + fen, uncounted_fen=before.uncounted_fen + uncounted_fen
                )
        return found

    def latest_accepted_at(self) -> datetime | None:
        """When the latest tap was admitted; None before the first."""
        row = self._one("SELECT max(accepted_at) FROM tap")
        return None if row is None or row[0] is None else from_epoch_ms(row[0])

    def forget(self, *, before: datetime) -> None:
        """Forget codes, challenges, and answered taps from before an instant; each terminal's last tap is kept."""
        instant = epoch_ms(before)
        self._connection.execute("DELETE FROM seen WHERE made_at < ?", (instant,))
        self._connection.execute("DELETE FROM challenge WHERE expires_at < ?", (instant,))
        rows = self._all(
            "SELECT terminal, sequence FROM tap JOIN answer USING (terminal, sequence) WHERE accepted_at < ? AND "
            "sequence < (SELECT max(sequence) FROM tap AS later WHERE later.terminal = tap.terminal)",
            instant,
        )
        for table in ("answer", "tap"):
            self._connection.executemany(f"DELETE FROM {table} WHERE terminal = ? AND sequence = ?", rows)

    def _one(self, statement: str, *values: Any) -> Any:
        return self._connection.execute(statement, values).fetchone()

    def _all(self, statement: str, *values: Any) -> list[Any]:
        return self._connection.execute(statement, values).fetchall()
