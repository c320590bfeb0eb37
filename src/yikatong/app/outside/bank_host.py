"""Bank files on a host over HTTP, with a folder of ours for drafts, for notes of what was sent, and for what came.

    PUT    /files/{bank}/{name}          the file, its digest as `X-SM3`; the same again is the same, 409 for another
    GET    /files/{bank}/{name}/digest   {"sm3": …} of what was put there, also after the bank took it; 404 for nothing
    GET    /returns/{bank}               {"names": […]} of whole files that the bank left, the oldest first
    GET    /returns/{bank}/{name}        one of them
    DELETE /returns/{bank}/{name}        it was dealt with

Whatever is not a clear answer within the time is `BankFilesAreAway`. A file is noted as sent only after the host has
it; whoever dies in between asks the host. One that was fetched and not put away is found in the folder again.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Annotated, TypeVar

import httpx
import msgspec

from yikatong.app.outside.bank_folder import (
    FILE_NAME,
    FolderBankFiles,
    away_for,
    digest_of,
    in_thread,
    put_on_the_disk,
)
from yikatong.app.outside.bounded import UNBOUNDED
from yikatong.app.outside.reading import read_answer
from yikatong.payouts.jobs import FileTerms
from yikatong.payouts.outside import BankFilesAreAway

Shape = TypeVar("Shape")
Value = TypeVar("Value")

PATIENCE_SECONDS = 120.0
"""A file of twenty thousand payments is some ten megabytes."""

RETURN_BYTES_MAX = FileTerms().return_bytes_max
_PIECE = 1 << 18


class DigestShape(msgspec.Struct, frozen=True):
    """The SM3 digest of a file, on the wire."""

    sm3: Annotated[str, msgspec.Meta(pattern="^[0-9a-fA-F]{64}$")]


class NamesShape(msgspec.Struct, frozen=True):
    """Names of files, on the wire."""

    names: list[str]


class HostBankFiles:
    """A host of bank files. `client` has its address and our credentials to it; `root` is a folder that is there."""

    def __init__(
        self,
        root: Path,
        client: httpx.AsyncClient,
        *,
        patience_seconds: float = PATIENCE_SECONDS,
        return_bytes_max: int = RETURN_BYTES_MAX,
    ) -> None:
        self._root = root
        self._return_bytes_max = return_bytes_max
        self._folder = FolderBankFiles(root)
        self._client = client
        self._patience_seconds = patience_seconds

    def bank_codes(self) -> Sequence[str]:
        """The banks that have a folder here. Raises BankFilesAreAway."""
        return self._folder.bank_codes()

    async def put_draft(self, *, bank_code: str, name: str, pieces: Iterator[bytes]) -> None:
        """Keep a draft here."""
        await self._folder.put_draft(bank_code=bank_code, name=name, pieces=pieces)

    async def publish(self, *, bank_code: str, name: str) -> None:
        """Put the draft on the host, then note that it is there; another file of the name stays as it is."""
        draft = self._root / bank_code / "drafts" / name
        if not await in_thread(draft.exists):
            return
        digest = await in_thread(digest_of, draft)
        async with self._asking() as client:
            answer = await client.put(
                f"/files/{bank_code}/{name}",
                content=_pieces_of(draft),
                headers={"x-sm3": digest.hex(), "content-type": "application/octet-stream"},
                timeout=self._patience_seconds,
            )
        if answer.status_code == httpx.codes.CONFLICT:
            return
        _verify(answer)
        await self._folder.publish(bank_code=bank_code, name=name)
        await self._forget(bank_code, name)

    async def find_published(self, *, bank_code: str, name: str) -> bytes | None:
        """The digest as it was noted here, else as the host says; None when the host has no such file."""
        noted = await self._folder.find_published(bank_code=bank_code, name=name)
        if noted is not None:
            await self._forget(bank_code, name)
            return noted
        async with self._asking() as client:
            answer = await client.get(f"/files/{bank_code}/{name}/digest")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        digest = _read(_verify(answer).content, DigestShape, of=lambda shape: bytes.fromhex(shape.sm3))
        draft = self._root / bank_code / "drafts" / name
        if await in_thread(draft.exists) and await in_thread(digest_of, draft) == digest:
            await self._forget(bank_code, name)
        return digest

    async def list_returns(self, *, bank_code: str) -> Sequence[str]:
        """Fetch what the bank left, and name what is here, what was here before first."""
        here = list(await self._folder.list_returns(bank_code=bank_code))
        async with self._asking() as client:
            answer = await client.get(f"/returns/{bank_code}")
        names = _read(_verify(answer).content, NamesShape, of=lambda shape: shape.names)
        for name in names:
            if name not in here and FILE_NAME.fullmatch(name):
                await self._fetch(bank_code, name)
                here.append(name)
        return here

    def open_return(self, *, bank_code: str, name: str) -> IO[bytes]:
        """Open a file that was fetched. Raises BankFilesAreAway."""
        return self._folder.open_return(bank_code=bank_code, name=name)

    async def put_away(self, *, bank_code: str, name: str, is_refused: bool) -> None:
        """Tell the host that a file was dealt with, then put ours out of the way."""
        async with self._asking() as client:
            answer = await client.delete(f"/returns/{bank_code}/{name}")
        if answer.status_code != httpx.codes.NOT_FOUND:
            _verify(answer)
        await self._folder.put_away(bank_code=bank_code, name=name, is_refused=is_refused)

    async def _fetch(self, bank_code: str, name: str) -> None:
        """Fetch a file under a hidden name, and show it whole, once it is on the disk; of one too large no more than
        shows that it is."""
        target = self._root / bank_code / "from-bank" / name
        fresh = target.with_name(f".{name}")
        try:
            with await in_thread(fresh.open, "wb") as file:
                await self._receive(file, f"/returns/{bank_code}/{name}")
                await in_thread(put_on_the_disk, file)
        except OSError as error:
            # Closing tries once more what a full disk did not take.
            raise away_for(error) from None
        await in_thread(fresh.replace, target)

    async def _receive(self, file: IO[bytes], address: str) -> None:
        async with self._asking() as client, client.stream("GET", address, extensions=UNBOUNDED) as answer:
            _verify(answer)
            left = self._return_bytes_max + 1
            async for piece in answer.aiter_bytes(_PIECE):
                await in_thread(file.write, piece[:left])
                left -= len(piece)
                if left <= 0:
                    break

    async def _forget(self, bank_code: str, name: str) -> None:
        """Remove our copies of a file that the host has: it holds names and accounts."""
        for folder in ("drafts", "to-bank"):
            await in_thread((self._root / bank_code / folder / name).unlink, missing_ok=True)

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[httpx.AsyncClient]:
        try:
            async with asyncio.timeout(self._patience_seconds):
                yield self._client
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise BankFilesAreAway(type(error).__name__) from None


def _verify(answer: httpx.Response) -> httpx.Response:
    if not answer.is_success:
        raise BankFilesAreAway(f"status {answer.status_code}")
    return answer


def _read(content: bytes, shape: type[Shape], *, of: Callable[[Shape], Value]) -> Value:
    try:
        return of(read_answer(content, shape))
    except ValueError as error:
        raise BankFilesAreAway(str(error)) from None


async def _pieces_of(path: Path) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(path.open, "rb") as file:
        while piece := await asyncio.to_thread(file.read, _PIECE):
            yield piece
