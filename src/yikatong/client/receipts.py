"""Taps as a terminal sees them: what it presents, and how the tap stands.

The types name what the platform promises; fields that a newer platform adds are passed over.
"""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from yikatong.client.unshown import Unshown
from yikatong.kernel.money import AmountFen

RequestIdText = Annotated[str, Meta(min_length=8, max_length=64, pattern="^[0-9A-Za-z._:-]+$")]


class Said(Struct, frozen=True):
    """One sentence in both languages."""

    zh: str
    en: str


class Attested(Unshown, frozen=True, kw_only=True):
    """An operator's word for someone with neither phone nor card: which document was seen, and why."""

    secret_fields: ClassVar[frozenset[str]] = frozenset({"operator_token", "document_number"})

    operator_token: str
    document: str
    document_number: str
    why: str
    attested_at: datetime


class TapRequest(Unshown, frozen=True, kw_only=True, omit_defaults=True):
    """A tap as it is sent: exactly one of `code`, `chip` (base64url) and `attested`."""

    secret_fields: ClassVar[frozenset[str]] = frozenset({"code", "chip"})

    request_id: RequestIdText
    item: Annotated[str, Meta(min_length=1, max_length=48)]
    amount_fen: AmountFen | None = None
    code: Annotated[str, Meta(max_length=520)] | None = None
    chip: Annotated[str, Meta(max_length=1024)] | None = None
    attested: Attested | None = None
    answers: Annotated[str, Meta(pattern="^[0-9a-f]{16}$")] | None = None
    learn: tuple[str, ...] = ()


class ReversalRequest(Unshown, frozen=True, kw_only=True, omit_defaults=True):
    """Which tap to take back: by the presentation it carried under its request id, or by its id."""

    secret_fields: ClassVar[frozenset[str]] = frozenset({"code", "chip"})

    request_id: RequestIdText
    code: str | None = None
    chip: str | None = None
    answers: str | None = None
    item: str = ""
    amount_fen: int = 0
    tap: str | None = None


class RefundRequest(Struct, frozen=True, kw_only=True):
    """Money to give back, once per request id."""

    request_id: RequestIdText
    amount_fen: AmountFen


class Outcome(StrEnum):
    """How a tap stands."""

    ADMITTED = "admitted"
    REFUSED = "refused"
    WAITING = "waiting"


class ReceiptPart(Struct, frozen=True):
    """What one source paid."""

    source: str
    amount_fen: int


class ReceiptStep(Struct, frozen=True):
    """One step of the decision and what it gave."""

    name: str
    value: str


class Seal(Struct, frozen=True):
    """The tap's place in the platform's sealed log; keep it with the receipt, it proves it (`docs/formats/seal.md`)."""

    index: int
    path: tuple[bytes, ...]
    batch: bytes
    rest: bytes = b""


class Receipt(Unshown, frozen=True, kw_only=True):
    """What the counter answers, and answers again to the same request.

    `learned` is what the terminal was told of the person; it is left out of representations.
    """

    secret_fields: ClassVar[frozenset[str]] = frozenset({"learned"})

    tap: str
    request_id: str
    outcome: Outcome
    item: str
    form: str
    strength: str
    decided_at: datetime
    amount_fen: int | None = None
    reason: str | None = None
    says: Said | None = None
    remedy: Said | None = None
    paid_by: tuple[ReceiptPart, ...] = ()
    steps: tuple[ReceiptStep, ...] = ()
    rule: str | None = None
    learned: Mapping[str, str] = {}
    waits_for: str | None = None
    deadline_at: datetime | None = None
    about: Mapping[str, str | int] = {}
    seal: Seal | None = None


class Admitted(Struct, frozen=True, kw_only=True):
    """The tap counts; money, if any, has moved."""

    request_id: str
    receipt: Receipt


class Refused(Struct, frozen=True, kw_only=True):
    """The tap does not count and moved no money. `receipt` is None when no card could be known."""

    request_id: str
    reason: str
    says: Said
    remedy: Said
    receipt: Receipt | None = None


class Waiting(Struct, frozen=True, kw_only=True):
    """The tap waits for its resident or a bank, until `deadline_at`; `tap` is what to poll."""

    request_id: str
    tap: str
    waits_for: str
    deadline_at: datetime
    receipt: Receipt


Tap = Admitted | Refused | Waiting


class Reversal(Struct, frozen=True, kw_only=True):
    """What a reversal met: `admitted` and given back, `waiting` and let go, `refused`, or `nothing`.

    `already` says that a reversal of the tap stands from before; `found` tells then only what this one met. `tap` is
    None when the platform refused the tap without keeping it.
    """

    tap: str | None
    found: str
    already: bool


class Refund(Struct, frozen=True, kw_only=True):
    """What was given back, and what is left of the payment."""

    tap: str
    refund: str
    amount_fen: int
    left_fen: int


class Statement(Struct, frozen=True, kw_only=True):
    """One day of a provider, amounts in fen; `final` is false while the day is not stated yet.

    A refund gave back a part or all of a payment, a reversal undid one.
    """

    provider: str
    day: date
    final: bool
    opening_fen: int
    sales_count: int
    sales_fen: int
    refunds_count: int
    refunds_fen: int
    reversals_count: int
    reversals_fen: int
    settled_fen: int
    netted_fen: int
    other_fen: int
    closing_fen: int
    digest: str


class StatementFile(Struct, frozen=True):
    """A statement as a file: its name and its text (RFC 4180, amounts in yuan)."""

    file_name: str
    text: str


class ServerTime(Struct, frozen=True, kw_only=True):
    """The platform's time."""

    now: datetime
    epoch_ms: int


class ChallengeShown(Struct, frozen=True):
    """A till's code: the text for its QR picture, and its nonce in hex, which goes into `answers`."""

    text: str
    nonce: str
