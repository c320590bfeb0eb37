"""A bank that takes its time: it debits or not at some moment of a call, and its answer may be late or lost."""

import asyncio
from random import Random
from uuid import UUID

from tests.simulator.week.history import History
from tests.support.builders.counter import ToldBank
from yikatong.taps.model import BankAsk
from yikatong.taps.outside import DebitAnswer, DebitOutcome

_KINDS = ("debits", "debits", "debits", "refuses", "debits late", "refuses late", "debits in silence", "is silent")
_LATE_SECONDS = 150.0


class SlowBank(ToldBank):
    """One for all workers. What it was asked about before a debit came, it never debits afterwards."""

    def __init__(self, random: Random, history: History) -> None:
        super().__init__()
        self._random = random
        self._history = history
        self._refused: set[UUID] = set()
        self.asked_twice: list[UUID] = []

    async def debit(self, ask: BankAsk) -> DebitAnswer:
        """Debit, refuse or keep silent."""
        kind = self._random.choice(_KINDS)
        seconds = self._random.uniform(0, _LATE_SECONDS if "late" in kind else 1.5)
        self._history.write(f"the bank is asked for {ask.amount_fen} and {kind}")
        await asyncio.sleep(seconds * self._random.random())
        if kind.startswith("debits"):
            self._take(ask)
        elif kind.startswith("refuses"):
            self._refused.add(ask.tap_id)
        await asyncio.sleep(seconds / 2)
        if "silen" in kind:
            return DebitAnswer(DebitOutcome.UNKNOWN)
        return self._stands(ask.tap_id)

    async def query(self, tap_id: UUID) -> DebitAnswer:
        """Say how a debit stands; now and then it is away."""
        await asyncio.sleep(self._random.uniform(0, 0.5))
        if self._random.random() < 0.2:
            return DebitAnswer(DebitOutcome.UNKNOWN)
        if tap_id not in self.debited:
            self._refused.add(tap_id)
        return self._stands(tap_id)

    def _take(self, ask: BankAsk) -> None:
        if ask.tap_id in self.debited:
            self.asked_twice.append(ask.tap_id)
        elif ask.tap_id not in self._refused:
            self.debited[ask.tap_id] = ask.amount_fen

    def _stands(self, tap_id: UUID) -> DebitAnswer:
        return DebitAnswer(DebitOutcome.DEBITED if tap_id in self.debited else DebitOutcome.REFUSED)
