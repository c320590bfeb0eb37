"""What desk speaks of: how a card's end was settled, a wallet that was opened, a purse that was topped up."""

from datetime import datetime
from enum import StrEnum

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
        "未充值。请减少充值金额，或使用社保卡银行账户。",
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

    NOTHING_IS_KEPT = ReasonText(
        409,
        "Nothing is kept of this resident's balance.",
        "该持卡人没有保留待领的余额。",
        "Nothing was handed out. What is still on its way to the bank account ends there, or is kept then.",
        "未支付。尚在退回银行账户途中的余额，到账或转为保留后再办理。",
    )
    CLAIMANT_DOES_NOT_FIT = ReasonText(
        409,
        "A living holder claims in person, and a dead holder's balance is the heirs'.",
        "持卡人健在的由本人领取，已去世的由继承人领取。",
        "Nothing was handed out. See who claims, and with which document.",
        "未支付。请核对领取人身份及证件。",
    )


class Claimant(StrEnum):
    """Who claims what was kept: the holder, or an heir with a certificate of inheritance."""

    HOLDER = "holder"
    HEIR = "heir"


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


class KeptPayout(msgspec.Struct, frozen=True, kw_only=True):
    """What was kept of a cancelled card's balance and handed out: to whom, and by whom."""

    bucket: int
    transfer_id: TransferId
    resident_id: ResidentId
    card_id: CardId
    claimant: Claimant
    amount_fen: int
    operator_id: OperatorId
    paid_at: datetime


class PurseToppedUp(msgspec.Struct, frozen=True, kw_only=True):
    """A top-up as it was written, and what the purse can pay now."""

    top_up: TopUp
    available_fen: int
