"""Debits for the counter, asked of the bank under the journal of payouts."""

from uuid import UUID

from yikatong.payouts.jobs import BankCalls
from yikatong.payouts.model import BankRequest, DebitRequest, RequestState
from yikatong.taps.model import BankAsk
from yikatong.taps.outside import DebitAnswer, DebitOutcome


class JournalledDebits:
    """Asks the bank for taps. A crash at any point leaves either no request or one that a job finds out about."""

    def __init__(self, calls: BankCalls) -> None:
        """`calls` write each request before the bank is asked and note its answer."""
        self._calls = calls

    async def debit(self, ask: BankAsk) -> DebitAnswer:
        """Ask a bank for a debit; UNKNOWN when it did not answer, REFUSED when the debit was wanted back before."""
        request = DebitRequest(
            id=ask.tap_id,
            bank_code=ask.bank_code,
            bank_token=ask.bank_token,
            amount_fen=ask.amount_fen,
            payee=str(ask.provider_id),
            memo=str(ask.tap_id),
        )
        return _answer_of(await self._calls.ask(request))

    async def query(self, tap_id: UUID) -> DebitAnswer:
        """Say how a debit stands; one that was never journalled was never asked, so it counts as refused."""
        return _answer_of(await self._calls.find_out(tap_id))


def _answer_of(request: BankRequest | None) -> DebitAnswer:
    """A debit that is wanted back counts as refused: whatever the bank did of it is undone."""
    if request is None:
        return DebitAnswer(DebitOutcome.REFUSED)
    match request.state:
        case RequestState.DONE:
            return DebitAnswer(DebitOutcome.DEBITED, request.bank_reference)
        case RequestState.ASKED | RequestState.UNKNOWN:
            return DebitAnswer(DebitOutcome.UNKNOWN)
        case _:
            return DebitAnswer(DebitOutcome.REFUSED)
