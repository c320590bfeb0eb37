"""Reads a room's schema.sql into tables, as far as the house's rules need."""

import re
from pathlib import Path
from typing import NamedTuple

_TABLE = re.compile(r"^CREATE TABLE (?:IF NOT EXISTS )?([a-z_]+\.[a-z_0-9]+) \(", re.MULTILINE)
_UNIQUE_INDEX = re.compile(
    r"CREATE UNIQUE INDEX [^;]*? ON (?:ONLY )?([a-z_]+\.[a-z_0-9]+)[^(;]*\(([^;]*?)\)", re.DOTALL
)
_GRANT = re.compile(r"^GRANT ([A-Z, ]+) ON (?!SCHEMA\b)(?:TABLE )?([^;]+?) TO ([a-z_]+);", re.MULTILINE)
_COMMENT = re.compile(r"--[^\n]*")
_STRING = re.compile(r"'(?:[^']|'')*'")


class Column(NamedTuple):
    """A column: its name, and everything the schema says after it."""

    name: str
    says: str

    @property
    def type(self) -> str:
        """The first word of what the schema says."""
        return self.says.split()[0].lower() if self.says else ""


class Table(NamedTuple):
    """A table as its schema.sql writes it; `about` are the comment lines directly above it."""

    name: str
    about: tuple[str, ...]
    columns: tuple[Column, ...]
    constraints: tuple[str, ...]
    keys: tuple[tuple[str, ...], ...]
    primary_key: tuple[str, ...]

    @property
    def distribution(self) -> str | None:
        """`bucket` or another column, `reference`, `local`; None where the schema does not say."""
        found = re.fullmatch(r"(?:distributed by ([a-z_]+)|(reference)|(local))", self.about[0]) if self.about else None
        return found and (found[1] or found[2] or found[3])

    @property
    def is_distributed(self) -> bool:
        """Whether its rows lie on several servers of a cluster."""
        return self.distribution not in (None, "reference", "local")

    @property
    def written_once(self) -> bool:
        """Whether a comment line above it begins with these words."""
        return any(line.lower().startswith("written once") for line in self.about)


class Schema(NamedTuple):
    """A room's schema.sql: its tables, its grants, and its text without comments and strings."""

    room: str
    text: str
    tables: tuple[Table, ...]
    grants: tuple[tuple[frozenset[str], str, str], ...]


def read_schema(room: str, text: str) -> Schema:
    """Read the text of a schema.sql."""
    unique_indexes = [
        (found[1], _names(found[2])) for found in _UNIQUE_INDEX.finditer(_COMMENT.sub("", _STRING.sub("''", text)))
    ]
    tables = tuple(_read_table(text, found, unique_indexes) for found in _TABLE.finditer(text))
    grants = tuple(
        (frozenset(word.strip() for word in found[1].split(",")), table.strip(), found[3])
        for found in _GRANT.finditer(text)
        for table in found[2].split(",")
    )
    return Schema(room, _STRING.sub("''", _COMMENT.sub("", text)), tables, grants)


def read_schema_file(file: Path) -> Schema:
    """Read a room's schema.sql."""
    return read_schema(file.parent.name, file.read_text(encoding="utf-8"))


def _read_table(text: str, found: re.Match[str], unique_indexes: list[tuple[str, tuple[str, ...]]]) -> Table:
    columns: list[Column] = []
    constraints: list[str] = []
    keys = [names for table, names in unique_indexes if table == found[1]]
    primary: tuple[str, ...] = ()
    for piece in _pieces(_body(text, found.end())):
        word, _, rest = piece.partition(" ")
        if word.upper() in ("PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "CONSTRAINT", "EXCLUDE"):
            constraints.append(piece)
            if key := re.search(r"(PRIMARY KEY|UNIQUE)[A-Z ]*\(([^)]*)\)", piece):
                keys.append(_names(key[2]))
                primary = _names(key[2]) if key[1] == "PRIMARY KEY" else primary
            continue
        columns.append(Column(word, rest))
        if re.search(r"\bPRIMARY KEY\b", rest):
            primary = (word,)
        if re.search(r"\b(PRIMARY KEY|UNIQUE)\b", rest):
            keys.append((word,))
    return Table(found[1], _above(text, found.start()), tuple(columns), tuple(constraints), tuple(keys), primary)


def _above(text: str, end: int) -> tuple[str, ...]:
    """The comment lines directly above a place, from the first to the last."""
    lines: list[str] = []
    for line in reversed(text[:end].splitlines()):
        if not line.startswith("--"):
            break
        lines.append(line.removeprefix("--").strip())
    return tuple(reversed(lines))


def _body(text: str, start: int) -> str:
    """What stands between a parenthesis that was just opened and the one that closes it, without comments."""
    text = _COMMENT.sub("", text[start:])
    depth, quoted = 1, False
    for index, letter in enumerate(text):
        quoted ^= letter == "'"
        depth += 0 if quoted else (letter == "(") - (letter == ")")
        if depth == 0:
            return text[:index]
    raise ValueError("a table's parenthesis is not closed")


def _pieces(body: str) -> list[str]:
    """The columns and constraints of a table's body: split at commas that stand in no parenthesis."""
    pieces, depth, quoted, start = [], 0, False, 0
    for index, letter in enumerate(body + ","):
        quoted ^= letter == "'"
        depth += 0 if quoted else (letter == "(") - (letter == ")")
        if letter == "," and depth == 0 and not quoted:
            pieces.append(" ".join(body[start:index].split()))
            start = index + 1
    return [piece for piece in pieces if piece]


def _names(inside: str) -> tuple[str, ...]:
    """The columns of a key, without their direction or operator class; an expression stays as it is."""
    return tuple(part.split()[0] for part in _pieces(inside))
