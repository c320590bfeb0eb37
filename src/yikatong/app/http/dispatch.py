"""Dispatch: one route's way through the edge, from bytes to an answer, in one transaction.

A call is refused in this order, and nothing later is looked at:

1. REQUEST_CAME_TOO_SLOWLY, SERVER_IS_BUSY, ROUTE_IS_UNKNOWN, METHOD_IS_NOT_ALLOWED (before this module)
2. BODY_IS_TOO_LARGE, CONTENT_TYPE_IS_NOT_JSON (before a transaction is open)
3. the door: KEY_IS_MISSING, KEY_IS_UNKNOWN, KEY_IS_REVOKED, KEY_HAS_EXPIRED, SESSION_HAS_ENDED
4. the right: CALLER_IS_NOT_ADMITTED, PERMISSION_IS_MISSING
5. the scope, where the address names one: REGION_IS_OUT_OF_SCOPE, DIVISION_IS_OUT_OF_SCOPE, PROVIDER_IS_OUT_OF_SCOPE
6. PURPOSE_IS_MISSING on looks, IDEMPOTENCY_KEY_IS_MALFORMED on commands
7. QUERY_IS_NOT_ACCEPTED, BODY_IS_NOT_JSON, BODY_IS_NOT_ACCEPTED
8. IDEMPOTENCY_KEY_IS_TAKEN, ANSWER_CANNOT_BE_REPEATED
9. ROUTE_IS_UNKNOWN, where a command that waits for a second person names an id that is none
10. the room's own reasons
"""

import asyncio
from datetime import datetime
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response

from yikatong.access import service as access
from yikatong.access.model import Approval
from yikatong.app.house import House
from yikatong.app.http import problems
from yikatong.app.http.addresses import verify_ids
from yikatong.app.http.bounds import read_body, verify_json
from yikatong.app.http.decoding import body_reader, query_reader
from yikatong.app.http.recording import Asked, digest_of_asked, write_call_record
from yikatong.app.http.scope import verify_scope
from yikatong.kernel.ids import show_id
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.database import Connection
from yikatong.plumbing.http import Answer, Call, Caller, CallerKind, Refusal, Route, RouteKind

OWN_DATA = "own data"
"""The purpose of a wallet's look at its own resident, who need not say why."""

CALLER = "yikatong.caller"
REQUEST_ID = "yikatong.request_id"
ROUTE = "yikatong.route"
KEY_ENDS_AT = "yikatong.key_ends_at"
FOR_ANY_PAGE = "yikatong.for_any_page"
"""Where the frame and a dispatcher leave word for each other in the ASGI scope."""

log = structlog.get_logger("yikatong.http")


class PendingAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The command waits for a second person."""

    approval_id: str
    expires_at: str


class Done(msgspec.Struct, frozen=True):
    """What a call came to: the handler's result, and the bytes and status it is answered with."""

    result: Any
    status: int
    content: bytes


