"""A witness over HTTP, and the platform's way to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.witness.test_folder import ALog
from yikatong.app.outside.witness import HttpWitness
from yikatong.kernel.outcomes import Refused
from yikatong.sealing.outside import WitnessIsSilent
from yikatong.trust import service as trust
from yikatong.witness.folder import WitnessFolder, open_witness
from yikatong.witness.http import BODY_BYTES_MAX, witness_app

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def reached(folder: WitnessFolder) -> AsyncIterator[tuple[HttpWitness, httpx.AsyncClient]]:
    """A witness that is asked over HTTP."""
    transport = httpx.ASGITransport(app=witness_app(folder))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield HttpWitness(client, key=trust.verifying_key(folder.public_key)), client


def answering(status: int, content: bytes) -> HttpWitness:
    """A witness that answers otherwise than a witness does."""

    async def answer(_: Request) -> Response:
        return Response(content, status_code=status)

    app = Starlette(routes=[Route("/last", answer), Route("/heads", answer, methods=["POST"])])
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1")
    return HttpWitness(client, key=trust.verifying_key(ALog().signer.key.public_key))


async def test_a_head_is_signed_and_known_over_http(tmp_path: Path) -> None:
    log = ALog(leaves="ab")
    folder = open_witness(tmp_path)
    folder.believe(log.signer.key.public_key)
    async with reached(folder) as (witness, _):
        assert await witness.find_last() is None
        signed = await witness.co_sign(log.head(), old=0, path=[])
        log.append("c")
        await witness.co_sign(log.head(), old=2, path=log.path(2))

        assert (2, log.head().root) == (signed.size, (last := await witness.find_last()) and last.root)


async def test_a_log_that_did_not_only_grow_is_refused_over_http(tmp_path: Path) -> None:
    log, other = ALog(leaves="ab"), ALog(leaves="axc")
    other.signer = log.signer
    folder = open_witness(tmp_path)
    folder.believe(log.signer.key.public_key)
    async with reached(folder) as (witness, _):
        await witness.co_sign(log.head(), old=0, path=[])
        with pytest.raises(Refused):
            await witness.co_sign(other.head(), old=2, path=other.path(2))


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"\xff", 422),
        (b"[" * 10_000, 422),
        (b'{"head":"AAAA","old":0,"path":[],"more":1}', 422),
        (b'{"head":"AAAA","old":0,"path":["!"]}', 422),
        (b'{"head":"AAAA","old":0,"path":[]}', 409),
        (b"x" * (BODY_BYTES_MAX + 1), 413),
    ],
)
async def test_what_is_no_head_is_refused_and_nothing_is_signed(tmp_path: Path, body: bytes, status: int) -> None:
    folder = open_witness(tmp_path)
    async with reached(folder) as (_, client):
        assert status == (await client.post("/heads", content=body)).status_code
    assert folder.last is None


@pytest.mark.parametrize(("status", "content"), [(500, b""), (200, b"no"), (200, b'{"witnessed":1}'), (404, b"{}")])
async def test_a_witness_that_does_not_answer_as_one_is_silent(status: int, content: bytes) -> None:
    witness = answering(status, content)

    with pytest.raises(WitnessIsSilent):
        await witness.find_last()
    with pytest.raises(WitnessIsSilent):
        await witness.co_sign(ALog(leaves="a").head(), old=0, path=[])


async def test_a_word_by_another_key_is_not_the_witness_s(tmp_path: Path) -> None:
    log = ALog(leaves="ab")
    folder = open_witness(tmp_path)
    folder.believe(log.signer.key.public_key)
    async with reached(folder) as (_, client):
        stranger = HttpWitness(client, key=trust.verifying_key(ALog().signer.key.public_key))
        with pytest.raises(Refused):
            await stranger.co_sign(log.head(), old=0, path=[])
