"""What desk speaks of: how a card's end was settled, and a wallet that was opened."""

from datetime import datetime

import msgspec

from yikatong.cards.model import BalanceGoes
from yikatong.kernel.ids import CardId, DeviceId, ECardId, ResidentId
from yikatong.kernel.outcomes import Change


class CardEnded(msgspec.Struct, frozen=True, kw_only=True):
    """A card was cancelled: where its holder's purse goes, and how many fen were moved out of it."""

    change: Change
    card_id: CardId
    balance: BalanceGoes
    moved_fen: int


class WalletOpened(msgspec.Struct, frozen=True, kw_only=True):
    """A wallet may call now: its session's token is shown here and never again."""

    resident_id: ResidentId
    e_card_id: ECardId
    device_id: DeviceId
    token: str
    ends_at: datetime
    server_time: datetime
