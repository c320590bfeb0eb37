"""The HTTP application, built from what every room says of its routes."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from starlette.routing import BaseRoute, Router
from starlette.routing import Route as StarletteRoute

from yikatong.app.house import House
from yikatong.app.http.approvals import approve_route
from yikatong.app.http.bounds import CALLS_AT_ONCE_MAX, CallsAtOnce
from yikatong.app.http.direct import DirectRoute
from yikatong.app.http.dispatch import Dispatcher
from yikatong.app.http.frame import Frame
from yikatong.app.http.health import health_routes
from yikatong.app.http.openapi import write_openapi
from yikatong.app.http.page import page_routes
from yikatong.app.http.plain import PlainResource
from yikatong.app.http.resource import Resource, unknown_address
from yikatong.plumbing.http import Route


def build_app(
    house: House,
    routes: Sequence[Route],
    *,
    direct_routes: Mapping[str, DirectRoute] | None = None,
    extra_openapi_routes: Sequence[Route] = (),
    calls_at_once_max: int = CALLS_AT_ONCE_MAX,
) -> Frame:
    """Serve routes under their addresses, with health, metrics, OpenAPI and its page.

    `direct_routes` answer POST at their exact address (`/v1/taps`), are counted among the calls on their way, and
    bring authentication, record, log and metrics themselves; other methods of their addresses are served as any. One is
    described by the route with its address, or by one of `extra_openapi_routes` where it takes none of the edge's
    headers. Raises ValueError when two routes have one name, or one address and method, and when a body does not forbid
    unknown fields.
    """
    direct = direct_routes or {}
    approve = approve_route({name: Dispatcher(house, route) for name, route in _second_person(routes).items()})
    served = (*routes, approve)
    described = (*served, *extra_openapi_routes)
    _verify_apart(described)
    _verify_strict(described)
    plain = health_routes(house)
    pages = page_routes(write_openapi(served, plain, direct=extra_openapi_routes))
    by_path: dict[str, dict[str, Dispatcher]] = defaultdict(dict)
    for route in served:
        if route.method != "POST" or route.path not in direct:
            by_path[route.path][route.method] = Dispatcher(house, route)
    for path in direct:
        by_path.setdefault(path, {})
    inner: list[BaseRoute] = [
        StarletteRoute(path, endpoint=Resource(by_method, elsewhere=("POST",) if path in direct else ()))
        for path, by_method in _fixed_first(by_path)
    ]
    inner += [StarletteRoute(route.path, endpoint=PlainResource(route)) for route in (*plain, *pages)]
    router = Router(inner, redirect_slashes=False, default=unknown_address)
    return Frame(router, direct_routes=direct, ids=house.ids, calls=CallsAtOnce(calls_at_once_max))


def _second_person(routes: Sequence[Route]) -> dict[str, Route]:
    return {route.name: route for route in routes if route.second_person}


def _fixed_first(by_path: Mapping[str, dict[str, Dispatcher]]) -> list[tuple[str, dict[str, Dispatcher]]]:
    """Addresses in an order in which a fixed part comes before a part in braces at the same place."""
    return sorted(by_path.items(), key=lambda entry: [(part.startswith("{"), part) for part in entry[0].split("/")])


def _verify_strict(routes: Sequence[Route]) -> None:
    """A body that passed over unknown fields would hide a caller's mistake and make the document untrue."""
    for route in routes:
        config = getattr(route.body, "__struct_config__", None)
        if config is not None and not config.forbid_unknown_fields:
            raise ValueError(f"the body of {route.name} does not forbid unknown fields")


def _verify_apart(routes: Sequence[Route]) -> None:
    names: set[str] = set()
    places: set[tuple[str, str]] = set()
    for route in routes:
        if route.name in names or (route.method, route.path) in places:
            raise ValueError(f"two routes are {route.name}, {route.method} {route.path}")
        names.add(route.name)
        places.add((route.method, route.path))
