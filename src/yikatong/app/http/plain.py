"""Plain routes: addresses of the edge itself, without caller, record or transaction."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from yikatong.app.http.dispatch import ROUTE
from yikatong.app.http.reasons import Reason
from yikatong.kernel.outcomes import Refused


class PlainRoute(NamedTuple):
    """An address answered by a function; `answer` is the type of its JSON, None for what is no JSON."""

    path: str
    name: str
    summary_en: str
    summary_zh: str
    endpoint: Callable[[Request], Awaitable[Response]]
    answer: Any
    statuses: tuple[int, ...]


class PlainResource:
    """Serves a plain route to GET and HEAD."""

    def __init__(self, route: PlainRoute) -> None:
        self._route = route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse METHOD_IS_NOT_ALLOWED."""
        scope[ROUTE] = self._route.name
        if scope["method"] not in ("GET", "HEAD"):
            raise Refused(Reason.METHOD_IS_NOT_ALLOWED, allow="GET, HEAD")
        response = await self._route.endpoint(Request(scope, receive))
        await response(scope, receive, send)
