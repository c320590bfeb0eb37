"""Schemas of the OpenAPI document: types of routes as JSON Schema 2020-12, parameters, and examples of bodies."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

import msgspec

from yikatong.app.http.addresses import example_id
from yikatong.app.http.dispatch import PendingAnswer
from yikatong.app.http.plain import PlainRoute
from yikatong.app.http.problems import Problem
from yikatong.kernel.ids import PREFIX_BY_KIND
from yikatong.plumbing.http import Route

_EXAMPLE_BY_FIELD = {"request_id": "till-7-000123", "item": "library-entry", "purposes": ["retail"]}
_EXAMPLE_DAY = "2027-01-01"

_REFERENCE = "#/components/schemas/"


class Schemas:
    """The schemas of all types that routes speak of."""

    def __init__(self, schema_by_type: dict[Any, dict[str, Any]], components: dict[str, dict[str, Any]]) -> None:
        """Use `of`."""
        self._schema_by_type = schema_by_type
        self.components = components

    @classmethod
    def of(cls, routes: Sequence[Route], plain: Sequence[PlainRoute]) -> Self:
        """The schemas of every body, query and answer, each component once."""
        kinds = list(_kinds(routes, plain))
        schemas, components = msgspec.json.schema_components(kinds, ref_template=_REFERENCE + "{name}")
        for component in components.values():
            _close(component)
        _forbid_nul([schemas[kinds.index(kind)] for kind in _taken(routes)], components)
        return cls(dict(zip(kinds, schemas, strict=True)), components)

    def schema(self, kind: Any) -> dict[str, Any]:
        """The schema of a type."""
        return self._schema_by_type[kind]

    def body(self, route: Route) -> dict[str, Any]:
        """A request body's media type: its schema, and an example where every field has one."""
        schema = self.schema(route.body)
        example = self._example(schema)
        return {"schema": schema} if example is _NONE else {"schema": schema, "example": example}

    def query_parameters(self, route: Route) -> list[dict[str, Any]]:
        """The fields of a query's Struct, each a parameter."""
        if route.query is None:
            return []
        struct = self.resolve(self.schema(route.query))
        required = struct.get("required", [])
        parameters = []
        for name, schema in struct.get("properties", {}).items():
            parameter = {"name": name, "in": "query", "required": name in required, "schema": _without_null(schema)}
            if "description" in schema:
                parameter["description"] = schema["description"]
            parameters.append(parameter)
        return parameters

    def resolve(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """A schema itself, where it only refers to a component."""
        reference = schema.get("$ref")
        return self.components[reference.removeprefix(_REFERENCE)] if reference else schema

    def _example(self, schema: Mapping[str, Any]) -> Any:
        """An example from what the schema itself says; _NONE when a required field says nothing."""
        schema = self.resolve(schema)
        for known in ("const", "default"):
            if known in schema:
                return schema[known]
        for known in ("examples", "enum"):
            if schema.get(known):
                return schema[known][0]
        if "properties" not in schema:
            return _NONE
        example = {}
        for name, field in schema["properties"].items():
            value = self._example(field)
            if value is _NONE:
                value = _example_by_name(name, field)
            if value is not _NONE:
                example[name] = value
            elif name in schema.get("required", []):
                return _NONE
        return example


_NONE = object()


def _example_by_name(name: str, field: dict[str, Any]) -> Any:
    """An example of a field whose type has none: by the name of the field, by its kind of id, or a day."""
    if name in _EXAMPLE_BY_FIELD:
        return _EXAMPLE_BY_FIELD[name]
    kind = name.removesuffix("_id")
    if kind in PREFIX_BY_KIND and name.endswith("_id"):
        return example_id(kind)
    return _EXAMPLE_DAY if field.get("format") == "date" else _NONE


def _kinds(routes: Sequence[Route], plain: Sequence[PlainRoute]) -> Iterable[Any]:
    found: dict[Any, None] = {Problem: None, PendingAnswer: None}
    for route in routes:
        for kind in (route.body, route.query, route.answer, *route.other_answers.values()):
            if kind is not None:
                found[kind] = None
    for address in plain:
        if address.answer is not None:
            found[address.answer] = None
    found[None] = None
    return found


def _close(component: dict[str, Any]) -> None:
    """Say that an object has no other fields: we send none, and refuse a body that has."""
    if component.get("type") == "object" and "properties" in component:
        component.setdefault("additionalProperties", False)


def _taken(routes: Sequence[Route]) -> list[Any]:
    """The types that come from callers."""
    return [kind for route in routes for kind in (route.body, route.query) if kind is not None]


_COUNTED_MAX = 1000
"""Longer texts say their length beside the pattern alone: engines of patterns bound how often a part may come."""


def _forbid_nul(schemas: Iterable[Any], components: Mapping[str, Any]) -> None:
    """Say of every free text that callers send that it has no U+0000, which is refused."""
    waiting, seen = list(schemas), set()
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, dict) and id(part) not in seen:
            seen.add(id(part))
            if "$ref" in part:
                waiting.append(components[part["$ref"].removeprefix(_REFERENCE)])
            if part.get("type") == "string" and not {"pattern", "enum", "format", "const"} & part.keys():
                part["pattern"] = f"^[^\\u0000]{_count_of(part)}$"
            waiting += part.values()


def _count_of(part: Mapping[str, Any]) -> str:
    """How often a character may come, as a pattern says it."""
    least, most = part.get("minLength", 0), part.get("maxLength")
    return "*" if most is None or most > _COUNTED_MAX else f"{{{least},{most}}}"


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter that is left out is not null: drop null from what it may be, and as its default."""
    kept = {name: value for name, value in schema.items() if not (name == "default" and value is None)}
    options = [option for option in kept.get("anyOf", []) if option != {"type": "null"}]
    if len(options) == 1:
        return {**{name: value for name, value in kept.items() if name != "anyOf"}, **options[0]}
    if options:
        kept["anyOf"] = options
    return kept
