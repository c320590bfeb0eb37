"""Whom money is to be paid to, as payouts asks of many at once."""

import msgspec

from yikatong.cards.model.states import CardState, ResidentStatus
from yikatong.kernel.ids import ResidentId


class Payee(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Whether somebody can be paid, and where: `bank_token` is the bank's handle of the bound account, or None."""

    resident_id: ResidentId
    status: ResidentStatus
    region: str
    division: str
    card_state: CardState | None
    bank_code: str | None
    bank_token: str | None


class PayeeName(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a bank compares with the holder of an account: the name, and the last four characters of the ID number."""

    name: str
    id_tail: str
