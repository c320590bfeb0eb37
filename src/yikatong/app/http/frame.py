"""The frame around every call: its id, the security headers, the log line, the metrics, and what becomes of faults."""

import re
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import cached_property

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from yikatong.app.http.bounds import CallsAtOnce, Hearing, read_body
from yikatong.app.http.direct import Answer, AnswerDirectly, DirectRoute, RawHeaders, answer_of
from yikatong.app.http.dispatch import CALLER, FOR_ANY_PAGE, KEY_ENDS_AT, REQUEST_ID, ROUTE
from yikatong.app.http.problems import problem_response, refusal_of
from yikatong.app.http.reasons import Reason
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.http import Caller
from yikatong.plumbing.ids import Ids
from yikatong.plumbing.metrics import REFUSALS, REQUEST_SECONDS
from yikatong.plumbing.telemetry import places_of

_SENT_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_CALLER_WENT_AWAY = 499
_SECURITY_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=31536000",
    "x-content-type-options": "nosniff",
}
_HEADERS_FOR_ANY_PAGE = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "retry-after, x-request-id",
}

log = structlog.get_logger("yikatong.http")


def request_id_of(sent: str | None) -> str | None:
    """The caller's own id for a request, if it has the form of one."""
    return sent if sent is not None and _SENT_ID.fullmatch(sent) else None


class Frame:
    """The outermost ASGI application: bounds how many calls run, and frames each of them.

    Direct routes are answered by the connection where it can (`app.http.direct`), here otherwise; they bring their
    headers, log and metrics themselves.
    """

    def __init__(
        self, inner: ASGIApp, *, direct_routes: Mapping[str, DirectRoute], ids: Ids, calls: CallsAtOnce
    ) -> None:
        """`direct_routes` answer POST at their exact address, `inner` every other call."""
        self._inner = inner
        self._ids = ids
        self._calls = calls
        self._direct = {path: _FramedRoute(route, calls=calls, ids=ids) for path, route in direct_routes.items()}
        self._direct_by_address = {path.encode(): framed for path, framed in self._direct.items()}

    def find_direct(self, address: bytes) -> tuple[AnswerDirectly, int] | None:
        """What answers POST at a raw address directly, and how long a body it takes."""
        framed = self._direct_by_address.get(address)
        return None if framed is None else (framed.answer, framed.body_bytes_max)

    def refuse(self, refused: Refused) -> Answer:
        """The answer to a request that was not heard to its end."""
        REFUSALS.labels(refused.reason.name).inc()
        return answer_of(refused, request_id=self._ids.new().hex)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call."""
        if scope["type"] != "http":
            return
        direct = self._direct.get(scope["path"])
        if direct is not None and scope["method"] == "POST":
            await direct(scope, receive, send)
            return
        call = _FramedCall(self._inner, scope, ids=self._ids)
        hearing = Hearing(receive, calls=self._calls)
        try:
            with self._calls:
                await call.serve(hearing.receive, send)
        except Refused as refused:
            await call.refuse(refused, receive, send)
        finally:
            hearing.end()


class _FramedRoute:
    """A direct route in the frame: bounded, and its faults kept in the house."""

    def __init__(self, route: DirectRoute, *, calls: CallsAtOnce, ids: Ids) -> None:
        self._route = route
        self._calls = calls
        self._ids = ids
        self.body_bytes_max = route.body_bytes_max

    async def answer(self, headers: RawHeaders, read_body: Callable[[], Awaitable[bytes]]) -> Answer:
        """Answer a call, whatever is raised on the way; raises ClientDisconnect alone."""

        async def hear() -> bytes:
            return await self._calls.hear(read_body)

        try:
            with self._calls:
                return await self._route.answer(headers, hear)
        except ClientDisconnect:
            raise
        except Exception as fault:  # noqa: BLE001  the outermost edge of a direct call
            request_id = self._ids.new().hex
            return answer_of(_refusal_for(fault, request_id=request_id, route="direct"), request_id=request_id)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer through ASGI."""
        headers = scope["headers"]
        length = Headers(scope=scope).get("content-length")

        async def read() -> bytes:
            return await read_body(receive, headers_say=length, bytes_max=self.body_bytes_max)

        try:
            answer = await self.answer(headers, read)
        except ClientDisconnect:
            return
        length_said = (b"content-length", str(len(answer.content)).encode())
        await send({"type": "http.response.start", "status": answer.status, "headers": [*answer.headers, length_said]})
        await send({"type": "http.response.body", "body": answer.content})


