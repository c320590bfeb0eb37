"""An instant out of reach: in another zone, or a lifetime later, it would be of no year that anything here can hold."""

import re
from datetime import datetime
from typing import Any

from msgspec import inspect

from yikatong.app.http.line_ends import parts_of

FIRST_YEAR, LAST_YEAR = 1970, 2999
_FAR = re.compile(rb'"(?:0[0-9]|1[0-8]|19[0-6]|[3-9][0-9])[0-9]{1,2}-|\\u00')


def may_be_far(body: bytes) -> bool:
    """Whether JSON has a text that begins as a year out of reach, or writes anything plain as an escape."""
    return _FAR.search(body) is not None


def may_hold_instant(kind: inspect.Type) -> bool:
    """Whether anything of a type may be an instant."""
    if isinstance(kind, inspect.DateTimeType):
        return True
    if isinstance(kind, inspect.StructType):
        return any(may_hold_instant(each.type) for each in kind.fields)
    inner = [getattr(kind, name, None) for name in ("type", "item_type", "value_type")]
    several = [*getattr(kind, "types", ()), *getattr(kind, "item_types", ())]
    return any(may_hold_instant(one) for one in (*inner, *several) if isinstance(one, inspect.Type))


def find_far_instant(value: Any, kind: inspect.Type, *, place: str = "$") -> str | None:
    """Where an instant is of no year from 1970 to 2999, as a JSON path; None where none is."""
    if isinstance(kind, inspect.Metadata):
        return find_far_instant(value, kind.type, place=place)
    if isinstance(kind, inspect.DateTimeType):
        is_far = isinstance(value, datetime) and not FIRST_YEAR <= value.year <= LAST_YEAR
        return place if is_far else None
    found = (find_far_instant(part, of, place=where) for part, of, where in parts_of(value, kind, place))
    return next((where for where in found if where is not None), None)
