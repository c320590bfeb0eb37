"""What desk speaks of: how a card's end was settled, a wallet that was opened, a purse that was topped up."""

from datetime import datetime

import msgspec

from yikatong.cards.model import BalanceGoes
from yikatong.kernel.ids import CardId, DeviceId, ECardId, ResidentId, TransferId
from yikatong.kernel.outcomes import Change, ReasonText
from yikatong.kernel.outcomes import Reason as KernelReason


class Reason(KernelReason):
    """Why desk itself refuses."""

    PURSE_WOULD_HOLD_TOO_MUCH = ReasonText(
        409,
        "With this amount the purse would hold more than it may.",
        "充值后钱包余额将超过上限。",
        "Nothing was paid in. Pay in less, or use the bank account of the card.",
        "未充值。请减少充值金额,或使用社保卡银行账户。",
    )


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


class PurseToppedUp(msgspec.Struct, frozen=True, kw_only=True):
    """Cash was paid into a purse: by which transfer, and what the purse can pay now."""

    transfer_id: TransferId
    available_fen: int
