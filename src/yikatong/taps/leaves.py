"""What the sealed log holds of taps: leaves that their receipts and rows can be checked against.

A tap's leaf hashes the JSON array [tap, request id, item, amount in fen, reason, decided at, rest], written as the
receipt writes them; `rest` is the SHA-256 of what the row holds beyond that (`docs/formats/seal.md`). A terminal so
proves its receipt, and learns nothing else of the row.
"""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from uuid import UUID

import msgspec
from msgspec import structs

from yikatong.kernel.ids import TransferId, show_id
from yikatong.ledger import service as ledger
from yikatong.ledger.model import BookWrites, TransferDraft, TransferKind
from yikatong.lines.rules import part_of
from yikatong.sealing import service as sealing
from yikatong.sealing.model import Leaf, LeafKind, Seal
from yikatong.taps.model import SealedTapRow, TapRow
from yikatong.taps.receipts import decode_facts
from yikatong.taps.rules import legs_of
from yikatong.taps.store import Conn, RefundRow, ReversalRow

_TOLD = msgspec.json.Encoder().encode


def rest_of(row: TapRow) -> bytes:
    """The digest of what a tap's row holds beyond what its receipt says."""
    return sha256(
        sealing.encode_fields(
            (
                row.resident_id,
                row.card_id,
                row.terminal_id,
                row.provider_id,
                row.form,
                row.strength,
                row.code_at,
                row.nonce,
                row.spends_nonce,
                row.transfer_id,
                row.learned,
                row.facts,
                row.evidence,
            )
        )
    ).digest()


def leaf_of_tap(row: TapRow, *, rest: bytes) -> Leaf:
    """The leaf of a tap that ended."""
    told = (show_id("tap", row.id), row.request_id, row.item, row.amount_fen, row.reason, row.decided_at, rest)
    return Leaf(kind_of(row), row.id, sealing.hash_leaf(_TOLD(told)))


def kind_of(row: TapRow) -> LeafKind:
    """Which kind of leaf a tap has: what moved money is never forgotten."""
    return LeafKind.TAP if row.transfer_id is None else LeafKind.PAID_TAP


def payment_of(row: TapRow, *, transfer_id: UUID) -> TransferDraft:
    """The transfer that a tap's row says it made, from its parts to what is owed to its provider.

    Raises msgspec.DecodeError for facts that cannot be read, and ValueError for a source that is none.
    """
    facts = decode_facts(row.facts)
    parts = [part_of(row.resident_id, source, amount_fen) for source, amount_fen in facts.parts]
    return TransferDraft(
        id=TransferId(transfer_id),
        kind=TransferKind.PAYMENT,
        reference=row.id,
        legs=legs_of(parts, provider_id=row.provider_id, bank_code=facts.bank_code),
    )


def find_bound_leaf(row: TapRow) -> Leaf | None:
    """The leaf of a tap's payment, which has none in the log: it was posted as the tap was decided.

    None for a tap that moved no money, and for one whose facts cannot be read, which is no tap that was sealed.
    """
    if row.transfer_id is None:
        return None
    try:
        payment = payment_of(row, transfer_id=row.transfer_id)
    except (msgspec.DecodeError, ValueError):
        return None
    return ledger.leaf_of_transfer(payment, posted_at=row.decided_at)


def leaf_of_refund(row: RefundRow, *, made_at: datetime) -> Leaf:
    """The leaf of a refund."""
    told = (row.tap_id, row.id, row.resident_id, row.terminal_id, row.amount_fen, row.transfer_id, made_at)
    return Leaf(LeafKind.REFUND, row.id, sealing.hash_leaf(sealing.encode_fields(told)))


def leaf_of_reversal(row: ReversalRow, *, made_at: datetime) -> Leaf:
    """The leaf of a reversal, under its tap's id."""
    told = (row.tap_id, row.resident_id, row.terminal_id, row.transfer_id, row.found, made_at)
    return Leaf(LeafKind.REVERSAL, row.tap_id, sealing.hash_leaf(sealing.encode_fields(told)))


class BatchLeaves:
    """Every leaf of a batch, and the rows of its taps with what seals them."""

    def __init__(
        self,
        taps: Sequence[TapRow],
        refunds: Sequence[RefundRow],
        reversals: Sequence[ReversalRow],
        book_writes: BookWrites,
    ) -> None:
        """`book_writes` is what the batch changes in the ledger; payments are bound by their taps."""
        now = book_writes.now
        self._rests = {row.id.int: rest_of(row) for row in taps}
        self.leaves: list[Leaf] = [leaf_of_tap(row, rest=self._rests[row.id.int]) for row in taps]
        self.leaves += [leaf_of_refund(row, made_at=now) for row in refunds]
        self.leaves += [leaf_of_reversal(row, made_at=now) for row in reversals]
        self.leaves += ledger.leaves_of(book_writes)

    def with_seal(self, row: TapRow, sealed: sealing.Sealed | sealing.Unsealed) -> TapRow:
        """A tap of this batch with its seal, or none where the batch has none yet; another batch's as it is."""
        rest = self._rests.get(row.id.int)
        if rest is None:
            return row
        seal = None if isinstance(sealed, sealing.Unsealed) else sealed.find_seal(kind_of(row), row.id, rest=rest)
        return sealed_row(row, seal)


def sealed_row(row: TapRow, seal: Seal | None) -> SealedTapRow:
    """The same tap with its seal."""
    return SealedTapRow(**structs.asdict(row), seal=seal)


async def find_seal_again(conn: Conn, row: TapRow) -> TapRow:
    """A tap read anew, with its seal where the log holds it as it is told."""
    rest = rest_of(row)
    leaf = leaf_of_tap(row, rest=rest)
    seal = await sealing.find_seal(conn, leaf, made_at=row.decided_at, rest=rest)
    return row if seal is None else sealed_row(row, seal)
