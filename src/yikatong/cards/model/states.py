"""The states and commands of cards and e-cards, and the closed lists beside them."""

from enum import StrEnum


class ResidentStatus(StrEnum):
    """Whether a resident is here to be served; `left` is settled abroad."""

    ALIVE = "alive"
    LEFT = "left"
    DEAD = "dead"


class CardState(StrEnum):
    """The state of a physical card (社会保障卡应用状态)."""

    MAKING = "making"
    SEALED = "sealed"
    ACTIVE = "active"
    TEMPORARILY_LOST = "temporarily_lost"
    LOST = "lost"
    LOCKED = "locked"
    CANCELLED = "cancelled"


OFFICIAL_CODE: dict[CardState, str] = {
    CardState.MAKING: "99",
    CardState.SEALED: "0",
    CardState.ACTIVE: "1",
    CardState.LOST: "2",
    CardState.LOCKED: "3",
    CardState.TEMPORARILY_LOST: "4",
    CardState.CANCELLED: "9",
}
"""Application status codes as regional systems exchange them; a card being made has no official code but 99 in use."""


class CardCommand(StrEnum):
    """What can be asked of a physical card."""

    MAKE = "make"
    SEAL = "seal"
    ACTIVATE = "activate"
    REPORT_TEMPORARY_LOSS = "report_temporary_loss"
    REPORT_FORMAL_LOSS = "report_formal_loss"
    RELEASE_LOSS = "release_loss"
    LOCK = "lock"
    UNLOCK = "unlock"
    REPLACE = "replace"
    CANCEL = "cancel"


class ReplacementReason(StrEnum):
    """Why a card is replaced, under its official code (补换卡原因)."""

    DAMAGED = "1"
    OTHER = "5"
    EXPIRED = "6"
    FACE_CHANGED = "7"


class CancellationReason(StrEnum):
    """Why a card ends without a successor."""

    DEATH = "death"
    LEFT_THE_COUNTRY = "left_the_country"
    OTHER = "other"


class BalanceGoes(StrEnum):
    """What becomes of the money a card's holder keeps with the platform when the card ends without a successor."""

    TO_THE_BOUND_BANK_ACCOUNT = "to_the_bound_bank_account"
    TO_THE_HEIR = "to_the_heir"
    KEPT_UNTIL_CLAIMED = "kept_until_claimed"


class ECardState(StrEnum):
    """The state of an e-card that was not cancelled, told from itself and its card; SUSPENDED is never stored."""

    NONE = "none"
    SIGNED_L1 = "signed_l1"
    SIGNED_L2 = "signed_l2"
    SUSPENDED = "suspended"


class ECardCommand(StrEnum):
    """What is asked of an e-card and depends on its state; unbinding and ending it are possible in every state."""

    ISSUE = "issue"
    BIND_BANK = "bind_bank"
    ASSOCIATE = "associate"


class Shell(StrEnum):
    """What a wallet runs in; a web page cannot know its posture."""

    NATIVE = "native"
    WEB = "web"


class GuardianRelation(StrEnum):
    """Guardian to ward, under its official code."""

    FATHER_SON = "21"
    FATHER_DAUGHTER = "22"
    MOTHER_SON = "31"
    MOTHER_DAUGHTER = "32"
    OTHER = "0"


class FamilyKind(StrEnum):
    """As what a relative stands in a holder's family service (亲情服务)."""

    ELDERLY = "elderly"
    CHILD = "child"
    SPOUSE = "spouse"
    OTHER = "other"


class FamilyListName(StrEnum):
    """Which of the two published limits a region follows."""

    TEN_PLACES = "ten_places"
    EIGHT_RELATIVES = "eight_relatives"
