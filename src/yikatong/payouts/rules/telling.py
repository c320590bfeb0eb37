"""What people are told of their payments: in which words, and whether at all."""

from collections.abc import Mapping
from typing import NamedTuple

from yikatong.payouts.model import PaymentState, ReturnReason, StopReason


class Why(NamedTuple):
    """Why a payment did not arrive, and what its payee does now, in both languages."""

    zh: str
    en: str
    remedy_zh: str
    remedy_en: str


_BANK = "请到社保卡服务银行网点办理，再到社保服务窗口核对绑定账户。"
_BANK_EN = "Please see the bank of your card, then have the account checked at a service counter."
_CARD = "请到社保服务窗口办理社会保障卡业务。"
_CARD_EN = "Please see a service counter about your social security card."
_ASK = "请向经办的乡镇（街道）窗口询问。"
_ASK_EN = "Please ask the counter of your township or subdistrict."

WHY: Mapping[str, Why] = {
    ReturnReason.ACCOUNT_IS_CLOSED: Why("账户已销户", "the account is closed", _BANK, _BANK_EN),
    ReturnReason.ACCOUNT_IS_UNKNOWN: Why("账号不存在", "the bank does not know the account", _BANK, _BANK_EN),
    ReturnReason.ACCOUNT_IS_FROZEN: Why("账户被冻结", "the account is frozen", _BANK, _BANK_EN),
    ReturnReason.NAME_DIFFERS: Why("户名不符", "the account is in another name", _BANK, _BANK_EN),
    ReturnReason.OVER_LIMIT: Why("超过账户限额", "it is over the account's limit", _BANK, _BANK_EN),
    ReturnReason.OTHER: Why("银行未说明原因", "the bank did not say why", _BANK, _BANK_EN),
    StopReason.CARD_IS_NOT_NORMAL: Why("社会保障卡状态不正常", "your card is not in use", _CARD, _CARD_EN),
    StopReason.ACCOUNT_IS_NOT_BOUND: Why("未绑定银行账户", "no bank account is bound to your card", _CARD, _CARD_EN),
    StopReason.ACCOUNT_HAS_CHANGED: Why("绑定账户已变更", "the bound account has changed since", _ASK, _ASK_EN),
    StopReason.STOPPED_BY_AN_OPERATOR: Why("经办机构停发", "the office stopped it", _ASK, _ASK_EN),
}
"""By the reason of a line. Who died, left or is unknown is told nothing: there is nobody to tell, or nothing to do."""


def is_told(state: PaymentState, reason: str | None) -> bool:
    """Whether the payee hears of a payment that came to this end."""
    return state is PaymentState.PAID or reason in WHY
