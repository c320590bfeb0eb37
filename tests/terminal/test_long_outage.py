"""A till over a long outage: it pays, enters, is switched off, uploads some or twice, fetches, in any order.

After each step it has taken what a plain sum says, whatever answers were lost and whatever the newest sheet counts; and
the platform never hears one tap as two.
"""

import shutil
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from tempfile import mkdtemp

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.support.world import NOON, FixedClock
from tests.terminal.world import ALLOWANCE, TILL, Till, a_phone, a_sheet, an_allowance
from yikatong.codes.model import OfflineAllowance, UploadedLine
from yikatong.kernel.ids import show_id
from yikatong.kernel.outcomes import Refused
from yikatong.terminal.model import Upload, Uploaded
from yikatong.terminal.platform import PlatformIsAway

HOLD_FEN = 2_000
_PHONE = a_phone()


class Books:
    """A platform that posts out of one hold; its line breaks before or after a tap when told so."""

    def __init__(self) -> None:
        self.taken: dict[int, bytes] = {}
        self.posted_fen = 0
        self.answers_left = 0
        self.loses_the_last = False

    def trust_list(self) -> bytes:
        """Not asked here."""
        raise PlatformIsAway

    def status_lists(self, region: str) -> list[tuple[int, bytes]]:
        """Not asked here."""
        raise PlatformIsAway

    def status_deltas(self, region: str, *, since: datetime) -> list[bytes] | None:
        """Not asked here."""
        raise PlatformIsAway

    def sheet(self) -> bytes:
        """Not asked here."""
        raise PlatformIsAway

    def upload(self, body: bytes) -> Uploaded:
        """Take a tap in once; the answer may be lost on its way."""
        said = msgspec.json.decode(body, type=Upload)
        if self.answers_left == 0 and not self.loses_the_last:
            raise PlatformIsAway
        if said.sequence not in self.taken:
            assert len(self.taken) + 1 == said.sequence, "in order, without a gap"
            self.taken[said.sequence] = body
            self.posted_fen += said.amount_fen or 0
        assert body == self.taken[said.sequence], "one number, one content"
        if self.answers_left == 0:
            self.loses_the_last = False
            raise PlatformIsAway
        self.answers_left -= 1
        return Uploaded(sequence=said.sequence, outcome="posted", decided_at=NOON)


class LongOutage(RuleBasedStateMachine):
    """One till, one phone, one allowance."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(mkdtemp())
        self.clock = FixedClock()
        self.till = Till(self.folder / "m", clock=self.clock)
        self.till.hold_all(self.allowance(0))
        self.books = Books()
        self.paid_fen = self.count = 0

    def allowance(self, posted_fen: int) -> OfflineAllowance:
        """The allowance as a sheet shows it."""
        return an_allowance(_PHONE, amount_fen=HOLD_FEN, posted_fen=posted_fen)

    @rule(amount_fen=st.integers(1, 900))
    def pay(self, amount_fen: int) -> None:
        """A meal: taken if, and only if, enough is left."""
        try:
            self.till.pay(_PHONE, amount_fen)
        except Refused as refused:
            assert "ALLOWANCE_IS_USED_UP" == refused.reason.name
            assert self.paid_fen + amount_fen > HOLD_FEN
        else:
            self.paid_fen += amount_fen
            self.count += 1

    @rule()
    def enter(self) -> None:
        """A gate."""
        self.till.enter(_PHONE)
        self.count += 1

    @rule()
    def switch_off(self) -> None:
        """The till comes up again over the same file."""
        self.till.memory.close()
        self.till = Till(self.folder / "m", clock=self.clock)

    @rule(answers=st.integers(0, 4), loses_the_last=st.booleans())
    def upload(self, answers: int, loses_the_last: bool) -> None:
        """The network is there for some taps; the last answer may be lost."""
        self.books.answers_left, self.books.loses_the_last = answers, loses_the_last
        with suppress(PlatformIsAway):
            self.till.kit.upload(self.books)

    @precondition(lambda self: self.count < 40)
    @rule()
    def fetch(self) -> None:
        """A newer sheet, which says what was posted."""
        line = UploadedLine(terminal_id=TILL, memory=self.till.memory.id, sequence=len(self.books.taken))
        sheet = a_sheet(self.allowance(self.books.posted_fen), now=NOON, uploaded=(line,))
        self.till.kit.lists.hold_sheet(sheet, now=NOON)

    @invariant()
    def everything_is_counted_once(self) -> None:
        """What is left, what waits and what was taken in add up."""
        waiting = self.till.kit.admitted()
        assert self.count == len(self.till.kit.answered()) + len(waiting)
        assert {show_id("allowance", ALLOWANCE): HOLD_FEN - self.paid_fen} == self.till.kit.left_fen()
        assert self.books.posted_fen <= self.paid_fen <= HOLD_FEN

    def teardown(self) -> None:
        """The network is back for good: every tap is taken in, once."""
        self.books.answers_left = 10_000
        self.till.kit.upload(self.books)
        assert list(range(1, self.count + 1)) == sorted(self.books.taken)
        assert self.paid_fen == self.books.posted_fen
        self.till.memory.close()
        shutil.rmtree(self.folder)


TestLongOutage = LongOutage.TestCase
TestLongOutage.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