class _FramedCall:
    """One call on its way through the frame."""

    def __init__(self, app: ASGIApp, scope: Scope, *, ids: Ids) -> None:
        self._app = app
        self._scope = scope
        self._ids = ids
        self._status: int | None = None

    @cached_property
    def _request_id(self) -> str:
        """The caller's own id for this request where it has the form of one, else a fresh one."""
        return request_id_of(Headers(scope=self._scope).get("x-request-id")) or self._ids.new().hex

    async def serve(self, receive: Receive, send: Send) -> None:
        """Serve the call; whatever is raised on the way becomes an answer."""
        began = time.perf_counter()
        self._scope[REQUEST_ID] = self._request_id
        await self._guard(receive, self._framed(send))
        self._tell(seconds=time.perf_counter() - began)

    async def refuse(self, refused: Refused, receive: Receive, send: Send) -> None:
        """Answer a call that was not even begun."""
        REFUSALS.labels(refused.reason.name).inc()
        response = problem_response(refused, request_id=self._request_id)
        await response(self._scope, receive, self._framed(send))

    def _framed(self, send: Send) -> Send:
        """Send with the frame's headers, and remember that the answer has begun."""

        async def send_framed(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._status = message["status"]
                _add_headers(
                    message,
                    request_id=self._request_id,
                    key_ends_at=self._scope.get(KEY_ENDS_AT),
                    for_any_page=bool(self._scope.get(FOR_ANY_PAGE)),
                )
            await send(message)

        return send_framed

    async def _guard(self, receive: Receive, send: Send) -> None:
        """The one place that catches everything: a fault of ours must not reach the server with what it carries."""
        try:
            await self._app(self._scope, receive, send)
        except ClientDisconnect:
            self._status = _CALLER_WENT_AWAY
        except Exception as fault:  # noqa: BLE001
            refused = _refusal_for(fault, request_id=self._request_id, route=self._scope.get(ROUTE))
            if self._status is None:
                await problem_response(refused, request_id=self._request_id)(self._scope, receive, send)

    def _tell(self, *, seconds: float) -> None:
        route = self._scope.get(ROUTE, "none")
        caller: Caller | None = self._scope.get(CALLER)
        REQUEST_SECONDS.labels(route, str(self._status)).observe(seconds)
        log.info(
            "call",
            request=self._request_id,
            method=self._scope["method"],
            route=route,
            status=self._status,
            milliseconds=round(seconds * 1000, 2),
            caller_kind=None if caller is None else caller.kind.value,
            caller_id=None if caller is None else caller.id.hex,
        )


def _refusal_for(fault: Exception, *, request_id: str, route: str | None) -> Refused:
    """What a caller is told of something raised on the way; a fault of ours is logged by its places alone."""
    refused = refusal_of(fault)
    if refused is None:
        log.error(
            "fault",
            request=request_id,
            route=route,
            fault=type(fault).__name__,
            sqlstate=getattr(fault, "sqlstate", None),
            places=places_of(fault),
        )
        refused = Refused(Reason.SERVER_FAULT)
    REFUSALS.labels(refused.reason.name).inc()
    return refused


def _add_headers(message: Message, *, request_id: str, key_ends_at: datetime | None, for_any_page: bool) -> None:
    headers = MutableHeaders(scope=message)
    headers["x-request-id"] = request_id
    if key_ends_at is not None:
        headers["key-expires-at"] = key_ends_at.isoformat()
    for name, value in (_SECURITY_HEADERS | (_HEADERS_FOR_ANY_PAGE if for_any_page else {})).items():
        headers.setdefault(name, value)
