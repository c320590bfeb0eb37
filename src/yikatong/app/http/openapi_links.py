"""Links of the OpenAPI document: which answer names what another call asks for; calls can be told as stories."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from yikatong.app.http.addresses import kind_of_part, parts_of
from yikatong.app.http.openapi_schemas import Schemas
from yikatong.kernel.ids import PREFIX_BY_KIND
from yikatong.plumbing.http import Route

_DEPTH_MAX = 3
_KIND_BY_NAME = {"batch_id": "card_batch", "batch": "card_batch"}


class Links:
    """Every link there is between the routes of a house."""

    def __init__(self, routes: Sequence[Route], schemas: Schemas) -> None:
        """Routes that need one id, by its kind."""
        self._schemas = schemas
        self._asking: dict[str, list[tuple[Route, str]]] = defaultdict(list)
        for route in routes:
            parts = parts_of(route.path)
            kinds = [(kind_of_part(*part), part[1]) for part in parts]
            if len(kinds) == 1 and kinds[0][0] is not None:
                self._asking[kinds[0][0]].append((route, kinds[0][1]))

    def of(self, route: Route, answer: Any) -> dict[str, Any]:
        """The links of an answer of a route: to each route that asks for an id which stands in the answer."""
        links: dict[str, Any] = {}
        for kind, pointer in _ids_in(self._schemas, answer):
            for asking, part in self._asking[kind]:
                if asking.name not in links and asking is not route and _may_follow(route, asking):
                    links[asking.name] = {
                        "operationId": asking.name,
                        "parameters": {part: f"$response.body#{pointer}"},
                    }
        return links


def _may_follow(first: Route, then: Route) -> bool:
    """Whether one caller may make both calls."""
    return not first.callers or not then.callers or bool(set(first.callers) & set(then.callers))


def _ids_in(schemas: Schemas, answer: Any) -> Iterator[tuple[str, str]]:
    """Kind and JSON pointer of every id in an answer, the nearest first; of a list the first one's."""
    waiting: list[tuple[Mapping[str, Any], str, str]] = [(schemas.schema(answer), "", "")]
    for _ in range(_DEPTH_MAX):
        deeper: list[tuple[Mapping[str, Any], str, str]] = []
        for schema, pointer, called in waiting:
            for name, part in schemas.resolve(schema).get("properties", {}).items():
                part = schemas.resolve(part)
                kind = _kind_of(name, within=called)
                if kind is not None and part.get("type") == "string":
                    yield kind, f"{pointer}/{name}"
                elif "properties" in part:
                    deeper.append((part, f"{pointer}/{name}", name))
                elif part.get("type") == "array" and isinstance(part.get("items"), dict):
                    deeper.append((part["items"], f"{pointer}/{name}/0", name.removesuffix("s")))
        waiting = deeper


def _kind_of(name: str, *, within: str) -> str | None:
    kind = within if name == "id" else _KIND_BY_NAME.get(name, name.removesuffix("_id"))
    return kind if kind in PREFIX_BY_KIND else None
