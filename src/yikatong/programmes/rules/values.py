"""The values of a sheet, read from their text; no number is ever a binary float."""

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

import msgspec

from yikatong.kernel.instants import SHANGHAI, epoch_ms, start_of
from yikatong.programmes.model import Edge, Fund, Hundredths, Percent, Yuan
from yikatong.programmes.model.facts import PRICE_FEN_MAX
from yikatong.programmes.model.sheets import DAY_SECONDS, MINUTE_SECONDS

PERCENT_MOST = 10_000
FUND_FEN_MAX = 99_999_999_999
HUNDREDTHS_MOST = 1_000_000_000
_TWO_PLACES = re.compile(r"(0|[1-9][0-9]{0,8})(?:\.([0-9]{1,2}))?")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MINUTE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}")


def read_hundredths(text: str, *, most: int, what: str) -> int:
    """Read a number with two places at most into hundredths. Raises ValueError when it is none or too large."""
    found = _TWO_PLACES.fullmatch(text)
    if found is None:
        raise ValueError(f"`{text}` is not {what} with two places at most")
    number = int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))
    if number > most:
        raise ValueError(f"`{text}` is more than a sheet may say")
    return number


def read_edge(text: str) -> Edge:
    """Read a day, a minute, `open` or `unknown`. Raises ValueError for anything else."""
    if text in ("open", "unknown"):
        return Edge(text, first=None, seconds=DAY_SECONDS)
    if DAY.fullmatch(text):
        return Edge(text, first=epoch_ms(start_of(date.fromisoformat(text))) // 1000, seconds=DAY_SECONDS)
    if _MINUTE.fullmatch(text):
        moment = datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)
        return Edge(text, first=epoch_ms(moment) // 1000, seconds=MINUTE_SECONDS)
    raise ValueError(f"`{text}` is no day (2024-09-14), no moment (2025-01-18 10:00), not `open` and not `unknown`")


READERS: dict[type, Callable[[str], Any]] = {
    Yuan: lambda text: Yuan(read_hundredths(text, most=PRICE_FEN_MAX, what="an amount in yuan")),
    Fund: lambda text: Fund(read_hundredths(text, most=FUND_FEN_MAX, what="an amount in yuan")),
    Percent: lambda text: Percent(read_hundredths(text, most=PERCENT_MOST, what="a rate in percent")),
    Hundredths: lambda text: Hundredths(read_hundredths(text, most=HUNDREDTHS_MOST, what="a number")),
    Edge: read_edge,
}


def read_value(kind: type, given: Any) -> Any:
    """Read a scalar of a sheet into one of the types that sheets share. Raises ValueError saying what is wrong."""
    if not isinstance(given, str):
        raise ValueError("a single value is wanted here")
    return READERS[kind](given)


def values_in(terms: Any) -> Iterator[Any]:
    """Every single value that terms say, in whatever they are nested."""
    if isinstance(terms, msgspec.Struct):
        for name in terms.__struct_fields__:
            yield from values_in(getattr(terms, name))
    elif isinstance(terms, tuple):
        for one in terms:
            yield from values_in(one)
    else:
        yield terms
