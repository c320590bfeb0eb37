"""The platform's sealed log over HTTP: what `yikatong.terminal.seals` asks of it. It is open, so no key is needed."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar
from uuid import UUID

from msgspec import Struct

from yikatong.client.connection import Connection
from yikatong.client.problems import AnswerIsUnknown, Problem, ServerIsAway

T = TypeVar("T")
A = TypeVar("A")


class Signed(Struct, frozen=True):
    """A head of the log, or a witness's word, of which only the signed bytes are believed."""

    signed: bytes


class HeadShown(Struct, frozen=True, kw_only=True):
    """The log's head and the witness's."""

    head: Signed | None
    witnessed: Signed | None


class SeriesShown(Struct, frozen=True):
    """The certificate of a series."""

    certificate: bytes


class ConsistencyShown(Struct, frozen=True):
    """A proof that the log only grew."""

    path: tuple[bytes, ...]


class InclusionShown(Struct, frozen=True, kw_only=True):
    """A proof that the log holds a batch."""

    position: int
    path: tuple[bytes, ...]
    head: Signed


class SealedLog(Generic[T]):
    """The log over one connection.

    `included` makes of position, path and head what the terminal takes as a proof, `is_away` the exception of a line
    that is down: a terminal names its own.
    """

    def __init__(
        self, connection: Connection, *, included: Callable[..., T], is_away: Callable[[str], Exception]
    ) -> None:
        self._connection = connection
        self._included = included
        self._is_away = is_away

    def heads(self) -> tuple[bytes | None, bytes | None]:
        """The log's head as the log signed it, and as its witness did."""
        shown = self._ask("/v1/log", HeadShown)
        return _signed(shown.head), _signed(shown.witnessed)

    def certificate(self, series: UUID) -> bytes:
        """The certificate of a series; empty where the log knows none."""
        shown = self._find(f"/v1/log/series/{series}", SeriesShown, unless="BATCH_IS_NOT_IN_THE_LOG")
        return b"" if shown is None else shown.certificate

    def consistency(self, *, old: int, new: int) -> tuple[bytes, ...] | None:
        """The proof that the log of one length begins with that of another; None when it is shorter than that."""
        shown = self._find("/v1/log/consistency", ConsistencyShown, unless="LOG_IS_SHORTER", old=old, new=new)
        return None if shown is None else shown.path

    def inclusion(self, *, series: UUID, number: int) -> T | None:
        """The proof that the log holds a batch; None when it does not."""
        shown = self._find(
            "/v1/log/inclusion", InclusionShown, unless="BATCH_IS_NOT_IN_THE_LOG", series=series, number=number
        )
        if shown is None:
            return None
        return self._included(position=shown.position, path=shown.path, head=shown.head.signed)

    def _find(self, path: str, answer: type[A], *, unless: str, **query: Any) -> A | None:
        """What is asked for; None for the one refusal that is an answer. Raises Problem for any other."""
        try:
            return self._ask(path, answer, **query)
        except Problem as problem:
            if problem.reason != unless:
                raise
            return None

    def _ask(self, path: str, answer: type[A], **query: Any) -> A:
        try:
            return self._connection.ask(path, answer, query=query)
        except (AnswerIsUnknown, ServerIsAway) as unknown:
            raise self._is_away(str(unknown)) from unknown


def _signed(shown: Signed | None) -> bytes | None:
    return None if shown is None else shown.signed
