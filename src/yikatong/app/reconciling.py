"""After a restore to a moment: what the banks did since, compared with what the database still knows of it."""

from datetime import date, datetime, timedelta
from typing import NamedTuple

from yikatong.kernel.instants import day_of
from yikatong.payouts.jobs import BankCalls
from yikatong.payouts.model import BankDifference


class Unmatched(NamedTuple):
    """A movement on which a bank and the database do not agree, on one day of one bank."""

    bank_code: str
    day: date
    difference: BankDifference


async def list_unmatched(
    calls: BankCalls, *, bank_codes: tuple[str, ...], since: datetime, now: datetime
) -> list[Unmatched]:
    """Compare every bank's list with the journal, day by day from a moment until today.

    Of today, whose lists have not ended, only what a bank has counts. Raises BankDidNotAnswer.
    """
    first, today = day_of(since), day_of(now)
    found = []
    for offset in range((today - first).days + 1):
        day = first + timedelta(days=offset)
        for bank_code in bank_codes:
            found += [
                Unmatched(bank_code, day, difference)
                for difference in await calls.reconcile(bank_code=bank_code, day=day)
                if day < today or difference.bank_fen is not None
            ]
    return found