class Dispatcher:
    """Serves one route."""

    def __init__(self, house: House, route: Route) -> None:
        """The route's types are made ready once."""
        self.route = route
        self._house = house
        self._read_body = body_reader(route.body)
        self._read_query = query_reader(route.query)

    async def answer(self, request: Request) -> Response:
        """Answer one request; refusals are raised, unless they keep what was written."""
        request.scope[ROUTE] = self.route.name
        asked = Asked(
            method=self.route.method,
            path=request.scope.get("raw_path") or request.url.path.encode(),
            query=request.scope["query_string"],
            body=await self._receive(request),
        )
        async with asyncio.timeout(self._house.settings.request_timeout_seconds):
            async with self._house.database.transaction() as conn:
                return await self._answer_within(conn, request, asked)

    async def run_approved(self, call: Call, *, approval: Approval, asker: Caller) -> Done:
        """Run a command that waited, for whoever asked, in the transaction of the approval; leaves its record."""
        waited = Call(
            conn=call.conn,
            caller=asker,
            now=call.now,
            ids=call.ids,
            request_id=call.request_id,
            purpose=approval.purpose,
            path=approval.path,
        )
        self.verify_rights(asker, path=approval.path)
        body = self._read_body(approval.body)
        query = self._read_query(approval.query.decode())
        done = self._done(await self.route.handle(waited, body, query), request_id=call.request_id)
        path = "/".join(approval.path.values()).encode()
        asked = Asked(method=self.route.method, path=path, query=approval.query, body=approval.body)
        await self._record(waited, asked=asked, token=None, done=done, approval_id=approval.approval_id)
        return done

    def verify_rights(self, caller: Caller, *, path: dict[str, str]) -> Caller:
        """The caller, if this route is for them: kind, permission, scope."""
        access.verify_kind(caller, admitted=self.route.callers)
        if self.route.permission is not None:
            access.verify_permission(caller, self.route.permission)
        return verify_scope(caller, path=path)

    async def _receive(self, request: Request) -> bytes:
        headers = request.headers
        if self.route.kind is RouteKind.QUERY and self.route.body is None:
            return b""
        body = await read_body(
            request.receive, headers_say=headers.get("content-length"), bytes_max=self.route.body_bytes_max
        )
        if self.route.body is not None:
            verify_json(headers.get("content-type"))
        return body

    async def _answer_within(self, conn: Connection, request: Request, asked: Asked) -> Response:
        now = self._house.clock.now()
        token = read_bearer(request.headers.get("authorization", ""))
        path = dict(request.path_params)
        caller = await self._admit(conn, request, token=token, path=path, now=now)
        call = Call(
            conn=conn,
            caller=caller,
            now=now,
            ids=self._house.ids,
            request_id=request.scope[REQUEST_ID],
            purpose=self._purpose(request, caller),
            path=path,
        )
        kept = self._kept_command(request, asked=asked, caller=caller, token=token)
        query = self._read_query(asked.query.decode("latin-1"))
        body = self._read_body(asked.body)
        if kept is not None and (before := await kept.claim(conn, now=now)) is not None:
            status, content = before
            return _response(status, content, {"Idempotent-Replay": "true"})
        done = await self._run(call, asked=asked, body=body, query=query)
        record_id = await self._record(call, asked=asked, token=token, done=done)
        if kept is not None and record_id is not None:
            await kept.keep(conn, status=done.status, answer=done.content, record_id=record_id, ids=call.ids)
        if isinstance(done.result, Refusal):
            return problems.problem_response(done.result.refused, request_id=call.request_id)
        return _response(done.status, done.content)

    async def _admit(
        self, conn: Connection, request: Request, *, token: str | None, path: dict[str, str], now: datetime
    ) -> Caller | None:
        if not self.route.callers:
            return None
        known = None if token is None else await access.authenticate_for_cache(conn, token=token, now=now)
        if known is not None:
            request.scope[KEY_ENDS_AT] = known.ends_at
        admitted = access.verify_kind(None if known is None else known.caller, admitted=self.route.callers)
        request.scope[CALLER] = admitted
        return self.verify_rights(admitted, path=path)

    def _purpose(self, request: Request, caller: Caller | None) -> str | None:
        """The header Purpose on looks; elsewhere it is kept if it can be read."""
        header = request.headers.get("purpose")
        said = read_purpose(header)
        if not self.route.looks:
            return said
        if header is None and caller is not None and caller.kind is CallerKind.WALLET:
            return OWN_DATA
        return access.verify_purpose(said)

    def _kept_command(
        self, request: Request, *, asked: Asked, caller: Caller | None, token: str | None
    ) -> access.KeptCommand | None:
        """How a command is kept against repetition; one open to anyone is not, for anyone could repeat it."""
        key = request.headers.get("idempotency-key")
        if self.route.kind is not RouteKind.COMMAND or key is None or caller is None or token is None:
            return None
        access.verify_idempotency_key(key)
        digest = digest_of_asked(asked, key=key)
        return access.KeptCommand(caller_id=caller.id, key=key, token=token, request_digest=digest)

    async def _run(self, call: Call, *, asked: Asked, body: Any, query: Any) -> Done:
        if self.route.second_person:
            return self._done(await self._ask(call, asked=asked), request_id=call.request_id)
        try:
            return self._done(await self.route.handle(call, body, query), request_id=call.request_id)
        except Refused as refused:
            if refused.reason not in self.route.reasons:
                log.warning("a reason is not declared", route=self.route.name, reason=refused.reason.name)
            raise

    async def _ask(self, call: Call, *, asked: Asked) -> Answer:
        verify_ids(self.route.path, call.path)
        approval = await access.ask_approval(
            call.conn,
            asker=call.by(),
            what=self.route.name,
            path=dict(call.path),
            query=asked.query,
            body=asked.body,
            purpose=call.purpose,
            request_id=call.request_id,
            now=call.now,
            ids=call.ids,
        )
        pending = PendingAnswer(
            approval_id=show_id("approval", approval.approval_id), expires_at=approval.expires_at.isoformat()
        )
        return Answer(202, pending)

    def _done(self, result: Any, *, request_id: str) -> Done:
        if isinstance(result, Refusal):
            problem = problems.problem_of(result.refused, request_id=request_id)
            return Done(result, problem.status, msgspec.json.encode(problem))
        status, value = (result.status, result.value) if isinstance(result, Answer) else (self.route.status, result)
        return Done(result, status, b"" if status == 204 else msgspec.json.encode(value))

    async def _record(
        self, call: Call, *, asked: Asked, token: str | None, done: Done, approval_id: UUID | None = None
    ) -> UUID | None:
        if self.route.kind is not RouteKind.COMMAND and not self.route.looks:
            return None
        return await write_call_record(
            call,
            route=self.route,
            asked=asked,
            token=token,
            result=done.result,
            answer=done.content,
            bucket_count=self._house.settings.bucket_count,
            approval_id=approval_id,
        )


def read_purpose(header: str | None) -> str | None:
    """What the header Purpose says: ASCII, percent-decoded where that gives readable text; None for anything else."""
    if header is None or not 2 <= len(header) <= access.PURPOSE_LENGTH_MAX or not header.isascii():
        return None
    decoded = unquote(header, errors="replace").strip()
    readable = len(decoded) >= 2 and decoded.isprintable() and "\ufffd" not in decoded
    return decoded if readable else header


def read_bearer(header: str) -> str | None:
    """The token in a header Authorization; None when there is none or it is of another scheme."""
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def _response(status: int, content: bytes, headers: dict[str, str] | None = None) -> Response:
    media_type = problems.MEDIA_TYPE if status >= 400 else "application/json"
    return Response(content, status, headers, media_type if content else None)
