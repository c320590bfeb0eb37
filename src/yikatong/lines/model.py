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
    SOURCE_WAITS_IN_ANOTHER_TAP = ReasonText(
        409,
        "Another tap that uses the same money is waiting for the resident or the bank.",
        "同一笔资金正在另一笔用卡中等待确认或扣款。",
        "Nothing was charged. Wait until that tap has ended, or take it back, then tap again.",
        "未扣款。请待该笔用卡结束或冲正后重新发起。",
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

    `source` is a funding word: `purse`, `bank` or `benefit:<code>` of the item's list, or a line's own, `claim:<id>`.
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


Facts = Sequence[Sequence[Any]]
"""The rows of a line's statements, in their order; a line that keeps a source gives new ones for what came since."""


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """What was paid for a tap, as the line whose own source paid a part is told of it."""

    tap_id: TapId
    resident_id: UUID
    provider_id: UUID
    parts: tuple[Part, ...]
    now: datetime

    @property
    def amount_fen(self) -> int:
        """The whole."""
        return sum(part.amount_fen for part in self.parts)


class Returned(msgspec.Struct, frozen=True, kw_only=True):
    """Where a line's own part of a payment goes when goods come back: never to the resident."""

    facts: Facts
    to: AccountName
    amount_fen: int


class OwnSource(Protocol):
    """Money that a line keeps under a funding word of its own, and remembers what became of it.

    The counter moves the money; it tells the source of each payment and of what undoes it, in order of arrival, and
    later taps of the batch are decided on the facts that the source gave back. All are pure but `write`.
    """

    word: str
    """The funding word up to the colon."""

    def pay(self, facts: Facts, payment: Payment) -> Facts | BaseReason:
        """A payment is being posted, at once or after it waited."""
        ...

    def reverse(self, facts: Facts, payment: Payment) -> Facts | BaseReason:
        """A payment is being taken back as if it had not been; its parts go where they came from."""
        ...

    def give_back(self, facts: Facts, payment: Payment, *, refund_id: UUID, amount_fen: int) -> Returned | BaseReason:
        """A provider gives this much of a payment back, because goods came back."""
        ...

    def write(self, *, bucket: int, facts: Facts, now: datetime) -> list[Statement[Any]]:
        """Statements that record what became of the facts in this batch; one that does not win its rows fails."""
        ...


class ServiceLine(Protocol):
    """What a tap of an item means and costs. The counter knows no line by name; an item names its line."""

    name: str
    own_source: OwnSource | None
    """What this line pays with beside the resident's own funding; None for most."""

    def facts(self, *, bucket: int, resident_ids: Sequence[UUID], now: datetime) -> list[Statement[Any]]:
        """Statements whose results this line needs to decide a batch."""
        ...

    def decide(self, tap: TapInHand, facts: Facts, balances: Balances) -> Decision:
        """Decide one tap on the rows of this line's statements. Pure."""
        ...
