"""The tap route: the one address that every tap goes through, answered directly (`app.http.direct`).

It keeps the order of refusals of `app.http.dispatch`; what it leaves out is what a tap brings itself: the request id
stands for an idempotency key, the tap's row for the record.
"""

import time
from collections.abc import Awaitable, Callable
from functools import cache

import msgspec
from msgspec import structs
from prometheus_client import Counter, Histogram

from yikatong.access.model import Reason as AccessReason
from yikatong.app.http.bounds import verify_json
from yikatong.app.http.decoding import body_reader
from yikatong.app.http.direct import JSON_HEADERS, PROBLEM_HEADERS, Answer, RawHeaders, answer_of
from yikatong.app.http.dispatch import read_bearer
from yikatong.app.http.problems import Problem, problem_of
from yikatong.kernel import outcomes
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.ids import Ids
from yikatong.plumbing.metrics import REFUSALS, REQUEST_SECONDS
from yikatong.taps.model import Outcome, Receipt, TapBody
from yikatong.taps.service import Tapping

BODY_BYTES_MAX = 4_096
TAPS = Counter("yikatong_taps", "Taps by how they ended.", ["outcome"])
_TAPS_BY_OUTCOME = {outcome: TAPS.labels(outcome=outcome.value) for outcome in Outcome}

_encode = msgspec.json.Encoder().encode
_read_tap = body_reader(TapBody)


class RefusedTap(Problem, frozen=True, kw_only=True, omit_defaults=True):
    """A refused tap: problem details (RFC 9457) with the receipt."""

    receipt: Receipt


class TapRoute:
    """Serves POST /v1/taps."""

    body_bytes_max = BODY_BYTES_MAX

    def __init__(self, tapping: Callable[[], Tapping], *, reasons: dict[str, outcomes.Reason], ids: Ids) -> None:
        """`tapping` gives the worker's, once its counter is open; `reasons` are all reasons by name.

        `ids` name the calls whose own request id was not read.
        """
        self._tapping = tapping
        self._reasons = reasons
        self._ids = ids

    async def answer(self, headers: RawHeaders, read_body: Callable[[], Awaitable[bytes]]) -> Answer:
        """Take one tap and count it."""
        began = time.perf_counter()
        answer = await self._take(headers, read_body)
        _seconds_of(answer.status).observe(time.perf_counter() - began)
        return answer

    async def _take(self, headers: RawHeaders, read_body: Callable[[], Awaitable[bytes]]) -> Answer:
        request_id: str | None = None
        try:
            data = await read_body()
            token, content_type = _read_headers(headers)
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
            return answer_of(refused, request_id=request_id or self._ids.new().hex)
        _TAPS_BY_OUTCOME[receipt.outcome].inc()
        return self._receipt_answer(receipt)

    def _receipt_answer(self, receipt: Receipt) -> Answer:
        named = (b"x-request-id", receipt.request_id.encode())
        if receipt.reason is None:
            status = 202 if receipt.outcome is Outcome.WAITING else 200
            return Answer(status, (*JSON_HEADERS, named), _encode(receipt))
        REFUSALS.labels(receipt.reason).inc()
        refused = Refused(self._reasons[receipt.reason], **receipt.about)
        problem = problem_of(refused, request_id=receipt.request_id)
        tap = RefusedTap(**structs.asdict(problem), receipt=receipt)
        return Answer(problem.status, (*PROBLEM_HEADERS, named), _encode(tap))


@cache
def _seconds_of(status: int) -> Histogram:
    return REQUEST_SECONDS.labels("tap", str(status))


def _read_headers(headers: RawHeaders) -> tuple[str | None, str | None]:
    """Token and content type, read in one pass over the raw headers."""
    token = content_type = None
    for name, value in headers:
        if name == b"authorization":
            token = read_bearer(value.decode("latin-1"))
        elif name == b"content-type":
            content_type = value.decode("latin-1")
    return token, content_type
