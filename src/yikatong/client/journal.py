"""The journal of one caller: every request is on disk before it is sent, and how it ended after.

The file is an SQLite database in WAL mode with `synchronous=FULL`: each append is one transaction, synced before the
call returns. SQLite was chosen over a format of our own because what is asked of the file is what it has proved in
the field: frames of its log carry checksums, so a torn tail is recognised and cut at the last whole transaction
wherever the power failed; a request id is looked up and claimed in one statement; compaction is a DELETE. It is in
the standard library, its file can be looked at with its own tool, and an append costs one sync like any other's.

Two tables, both append-only until compaction: `request`, what is sent, and `answer`, what was heard of it; a request
stands open unless the last of its answers ends it. Contents are sealed (AES-256-GCM) with a key that is kept where the
caller's other secrets are, because a request may hold an ID number or an operator's token.

The file is locked for as long as it is open, and bound to one caller: another terminal that sent these requests again
would make other taps of them.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import blake2b
from pathlib import Path
from threading import RLock
from typing import Any, ClassVar, Self

from yikatong.client.problems import JournalError, JournalIsAnothers, JournalIsInUse, RequestIdIsTaken
from yikatong.client.unshown import Unshown
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.ids import Ids, SystemIds
from yikatong.trust import service as trust

KEY_BYTES = 32
_FORMAT = 1
_APPLICATION = 0x594B544A  # YKTJ
_PROOF = b"yikatong client journal"

_SETTINGS = (
    "auto_vacuum = INCREMENTAL",
    "journal_mode = WAL",
    "synchronous = FULL",
    "fullfsync = ON",
    "secure_delete = ON",
    "foreign_keys = ON",
)

_TABLES = """
CREATE TABLE owner (
    only_one INTEGER PRIMARY KEY CHECK (only_one = 1),
    name TEXT NOT NULL,
    proof BLOB NOT NULL
) STRICT;
CREATE TABLE request (
    number INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    request_id TEXT NOT NULL,
    made_at TEXT NOT NULL,
    digest BLOB NOT NULL,
    sealed BLOB NOT NULL,
    UNIQUE (kind, request_id)
) STRICT;
CREATE TABLE answer (
    number INTEGER PRIMARY KEY,
    request INTEGER NOT NULL REFERENCES request,
    seen_at TEXT NOT NULL,
    outcome TEXT NOT NULL,
    tap TEXT,
    digest BLOB NOT NULL,
    ends INTEGER NOT NULL CHECK (ends IN (0, 1))
) STRICT;
CREATE INDEX answer_of_request ON answer (request, number);
CREATE INDEX answer_of_tap ON answer (tap) WHERE tap IS NOT NULL;
"""

_HAS_ENDED = "coalesce((SELECT ends FROM answer WHERE request = request.number ORDER BY number DESC LIMIT 1), 0)"
_ENTRIES = f"""
SELECT request.number, kind, request_id, made_at, sealed,
       (SELECT outcome FROM answer WHERE request = request.number ORDER BY number DESC LIMIT 1),
       (SELECT tap FROM answer WHERE request = request.number AND tap IS NOT NULL ORDER BY number DESC LIMIT 1),
       {_HAS_ENDED}
