"""What clients were told: their side of the week, against which the books are checked."""

from datetime import datetime, timedelta
from itertools import count
from typing import NamedTuple
from uuid import UUID

import msgspec

from tests.stateful.deeds import Sent
from tests.support.world import NOON
from yikatong.taps.counter.works import Refunded, Reversed
from yikatong.taps.model import Receipt, TapBody


def seconds_of(at: datetime) -> int:
    """Whole seconds since the week began, which is when a wallet says it signed."""
    return (at - NOON) // timedelta(seconds=1)


class Heard(NamedTuple):
    """A receipt that reached its till."""

    at: datetime
    sent: Sent
    receipt: Receipt


class TakenBack(NamedTuple):
    """An answer to a reversal."""

    at: datetime
    sent: Sent
    answer: Reversed


class GivenBack(NamedTuple):
    """An answer to a refund."""

    at: datetime
    sent: Sent
    key: str
    fen: int
    answer: Refunded


class Acknowledged(NamedTuple):
    """An operator's command that was acknowledged, or that nobody knows the end of."""

    sent_at: datetime
    at: datetime | None
    what: str
    resident: int
    key: str
    fen: int
    came_to: str


class TakenDark(NamedTuple):
    """A tap that was admitted without a network, at the true time."""

    at: datetime
    sent: Sent


class Told:
    """Everything clients sent and heard."""

    def __init__(self) -> None:
        self.sent: dict[tuple[UUID, bytes], Sent] = {}
        self.bodies: dict[Sent, TapBody] = {}
        self.receipts: list[Heard] = []
        self.taken_back: list[TakenBack] = []
        self.given_back: list[GivenBack] = []
        self.commands: list[Acknowledged] = []
        self.dark: dict[bytes, TakenDark] = {}
        self._numbers = count()

    def a_number(self) -> int:
        """A number for a request and its code that nothing else has."""
        return next(self._numbers)

    def note(self, terminal_id: UUID, body: TapBody, sent: Sent) -> None:
        """Remember what a body that is sent by a terminal means."""
        self.sent[terminal_id, msgspec.json.encode(body)] = sent
        self.bodies[sent] = body

    def meant_by(self, terminal_id: UUID, body: TapBody) -> Sent:
        """What a body means that came to a counter."""
        return self.sent[terminal_id, msgspec.json.encode(body)]
