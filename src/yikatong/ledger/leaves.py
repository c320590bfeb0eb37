"""What the sealed log holds of money: transfers, holds as they were made, and how they ended.

A payment has no leaf of its own: it follows from its tap's row, which has one, and the audit recomputes it from there
(`taps.audit.list_bound`). Entries and balances follow from transfers (`audit`). The bucket is in no leaf: a change of
the number of buckets moves rows.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from yikatong.ledger.model import BookWrites, Hold, HoldStatus, Transfer, TransferDraft, TransferKind
from yikatong.sealing import service as sealing
from yikatong.sealing.model import Leaf, LeafKind


def leaf_of_transfer(draft: TransferDraft, *, posted_at: datetime) -> Leaf:
    """The leaf of a transfer as it is posted."""
    accounts, legs = [leg.account.id for leg in draft.legs], [leg.amount_fen for leg in draft.legs]
    return _leaf_of_transfer(draft.id, draft.kind, draft.reference, accounts, legs, posted_at)


def leaf_of_posted(transfer: Transfer) -> Leaf:
    """The leaf of a transfer as its row has it."""
    return _leaf_of_transfer(
        transfer.id, transfer.kind, transfer.reference, transfer.accounts, transfer.legs, transfer.posted_at
    )


def leaves_of_hold(hold: Hold) -> list[Leaf]:
    """The leaf of a hold as it was made, and of its end when it has ended."""
    return [_leaf_of_hold(hold)] if hold.status is HoldStatus.PENDING else [_leaf_of_hold(hold), _leaf_of_end(hold)]


def leaves_of(writes: BookWrites) -> list[Leaf]:
    """The leaves of what one batch changes, payments left out."""
    leaves = [
        leaf_of_transfer(draft, posted_at=writes.now)
        for draft in writes.transfers
        if draft.kind is not TransferKind.PAYMENT
    ]
    for hold in writes.holds_made:
        leaves += leaves_of_hold(hold)
    leaves += [_leaf_of_end(hold) for hold in writes.holds_ended]
    return leaves


def _leaf_of_transfer(
    id: UUID, kind: TransferKind, reference: UUID, accounts: Sequence[UUID], legs: Sequence[int], posted_at: datetime
) -> Leaf:
    told = (id, kind.value, reference, accounts, legs, posted_at)
    return Leaf(LeafKind.TRANSFER, id, sealing.hash_leaf(sealing.encode_fields(told)))


def _made(hold: Hold) -> tuple[object, ...]:
    return (
        hold.id,
        hold.owner_id,
        hold.account_id,
        hold.amount_fen,
        hold.reference,
        hold.made_at,
        hold.expires_at,
    )


def _leaf_of_hold(hold: Hold) -> Leaf:
    return Leaf(LeafKind.HOLD, hold.id, sealing.hash_leaf(sealing.encode_fields(_made(hold))))


def _leaf_of_end(hold: Hold) -> Leaf:
    told = (*_made(hold), hold.status.value, hold.ended_at, hold.transfer_id)
    return Leaf(LeafKind.HOLD_END, hold.id, sealing.hash_leaf(sealing.encode_fields(told)))
