"""News of rosters and payments: what moved in one commit, for whoever has to hear of it."""

from datetime import date
from typing import NamedTuple
from uuid import UUID

import msgspec

from yikatong.kernel.ids import ResidentId
from yikatong.payouts.model.batches import PaymentState
from yikatong.payouts.model.rosters import RosterState


class RosterMoved(msgspec.Struct, frozen=True, kw_only=True):
    """A roster that was made public, is final, or was withdrawn; or, with its reference, a line that was taken off it.

    `was_objected` says that the line was taken off because an objection was upheld.
    """

    roster_id: UUID
    scheme: str
    state: RosterState
    public_until: date | None
    by: UUID
    reference: UUID | None = None
    was_objected: bool = False


class LinesMoved(msgspec.Struct, frozen=True, kw_only=True):
    """Payments of one bucket of a batch that were paid, returned or stopped in one commit, by one transfer.

    They lie between the first line and the last, others between them. `transfer_id` is None for a payment that was
    stopped before money was set aside for it; then it is the only one. `by` made the batch.
    """

    batch_id: UUID
    roster_id: UUID
    by: UUID
    scheme: str
    title: str
    bucket: int
    state: PaymentState
    transfer_id: UUID | None
    first_line: int
    last_line: int
    count: int


class MovedLine(NamedTuple):
    """One payment of such news."""

    bucket: int
    line: int
    resident_id: ResidentId
    reference: UUID
    amount_fen: int
    reason: str | None
    booked_on: date | None
