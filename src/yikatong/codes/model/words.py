"""What is said of a presentation and of a certificate in a word."""

from enum import IntEnum, StrEnum


class Strength(IntEnum):
    """What was done by whoever presented the card; an item names the least it takes."""

    SHOWN = 1
    ANSWERED = 2
    CONFIRMED = 3


class Form(StrEnum):
    """By what the card was presented."""

    E_CARD_CODE = "e_card_code"
    CHIP = "chip"
    ATTESTED = "attested"


class Posture(IntEnum):
    """What the wallet's shell knows of its screen; UNKNOWN is a plain web page or a form without a wallet."""

    CLEAR = 0
    CAPTURED = 1
    CONTROLLED = 2
    IN_A_CALL = 3
    UNKNOWN = 4


class CodeKind(IntEnum):
    """What the resident opened the code for."""

    IDENTITY = 1
    PAYMENT = 2
    TRANSIT = 3
    TICKET = 4


class CertificateState(StrEnum):
    """A suspended certificate may come back, a revoked one never."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


class DocumentSeen(StrEnum):
    """The document an operator saw before attesting; its number is not kept."""

    RESIDENT_ID_CARD = "resident_id_card"
    TEMPORARY_ID_CARD = "temporary_id_card"
    HOUSEHOLD_BOOK = "household_book"
    PASSPORT = "passport"
    TRAVEL_PERMIT = "travel_permit"
    RESIDENCE_PERMIT = "residence_permit"
