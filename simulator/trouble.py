"""How a simulated organisation fails, when a test or a story asks it to."""

import asyncio
from collections import deque
from enum import StrEnum

SLOW_SECONDS = 10.0
"""Longer than the platform waits for an answer."""


class Trouble(StrEnum):
    """What happens at the next question."""

    LOST_BEFORE = "lost_before"
    """The question never arrives: nothing is done and nothing is answered."""
    LOST_AFTER = "lost_after"
    """It is done, and the answer is lost."""
    SLOW = "slow"
    """It is done, and the answer comes too late."""
    NO_FUNDS = "no_funds"
    """A bank says that the account does not have enough, whatever it has; for anybody else it is no trouble."""


class NoAnswer(Exception):  # noqa: N818  silence is what was asked for, not a fault of the program
    """The organisation does not answer."""


class Troubles:
    """The troubles to come, first asked first."""

    def __init__(self, *, silence: type[Exception] = NoAnswer, slow_seconds: float = SLOW_SECONDS) -> None:
        """Begin without any; `silence` is raised where nothing is answered."""
        self._waiting: deque[Trouble] = deque()
        self._silence = silence
        self._slow_seconds = slow_seconds

    def add(self, trouble: Trouble, *, times: int = 1) -> None:
        """Fail in this way at the next questions."""
        self._waiting.extend([trouble] * times)

    def end(self) -> None:
        """Fail no more."""
        self._waiting.clear()

    def take(self) -> Trouble | None:
        """The trouble of the question that came just now; is silent at once for one that never arrives."""
        trouble = self._waiting.popleft() if self._waiting else None
        if trouble is Trouble.LOST_BEFORE:
            raise self._silence
        return trouble

    async def live_through(self, trouble: Trouble | None) -> None:
        """What becomes of the answer once the thing is done."""
        if trouble is Trouble.SLOW:
            await asyncio.sleep(self._slow_seconds)
        if trouble is Trouble.LOST_AFTER:
            raise self._silence
