"""A sheet as it was read: its head, its sources, its terms, and the words that all sheets share."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any, Literal

import msgspec

from yikatong.kernel.instants import SHANGHAI
from yikatong.places.model import DivisionCodeText

Unknown = Literal["unknown"]
Nothing = Literal["none"]
DERIVED = "derived"
"""The first word of a clause that is our own reading."""
FORMULA = "formula"
"""The first word of a clause that the formula itself cites, a law that holds under every sheet."""
DAY_SECONDS = 86_400
MINUTE_SECONDS = 60
_SHANGHAI_SECONDS = 8 * 3_600


class Yuan(int):
    """An amount of a sheet in fen, written in yuan."""


class Fund(int):
    """A budget of a sheet in fen, written in yuan; it may be larger than any single amount."""


class Percent(int):
    """A rate of a sheet in basis points, written in percent."""


class Hundredths(int):
    """A quantity of a sheet in hundredths, written with two places at most."""


class Edge:
    """An end of a window: a day or a minute, with its first and last second; both None when open or unknown."""

    __slots__ = ("first", "is_day", "last", "text")

    def __init__(self, text: str, *, first: int | None, seconds: int) -> None:
        self.text = text
        self.first = first
        self.last = None if first is None else first + seconds - 1
        self.is_day = seconds != MINUTE_SECONDS

    @property
    def is_unknown(self) -> bool:
        """Whether nobody published this end."""
        return self.text == "unknown"

    @property
    def day(self) -> date | None:
        """The day, in Shanghai; None when open or unknown."""
        return None if self.first is None else datetime.fromtimestamp(self.first, SHANGHAI).date()


class Range(msgspec.Struct, frozen=True):
    """Between what a fact must lie, both ends in; None is open."""

    least: int | None
    most: int | None


class Window(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A time that a fact must lie in. `from` and `through` count, `after` and `before` do not."""

    clause: str
    from_: Edge | None = msgspec.field(default=None, name="from")
    after: Edge | None = None
    through: Edge | None = None
    before: Edge | None = None

    def __post_init__(self) -> None:
        if (self.from_ is None) == (self.after is None):
            raise ValueError("a window begins `from` or `after` something, one of the two; it may be open or unknown")
        if (self.through is None) == (self.before is None):
            raise ValueError("a window lasts `through` or ends `before` something, one of the two; or open, unknown")
        seconds = self.in_seconds()
        if seconds.least is not None and seconds.most is not None and seconds.least > seconds.most:
            raise ValueError("the window ends before it begins")

    @property
    def is_partly_unknown(self) -> bool:
        """Whether an end was not published."""
        return any(edge is not None and edge.is_unknown for edge in (self.from_, self.after, self.through, self.before))

    @property
    def is_of_days(self) -> bool:
        """Whether no end is a minute."""
        return all(edge is None or edge.is_day for edge in (self.from_, self.after, self.through, self.before))

    def in_seconds(self) -> Range:
        """The window in seconds since 1970."""
        return Range(_least(self.from_, self.after), _most(self.through, self.before))

    def in_days(self) -> Range:
        """The window in Shanghai days since 1970."""
        seconds = self.in_seconds()
        return Range(_day_number(seconds.least), _day_number(seconds.most))


def _least(from_: Edge | None, after: Edge | None) -> int | None:
    if from_ is not None:
        return from_.first
    return None if after is None or after.last is None else after.last + 1


def _most(through: Edge | None, before: Edge | None) -> int | None:
    if through is not None:
        return through.last
    return None if before is None or before.first is None else before.first - 1


def _day_number(seconds: int | None) -> int | None:
    return None if seconds is None else (seconds + _SHANGHAI_SECONDS) // DAY_SECONDS


class SourceKind(StrEnum):
    """What a source is: the document itself, a copy of it, or what others wrote of it."""

    OFFICIAL = "official"
    COPY = "copy"
    NEWS = "news"
    GUIDE = "guide"
    LAW = "law"


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A document, by title and number."""

    title: str
    kind: SourceKind


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same in both languages."""

    zh: str
    en: str


class Head(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every sheet says whatever its programme; `terms` are read by the formula it names."""

    programme: str
    formula: int
    place: DivisionCodeText
    scheme: str
    title: Words
    valid_from: date
    until: Edge = msgspec.field(name="valid_until")
    known_from: date
    replaces: str = ""
    gap_before: str = ""
    sources: dict[str, Source]
    remarks: tuple[str, ...] = ()
    terms: Any

    def __post_init__(self) -> None:
        if self.until.is_unknown or not self.until.is_day:
            raise ValueError("`valid_until` is a day or open")
        if self.valid_until is not None and self.valid_until <= self.valid_from:
            raise ValueError("the sheet ends before it begins")

    @property
    def formula_name(self) -> str:
        """The name of the formula that reads its terms, as `Formula.name` has it."""
        return f"{self.programme}/{self.formula}"

    @property
    def valid_until(self) -> date | None:
        """The first day for which it no longer speaks; None while it is open."""
        return self.until.day


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """A sheet: its name (programme and file), its text and digest, its head, its terms as the formula's type."""

    name: str
    text: str
    digest: str
    head: Head
    terms: Any

    @property
    def valid_from(self) -> date:
        """The first day for which it speaks."""
        return self.head.valid_from

    @property
    def valid_until(self) -> date | None:
        """The first day for which it no longer speaks."""
        return self.head.valid_until

    def cite(self, clause: str) -> str:
        """A clause as a person reads it: the document's title, and where in it."""
        key, _, where = clause.partition(" ")
        if key == DERIVED:
            return f"own reading 本平台解读: {where}"
        if key == FORMULA:
            return where
        title = self.head.sources[key].title
        return f"{title}: {where}" if where else title
