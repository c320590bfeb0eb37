"""What desk speaks of: how a card's end was settled, a wallet that was opened, a purse that was topped up."""

from datetime import datetime

import msgspec

from yikatong.cards.model import BalanceGoes
from yikatong.kernel.ids import CardId, DeviceId, ECardId, OperatorId, ResidentId, TransferId
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
    TOP_UP_IS_NOT_OFFERED = ReasonText(
        409,
        "Paying cash into a purse is not on this region's list of items for the counter.",
        "本地区的应用事项清单未将钱包充值列为窗口办理事项。",
        "Nothing was paid in. Give the cash back; the item is purse-topup, and its line must be desk.",
        "未充值。请退还现金；该事项为purse-topup，其办理方式须为窗口（desk）。",
    )
    TOP_UP_IS_OVER_THE_ITEM_MAXIMUM = ReasonText(
        422,
        "The amount is above what the item allows at once.",
        "金额超过该事项单次上限。",
        "Nothing was paid in. Pay in less.",
        "未充值。请减少充值金额。",
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


class TopUp(msgspec.Struct, frozen=True, kw_only=True):
    """Cash that was paid into a purse: under which entry of the item list, by which rule, and who counted it."""

    bucket: int
    transfer_id: TransferId
    resident_id: ResidentId
    card_id: CardId
    region: str
    item: str
    list_version: str
    rule: str
    amount_fen: int
    operator_id: OperatorId
    paid_at: datetime


class PurseToppedUp(msgspec.Struct, frozen=True, kw_only=True):
    """A top-up as it was written, and what the purse can pay now."""

    top_up: TopUp
    available_fen: int
