"""Direct routes of wallets: commands that come in crowds, answered by the connection itself and served in batches.

What the edge does for each call is done here for a direct one (`app.http.direct`): the order of refusals of
`app.http.dispatch`, the digest for its record, the Idempotency-Key. Record and kept answer are written by who serves,
in the transaction of what they tell.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import structlog

from yikatong.access import service as access
from yikatong.access.model import Reason as AccessReason
from yikatong.app.house import House
from yikatong.app.http.bounds import verify_json
from yikatong.app.http.decoding import body_reader
from yikatong.app.http.direct import JSON_HEADERS, PROBLEM_HEADERS, Answer, RawHeaders, answer_of
from yikatong.app.http.dispatch import read_bearer, read_purpose
from yikatong.app.http.frame import request_id_of
from yikatong.app.http.problems import refusal_of
from yikatong.app.http.recording import Asked, digest_of_asked
from yikatong.app.wallets.calls import Answered, WalletCall
from yikatong.app.wallets.door import WalletDoor
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.http import Caller, Route
from yikatong.plumbing.metrics import REFUSALS, REQUEST_SECONDS

_REPEATED = (b"idempotent-replay", b"true")
_READ = frozenset((b"authorization", b"content-type", b"idempotency-key", b"purpose", b"x-request-id"))

log = structlog.get_logger("yikatong.http")


class WalletRoute:
    """Serves one command of wallets."""

    def __init__(
        self,
        route: Route,
        serve: Callable[[WalletCall, Any], Awaitable[Answered]],
        *,
        door: WalletDoor,
        house: House,
    ) -> None:
        """`serve` brings a call with its body to its answer, and leaves its record; refusals are raised."""
        self.body_bytes_max = route.body_bytes_max
        self._route = route
        self._serve = serve
        self._door = door
        self._house = house
        self._read_body = body_reader(route.body)

    async def answer(self, headers: RawHeaders, read_body: Callable[[], Awaitable[bytes]]) -> Answer:
        """Answer one call, count it and log it. Refuses in the order of `app.http.dispatch`."""
        began = time.perf_counter()
        said = _read_headers(headers)
        request_id = request_id_of(said.request_id) or self._house.ids.new().hex
        caller: Caller | None = None
        try:
            async with asyncio.timeout(self._house.settings.request_timeout_seconds):
                body = await read_body()
                verify_json(said.content_type)
                caller = await self._admit(said.token)
                answer = await self._served(said, body, caller=caller, request_id=request_id)
        except (Refused, TimeoutError) as raised:
            refused = refusal_of(raised)
            assert refused is not None
            REFUSALS.labels(refused.reason.name).inc()
            answer = answer_of(refused, request_id=request_id)
        self._tell(answer, request_id=request_id, seconds=time.perf_counter() - began, caller=caller)
        return answer

    async def _admit(self, token: str | None) -> Caller:
        if token is None:
            raise Refused(AccessReason.KEY_IS_MISSING)
        return access.verify_kind(await self._door.authenticate(token), admitted=self._route.callers)

    async def _served(self, said: "_Headers", body: bytes, *, caller: Caller, request_id: str) -> Answer:
        assert said.token is not None
        asked = Asked(method=self._route.method, path=self._route.path.encode(), query=b"", body=body)
        call = WalletCall(
            caller=caller,
            kept=_kept(said.key, asked, caller=caller, token=said.token),
            request_id=request_id,
            request_digest=digest_of_asked(asked, key=said.token),
            purpose=read_purpose(said.purpose),
        )
        answered = await self._serve(call, self._read_body(body))
        repeated = (_REPEATED,) if answered.is_repeated else ()
        kind = PROBLEM_HEADERS if answered.status >= 400 else JSON_HEADERS
        return Answer(answered.status, (*kind, *repeated, (b"x-request-id", request_id.encode())), answered.content)

    def _tell(self, answer: Answer, *, request_id: str, seconds: float, caller: Caller | None) -> None:
        """Count the call and log it, as the frame does for other calls."""
        REQUEST_SECONDS.labels(self._route.name, str(answer.status)).observe(seconds)
        log.info(
            "call",
            request=request_id,
            method=self._route.method,
            route=self._route.name,
            status=answer.status,
            milliseconds=round(seconds * 1000, 2),
            caller_kind=None if caller is None else caller.kind.value,
            caller_id=None if caller is None else caller.id.hex,
        )


class _Headers(NamedTuple):
    """What a route reads of a call's headers."""

    token: str | None
    content_type: str | None
    key: str | None
    purpose: str | None
    request_id: str | None


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
