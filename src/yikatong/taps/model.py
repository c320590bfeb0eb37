"""What a terminal asks, what the counter answers, and the reasons that are the counter's own."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from yikatong.codes.model import DocumentSeen, Presented
from yikatong.kernel.ids import ResidentId, TapId, TapIdText
from yikatong.kernel.money import AmountFen
from yikatong.kernel.outcomes import Reason as BaseReason
from yikatong.kernel.outcomes import ReasonText
from yikatong.sealing.model import Seal

_NOTHING_CHARGED_EN = "Nothing was charged. "
_NOTHING_CHARGED_ZH = "未扣款。"


class Reason(BaseReason):
    """Why the counter itself refuses."""

    REQUEST_ID_IS_USED_FOR_ANOTHER_BODY = ReasonText(
        409,
        "This request id was used before with another content.",
        "该请求编号已用于另一内容。",
        "The first request stands as it was answered. Use a new request id for a new tap.",
        "首次请求的结果不变。新的用卡请使用新的请求编号。",
    )
    TAP_WAS_REVERSED = ReasonText(
        409,
        "This tap was taken back by a reversal.",
        "该笔用卡已冲正。",
        "Nothing is charged: what had been paid was given back. Start a new tap with a fresh code.",
        "未扣款，已付金额已退回。请用新的卡码重新发起。",
    )
    TERMINAL_IS_NOT_REGISTERED = ReasonText(
        403,
        "This terminal is not registered or was revoked.",
        "该终端未登记或已被撤销。",
        _NOTHING_CHARGED_EN + "Ask the provider's staff to register the terminal.",
        _NOTHING_CHARGED_ZH + "请联系服务机构登记终端。",
    )
    ITEM_IS_UNKNOWN = ReasonText(
        404,
        "The application item list has no such item here.",
        "应用项目清单中没有该事项。",
        _NOTHING_CHARGED_EN + "Choose an item of the list of this region.",
        _NOTHING_CHARGED_ZH + "请选择本地区清单内的事项。",
    )
    ITEM_HAS_NO_LINE = ReasonText(
        409,
        "This item is on the list but is not served at terminals yet.",
        "该事项已列入清单，但尚未开通终端办理。",
        _NOTHING_CHARGED_EN + "Use the place and the form that the list gives for it.",
        _NOTHING_CHARGED_ZH + "请按清单所列场所和方式办理。",
    )
    TERMINAL_MAY_NOT_OFFER_THIS_ITEM = ReasonText(
        403,
        "This terminal is not allowed to offer this item.",
        "该终端无权办理该事项。",
        _NOTHING_CHARGED_EN + "Use a terminal registered for this purpose.",
        _NOTHING_CHARGED_ZH + "请在具备该用途的终端办理。",
    )
    TERMINAL_MAY_NOT_LEARN_THIS = ReasonText(
        403,
        "The terminal asks for data that its registered purpose does not need.",
        "终端要求的信息超出其登记用途。",
        "Nothing was told. Ask only for what the item may learn.",
        "未提供任何信息。请仅请求该事项所需信息。",
    )
    PRESENTATION_IS_MISSING = ReasonText(
        422,
        "Exactly one of code, chip and attested must be given.",
        "须且仅须提供卡码、实体卡或经办人见证三者之一。",
        _NOTHING_CHARGED_EN + "Send one presentation.",
        _NOTHING_CHARGED_ZH + "请提交一种出示方式。",
    )
    CODE_ALREADY_USED = ReasonText(
        409,
        "This code was used before.",
        "该卡码已被使用过。",
        "This tap moved no money; the first use stands, and both codes are kept as evidence. Show a fresh code.",
        "本次未扣款；首次使用有效，两次卡码均已留存为证据。请出示新的卡码。",
    )
    CARD_IS_UNKNOWN = ReasonText(
        404,
        "No such card is kept here.",
        "未找到该卡。",
        _NOTHING_CHARGED_EN + "Ask the card's issuing office.",
        _NOTHING_CHARGED_ZH + "请向发卡机构查询。",
    )
    HOME_REGION_IS_NOT_CONNECTED = ReasonText(
        409,
        "The code is genuine, but the card's home region is not connected to this one yet.",
        "卡码真实有效，但发卡地区尚未与本地区连通。",
        _NOTHING_CHARGED_EN + "Use another document for now.",
        _NOTHING_CHARGED_ZH + "请暂用其他证件办理。",
    )
    REGION_DOES_NOT_RECOGNISE_THE_CARD = ReasonText(
        403,
        "This item is not mutually recognised with the card's home region.",
        "该事项尚未与发卡地区实现互认。",
        _NOTHING_CHARGED_EN + "See the list of items recognised between regions.",
        _NOTHING_CHARGED_ZH + "请查看跨区域互认事项清单。",
    )
    CONFIRMATION_DID_NOT_COME = ReasonText(
        408,
        "The resident did not confirm in time.",
        "持卡人未在规定时间内确认。",
        "Nothing was charged and what was held is free again. Start a new tap.",
        "未扣款，已冻结的金额已释放。请重新发起。",
    )
    RESIDENT_DECLINED = ReasonText(
        403,
        "The resident declined.",
        "持卡人已拒绝。",
        "Nothing was charged and what was held is free again. Ask the resident before you start a new tap.",
        "未扣款，已冻结的金额已释放。请先询问持卡人，再重新发起。",
    )
    CONFIRMATION_IS_FOR_ANOTHER_TAP = ReasonText(
        409,
        "The confirmation does not fit the waiting tap's amount, payee or item.",
        "确认内容与待确认的金额、收款方或事项不符。",
        "The tap still waits. Confirm what the server shows.",
        "该笔仍在等待确认。请核对服务器显示的内容后确认。",
    )
    BANK_REFUSED_THE_DEBIT = ReasonText(
        402,
        "The bank refused the debit of the bound account.",
        "银行拒绝从绑定账户扣款。",
        "Nothing was charged and what was held is free again. Pay another way, or ask the bank.",
        "未扣款，已冻结的金额已释放。请换用其他方式或咨询银行。",
    )
    BANK_DID_NOT_ANSWER = ReasonText(
        504,
        "The bank did not answer in time.",
        "银行未在规定时间内答复。",
        "The tap ended without a charge; should the bank have debited, it is asked to give the money back. "
        "Pay another way, or start a new tap.",
        "本笔已结束且未扣款；如银行已扣款，系统将要求退回。请换用其他方式或重新发起。",
    )
    TAP_IS_UNKNOWN = ReasonText(
        404,
        "No such tap of this caller is kept here.",
        "未找到该笔用卡记录。",
        "Nothing was changed. Check the tap id; a tap can be asked for by the terminal's provider and by its resident.",
        "未作任何变更。请核对用卡编号；仅服务机构与持卡人本人可查询。",
    )
    TAP_MOVED_NO_MONEY = ReasonText(
        409,
        "This tap moved no money, so there is nothing to give back.",
        "该笔用卡未发生扣款，无可退款项。",
        "Nothing was changed. Check which tap is meant.",
        "未作任何变更。请核对所指的用卡。",
    )
    REFUND_IS_MORE_THAN_PAID = ReasonText(
        409,
        "With this refund more would be given back than was paid.",
        "累计退款将超过实付金额。",
        "Nothing was given back. Refund at most what is left of the payment.",
        "未退款。退款不得超过剩余可退金额。",
    )
    RECEIVABLE_LIMIT_EXCEEDED = ReasonText(
        409,
        "The refund would take the provider's receivable below its limit.",
        "退款将使服务机构应收款低于其限额。",
        "Nothing was given back. Settle first, or ask the operator to raise the limit.",
        "未退款。请先结算，或向经办机构申请提高限额。",
    )
    COUNTER_IS_BUSY = ReasonText(
        503,
        "The counter could not finish this tap just now.",
        "系统繁忙，本笔未能处理完。",
        "It is not known to have happened. Send the same request again: it is answered once.",
        "是否已办理尚不确定。请用同一请求编号重试：同一请求只会处理一次。",
    )


RequestId = Annotated[str, Meta(min_length=8, max_length=64, pattern="^[0-9A-Za-z._:-]+$")]
ItemCode = Annotated[str, Meta(min_length=1, max_length=48, pattern="^[A-Za-z0-9][A-Za-z0-9._-]*$")]


class AttestedBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An operator served someone with neither phone nor card: which document was seen, and why."""

    operator_token: Annotated[str, Meta(min_length=20, max_length=200)]
    document: DocumentSeen
    document_number: Annotated[str, Meta(min_length=5, max_length=32)]
    why: Annotated[str, Meta(min_length=4, max_length=200)]
    attested_at: Annotated[datetime, Meta(tz=True)]


class TapBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One tap as a terminal sends it: exactly one of `code`, `chip` and `attested`.

    `answers` is the nonce of the challenge that the code or the chip answers, in hex; `chip` is base64url.
    `learn` names the data the terminal wants to be told; it must be within the item's and the terminal's purpose.
    """

    request_id: RequestId
    item: ItemCode
    amount_fen: AmountFen | None = None
    code: Annotated[str, Meta(max_length=520)] | None = None
    chip: Annotated[str, Meta(max_length=1024)] | None = None
    attested: AttestedBody | None = None
    answers: Annotated[str, Meta(pattern="^[0-9a-f]{16}$")] | None = None
    learn: Annotated[tuple[Annotated[str, Meta(max_length=32)], ...], Meta(max_length=8)] = ()


class Outcome(StrEnum):
    """How a tap stands."""

    ADMITTED = "admitted"
    REFUSED = "refused"
    WAITING = "waiting"


class Says(msgspec.Struct, frozen=True):
    """One sentence in both languages."""

    zh: str
    en: str


class ReceiptPart(msgspec.Struct, frozen=True):
    """What one source paid."""

    source: str
    amount_fen: int


class ReceiptStep(msgspec.Struct, frozen=True):
    """One step of the decision and what it gave."""

    name: str
    value: str


class Receipt(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the counter answers, and answers again to the same request."""

    tap: TapIdText
    request_id: str
    outcome: Outcome
    item: str
    form: str
    strength: str
    decided_at: datetime
    amount_fen: int | None = None
    reason: str | None = None
    says: Says | None = None
    remedy: Says | None = None
    paid_by: tuple[ReceiptPart, ...] = ()
    steps: tuple[ReceiptStep, ...] = ()
    rule: str | None = None
    learned: Mapping[str, str] = {}
    waits_for: str | None = None
    deadline_at: datetime | None = None
    poll: str | None = None
    about: Mapping[str, str | int] = {}
    seal: Seal | None = None


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a terminal asked under a request id before."""

    terminal_id: UUID
    request_id: str
    tap_id: TapId
    bucket: int
    body_digest: bytes


class TapRow(msgspec.Struct, frozen=True, kw_only=True):
    """A tap as it was written when it ended."""

    bucket: int
    id: TapId
    resident_id: ResidentId
    card_id: UUID | None
    terminal_id: UUID
    provider_id: UUID
    request_id: str
    item: str
    form: int
    strength: int
    amount_fen: int | None
    reason: str | None
    code_at: datetime
    nonce: bytes
    spends_nonce: bool
    transfer_id: UUID | None
    learned: list[str]
    decided_at: datetime
    facts: bytes
    evidence: bytes


class SealedTapRow(TapRow, frozen=True, kw_only=True):
    """A tap with its place in the sealed log; None for one that this very batch ended and could not seal at once."""

    seal: Seal | None


class WaitingRow(msgspec.Struct, frozen=True, kw_only=True):
    """A tap that waits, with the work that ends it."""

    bucket: int
    tap_id: TapId
    resident_id: ResidentId
    waits_for: str
    work: bytes
    hold_ids: list[UUID]
    deadline_at: datetime
    made_at: datetime


class UsedCode(msgspec.Struct, frozen=True):
    """A code that was spent: by which resident's card, signed when, with which nonce, in which tap."""

    tap_id: TapId
    resident_id: UUID
    code_at: datetime
    nonce: bytes


