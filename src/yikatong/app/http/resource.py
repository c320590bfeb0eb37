"""A resource: all methods of one address."""

from collections.abc import Collection, Mapping

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from yikatong.app.http.dispatch import Dispatcher
from yikatong.app.http.reasons import Reason
from yikatong.kernel.outcomes import Refused


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
        dispatcher = self._by_method.get(scope["method"])
        if dispatcher is None:
            raise Refused(Reason.METHOD_IS_NOT_ALLOWED, allow=self._allow)
        response = await dispatcher.answer(Request(scope, receive))
        await response(scope, receive, send)


async def unknown_address(scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse ROUTE_IS_UNKNOWN."""
    raise Refused(Reason.ROUTE_IS_UNKNOWN)
