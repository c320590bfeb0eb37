"""What an outside organisation must answer to the counter."""

from enum import StrEnum
from typing import Protocol
from uuid import UUID

import msgspec

from yikatong.taps.model import BankAsk


class DebitOutcome(StrEnum):
    """How a debit stands at the bank."""

    DEBITED = "debited"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class DebitAnswer(msgspec.Struct, frozen=True):
    """The bank's answer; `reference` is its own number for the debit."""

    outcome: DebitOutcome
    reference: str | None = None


class Debits(Protocol):
    """Asks banks to debit bound accounts, journalled before the call; the same tap is debited once."""

    async def debit(self, ask: BankAsk) -> DebitAnswer:
        """Ask a bank for a debit; UNKNOWN when it did not answer in time."""
        ...

    async def query(self, tap_id: UUID) -> DebitAnswer:
        """Ask how a debit stands; REFUSED when the bank never heard of it."""
        ...