FROM request
"""


class Kind(StrEnum):
    """What a request asks."""

    TAP = "tap"
    REVERSAL = "reversal"
    REFUND = "refund"
    COMMAND = "command"


class Entry(Unshown, frozen=True, kw_only=True):
    """A request as the journal has it: `content` as it is sent, `outcome` as it was heard last, `tap` if one is known.

    `has_ended` is False while nobody knows how it ended.
    """

    secret_fields: ClassVar[frozenset[str]] = frozenset({"content"})

    number: int
    kind: Kind
    request_id: str
    made_at: datetime
    content: bytes
    outcome: str | None
    tap: str | None
    has_ended: bool


class Journal:
    """An open journal; made by `open`, closed by `close` or at the end of a `with`."""

    def __init__(self, connection: sqlite3.Connection, *, owner: str, key: bytes, ids: Ids) -> None:
        """Use `open`."""
        self._connection = connection
        self._lock = RLock()
        self._owner = owner
        self._key = key
        self._ids = ids

    @classmethod
    def open(cls, file: Path, *, owner: str, key: bytes, ids: Ids | None = None) -> Self:
        """Open or make the journal of one caller; a torn tail left by a crash is cut.

        `owner` is the caller's id, `key` 32 secret bytes. Raises, in this order: JournalIsInUse, JournalIsAnothers
        (also for a file that is no journal and for a false key), JournalError when the disk fails.
        """
        if len(key) != KEY_BYTES:
            raise ValueError("the journal's key has 32 bytes")
        try:
            _make_file(file)
            connection = sqlite3.connect(file, timeout=0, isolation_level=None, check_same_thread=False)
            journal = cls(connection, owner=owner, key=key, ids=ids or SystemIds())
            try:
                journal._begin_use()
            except BaseException:
                connection.close()
                raise
        except (sqlite3.Error, OSError) as fault:
            raise _named(fault) from fault
        return journal

    def _begin_use(self) -> None:
        """Lock the file, let SQLite cut what a crash left, and see whose journal it is; a stranger's is not changed."""
        self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        application, release = self._one("PRAGMA application_id")[0], self._one("PRAGMA user_version")[0]
        is_new = application == 0 and self._one("SELECT count(*) FROM sqlite_schema")[0] == 0
        if not is_new and (application, release) != (_APPLICATION, _FORMAT):
            raise JournalIsAnothers("the file is no journal of this release")
        for setting in _SETTINGS:
            self._connection.execute(f"PRAGMA {setting}")
        self._connection.execute("BEGIN EXCLUSIVE")
        with self._ending_transaction():
            if is_new:
                self._make_tables()
            self._verify_owner()

    def _make_tables(self) -> None:
        for statement in _TABLES.split(";"):
            self._connection.execute(statement)
        proof = trust.seal(self._key, _PROOF, self._owner.encode(), ids=self._ids)
        self._connection.execute("INSERT INTO owner VALUES (1, ?, ?)", (self._owner, proof))
        self._connection.execute(f"PRAGMA application_id = {_APPLICATION}")
        self._connection.execute(f"PRAGMA user_version = {_FORMAT}")

    def _verify_owner(self) -> None:
        name, proof = self._one("SELECT name, proof FROM owner")
        if name != self._owner:
            raise JournalIsAnothers(f"the journal belongs to {name}")
        try:
            trust.unseal(self._key, proof, self._owner.encode())
        except Refused:
            raise JournalIsAnothers("the key does not open the journal") from None

    def begin(self, kind: Kind, request_id: str, *, content: bytes, made_at: datetime) -> Entry:
        """Put a request on disk, before it is sent. The same request again gives the entry that stands.

        Raises RequestIdIsTaken when the id stands with another content, JournalError when the disk fails.
        """
        digest = self._digest(content)
        with self._transaction():
            found = self._find_digest(kind, request_id)
            if found is None:
                sealed = trust.seal(self._key, content, self._context(kind, request_id), ids=self._ids)
                self._connection.execute(
                    "INSERT INTO request (kind, request_id, made_at, digest, sealed) VALUES (?, ?, ?, ?, ?)",
                    (kind.value, request_id, _text_of(made_at), digest, sealed),
                )
            elif found != digest:
                raise RequestIdIsTaken(f"{kind.value} {request_id} stands in the journal with another content")
            entry = self.find(kind, request_id)
        assert entry is not None
        return entry

    def hear(
        self, *entries: Entry, outcome: str, answer: bytes, seen_at: datetime, tap: str | None = None, ends: bool = True
    ) -> None:
        """Put on disk what was heard of some requests, all or none; `ends` says that it settles them."""
        digest = self._digest(answer)
        with self._transaction():
            self._connection.executemany(
                "INSERT INTO answer (request, seen_at, outcome, tap, digest, ends) VALUES (?, ?, ?, ?, ?, ?)",
                [(entry.number, _text_of(seen_at), outcome, tap, digest, int(ends)) for entry in entries],
            )

    def find(self, kind: Kind, request_id: str) -> Entry | None:
        """The entry of a request."""
        rows = self._entries("WHERE kind = ? AND request_id = ?", kind.value, request_id)
        return rows[0] if rows else None

    def find_tap(self, tap: str) -> Entry | None:
        """The entry of the tap with an id that was heard."""
        rows = self._entries(
            "WHERE kind = 'tap' AND EXISTS (SELECT 1 FROM answer WHERE request = request.number AND tap = ?)", tap
        )
        return rows[0] if rows else None

    def list_open(self) -> list[Entry]:
        """Every request of which nobody knows how it ended, oldest first."""
        return self._entries(f"WHERE {_HAS_ENDED} = 0")

    def list_all(self) -> list[Entry]:
        """Every request that compaction left, oldest first."""
        return self._entries("")

    def compact(self, *, before: datetime) -> int:
        """Drop ended requests made before an instant and give their space back; how many there were.

        Open requests stay, however old they are.
        """
        with self._transaction():
            old = self._connection.execute(
                f"SELECT number FROM request WHERE made_at < ? AND {_HAS_ENDED} = 1", (_text_of(before),)
            ).fetchall()
            self._connection.executemany("DELETE FROM answer WHERE request = ?", old)
            self._connection.executemany("DELETE FROM request WHERE number = ?", old)
        with self._lock, _naming_faults():
            self._connection.execute("PRAGMA incremental_vacuum").fetchall()
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return len(old)

    def close(self) -> None:
        """Close the file and let another process have it."""
        with self._lock:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Journal(owner={self._owner!r})"

    def _entries(self, where: str, *values: str) -> list[Entry]:
        with self._lock, _naming_faults():
            rows = self._connection.execute(f"{_ENTRIES} {where} ORDER BY request.number", values).fetchall()
        return [self._entry(row) for row in rows]

    def _entry(self, row: tuple[Any, ...]) -> Entry:
        number, kind, request_id, made_at, sealed, outcome, tap, has_ended = row
        try:
            content = trust.unseal(self._key, sealed, self._context(Kind(kind), request_id))
        except Refused:
            raise JournalError(f"{kind} {request_id} was changed in the file") from None
        return Entry(
            number=number,
            kind=Kind(kind),
            request_id=request_id,
            made_at=datetime.fromisoformat(made_at),
            content=content,
            outcome=outcome,
            tap=tap,
            has_ended=bool(has_ended),
        )

    def _find_digest(self, kind: Kind, request_id: str) -> bytes | None:
        row = self._connection.execute(
            "SELECT digest FROM request WHERE kind = ? AND request_id = ?", (kind.value, request_id)
        ).fetchone()
        return None if row is None else row[0]

    def _digest(self, data: bytes) -> bytes:
        """A digest under the journal's key: a content with an ID number could be guessed from a bare one."""
        return blake2b(data, digest_size=32, key=self._key).digest()

    def _context(self, kind: Kind, request_id: str) -> bytes:
        return f"{self._owner} {kind.value} {request_id}".encode()

    def _one(self, statement: str) -> tuple[Any, ...]:
        row: tuple[Any, ...] = self._connection.execute(statement).fetchone()
        return row

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock, _naming_faults():
            self._connection.execute("BEGIN IMMEDIATE")
            with self._ending_transaction():
                yield

    @contextmanager
    def _ending_transaction(self) -> Iterator[None]:
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise


@contextmanager
def _naming_faults() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as fault:
        raise _named(fault) from fault


def _named(fault: sqlite3.Error | OSError) -> JournalError:
    """A fault of the file as the kind of error that says what to do about it."""
    name = getattr(fault, "sqlite_errorname", "") or ""
    if name.startswith("SQLITE_BUSY"):
        return JournalIsInUse("another process has the journal open")
    if name == "SQLITE_NOTADB":
        return JournalIsAnothers("the file is no journal")
    return JournalError(f"the journal's file fails: {fault}")


def _text_of(instant: datetime) -> str:
    """An instant as text that sorts as the instants do."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


def _make_file(file: Path) -> None:
    """Make the file for its owner's eyes alone, and have its name on disk too.

    A file that is there is not opened: closing it again would drop the lock that this process may have on it (POSIX).
    """
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    descriptor = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
