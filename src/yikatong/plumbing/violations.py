"""A row that was there before, by its own name also where a cluster tells of it as an internal error.

A cluster makes a COPY into a shard of whatever inserts many rows, and says no more of what that met than its words.
What can meet rows of ours there is a row that somebody else wrote meanwhile, so that it is: whoever is told so tries
again, or tells the caller who came first.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from psycopg import errors

_COPY_FAULT = "ReportCopyError"
"""The function of the server's source in which it is raised: its words come in the server's own language."""

Fault = TypeVar("Fault", bound=BaseException)


def named(fault: Fault) -> Fault | errors.UniqueViolation:
    """The same fault, or the violation that a cluster did not name."""
    if isinstance(fault, errors.InternalError_) and fault.diag.source_function == _COPY_FAULT:
        return errors.UniqueViolation(str(fault))
    return fault


@contextmanager
def violations_named() -> Iterator[None]:
    """Raise what is raised inside under its own name."""
    try:
        yield
    except errors.InternalError_ as fault:
        raise named(fault) from None
