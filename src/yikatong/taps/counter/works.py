"""What can come to the counter: taps, and what follows them."""

from datetime import datetime
from uuid import UUID

import msgspec

from yikatong.codes.model import Asked, Confirmation, Presented, ReadCode
from yikatong.kernel.ids import ResidentId, TapId
from yikatong.kernel.outcomes import Reason
from yikatong.taps.model import TapBody


class TapWork(msgspec.Struct, frozen=True, kw_only=True):
    """A tap that a terminal sent, with what was read from its presentation.

    `access_version` is that for which its caller was authenticated.

    `read` is a code, whose show key is compared in the batch, or a chip's or an operator's presentation, already
    verified. `asked` is what the terminal wanted signed; `age_reason` says why the presentation is not of now.
    """

    tap_id: TapId
    bucket: int
    resident_id: ResidentId
    terminal_id: UUID
    provider_id: UUID
    body: TapBody
    body_digest: bytes
    read: ReadCode | Presented
    asked: Asked | None
    signed_at: datetime
    nonce: bytes
    age_reason: Reason | None
    access_version: int = 0


class ConfirmWork(msgspec.Struct, frozen=True, kw_only=True):
    """The resident's answer to a waiting tap, its signature verified."""

    tap_id: TapId
    bucket: int
    resident_id: ResidentId
    confirmation: Confirmation


class BankWork(msgspec.Struct, frozen=True, kw_only=True):
    """The bank's answer about a waiting tap: debited, or not."""

    tap_id: TapId
    bucket: int
    resident_id: ResidentId
    debited: bool


class ExpireWork(msgspec.Struct, frozen=True, kw_only=True):
    """A waiting tap whose deadline passed, or whose debit is known never to have happened."""

    tap_id: TapId
    bucket: int
    resident_id: ResidentId


class ReverseWork(msgspec.Struct, frozen=True, kw_only=True):
    """A terminal takes a tap back, whether or not it ever arrived; it carries the same presentation."""

    tap_id: TapId
    bucket: int
    resident_id: ResidentId
    terminal_id: UUID


class RefundWork(msgspec.Struct, frozen=True, kw_only=True):
    """A provider gives money back for an admitted tap; `refund_id` makes the request repeatable."""

    tap_id: TapId
    bucket: int
    resident_id: ResidentId
    terminal_id: UUID
    provider_id: UUID
    refund_id: UUID
    amount_fen: int


Work = TapWork | ConfirmWork | BankWork | ExpireWork | ReverseWork | RefundWork


class Reversed(msgspec.Struct, frozen=True):
    """What a reversal met: `admitted` and given back, `waiting` and let go, `refused`, or `nothing` yet."""

    tap_id: TapId
    found: str
    already: bool


class Refunded(msgspec.Struct, frozen=True):
    """What a refund gave back, and what is left of the payment."""

    tap_id: TapId
    refund_id: UUID
    amount_fen: int
    left_fen: int
