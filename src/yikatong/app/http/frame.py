"""The frame around every call: its id, the security headers, the log line, the metrics, and what becomes of faults."""

import re
import time
from collections.abc import Mapping
from functools import cached_property

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from yikatong.app.http.bounds import CallsAtOnce
from yikatong.app.http.dispatch import CALLER, REQUEST_ID, ROUTE
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

log = structlog.get_logger("yikatong.http")


class Frame:
    """The outermost ASGI application: bounds how many calls run, passes mounted addresses on, frames all others."""

    def __init__(self, inner: ASGIApp, *, mounts: Mapping[str, ASGIApp], ids: Ids, calls: CallsAtOnce) -> None:
        """`mounts` are served as they are, by their exact address; they bring headers, log and metrics themselves."""
        self._inner = inner
        self._mounts = mounts
        self._ids = ids
        self._calls = calls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call."""
        if scope["type"] != "http":
            return
        mounted = self._mounts.get(scope["path"])
        call = _FramedCall(mounted or self._inner, scope, is_mounted=mounted is not None, ids=self._ids)
        try:
            with self._calls.one_more():
                await call.serve(receive, send)
        except Refused as refused:
            await call.refuse(refused, receive, send)


class _FramedCall:
    """One call on its way through the frame."""

    def __init__(self, app: ASGIApp, scope: Scope, *, is_mounted: bool, ids: Ids) -> None:
        self._app = app
        self._scope = scope
        self._is_mounted = is_mounted
        self._ids = ids
        self._status: int | None = None

    @cached_property
    def _request_id(self) -> str:
        """The caller's own id for this request where it has the form of one, else a fresh one."""
        sent_id = Headers(scope=self._scope).get("x-request-id", "")
        return sent_id if _SENT_ID.fullmatch(sent_id) else self._ids.new().hex

    async def serve(self, receive: Receive, send: Send) -> None:
        """Serve the call; whatever is raised on the way becomes an answer."""
        if self._is_mounted:
            await self._guard(receive, self._watched(send))
            return
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
                _add_headers(message, request_id=self._request_id)
            await send(message)

        return send_framed

    def _watched(self, send: Send) -> Send:
        """Send as it is, and remember that the answer has begun."""

        async def send_watched(message: Message) -> None:
            self._status = message.get("status", self._status)
            await send(message)

        return send_watched

    async def _guard(self, receive: Receive, send: Send) -> None:
        """The one place that catches everything: a fault of ours must not reach the server with what it carries."""
        try:
            await self._app(self._scope, receive, send)
        except ClientDisconnect:
            self._status = _CALLER_WENT_AWAY
        except Exception as fault:  # noqa: BLE001
            response = self._response_to(fault)
            if self._status is None:
                await response(self._scope, receive, send)

    def _response_to(self, fault: Exception) -> Response:
        refused = refusal_of(fault)
        if refused is None:
            log.error(
                "fault",
                request=self._request_id,
                route=self._scope.get(ROUTE),
                fault=type(fault).__name__,
                sqlstate=getattr(fault, "sqlstate", None),
                places=places_of(fault),
            )
            refused = Refused(Reason.SERVER_FAULT)
        REFUSALS.labels(refused.reason.name).inc()
        return problem_response(refused, request_id=self._request_id)

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


def _add_headers(message: Message, *, request_id: str) -> None:
    headers = MutableHeaders(scope=message)
    headers["x-request-id"] = request_id
    for name, value in _SECURITY_HEADERS.items():
        headers.setdefault(name, value)
