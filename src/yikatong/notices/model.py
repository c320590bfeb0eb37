"""What notices speaks of: templates, notices, messages, and the reasons."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from msgspec import Struct

from yikatong.kernel import outcomes
from yikatong.kernel.outcomes import ReasonText

PARAM_LENGTH_MAX = 120
"""Characters of a text among a notice's parameters."""


class Template(StrEnum):
    """What a resident may be told; the words of each stand in `data/templates.toml`."""

    TAP_PAID = "tap_paid"
    TAP_REFUNDED = "tap_refunded"
    TAP_REVERSED = "tap_reversed"
    TAP_WAITS = "tap_waits"
    CODE_USED_TWICE = "code_used_twice"
    ALLOWANCE_GRANTED = "allowance_granted"
    CARD_APPLIED_FOR = "card_applied_for"
    CARD_ACTIVATED = "card_activated"
    CARD_REPORTED_LOST = "card_reported_lost"
    CARD_RELEASED = "card_released"
    CARD_LOCKED = "card_locked"
    CARD_REPLACED = "card_replaced"
    CARD_CANCELLED = "card_cancelled"
    CARD_CANCELLED_WITH_BALANCE = "card_cancelled_with_balance"
    BALANCE_PAID_OUT = "balance_paid_out"
    BALANCE_KEPT = "balance_kept"
    E_CARD_ISSUED = "e_card_issued"
    E_CARD_LEVEL_2 = "e_card_level_2"
    DEVICE_ENROLLED = "device_enrolled"
    DEVICE_REMOVED = "device_removed"
    PASSWORD_LOCKED = "password_locked"  # noqa: S105  the name of a notice
    SMALL_PAYMENT_LIMIT_CHANGED = "small_payment_limit_changed"
    GUARDIAN_ADDED = "guardian_added"
    FAMILY_MEMBER_ADDED = "family_member_added"
    BENEFIT_ARRIVED = "benefit_arrived"
    PAYMENT_PAID = "payment_paid"
    PAYMENT_RETURNED = "payment_returned"
    PAYMENT_STOPPED = "payment_stopped"


class Words(Struct, frozen=True, forbid_unknown_fields=True):
    """A title and a text; `{name}` stands for a parameter."""

    title: str
    text: str


class TemplateWords(Struct, frozen=True, forbid_unknown_fields=True):
    """The words of one template in both languages."""

    zh: Words
    en: Words


class Draft(Struct, frozen=True, kw_only=True):
    """A notice about to be made. In `params` `_fen` is a whole number, `_at` an ISO 8601 instant, else a short text."""

    resident_id: UUID
    template: Template
    params: Mapping[str, str | int]
    made_at: datetime


class Notice(Struct, frozen=True, kw_only=True):
    """A notice as it is kept; `next_try_at` is None once it was sent or given up."""

    resident_id: UUID
    notice_id: UUID
    template: Template
    params: dict[str, Any]
    made_at: datetime
    tries_count: int
    next_try_at: datetime | None
    sent_at: datetime | None
    channel: str | None
    failure: str | None


class NextTry(Struct, frozen=True):
    """When a failed delivery is tried again; None when it is given up."""

    next_try_at: datetime | None


class Reason(outcomes.Reason):
    """Why notices refuses."""

    NOTICE_IS_UNKNOWN = ReasonText(
        404,
        "No such notice.",
        "没有该通知。",
        "Nothing was shown. Page with `next_before` of the page before.",
        "未显示任何信息。请使用上一页返回的next_before继续翻页。",
    )
