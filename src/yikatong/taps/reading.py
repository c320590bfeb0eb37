"""Reading codes that arrive together in one go: cheaper for each than one by one, and no later for any."""

import asyncio
from collections.abc import Callable

from yikatong.codes import service as codes
from yikatong.codes.model import ReadCode
from yikatong.kernel.outcomes import Refused


class CodeReader:
    """Collects the codes of one turn of the event loop and reads them together at its next."""

    def __init__(self, regions: Callable[[], codes.RegionView]) -> None:
        """`regions` gives the regions known at the moment of reading."""
        self._regions = regions
        self._waiting: list[tuple[str, asyncio.Future[ReadCode]]] = []

    async def read(self, text: str) -> ReadCode:
        """Read a code of any age; refuses as `codes.read_code_of_any_age`."""
        loop = asyncio.get_running_loop()
        read: asyncio.Future[ReadCode] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._read_together)
        self._waiting.append((text, read))
        return await read

    def _read_together(self) -> None:
        waiting, self._waiting = self._waiting, []
        said = codes.read_codes_of_any_age([text for text, _ in waiting], regions=self._regions())
        for (_, read), one in zip(waiting, said, strict=True):
            if read.done():
                continue
            if isinstance(one, Refused):
                read.set_exception(one)
            else:
                read.set_result(one)
