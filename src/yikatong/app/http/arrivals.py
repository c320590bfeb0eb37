"""Arrivals: connections that owe something, the rest of a request or a first one, and since when they do.

A request that comes in one piece is never among them, so what is asked often costs nothing here. One look a second
finds those that owe for too long. Beside them stand those whose answers are not taken: who asks has to read as well.
"""

from itertools import takewhile
from typing import Protocol

from uvicorn.server import ServerState


class Debtor(Protocol):
    """A connection that may owe the rest of a request."""

    def end_late(self) -> None:
        """End, for what is owed did not come in time."""
        ...

    def make_room(self) -> None:
        """End at once, for somebody else."""
        ...

    def end_untaken(self) -> None:
        """End, unless enough of what was written was taken since the last look."""
        ...


CONNECTIONS_MAX = 8_192
"""How many a process holds at once, where the system lets it open as many files."""


class Arrivals(ServerState):
    """What all connections of a server share, and which of them owe something, the longest first."""

    def __init__(self, *, connections_max: int = CONNECTIONS_MAX) -> None:
        """Nobody is connected yet."""
        super().__init__()
        self._connections_max = connections_max
        self._owed_since: dict[Debtor, float] = {}
        self._untaken_since: dict[Debtor, float] = {}

    def receive(self, debtor: Debtor, *, now: float) -> None:
        """Somebody connects, and owes a request; when there are too many, whoever has owed longest makes room.

        That may be the newcomer, where all others have sent theirs.
        """
        self.owe(debtor, now=now)
        if len(self.connections) > self._connections_max:
            next(iter(self._owed_since)).make_room()

    def owe(self, debtor: Debtor, *, now: float) -> None:
        """From now on it owes; what it owed before is forgotten. `now` is the loop's time, which never goes back."""
        self._owed_since.pop(debtor, None)
        self._owed_since[debtor] = now

    def settle(self, debtor: Debtor) -> None:
        """It owes nothing any more."""
        self._owed_since.pop(debtor, None)

    def leave(self, debtor: Debtor, *, now: float) -> None:
        """From now on it leaves what was written to it lying."""
        self._untaken_since.pop(debtor, None)
        self._untaken_since[debtor] = now

    def take(self, debtor: Debtor) -> None:
        """It has taken what was written to it, or is gone."""
        self._untaken_since.pop(debtor, None)

    def end_late(self, *, owed_since: float) -> None:
        """End those that have owed since then or longer, and those that took too little since then."""
        for debtor in _until(self._owed_since, owed_since):
            debtor.end_late()
        for debtor in _until(self._untaken_since, owed_since):
            debtor.end_untaken()


def _until(since: dict[Debtor, float], instant: float) -> list[Debtor]:
    return [debtor for debtor, _ in takewhile(lambda entry: entry[1] <= instant, since.items())]
