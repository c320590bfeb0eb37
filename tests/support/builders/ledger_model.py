"""A reference ledger in the fewest words, and acts for it and for the real one."""

from datetime import datetime, timedelta

import msgspec
from hypothesis import strategies as st

from yikatong.ledger.model import Reason

ACCOUNTS_COUNT = 3
HOLDS_PER_ACCOUNT = 2
HOLD_LASTS = timedelta(minutes=2)


class Act(msgspec.Struct, frozen=True):
    """What one tap asks: pay, refund, hold, post or void, on an account and perhaps one of its holds."""

    what: str
    account: int
    hold: int
    fen: int


class Round(msgspec.Struct, frozen=True):
    """Time goes on, freezes change, then two workers decide a batch each at the same moment."""

    minutes: int
    frozen: frozenset[int]
    batches: tuple[tuple[Act, ...], tuple[Act, ...]]


_acts = st.builds(
    Act,
    what=st.sampled_from(["pay", "refund", "hold", "post", "void"]),
    account=st.integers(0, ACCOUNTS_COUNT - 1),
    hold=st.integers(0, HOLDS_PER_ACCOUNT - 1),
    fen=st.integers(1, 70),
)
_batches = st.lists(_acts, min_size=1, max_size=4).map(tuple)
rounds = st.lists(
    st.builds(
        Round,
        minutes=st.integers(0, 2),
        frozen=st.frozensets(st.integers(0, ACCOUNTS_COUNT - 1), max_size=1),
        batches=st.tuples(_batches, _batches),
    ),
    min_size=1,
    max_size=4,
)


class Held(msgspec.Struct, frozen=True):
    """A hold of the reference."""

    fen: int
    ends_at: datetime
    status: str


class ReferenceLedger:
    """What the ledger should do. Accounts and holds are numbers."""

    def __init__(self, opening_fen: int) -> None:
        self.posted = [opening_fen] * ACCOUNTS_COUNT
        self.shop_fen = 0
        self.holds: dict[tuple[int, int], Held] = {}

    def copy(self) -> "ReferenceLedger":
        """Another one in the same state."""
        other = ReferenceLedger(0)
        other.posted, other.shop_fen, other.holds = list(self.posted), self.shop_fen, dict(self.holds)
        return other

    def free(self, account: int, now: datetime) -> int:
        """What could be taken from an account."""
        return self.posted[account] - sum(
            held.fen
            for (of, _), held in self.holds.items()
            if of == account and held.status == "pending" and held.ends_at > now
        )

    def run(self, acts: tuple[Act, ...], *, frozen: frozenset[int], now: datetime) -> list[Reason | None]:
        """Do one batch."""
        return [self._do(act, frozen=frozen, now=now) for act in acts]

    def _do(self, act: Act, *, frozen: frozenset[int], now: datetime) -> Reason | None:
        if act.what != "void" and act.account in frozen:
            return Reason.ACCOUNT_IS_FROZEN
        if act.what in ("post", "void"):
            return self._end_hold(act, now)
        if act.what == "hold" and (act.account, act.hold) in self.holds:
            return Reason.HOLD_ID_IS_USED
        if act.what != "refund" and self.free(act.account, now) < act.fen:
            return Reason.BALANCE_IS_TOO_LOW
        if act.what == "hold":
            self.holds[act.account, act.hold] = Held(act.fen, now + HOLD_LASTS, "pending")
        else:
            self._pay(act.account, -act.fen if act.what == "refund" else act.fen)
        return None

    def _end_hold(self, act: Act, now: datetime) -> Reason | None:
        held = self.holds.get((act.account, act.hold))
        if held is None:
            return Reason.HOLD_IS_UNKNOWN
        if held.status == "pending" and held.ends_at <= now:
            return Reason.HOLD_HAS_EXPIRED
        if held.status != "pending":
            return Reason.HOLD_HAS_ENDED
        if act.what == "post" and act.fen > held.fen:
            return Reason.HOLD_IS_SMALLER_THAN_THE_TRANSFER
        self.holds[act.account, act.hold] = msgspec.structs.replace(held, status="ended")
        if act.what == "post":
            self._pay(act.account, act.fen)
        return None

    def _pay(self, account: int, fen: int) -> None:
        self.posted[account] -= fen
        self.shop_fen += fen
