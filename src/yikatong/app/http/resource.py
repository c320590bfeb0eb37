"""A resource: all methods of one address.

What anybody may ask without a key is answered to pages of other sites too (Fetch standard, cross-origin requests): a
calculator of subsidies stands on any page. Whatever takes a key is not, so no page uses a key that it did not bring.
"""

from collections.abc import Collection, Mapping

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from yikatong.app.http.dispatch import FOR_ANY_PAGE, Dispatcher
from yikatong.app.http.reasons import Reason
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.http import Route, RouteKind

ASKED_METHOD = "access-control-request-method"
_PAGES_REMEMBER_SECONDS = 86_400


class Resource:
    """Serves an address by the dispatcher of each method; HEAD is GET without its body."""

    def __init__(self, by_method: Mapping[str, Dispatcher], *, elsewhere: Collection[str] = ()) -> None:
        """`by_method` has upper-case methods; those `elsewhere` are answered before a call comes here."""
        self._by_method = dict(by_method)
        if "GET" in by_method:
            self._by_method["HEAD"] = by_method["GET"]
        self._allow = ", ".join(sorted({*self._by_method, *elsewhere}))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a call, or refuse METHOD_IS_NOT_ALLOWED naming those that are."""
        if scope["method"] == "OPTIONS":
            response = self._allow_page(scope)
        else:
            dispatcher = self._by_method.get(scope["method"])
            if dispatcher is None:
                raise Refused(Reason.METHOD_IS_NOT_ALLOWED, allow=self._allow)
            scope[FOR_ANY_PAGE] = is_for_any_page(dispatcher.route)
            response = await dispatcher.answer(Request(scope, receive))
        await response(scope, receive, send)

    def _allow_page(self, scope: Scope) -> Response:
        """Tell a browser that a page of another site may call. Refuses METHOD_IS_NOT_ALLOWED for what takes a key."""
        method = Headers(scope=scope).get(ASKED_METHOD, "")
        dispatcher = self._by_method.get(method)
        if dispatcher is None or not is_for_any_page(dispatcher.route):
            raise Refused(Reason.METHOD_IS_NOT_ALLOWED, allow=self._allow)
        scope[FOR_ANY_PAGE] = True
        headers = {
            "access-control-allow-methods": method,
            "access-control-allow-headers": "content-type, x-request-id",
            "access-control-max-age": str(_PAGES_REMEMBER_SECONDS),
        }
        return Response(status_code=204, headers=headers)


def is_for_any_page(route: Route) -> bool:
    """Whether pages of other sites may call a route: it changes nothing, and nobody needs a key."""
    return route.kind is RouteKind.QUERY and not route.callers


async def unknown_address(scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse ROUTE_IS_UNKNOWN."""
    raise Refused(Reason.ROUTE_IS_UNKNOWN)
