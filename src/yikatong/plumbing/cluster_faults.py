"""What a cluster tells as an internal error without its kind, by its own name.

A row that was there before: a cluster makes a COPY into a shard of whatever inserts many rows, and says no more of what
that met than its words, which come in the server's own language. In every language those of a row that was there before
hold its key, and those of a row that breaks a rule by itself (a CHECK, an empty column) hold none: that one is a fault
of ours, and stays what it is. Whoever is told of a row that was there before tries again, or tells the caller who came
first.

A node that is gone: whoever is told of it comes again, as when the only server is.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from psycopg import errors

_COPY_FAULT = "ReportCopyError"
"""The function of the server's source in which it is raised."""
_KEY = ")=("
"""Between the columns of a key and its values, as the server writes both."""
_A_NODE_IS_GONE = ("failure on connection marked as essential", "postmaster was shut down")
"""How the extension's messages begin, which are in English whatever the server's language."""

Fault = TypeVar("Fault", bound=BaseException)


def named(fault: Fault) -> Fault | errors.UniqueViolation | errors.ConnectionFailure:
    """The same fault, or what a cluster did not name."""
    if not isinstance(fault, errors.InternalError_):
        return fault
    if (fault.diag.message_primary or "").startswith(_A_NODE_IS_GONE):
        return errors.ConnectionFailure(str(fault))
    if fault.diag.source_function != _COPY_FAULT:
        return fault
    told = fault.diag.message_detail
    # Without any detail the key is one that we may not read.
    return errors.UniqueViolation(str(fault)) if told is None or _KEY in told else fault


@contextmanager
def faults_named() -> Iterator[None]:
    """Raise what is raised inside under its own name."""
    try:
        yield
    except errors.InternalError_ as fault:
        raise named(fault) from None
