"""A till at a small platform: builders for the tests of the client."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.client.platform import NOON, Platform, Play
from tests.support.world import FixedClock
from yikatong.client.connection import Connection, Patience
from yikatong.client.journal import Journal
from yikatong.client.receipts import Attested
from yikatong.client.terminal import Terminal, TerminalIdentity
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm, SigningKey

TILL = TerminalIdentity(
    terminal="trm_" + "a" * 32, region="920001", provider="prv_" + "b" * 32, provider_name="亭亭社区食堂"
)
TOKEN = "yk_secret-token-of-the-till"
JOURNAL_KEY = b"j" * 32
TILL_KEY: SigningKey = trust.new_signing_key(Algorithm.ES256)
CODE = "YK1:A-CODE-THAT-IS-SHOWN"
IMPATIENT = Patience(answer_seconds=0.3, tries=1)
"""For tests in which no answer comes."""


ATTESTED = Attested(
    operator_token="yk_secret-session-of-an-operator",
    document="resident_id_card",
    document_number="99010119550307003X",
    why="phone and card left at home",
    attested_at=NOON,
)
LEAVES_IT_UNKNOWN = [Play.FAULT_BEFORE, Play.FAULT_AFTER, Play.BUSY, Play.CUT_BEFORE, Play.CUT_AFTER, Play.CUT_HALFWAY,
                     Play.PAGE]  # fmt: skip


class Pauses:
    """Remembers how long it should have slept."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> None:
        """Sleep not."""
        self.seconds.append(seconds)


def a_connection(platform: Platform, *, patience: Patience | None = None, **parts: Any) -> Connection:
    """A connection that does not sleep."""
    return Connection(
        platform.address, token=TOKEN, patience=patience or Patience(answer_seconds=30), **{"sleep": Pauses(), **parts}
    )


@contextmanager
def a_till(
    platform: Platform,
    folder: Path,
    *,
    clock: FixedClock | None = None,
    patience: Patience | None = None,
    **parts: Any,
) -> Iterator[Terminal]:
    """A till with its journal in a folder; at the end it is closed, as a process that ends."""
    journal = Journal.open(folder / "till.journal", owner=TILL.terminal, key=JOURNAL_KEY)
    connection = a_connection(platform, patience=patience, **parts)
    with Terminal(connection, journal, identity=TILL, signing_key=TILL_KEY, clock=clock or FixedClock()) as till:
        yield till


def a_while_later(clock: FixedClock, **span: float) -> FixedClock:
    """The same clock, moved on."""
    clock.advance(timedelta(**span))
    return clock
