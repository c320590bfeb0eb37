"""What the sealed log holds of the goods chain: every deed and every decision, written once each.

Money that a deed moves has leaves of its own (the ledger's). The bucket is in no leaf: a change of the number of
buckets moves rows.
"""

from typing import Any

import msgspec

from yikatong.ledger.model import digest_id
from yikatong.sealing import service as sealing
from yikatong.sealing.model import Leaf, LeafKind
from yikatong.trade_in.model import CouponUseRow, DecisionRow, DeedRow


def leaf_of_deed(deed: DeedRow) -> Leaf:
    """The leaf of a deed; its id is made of claim and number, because others choose the ids of requests."""
    id = digest_id(b"trade-in deed", deed.claim_id.bytes, deed.number.to_bytes(4), time_of=deed.claim_id)
    return Leaf(LeafKind.DEED, id, _hash(deed))


def leaf_of_decision(decision: DecisionRow) -> Leaf:
    """The leaf of a decision as its row has it, the sealed part included."""
    return Leaf(LeafKind.DECISION, decision.decision_id, _hash(decision))


def leaf_of_coupon_use(row: CouponUseRow) -> Leaf:
    """The leaf of what a bank said of a coupon; it is a deed of a claim that moves nothing."""
    id = digest_id(b"trade-in coupon use", row.claim_id.bytes, time_of=row.claim_id)
    return Leaf(LeafKind.DEED, id, _hash(row))


def _hash(row: msgspec.Struct) -> bytes:
    told: tuple[Any, ...] = tuple(
        list(value) if isinstance(value, tuple) else value
        for name, value in msgspec.structs.asdict(row).items()
        if name != "bucket"
    )
    return sealing.hash_leaf(sealing.encode_fields(told))
