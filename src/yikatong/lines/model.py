"""The tap in a line's hand, and the three answers a line may give."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

import msgspec

from yikatong.cards.model import Gate, Holder
from yikatong.catalogue.model import Item, Provider, Terminal
from yikatong.codes.model import Presented
from yikatong.kernel.ids import AccountId, TapId
from yikatong.kernel.outcomes import Reason as BaseReason
from yikatong.kernel.outcomes import ReasonText
from yikatong.ledger.model import AccountName
from yikatong.plumbing.pipeline import Statement


class Reason(BaseReason):
    """Why no line would take a tap."""

    STRENGTH_IS_TOO_LOW = ReasonText(
        403,
        "This service needs a stronger presentation than the one made.",
        "本次出示方式的强度不足以办理该事项。",
        "Nothing was charged. Scan the till's code with the wallet, or insert the card and enter its PIN.",
        "未扣款。请用电子卡扫描收款码，或插入实体卡并输入密码。",
    )
    AMOUNT_IS_MISSING = ReasonText(
        422,
        "This item needs an amount.",
        "该事项需要填写金额。",
        "Nothing was charged. Send the tap again with an amount in fen.",
        "未扣款。请填写金额（分）后重新提交。",
    )
    AMOUNT_IS_NOT_ALLOWED = ReasonText(
        422,
        "This item takes no amount.",
        "该事项不收取金额。",
        "Nothing was charged. Send the tap again without an amount.",
        "未扣款。请去掉金额后重新提交。",
    )
    AMOUNT_IS_OVER_THE_ITEM_MAXIMUM = ReasonText(
        422,
        "The amount is above this item's maximum.",
        "金额超过该事项的上限。",
        "Nothing was charged. Check the amount, or split the bill as the provider's rules allow.",
        "未扣款。请核对金额，或按服务机构规定分次支付。",
    )
    POSTURE_IS_NOT_SAFE = ReasonText(
        403,
        "The phone's screen is being captured or controlled, so a shown code moves no money.",
        "手机屏幕正在被录制或远程控制，出示的卡码不能付款。",
        "Nothing was charged. Stop screen sharing, or scan the till's code and read the payee on your own phone.",
        "未扣款。请先停止屏幕共享，或改为扫描收款码并在自己手机上核对收款方。",
    )


class WaitsFor(StrEnum):
    """What an unfinished tap waits for."""

    CONFIRMATION = "confirmation"
    BANK = "bank"


class Part(msgspec.Struct, frozen=True):
    """One part of what pays for a tap: an account with a floor, or the bound bank account (`account` None).

    `source` is the word of the item's funding list: `purse`, `bank`, `benefit:<code>`.
    """

    account: AccountName | None
    amount_fen: int
    source: str


class Step(msgspec.Struct, frozen=True):
    """One named step of a decision, as the receipt shows it."""

    name: str
    value: str


class Admit(msgspec.Struct, frozen=True):
    """The tap may be: `parts` pay for it, in order, and sum to its amount (none for a tap without an amount)."""

    parts: tuple[Part, ...] = ()
    steps: tuple[Step, ...] = ()
    counts_as_shown: bool = False


class Refuse(msgspec.Struct, frozen=True):
    """The tap may not be, for a named reason."""

    reason: BaseReason
    about: Mapping[str, str | int] = {}


class Wait(msgspec.Struct, frozen=True):
    """The tap may be once something has come; `parts` are held until then, and a small payment counts from now."""

    waits_for: WaitsFor
    parts: tuple[Part, ...]
    steps: tuple[Step, ...] = ()
    counts_as_shown: bool = False


Decision = Admit | Refuse | Wait


class Balances(Protocol):
    """What a line may ask about money: how much an account could pay now."""

    def available(self, account_id: AccountId) -> int:
        """Fen that could be taken now; 0 for an account that does not exist or is frozen."""
        ...


class TapInHand(msgspec.Struct, frozen=True, kw_only=True):
    """One tap as a line sees it: who, with what strength, where, for which item, under which limits."""

    tap_id: TapId
    item: Item
    terminal: Terminal
    provider: Provider
    presented: Presented
    amount_fen: int | None
    holder: Holder
    gate: Gate
    now: datetime
    is_confirmed: bool = False


class ServiceLine(Protocol):
    """What a tap of an item means and costs. The counter knows no line by name; an item names its line."""

    name: str

    def facts(self, *, bucket: int, resident_ids: Sequence[UUID], now: datetime) -> list[Statement[Any]]:
        """Statements whose results this line needs to decide a batch."""
        ...

    def decide(self, tap: TapInHand, facts: Sequence[Sequence[Any]], balances: Balances) -> Decision:
        """Decide one tap; `facts` are the rows of this line's statements, in their order. Pure."""
        ...

    def write(self, *, bucket: int, admitted: Sequence[TapInHand]) -> list[Statement[Any]]:
        """Statements that record what this line must remember of the taps it admitted."""
        ...
