"""Callers that journal before they send: the same bytes again and again, until there is an answer that ends it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import ClassVar

import httpx

from tests.crash.serving import kill

_PAUSE_SECONDS = 0.05
_TRIES_MAX = 2_400
_FINAL = frozenset(range(200, 500)) - {408, 429}
AT_THE_COUNTER = frozenset({"COUNTER_IS_BUSY", "DATABASE_IS_BUSY", "DATABASE_HAS_NO_ROOM"})
"""The reasons for which a tap may be told to come again; a counter that meets another runs its batch again itself."""
OF_COMMANDS = AT_THE_COUNTER | {"SERVER_IS_BUSY", "TIME_RAN_OUT", "ANOTHER_COMMAND_CAME_FIRST"}
"""Those of every command: one that is sent again may meet itself, as it was left behind in the database, which is the
last of them, of a status that otherwise ends it."""


class Insisting:
    """Callers side by side. `answered` is how many of their steps were, `sent_again` how often one was sent again,
    `refusals` how often because the server said so, for one of the reasons `come_again`, and for nothing else."""

    come_again: ClassVar[frozenset[str]] = OF_COMMANDS

    def __init__(self) -> None:
        self.answered = 0
        self.sent_again = 0
        self.refusals = 0
        self._waited_for: list[tuple[Callable[[], bool], asyncio.Event]] = []

    async def wait_for(self, more: int) -> None:
        """Wait until so many more steps were answered."""
        wanted = self.answered + more
        await self._wait_until(lambda: self.answered >= wanted)

    async def wait_for_refusals(self, more: int) -> None:
        """Wait until callers were told so many times more to come again."""
        wanted = self.refusals + more
        await self._wait_until(lambda: self.refusals >= wanted)

    async def insist(
        self, client: httpx.AsyncClient, path: str, *, token: str, body: bytes, key: str = ""
    ) -> httpx.Response:
        """Send the same bytes until there is an answer that ends it; fails when none comes for long, or no clear one.

        `key` is the Idempotency-Key of a command whose body has no id of its own.
        """
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        headers |= {"Idempotency-Key": key} if key else {}
        for _ in range(_TRIES_MAX):
            try:
                answer = await client.post(path, content=body, headers=headers)
                reason = answer.json().get("reason", "") if answer.status_code >= 300 else ""
                if answer.status_code in _FINAL and reason not in self.come_again:
                    return answer
                self._told_to_wait(answer)
            except httpx.TransportError:
                pass
            self.sent_again += 1
            await asyncio.sleep(_PAUSE_SECONDS)
        raise AssertionError(f"{path} was never answered: {body[:80]!r}")

    def _told_to_wait(self, answer: httpx.Response) -> None:
        """The server said to come again; fails when it does not say so clearly."""
        assert answer.json()["reason"] in self.come_again, f"{answer.status_code} {answer.text}"
        self.refusals += 1
        self._tell()

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
