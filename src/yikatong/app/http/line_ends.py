"""A line break behind a text: the `$` of a pattern lets one pass in Python, as it does for no other reader."""

from collections.abc import Iterator
from typing import Any

from msgspec import inspect


def may_hold_line_break(body: bytes) -> bool:
    """Whether JSON has a line break inside any of its texts, which it can only write as an escape."""
    return b"\\n" in body or b"\\u000A" in body or b"\\u000a" in body


def find_line_end(value: Any, kind: inspect.Type, *, place: str = "$") -> str | None:
    """Where a text that has a pattern ends with a line break, as a JSON path; None where none does."""
    if isinstance(kind, inspect.Metadata):
        return find_line_end(value, kind.type, place=place)
    if isinstance(kind, inspect.StrType):
        is_loose = kind.pattern is not None and isinstance(value, str) and value.endswith("\n")
        return place if is_loose else None
    found = (find_line_end(part, of, place=where) for part, of, where in parts_of(value, kind, place))
    return next((where for where in found if where is not None), None)


def parts_of(value: Any, kind: inspect.Type, place: str) -> Iterator[tuple[Any, inspect.Type, str]]:
    """What a value consists of, with the type and the place of each part."""
    if isinstance(kind, inspect.UnionType):
        yield from ((value, one, place) for one in kind.types)
    elif isinstance(kind, inspect.StructType) and isinstance(value, kind.cls):
        yield from ((getattr(value, each.name), each.type, f"{place}.{each.encode_name}") for each in kind.fields)
    elif isinstance(kind, inspect.CollectionType) and isinstance(value, list | tuple | set | frozenset):
        yield from ((item, kind.item_type, f"{place}[...]") for item in value)
    elif isinstance(kind, inspect.DictType) and isinstance(value, dict):
        for key, item in value.items():
            yield from ((key, kind.key_type, f"{place}[...]"), (item, kind.value_type, f"{place}[...]"))
