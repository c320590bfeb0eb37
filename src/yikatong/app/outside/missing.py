"""What stands in for an organisation that the settings do not name."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from yikatong.app.outside.reasons import Reason
from yikatong.cards.outside import AccountAnswer, FaceAnswer
from yikatong.kernel.outcomes import Refused
from yikatong.payouts.outside import (
    BankAnswer,
    BankDidNotAnswer,
    BankReversed,
    BankStanding,
    DayLine,
    DebitRequest,
)


class NoBank:
    """No bank is connected: requests stay in the journal as not answered."""

    async def ask(self, request: DebitRequest) -> BankAnswer:
        """Nobody answers."""
        raise BankDidNotAnswer

    async def query(self, *, bank_code: str, request_id: UUID) -> BankStanding:
        """Nobody answers."""
        raise BankDidNotAnswer

    async def reverse(self, *, bank_code: str, request_id: UUID) -> BankReversed:
        """Nobody answers."""
        raise BankDidNotAnswer

    async def list_day(self, *, bank_code: str, day: date) -> Sequence[DayLine]:
        """Nobody answers."""
        raise BankDidNotAnswer

    async def confirm_account(
        self, *, bank_code: str, bank_card_number: str, name: str, id_number: str, phone: str
    ) -> AccountAnswer:
        """Refuses OUTSIDE_IS_NOT_CONNECTED."""
        raise Refused(Reason.OUTSIDE_IS_NOT_CONNECTED, setting="bank_url")


class NoFaceCheck:
    """No face check is connected."""

    async def compare_face(self, *, name: str, id_number: str, face: str) -> FaceAnswer:
        """Refuses OUTSIDE_IS_NOT_CONNECTED."""
        raise Refused(Reason.OUTSIDE_IS_NOT_CONNECTED, setting="face_check_url")
