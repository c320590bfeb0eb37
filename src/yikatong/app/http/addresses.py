"""The parts of addresses that stand in braces: what kind of id each is, or which form it has."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from yikatong.app.http.reasons import Reason
from yikatong.kernel.ids import PREFIX_BY_KIND, read_id
from yikatong.kernel.outcomes import Refused

_PART = re.compile(r"(?:([a-z-]+)/)?\{([a-z_]+)\}")
_KIND_BY_PLACE = {("providers", "id"): "provider", ("terminals", "id"): "terminal"}
"""A part called `id` is of what stands before it."""
_PATTERN_BY_PLACE = {("divisions", "code"): "^[0-9]{6}$", ("items", "code"): "^[a-z0-9]+(-[a-z0-9]+)*$"}
_PATTERN_BY_PART = {
    "bank": "^[0-9]{3}$",
    "budget": "^[a-z0-9]+(-[a-z0-9]+)*$",
    "channel": "^[a-z][a-z0-9_]{1,31}$",
    "day": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    "division": "^[0-9]{6}$",
    "region": "^[0-9]{6}$",
    "role": "^[a-z][a-z0-9_]{1,39}$",
}
_EXAMPLE_BY_PART = {"bank": "102", "budget": "elder-allowance-2026", "day": "2026-11-25"}


def parts_of(path: str) -> list[tuple[str, str]]:
    """The parts of an address in braces, each with the word before it."""
    return [(before, name) for before, name in _PART.findall(path)]


def kind_of_part(before: str, name: str) -> str | None:
    """The kind of id that a part is; None for what is no id."""
    kind = _KIND_BY_PLACE.get((before, name), name.removesuffix("_id"))
    return kind if kind in PREFIX_BY_KIND else None


def verify_ids(path: str, values: Mapping[str, str]) -> None:
    """Go on when every part of an address that is an id can be read as one; refuses ROUTE_IS_UNKNOWN.

    For calls whose room does not look at once: what waits for a second person would wait in vain.
    """
    for kind, name in _ids_of(path):
        try:
            read_id(kind, values[name])
        except ValueError:
            raise Refused(Reason.ROUTE_IS_UNKNOWN) from None


@cache
def _ids_of(path: str) -> list[tuple[str, str]]:
    kinds = [(kind_of_part(before, name), name) for before, name in parts_of(path)]
    return [(kind, name) for kind, name in kinds if kind is not None]


def path_parameters(path: str) -> list[dict[str, Any]]:
    """The parts of an address as parameters; an id has the pattern of its kind."""
    return [
        {"name": name, "in": "path", "required": True, "schema": _schema_of_part(before, name)}
        for before, name in parts_of(path)
    ]


def example_id(kind: str) -> str:
    """An id of a kind, for examples."""
    return f"{PREFIX_BY_KIND[kind]}{7:032x}"


def _schema_of_part(before: str, name: str) -> dict[str, Any]:
    kind = kind_of_part(before, name)
    if kind is not None:
        form = f"^{PREFIX_BY_KIND[kind]}[0-9a-f]{{32}}$"
        return {"type": "string", "pattern": form, "examples": [example_id(kind)]}
    pattern = _PATTERN_BY_PLACE.get((before, name)) or _PATTERN_BY_PART.get(name)
    schema: dict[str, Any] = (
        {"type": "string", "minLength": 1} if pattern is None else {"type": "string", "pattern": pattern}
    )
    return {**schema, "examples": [_EXAMPLE_BY_PART[name]]} if name in _EXAMPLE_BY_PART else schema
