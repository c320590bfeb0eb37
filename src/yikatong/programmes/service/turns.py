"""Turns: how many cases a second a process decides for anyone who asks, so that a calculator delays nobody's tap."""

from datetime import datetime

from yikatong.kernel.outcomes import Refused
from yikatong.programmes.model import Reason


class Turns:
    """Gives so many turns a second, and keeps some that nobody took, up to `MOST`."""

    PER_SECOND = 50
    MOST = 200

    def __init__(self, *, per_second: int = PER_SECOND, most: int = MOST) -> None:
        """All turns are there."""
        self._per_second = per_second
        self._most = most
        self._left = float(most)
        self._at: datetime | None = None

    def take(self, turns: int, *, now: datetime) -> None:
        """Take some turns. Refuses CALCULATOR_IS_BUSY when they are not there; then none is taken."""
        seconds = 0.0 if self._at is None else max((now - self._at).total_seconds(), 0.0)
        self._left = min(self._left + seconds * self._per_second, float(self._most))
        self._at = now
        if self._left < turns:
            raise Refused(Reason.CALCULATOR_IS_BUSY)
        self._left -= turns
