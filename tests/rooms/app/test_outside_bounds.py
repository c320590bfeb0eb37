"""An answer of an organisation outside is no longer than is read, whoever sends it."""

import gzip
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.support.builders.benefits import a_folder
from yikatong.app.outside.bank_host import HostBankFiles
from yikatong.app.outside.bounded import bound_answers

pytestmark = pytest.mark.anyio
BANK = "102"


class Endless(httpx.AsyncByteStream):
    """Bytes without an end, counted."""

    def __init__(self) -> None:
        self.told = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            self.told += 100
            yield b"x" * 100


def a_client(answer: httpx.Response, *, asked: list[httpx.Request] | None = None) -> httpx.AsyncClient:
    def handle(request: httpx.Request) -> httpx.Response:
        if asked is not None:
            asked.append(request)
        return answer

    client = httpx.AsyncClient(transport=httpx.MockTransport(handle), base_url="http://outside.invalid")
    return bound_answers(client, bytes_max=1_000)


async def test_an_answer_without_an_end_is_ended() -> None:
    endless = Endless()
    async with a_client(httpx.Response(200, stream=endless)) as client:
        with pytest.raises(httpx.ReadError):
            await client.get("/")

    assert 1_100 == endless.told


async def test_a_packed_answer_is_not_unpacked() -> None:
    packed = httpx.Response(200, headers={"content-encoding": "gzip"}, content=gzip.compress(bytes(100_000)))
    asked: list[httpx.Request] = []
    async with a_client(packed, asked=asked) as client:
        with pytest.raises(httpx.ReadError):
            await client.get("/")

    assert ["identity"] == [one.headers["accept-encoding"] for one in asked]


async def test_an_answer_that_is_short_enough_is_read_whole() -> None:
    async with a_client(httpx.Response(200, content=b"x" * 1_000)) as client:
        answer = await client.get("/")

    assert b"x" * 1_000 == answer.content


async def test_of_a_banks_file_without_an_end_no_more_is_kept_than_shows_that_it_is_too_large() -> None:
    endless = Endless()

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path == f"/returns/{BANK}":
            return httpx.Response(200, json={"names": ["a.xml"]})
        return httpx.Response(200, stream=endless)

    bank = httpx.AsyncClient(transport=httpx.MockTransport(handle), base_url="http://bank.invalid")
    with a_folder() as root:
        (root / BANK).mkdir()
        async with bound_answers(bank, bytes_max=1_000) as client:
            files = HostBankFiles(root, client, return_bytes_max=5_000)
            assert ["a.xml"] == await files.list_returns(bank_code=BANK)

        assert 5_001 == (root / BANK / "from-bank" / "a.xml").stat().st_size
