"""Taps at the bank: a debit asked after the commit that let the tap wait, and its answer brought back."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from yikatong.kernel.outcomes import Refused
from yikatong.taps.counter.counter import Counter, Ended
from yikatong.taps.counter.works import BankWork
from yikatong.taps.model import BankAsk, WaitingRow
from yikatong.taps.outside import DebitOutcome, Debits


class AtTheBank:
    """The debits this worker has asked. What it loses when it dies, the job that asks after waiting taps finds."""

    def __init__(self, debits: Debits, *, patience_seconds: float) -> None:
        """A terminal waits up to `patience_seconds` for a bank; after that its tap is polled."""
        self._debits = debits
        self._patience_seconds = patience_seconds
        self._counter: Counter | None = None
        self._under_way: dict[UUID, asyncio.Task[Ended | None]] = {}

    def bring_answers_to(self, counter: Counter) -> None:
        """Name the counter that ends the taps."""
        self._counter = counter

    def ask(self, asks: Sequence[BankAsk]) -> None:
        """Begin to ask banks; called once the batch that let the taps wait is committed."""
        for ask in asks:
            task = asyncio.create_task(self._bring_to_end(ask), name=f"bank {ask.tap_id}")
            self._under_way[ask.tap_id] = task
            task.add_done_callback(lambda _, tap_id=ask.tap_id: self._under_way.pop(tap_id, None))  # type: ignore[misc]

    async def wait_for(self, waiting: WaitingRow) -> Ended:
        """The tap's end if the bank answers in time, else the tap as it waits."""
        task = self._under_way.get(waiting.tap_id)
        if task is None:
            return waiting
        try:
            ended = await asyncio.wait_for(asyncio.shield(task), self._patience_seconds)
        except TimeoutError:
            return waiting
        # An answer for which the counter had no time is brought again by the job that asks after waiting taps.
        return waiting if ended is None or isinstance(ended, Refused) else ended

    async def _bring_to_end(self, ask: BankAsk) -> Ended | None:
        answer = await self._debits.debit(ask)
        if answer.outcome is DebitOutcome.UNKNOWN:
            return None
        assert self._counter is not None
        work = BankWork(
            tap_id=ask.tap_id,
            bucket=ask.bucket,
            resident_id=ask.resident_id,
            debited=answer.outcome is DebitOutcome.DEBITED,
        )
        return await self._counter.submit(work)
