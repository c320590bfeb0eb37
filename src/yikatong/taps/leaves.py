"""What the sealed log holds of taps: leaves that their receipts and rows can be checked against.

A tap's leaf hashes the JSON array [tap, request id, item, amount in fen, reason, decided at, rest], written as the
receipt writes them; `rest` is the SHA-256 of what the row holds beyond that (`docs/formats/seal.md`). A terminal so
proves its receipt, and learns nothing else of the row.
"""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

import msgspec
from msgspec import structs

from yikatong.kernel.ids import show_id
from yikatong.sealing import service as sealing
from yikatong.sealing.model import Leaf, LeafKind, Seal
from yikatong.taps.model import SealedTapRow, TapRow
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
    return Leaf(LeafKind.TAP, row.id, sealing.hash_leaf(_TOLD(told)))


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
        self, taps: Sequence[TapRow], refunds: Sequence[RefundRow], reversals: Sequence[ReversalRow], *, now: datetime
    ) -> None:
        """`now` is the batch's instant."""
        self._rests = {row.id.int: rest_of(row) for row in taps}
        self.leaves: list[Leaf] = [leaf_of_tap(row, rest=self._rests[row.id.int]) for row in taps]
        self.leaves += [leaf_of_refund(row, made_at=now) for row in refunds]
        self.leaves += [leaf_of_reversal(row, made_at=now) for row in reversals]

    def with_seal(self, row: TapRow, sealed: sealing.Sealed | sealing.Unsealed) -> TapRow:
        """A tap of this batch with its seal, or none where the batch has none yet; another batch's as it is."""
        rest = self._rests.get(row.id.int)
        if rest is None:
            return row
        seal = None if isinstance(sealed, sealing.Unsealed) else sealed.find_seal(LeafKind.TAP, row.id, rest=rest)
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