class Paid(msgspec.Struct, frozen=True):
    """An ended tap as a refund or a reversal finds it, and what was given back since."""

    provider_id: UUID
    amount_fen: int | None
    transfer_id: UUID | None
    refunded_fen: int
    is_reversed: bool


class WaitingWork(msgspec.Struct, frozen=True, kw_only=True):
    """What a waiting tap needs to end: what was asked, what was presented, and who would pay."""

    body: TapBody
    body_digest: bytes
    terminal_id: UUID
    provider_id: UUID
    presented: Presented
    parts: tuple[tuple[str, int], ...]
    steps: tuple[tuple[str, str], ...]
    bank_code: str | None
    bank_token: str | None

    @property
    def bank_fen(self) -> int:
        """What the bank would pay."""
        return sum(amount_fen for source, amount_fen in self.parts if source == "bank")


class BankAsk(msgspec.Struct, frozen=True, kw_only=True):
    """A debit to be asked of a bank for a waiting tap; the tap's id makes it happen once."""

    bucket: int
    tap_id: TapId
    resident_id: ResidentId
    provider_id: UUID
    bank_code: str
    bank_token: str
    amount_fen: int


class TapFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The frozen inputs and steps of a decision, kept with the tap so that an audit replays it.

    Opaque ids, limits and balances only: nothing here is a personal field.
    """

    rule: str = ""
    posture: int = 0
    shown_limit_fen: int = 0
    shown_day_limit_fen: int = 0
    shown_spent_fen: int = 0
    bank_code: str | None = None
    parts: tuple[tuple[str, int], ...] = ()
    steps: tuple[tuple[str, str], ...] = ()
    about: Mapping[str, str | int] = {}


class UnreadTap(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal before a card was known."""

    terminal_id: UUID
    day: date
    request_id: str
    reason: str
    seen_at: datetime


class SecondUse(msgspec.Struct, frozen=True):
    """A code that came again, with the tap it came with; of the first tap nothing is known here while it waits."""

    tap_id: UUID
    first_tap_id: UUID
    seen_at: datetime
    resident_id: UUID
    provider_id: UUID
    terminal_id: UUID
    item: str
    amount_fen: int | None
    reason: str | None
    code_at: datetime
    decided_at: datetime
    first_provider_id: UUID | None
    first_decided_at: datetime | None


class UnreadCount(msgspec.Struct, frozen=True):
    """How often a terminal was refused for a reason before a card was known; the first and the last time."""

    terminal_id: UUID
    reason: str
    count: int
    first_at: datetime
    last_at: datetime


AnyRow = tuple[Any, ...]
