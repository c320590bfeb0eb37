"""The witness over HTTP: its last head, and signing another."""

import asyncio
from typing import Annotated

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from yikatong.kernel.outcomes import Refused
from yikatong.sealing.model import HEAD_BYTES_MAX
from yikatong.witness.folder import WitnessFolder

BODY_BYTES_MAX = 16_384
PATH_MAX = 128
"""A proof between two lengths below 2**62 has no more hashes."""


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A head, and the proof that its log begins with that of length `old`."""

    head: Annotated[bytes, msgspec.Meta(max_length=HEAD_BYTES_MAX)]
    old: int
    path: Annotated[tuple[bytes, ...], msgspec.Meta(max_length=PATH_MAX)]


class Answered(msgspec.Struct, frozen=True):
    """A witness's word; null when it has signed nothing yet."""

    witnessed: bytes | None


def witness_app(folder: WitnessFolder) -> Starlette:
    """Serve a witness."""
    turn = asyncio.Lock()

    async def find_last(request: Request) -> Response:
        return _json(Answered(folder.last.signed if folder.last else None))

    async def sign(request: Request) -> Response:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY_BYTES_MAX:
                return Response(status_code=413)
        try:
            asked = msgspec.json.decode(bytes(body), type=Asked)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return Response(status_code=422)
        async with turn:
            try:
                witnessed = await asyncio.to_thread(folder.sign, asked.head, path=asked.path)
            except Refused as refused:
                return Response(refused.reason.text.en, status_code=409, media_type="text/plain")
        return _json(Answered(witnessed.signed))

    return Starlette(routes=[Route("/last", find_last, methods=["GET"]), Route("/heads", sign, methods=["POST"])])


def _json(said: Answered) -> Response:
    return Response(msgspec.json.encode(said), media_type="application/json")
