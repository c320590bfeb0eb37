"""What routes of desk take and give, and how they are written."""

from datetime import date, datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

from yikatong.cards.model import (
    Actor,
    CardState,
    ECardState,
    Reason,
)
from yikatong.kernel.identifiers.reasons import Reason as NumberReason
from yikatong.plumbing.http import Call, CallerKind, ChangeAnswer, Route, RouteKind

PasswordText = Annotated[
    str, Meta(min_length=1, max_length=16, description="the e-card's six digits", examples=["274813"])
]
NewPasswordText = Annotated[
    str, Meta(min_length=1, max_length=16, description="six digits for the e-card", examples=["274813"])
]
FaceText = Annotated[
    str,
    Meta(min_length=1, max_length=4096, description="what the face check's component gave", examples=["liveness-1"]),
]
ChannelText = Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{1,31}$", examples=["wallet"])]
BankCodeText = Annotated[str, Meta(pattern="^[0-9]{3}$", examples=["102"])]
BankCardText = Annotated[str, Meta(pattern="^[0-9]{16,19}$", examples=["6217001234567890129"])]
PhoneText = Annotated[str, Meta(pattern=r"^\+?[0-9]{7,15}$", examples=["13800000000"])]
MillisecondsText = Annotated[
    int, Meta(ge=0, le=4_102_444_800_000, description="milliseconds since 1970", examples=[1795579200000])
]
KeyText = Annotated[
    str,
    Meta(
        pattern="^[A-Za-z0-9_-]{43,44}$",
        description="public key in base64url: 33 bytes (ES256, SM2) or 32 (EDDSA)",
        examples=["AkKtd8yRyjUm3Xqn4Y9n7m0y9o5Zs1f0b0C2l7Yq3vJ1"],
    ),
]
SignatureText = Annotated[
    str, Meta(pattern="^[A-Za-z0-9_-]{86}$", description="64 bytes in base64url", examples=["A" * 86])
]

NEW_PASSWORD = (
    Reason.PASSWORD_IS_NOT_SIX_DIGITS,
    Reason.PASSWORD_IS_CONSECUTIVE,
    Reason.PASSWORD_IS_REPEATED,
    Reason.PASSWORD_IS_TAKEN_FROM_ID_NUMBER,
)
PROVED_BY_PASSWORD = (Reason.ECARD_IS_NOT_ISSUED, Reason.PASSWORD_IS_LOCKED, Reason.PASSWORD_IS_WRONG)
BANK = (
    NumberReason.BANK_CARD_NUMBER_IS_MALFORMED,
    NumberReason.BANK_CARD_CHECK_DIGIT_IS_WRONG,
    Reason.PERSON_IS_ERASED,
    Reason.ECARD_IS_NOT_ISSUED,
    Reason.ECARD_IS_SUSPENDED,
    Reason.BANK_ACCOUNT_IS_NOT_THE_HOLDERS,
    Reason.BANK_ACCOUNT_IS_NOT_ACTIVE,
    Reason.BANK_PHONE_IS_NOT_IN_USE,
    Reason.BANK_IS_NOT_THE_CARDS_BANK,
)


class LimitsAnswer(Struct, frozen=True, kw_only=True):
    """What a shown code may pay, and whether payments are frozen."""

    tap_limit_fen: int
    day_limit_fen: int
    unknown_posture_allowed: bool
    payments_are_frozen: bool


class CardAnswer(Struct, frozen=True, kw_only=True):
    """A resident's card and e-card as they stand; the e-card's state follows the card's."""

    card_id: str
    card_number: str | None
    state: CardState
    official_code: str
    bank_code: str
    issued_on: date | None
    expires_on: date | None
    e_card_id: str | None
    e_card_state: ECardState
    level: int | None
    valid_until: date | None
    channels: tuple[str, ...]
    bank_card_tail: str | None
    limits: LimitsAnswer


class WalletAnswer(Struct, frozen=True, kw_only=True):
    """An open wallet; the token is shown here and never again."""

    resident_id: str
    e_card_id: str
    device_id: str
    token: str
    ends_at: datetime
    server_time: datetime


def actor_of(call: Call) -> Actor:
    """Who does a command."""
    caller = call.by()
    return Actor(kind=caller.kind.value, id=caller.id)


def command(method: str, path: str, name: str, en: str, zh: str, **parts: Any) -> Route:
    """A command of desk by an operator, who learns whether anything changed, unless `parts` say else."""
    return Route(
        method=method,
        path=path,
        name=name,
        summary_en=en,
        summary_zh=zh,
        kind=RouteKind.COMMAND,
        **{"tag": "desk", "callers": (CallerKind.OPERATOR,), "answer": ChangeAnswer, **parts},
    )


def wallet_command(method: str, path: str, name: str, en: str, zh: str, **parts: Any) -> Route:
    """A command by a wallet with an open session."""
    return command(method, path, name, en, zh, **{"tag": "wallet", "callers": (CallerKind.WALLET,), **parts})


def wallet_query(path: str, name: str, en: str, zh: str, **parts: Any) -> Route:
    """A look of a wallet at its own resident."""
    return Route(
        method="GET",
        path=path,
        name=name,
        tag="wallet",
        summary_en=en,
        summary_zh=zh,
        kind=RouteKind.QUERY,
        callers=(CallerKind.WALLET,),
        looks=True,
        **parts,
    )
