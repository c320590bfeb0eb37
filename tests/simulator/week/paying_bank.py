"""Banks that pay claims by files, as banks do: late, in pieces, twice, in the wrong order, or not at all at first.

Their books are the week's own: what a bank took in, booked and gave back is known from it alone.
"""

import os
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import IO

from simulator.bank_files import FileBank, Payment
from tests.simulator.week.history import History
from tests.simulator.week.lines_to_database import take_a_step
from yikatong.app.outside.bank_folder import FolderBankFiles
from yikatong.kernel.instants import day_of
from yikatong.payouts.outside import BankFilesAreAway
from yikatong.plumbing.clock import Clock

_REFUSALS = ("AC04", "BE01", "AM02", "AC06")


class PayingBank(FileBank):
    """A bank that does a part of what it should whenever it is at work."""

    def __init__(self, folder: Path, *, name: str, clock: Clock, random: Random, history: History) -> None:
        for each in ("to-bank", "from-bank"):
            (folder / each).mkdir(parents=True, exist_ok=True)
        super().__init__(folder, clock=clock)
        self._name = name
        self._random = random
        self._history = history
        self._left = 0
        self._is_reliable = False
        self._held_back: list[str] = []
        self.taken_twice: list[str] = []

    def be_at_work(self) -> None:
        """Take files in, say something of them, give something back; each perhaps."""
        if self._random.random() < 0.8 and (count := self.take_in()):
            self._history.write(f"bank {self._name} takes {count} payments in")
        self._show_what_was_held_back()
        if self._random.random() < 0.6:
            self.answer(pieces=self._random.choice((1, 1, 2)), twice=self._random.random() < 0.25)
        if self._random.random() < 0.3:
            self._give_something_back()
        if self._random.random() < 0.15:
            self.statement(day_of(self._clock.now()) - timedelta(days=self._random.choice((0, 1))))

    def say_everything(self) -> None:
        """Take in whatever there is, answer for every payment in a file of its own, and state every day."""
        self._is_reliable = True
        self.take_in()
        self._show_what_was_held_back()
        self.silent.clear()
        for payment in self.payments.values():
            payment.is_answered = False
        self.answer(pieces=len(self.payments))
        for day in sorted(self._days()):
            self.statement(day)

    def net_fen(self, name: str) -> int:
        """What a payment took from us for good."""
        payment = self.payments[name]
        return payment.amount_fen if payment.booked_on is not None and payment.returned_on is None else 0

    def _days(self) -> set[date]:
        every = [(payment.booked_on, payment.returned_on) for payment in self.payments.values()]
        return {day for days in every for day in days if day is not None}

    def _decide(self, payment: Payment) -> None:
        if payment.name in self.payments:
            self.taken_twice.append(payment.name)
        kind = self._random.random()
        self.refusals.pop(payment.handle, None)
        if kind < 0.35:
            self.refusals[payment.handle] = self._random.choice(_REFUSALS)
        elif kind < 0.45 and not self._is_reliable:
            self.silent.add(payment.handle)
        super()._decide(payment)
        self._history.write(f"bank {self._name} {'refuses' if payment.refusal else 'books'} {payment.amount_fen}")

    def _give_something_back(self) -> None:
        booked = [one.handle for one in self.payments.values() if one.booked_on and not one.returned_on]
        if booked:
            self.give_back([self._random.choice(booked)], reason=self._random.choice(_REFUSALS))
            self._history.write(f"bank {self._name} gives a payment back")

    def _leave(self, kind: str, content: bytes, payment: Payment | None = None) -> str:
        """Leave a file, lose it, or hold it back until others have gone before it."""
        name = super()._leave(kind, content, payment)
        path = self._folder / "from-bank" / name
        chance = 1.0 if self._is_reliable else self._random.random()
        if chance < 0.12:
            path.unlink()
            self._history.write(f"bank {self._name} loses a {kind}")
        elif chance < 0.3:
            path.rename(path.with_name(f".{name}"))
            self._held_back.append(name)
            self._history.write(f"bank {self._name} holds a {kind} back")
        else:
            self._date(path)
        return name

    def _show_what_was_held_back(self) -> None:
        held_back, self._held_back = self._held_back, []
        for name in held_back:
            path = self._folder / "from-bank" / name
            path.with_name(f".{name}").rename(path)
            self._date(path)

    def _date(self, path: Path) -> None:
        """Files are read in the order in which they were left, which is the week's and not the machine's."""
        self._left += 1
        os.utime(path, ns=(self._left, self._left))


class WeekBankFiles(FolderBankFiles):
    """The place of bank files, as a worker reaches it: now and then not, or not any more when it was done."""

    def __init__(self, root: Path, *, random: Random, history: History) -> None:
        super().__init__(root)
        self._random = random
        self._history = history
        self.is_reliable = False

    def _reach(self) -> None:
        take_a_step()
        if not self.is_reliable and self._random.random() < 0.05:
            self._history.write("the place of bank files cannot be reached")
            raise BankFilesAreAway("the line is down")

    def bank_codes(self) -> Sequence[str]:
        """The banks that have a folder."""
        self._reach()
        return super().bank_codes()

    async def put_draft(self, *, bank_code: str, name: str, pieces: Iterator[bytes]) -> None:
        """Write a draft."""
        self._reach()
        await super().put_draft(bank_code=bank_code, name=name, pieces=pieces)
        self._reach()

    async def publish(self, *, bank_code: str, name: str) -> None:
        """Show a draft to the bank."""
        self._reach()
        await super().publish(bank_code=bank_code, name=name)
        self._reach()

    async def find_published(self, *, bank_code: str, name: str) -> bytes | None:
        """The digest of what was published under a name."""
        self._reach()
        return await super().find_published(bank_code=bank_code, name=name)

    async def list_returns(self, *, bank_code: str) -> Sequence[str]:
        """Whole files that the bank left."""
        self._reach()
        return await super().list_returns(bank_code=bank_code)

    def open_return(self, *, bank_code: str, name: str) -> IO[bytes]:
        """Open a file that the bank left."""
        self._reach()
        return super().open_return(bank_code=bank_code, name=name)

    async def put_away(self, *, bank_code: str, name: str, is_refused: bool) -> None:
        """Move a file that was dealt with."""
        self._reach()
        await super().put_away(bank_code=bank_code, name=name, is_refused=is_refused)
        self._reach()
