"""The refresh route: where wallets get certificates, answered directly (`app.http.direct`) and given in batches.

It keeps the order of refusals of `app.http.dispatch`, the record of every command, and the Idempotency-Key.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import structlog

from yikatong.access import service as access
from yikatong.access.model import Reason as AccessReason
from yikatong.app.house import House
from yikatong.app.http.bounds import verify_json
from yikatong.app.http.decoding import body_reader
from yikatong.app.http.direct import JSON_HEADERS, Answer, RawHeaders, answer_of
from yikatong.app.http.dispatch import read_bearer, read_purpose
from yikatong.app.http.frame import request_id_of
from yikatong.app.http.problems import refusal_of
from yikatong.app.http.recording import Asked, digest_of_asked
from yikatong.app.refreshing import WHAT, RefreshCall, Refreshing
from yikatong.codes.api import RefreshBody, read_request, refresh_route
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.http import Caller
from yikatong.plumbing.metrics import REFUSALS, REQUEST_SECONDS

_ROUTE = refresh_route()
PATH = _ROUTE.path
_REPEATED = (b"idempotent-replay", b"true")
_READ = frozenset((b"authorization", b"content-type", b"idempotency-key", b"purpose", b"x-request-id"))

log = structlog.get_logger("yikatong.http")
_read_body = body_reader(RefreshBody)


class _Headers(NamedTuple):
    """What the route reads of a call's headers."""

    token: str | None
    content_type: str | None
    key: str | None
    purpose: str | None
    request_id: str | None


class RefreshRoute:
    """Serves POST /v1/wallet/refresh."""

    body_bytes_max = _ROUTE.body_bytes_max

    def __init__(self, refreshing: Refreshing, house: House) -> None:
        """`refreshing` is the worker's."""
        self._refreshing = refreshing
        self._house = house

    async def answer(self, headers: RawHeaders, read_body: Callable[[], Awaitable[bytes]]) -> Answer:
        """Answer one refresh, count it and log it. Refuses in the order of `app.http.dispatch`."""
        began = time.perf_counter()
        said = _read_headers(headers)
        request_id = request_id_of(said.request_id) or self._house.ids.new().hex
        caller: Caller | None = None
        try:
            async with asyncio.timeout(self._house.settings.request_timeout_seconds):
                body = await read_body()
                verify_json(said.content_type)
                caller = await self._admit(said.token)
                answer = await self._refresh(said, body, caller=caller, request_id=request_id)
        except (Refused, TimeoutError) as raised:
            refused = refusal_of(raised)
            assert refused is not None
            REFUSALS.labels(refused.reason.name).inc()
            answer = answer_of(refused, request_id=request_id)
        _tell(answer, request_id=request_id, seconds=time.perf_counter() - began, caller=caller)
        return answer

    async def _admit(self, token: str | None) -> Caller:
        if token is None:
            raise Refused(AccessReason.KEY_IS_MISSING)
        return access.verify_kind(await self._refreshing.authenticate(token), admitted=_ROUTE.callers)

    async def _refresh(self, said: _Headers, body: bytes, *, caller: Caller, request_id: str) -> Answer:
        assert said.token is not None
        asked = Asked(method="POST", path=PATH.encode(), query=b"", body=body)
        kept = _kept(said.key, asked, caller=caller, token=said.token)
        call = RefreshCall(
            caller=caller,
            request=read_request(_read_body(body)),
            request_id=request_id,
            request_digest=digest_of_asked(asked, key=said.token),
            purpose=read_purpose(said.purpose),
            kept=kept,
        )
        answered = await self._refreshing.refresh(call)
        repeated = (_REPEATED,) if answered.is_repeated else ()
        named = (b"x-request-id", request_id.encode())
        return Answer(answered.status, (*JSON_HEADERS, *repeated, named), answered.content)


def _kept(key: str | None, asked: Asked, *, caller: Caller, token: str) -> access.KeptCommand | None:
    """How the answer is kept, where a key came; refuses IDEMPOTENCY_KEY_IS_MALFORMED."""
    if key is None:
        return None
    access.verify_idempotency_key(key)
    return access.KeptCommand(caller_id=caller.id, key=key, token=token, request_digest=digest_of_asked(asked, key=key))


def _read_headers(headers: RawHeaders) -> _Headers:
    """What counts of the raw headers; of one that came twice the first."""
    found: dict[bytes, str] = {}
    for name, value in headers:
        if name in _READ:
            found.setdefault(name, value.decode("latin-1"))
    return _Headers(
        token=read_bearer(found.get(b"authorization", "")),
        content_type=found.get(b"content-type"),
        key=found.get(b"idempotency-key"),
        purpose=found.get(b"purpose"),
        request_id=found.get(b"x-request-id"),
    )


def _tell(answer: Answer, *, request_id: str, seconds: float, caller: Caller | None) -> None:
    """Count the call and log it, as the frame does for other calls."""
    REQUEST_SECONDS.labels(WHAT, str(answer.status)).observe(seconds)
    log.info(
        "call",
        request=request_id,
        method="POST",
        route=WHAT,
        status=answer.status,
        milliseconds=round(seconds * 1000, 2),
        caller_kind=None if caller is None else caller.kind.value,
        caller_id=None if caller is None else caller.id.hex,
    )
