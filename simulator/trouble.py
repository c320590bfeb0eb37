"""How a simulated organisation fails, when a test or a story asks it to."""

import asyncio
from collections import deque
from enum import StrEnum

SLOW_SECONDS = 10.0
"""Longer than the platform waits for an answer."""


class Trouble(StrEnum):
    """What happens at the next question."""

    REFUSE = "refuse"
    """Nothing is done, and it is said so."""
    SLOW = "slow"
    """It is done, and the answer comes too late."""
    SILENT_AFTER_EFFECT = "silent_after_effect"
    """It is done, and the answer is lost."""


class NoAnswer(Exception):  # noqa: N818  silence is what was asked for, not a fault of the program
    """The organisation does not answer."""


class Troubles:
    """The troubles to come, first asked first."""

    def __init__(self) -> None:
        """Begin without any."""
        self._waiting: deque[Trouble] = deque()

    def add(self, trouble: Trouble, *, times: int = 1) -> None:
        """Fail in this way at the next questions."""
        self._waiting.extend([trouble] * times)

    def end(self) -> None:
        """Fail no more."""
        self._waiting.clear()

    def take(self) -> Trouble | None:
        """The trouble of the question that came just now; raises NoAnswer for one that is to be refused."""
        trouble = self._waiting.popleft() if self._waiting else None
        if trouble is Trouble.REFUSE:
            raise NoAnswer
        return trouble

    async def live_through(self, trouble: Trouble | None) -> None:
        """What becomes of the answer once the thing is done."""
        if trouble is Trouble.SLOW:
            await asyncio.sleep(SLOW_SECONDS)
        if trouble is Trouble.SILENT_AFTER_EFFECT:
            raise NoAnswer
