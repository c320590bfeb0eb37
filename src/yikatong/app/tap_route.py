"""The tap route: the one address that every tap goes through, as a plain ASGI application.

It keeps the order of refusals of `app.http.dispatch`; what it leaves out is what a tap brings itself: the request id
stands for an idempotency key, the tap's row for the record.
"""

import time
from collections.abc import Callable

import msgspec
from msgspec import structs
from prometheus_client import Counter
from starlette.types import Receive, Scope, Send

from yikatong.access.model import Reason as AccessReason
from yikatong.app.http.bounds import read_body, verify_json
from yikatong.app.http.decoding import body_reader
from yikatong.app.http.dispatch import read_bearer
from yikatong.app.http.problems import MEDIA_TYPE, Problem, problem_of, problem_response
from yikatong.app.http.reasons import Reason
from yikatong.kernel import outcomes
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.metrics import REFUSALS, REQUEST_SECONDS
from yikatong.taps.model import Outcome, Receipt, TapBody
from yikatong.taps.service import Tapping

BODY_BYTES_MAX = 4_096
TAPS = Counter("yikatong_taps", "Taps by how they ended.", ["outcome"])

_encode = msgspec.json.Encoder().encode
_read_tap = body_reader(TapBody)
_NO_ID = ""


class RefusedTap(Problem, frozen=True, kw_only=True, omit_defaults=True):
    """A refused tap: problem details (RFC 9457) with the receipt."""

    receipt: Receipt


class TapRoute:
    """Serves POST /v1/taps."""

    def __init__(self, tapping: Callable[[], Tapping], *, reasons: dict[str, outcomes.Reason]) -> None:
        """`tapping` gives the worker's, once its counter is open; `reasons` are all reasons by name."""
        self._tapping = tapping
        self._reasons = reasons

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one tap and count it."""
        began = time.perf_counter()
        status = await self._take(scope, receive, send)
        REQUEST_SECONDS.labels("tap", str(status)).observe(time.perf_counter() - began)

    async def _take(self, scope: Scope, receive: Receive, send: Send) -> int:
        request_id = _NO_ID
        try:
            if scope["method"] != "POST":
                raise Refused(Reason.METHOD_IS_NOT_ALLOWED, allow="POST")
            token, content_type, length = _headers(scope)
            data = await read_body(receive, headers_say=length, bytes_max=BODY_BYTES_MAX)
            verify_json(content_type)
            if token is None:
                raise Refused(AccessReason.KEY_IS_MISSING)
            tapping = self._tapping()
            known = await tapping.authenticate(token)
            body: TapBody = _read_tap(data)
            request_id = body.request_id
            receipt = await tapping.take(token=token, body=body, body_bytes=data, known=known)
        except Refused as refused:
            REFUSALS.labels(refused.reason.name).inc()
            response = problem_response(refused, request_id=request_id)
            await response(scope, receive, send)
            return response.status_code
        TAPS.labels(outcome=receipt.outcome.value).inc()
        return await self._send_receipt(send, receipt)

    async def _send_receipt(self, send: Send, receipt: Receipt) -> int:
        if receipt.reason is None:
            status = 202 if receipt.outcome is Outcome.WAITING else 200
            return await _send(send, status, "application/json", _encode(receipt))
        REFUSALS.labels(receipt.reason).inc()
        refused = Refused(self._reasons[receipt.reason], **receipt.about)
        problem = problem_of(refused, request_id=receipt.request_id)
        tap = RefusedTap(**structs.asdict(problem), receipt=receipt)
        return await _send(send, problem.status, MEDIA_TYPE, _encode(tap))


def _headers(scope: Scope) -> tuple[str | None, str | None, str | None]:
    """Token, content type and length, read in one pass over the raw headers."""
    token = content_type = length = None
    for name, value in scope["headers"]:
        if name == b"authorization":
            token = read_bearer(value.decode("latin-1"))
        elif name == b"content-type":
            content_type = value.decode("latin-1")
        elif name == b"content-length":
            length = value.decode("latin-1")
    return token, content_type, length


async def _send(send: Send, status: int, media_type: str, content: bytes) -> int:
    headers = [
        (b"content-type", media_type.encode()),
        (b"content-length", str(len(content)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
    return status
