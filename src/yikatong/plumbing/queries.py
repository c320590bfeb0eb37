"""Named SQL statements: one file a room, or a folder of files; each statement with a name and a sentence."""

import re
from importlib.resources import files
from typing import LiteralString

_HEADER = re.compile(r"^-- name: ([a-z][a-z0-9_]*)\s*$", re.MULTILINE)


def load_queries(package: str) -> dict[str, LiteralString]:
    """Read `queries.sql` beside a room's code, or every file of its folder `queries`, into statements by name.

    A statement begins at `-- name: find_card`, the next line is a comment that says what it returns and locks.
    Raises ValueError when a name stands twice or a statement has no describing comment.
    """
    room = files(package)
    folder = room.joinpath("queries")
    sources = list(folder.iterdir()) if folder.is_dir() else [room.joinpath("queries.sql")]
    pieces = [piece for source in sources for piece in _HEADER.split(source.read_text(encoding="utf-8"))[1:]]
    queries: dict[str, LiteralString] = {}
    for name, body in zip(pieces[::2], pieces[1::2], strict=True):
        if name in queries:
            raise ValueError(f"{package}: query {name} stands twice")
        if not body.lstrip().startswith("-- "):
            raise ValueError(f"{package}: query {name} has no sentence")
        statement = "\n".join(line for line in body.splitlines() if not line.startswith("--")).strip().rstrip(";")
        queries[name] = statement
    return queries
