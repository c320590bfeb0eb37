"""Callers that journal before they send: the same bytes again and again, until there is an answer that ends it."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx

from tests.crash.serving import kill

_PAUSE_SECONDS = 0.05
_TRIES_MAX = 2_400
_FINAL = frozenset(range(200, 500)) - {202, 408, 429}
_NOT_FINAL = frozenset({"ANOTHER_COMMAND_CAME_FIRST"})
"""Reasons of a status that mostly ends it, but say to come again."""


class Insisting:
    """Callers side by side. `answered` is how many of their steps were, `sent_again` how often one was sent again,
    `refusals` how often because the server said so, and `told_to_wait` the reasons that it gave."""

    def __init__(self) -> None:
        self.answered = 0
        self.sent_again = 0
        self.refusals = 0
        self.told_to_wait: set[str] = set()
        self._waited_for: list[tuple[Callable[[], bool], asyncio.Event]] = []

    async def wait_for(self, more: int) -> None:
        """Wait until so many more steps were answered."""
        wanted = self.answered + more
        await self._wait_until(lambda: self.answered >= wanted)

    async def wait_for_refusals(self, more: int) -> None:
        """Wait until callers were told so many times more to come again."""
        wanted = self.refusals + more
        await self._wait_until(lambda: self.refusals >= wanted)

    async def insist(self, client: httpx.AsyncClient, path: str, *, token: str, body: bytes) -> httpx.Response:
        """Send the same bytes until there is an answer that ends it; fails when none comes for long."""
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        for _ in range(_TRIES_MAX):
            try:
                answer = await client.post(path, content=body, headers=headers)
                reason = answer.json().get("reason", "") if answer.status_code >= 300 else ""
                if answer.status_code in _FINAL and reason not in _NOT_FINAL:
                    return answer
                self.told_to_wait.add(reason)
                self.refusals += 1
                self._tell()
            except httpx.TransportError:
                pass
            self.sent_again += 1
            await asyncio.sleep(_PAUSE_SECONDS)
        raise AssertionError(f"{path} was never answered: {body[:80]!r}")

    def _heard(self) -> None:
        """One more step was answered."""
        self.answered += 1
        self._tell()

    async def _wait_until(self, holds: Callable[[], bool]) -> None:
        came_true = asyncio.Event()
        self._waited_for.append((holds, came_true))
        await came_true.wait()

    def _tell(self) -> None:
        for holds, came_true in self._waited_for:
            if holds():
                came_true.set()


async def killed_at_work(
    callers: Insisting,
    find: Callable[[], list[int]],
    *,
    work: Callable[[Callable[[], bool]], Awaitable[None]],
    before: int,
    after: int,
    then: Callable[[], None] | None = None,
) -> int:
    """Let callers work, kill something once so many steps were answered, and let them work on until `after` more were.

    `work` lets them work until something holds. What is killed is looked up first, so that the kill comes right behind
    an answer: what was told a moment too early is lost then. Gives how often a caller sent a step again.
    """
    enough = asyncio.Event()
    sent_again = callers.sent_again

    async def kill_and_go_on() -> None:
        await callers.wait_for(before)
        doomed = await asyncio.to_thread(find)
        await callers.wait_for(1)
        kill(doomed)
        if then is not None:
            await asyncio.to_thread(then)
        await callers.wait_for(after)
        enough.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(kill_and_go_on())
        await work(enough.is_set)
    return callers.sent_again - sent_again
