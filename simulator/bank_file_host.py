"""The host of a bank that lives by files, over HTTP, as `yikatong.app.outside.bank_host` calls it, and its knobs."""

import re
from pathlib import Path

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from simulator.answering import Endpoint, guarded, json, read, trouble_route
from simulator.bank_files import FileBank
from simulator.trouble import Troubles
from yikatong.app.outside.bank_host import DigestShape, NamesShape
from yikatong.plumbing.clock import Clock
from yikatong.trust import service as trust

_BANK, _NAME = re.compile(r"[0-9]{3}"), re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


class AnswerShape(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a bank answers what it took: in how many pieces, and which accounts take nothing, by their handles."""

    pieces: int = 1
    refusals: dict[str, str] = {}


class FileHost:
    """A host with a folder for each bank, and the banks that live by it."""

    def __init__(self, root: Path, *, clock: Clock) -> None:
        """Use a folder; each bank's is made when it is first asked for."""
        self._root = root
        self._clock = clock
        self._banks: dict[str, FileBank] = {}
        self.troubles = Troubles()

    def bank(self, code: str) -> FileBank:
        """The bank of a code."""
        if code not in self._banks:
            self._banks[code] = FileBank(self._folder(code), clock=self._clock)
        return self._banks[code]

    def put(self, code: str, name: str, content: bytes) -> bool:
        """Keep a file under its name; False when another lies there, or lay there before the bank took it."""
        folder = self._folder(code)
        noted = folder / "received" / name
        digest = trust.digest_sm3(content).hex()
        if noted.exists():
            return noted.read_text() == digest
        fresh = folder / "received" / f".{name}"
        fresh.write_bytes(content)
        fresh.replace(folder / "to-bank" / name)
        noted.write_text(digest)
        return True

    def find_digest(self, code: str, name: str) -> str | None:
        """The digest of a file that was put, or None."""
        noted = self._folder(code) / "received" / name
        return noted.read_text() if noted.exists() else None

    def list_returns(self, code: str) -> list[str]:
        """What the bank left, the oldest first."""
        found = [each for each in (self._folder(code) / "from-bank").iterdir() if _NAME.fullmatch(each.name)]
        return [each.name for each in sorted(found, key=lambda each: (each.stat().st_mtime_ns, each.name))]

    def find_return(self, code: str, name: str) -> Path | None:
        """A file that the bank left, or None."""
        path = self._folder(code) / "from-bank" / name
        return path if path.exists() else None

    def _folder(self, code: str) -> Path:
        folder = self._root / code
        for each in ("to-bank", "from-bank", "received"):
            (folder / each).mkdir(parents=True, exist_ok=True)
        return folder


def file_host_app(host: FileHost) -> Starlette:
    """Serve a host; an answer that is lost is a silence, after what was asked was done."""

    async def put(request: Request) -> Response:
        content = await request.body()
        if trust.digest_sm3(content).hex() != request.headers.get("x-sm3"):
            return Response(status_code=400)
        kept = host.put(_bank(request), _name(request), content)
        return Response(status_code=201 if kept else 409)

    async def digest(request: Request) -> Response:
        found = host.find_digest(_bank(request), _name(request))
        return Response(status_code=404) if found is None else json(DigestShape(found))

    async def returns(request: Request) -> Response:
        return json(NamesShape(host.list_returns(_bank(request))))

    async def fetch(request: Request) -> Response:
        path = host.find_return(_bank(request), _name(request))
        return Response(status_code=404) if path is None else FileResponse(path)

    async def forget(request: Request) -> Response:
        path = host.find_return(_bank(request), _name(request))
        if path is not None:
            path.unlink()
        return Response(status_code=204 if path is not None else 404)

    async def answer(request: Request) -> Response:
        shape, bank = await read(request, AnswerShape), host.bank(_bank(request))
        bank.refusals = dict(shape.refusals)
        bank.take_in()
        return json(NamesShape(bank.answer(pieces=shape.pieces)))

    def troubled(endpoint: Endpoint) -> Endpoint:
        async def troubled_answer(request: Request) -> Response:
            trouble = host.troubles.take()
            answered = await endpoint(request)
            await host.troubles.live_through(trouble)
            return answered

        return guarded(troubled_answer)

    return Starlette(
        routes=[
            Route("/files/{bank}/{name}", troubled(put), methods=["PUT"]),
            Route("/files/{bank}/{name}/digest", troubled(digest), methods=["GET"]),
            Route("/returns/{bank}", troubled(returns), methods=["GET"]),
            Route("/returns/{bank}/{name}", troubled(fetch), methods=["GET"]),
            Route("/returns/{bank}/{name}", troubled(forget), methods=["DELETE"]),
            Route("/simulator/answers/{bank}", guarded(answer), methods=["POST"]),
            trouble_route(host.troubles),
        ]
    )


def _bank(request: Request) -> str:
    return _fitting(request.path_params["bank"], _BANK)


def _name(request: Request) -> str:
    return _fitting(request.path_params["name"], _NAME)


def _fitting(text: str, form: re.Pattern[str]) -> str:
    if form.fullmatch(text) is None:
        raise ValueError("no such name")
    return text
