"""A sealed log in memory, with receipts of taps in it: what tests of a terminal that follows the log share."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import msgspec

from tests.support.world import NOON, SeededIds
from yikatong.client.receipts import Outcome, Receipt, Seal
from yikatong.sealing.model import BatchRoot, Head, Leaf, LeafKind
from yikatong.sealing.rules.statements import certify_series, digest_labels, sign_batch, sign_head
from yikatong.sealing.rules.trees import Edge, Tree, consistency_path, hash_leaf, inclusion_path
from yikatong.sealing.service import witness_head
from yikatong.terminal.model import Included
from yikatong.terminal.offline import open_memory
from yikatong.terminal.platform import PlatformIsAway
from yikatong.terminal.seals import KeptLog
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm, HeldSigner

IDS = SeededIds()
LOG_KEY, WITNESS_KEY = (trust.new_signing_key(Algorithm.ES256) for _ in range(2))
SIGNER = HeldSigner(key_id=trust.key_id_of(LOG_KEY.public_key), key=LOG_KEY)


class ALog:
    """A platform's log, as it answers terminals; one series, one batch for each call of `seal`."""

    def __init__(self, *, signer: HeldSigner = SIGNER) -> None:
        self.signer = signer
        self.is_away = False
        self.asked = 0
        self.witnessed: bytes | None = None
        self.shown: bytes | None = None
        """A head to show instead of the log's own."""
        self._series = IDS.new()
        self._key = trust.new_signing_key(Algorithm.ES256)
        self._certificate = certify_series(self._series, self._key.public_key, began_at=NOON, signer=signer)
        self._batches: list[bytes] = []
        self._edge = Edge()
        self._nodes: dict[tuple[int, int], bytes] = {}
        self._head: Head | None = None

    def seal(self, *amounts_fen: int, enters: bool = True) -> list[Receipt]:
        """Seal taps of these amounts in one batch; it enters the log unless told otherwise."""
        receipts = [_a_receipt(amount_fen) for amount_fen in amounts_fen]
        rest = sha256(b"the rest of the row").digest()
        leaves = [Leaf(LeafKind.PAID_TAP, IDS.new(), _leaf_of(receipt, rest)) for receipt in receipts]
        tree = Tree([leaf.hash for leaf in leaves])
        root = BatchRoot(
            series=self._series,
            number=len(self._batches) + 1,
            size=len(leaves),
            root=tree.root,
            made_at=NOON,
            labels=digest_labels(leaves),
        )
        signed = sign_batch(root, self._key)
        if enters:
            self._batches.append(signed)
            nodes = self._edge.append(hash_leaf(signed))
            self._nodes |= {(node.level, node.position): node.hash for node in nodes}
            self._head = sign_head(size=self._edge.size, root=self._edge.root, made_at=NOON, signer=self.signer)
        return [
            msgspec.structs.replace(receipt, seal=Seal(index=at, path=tree.path(at), batch=signed, rest=rest))
            for at, receipt in enumerate(receipts)
        ]

    def witness(self) -> None:
        """Let the witness sign the head as it is."""
        assert self._head is not None
        self.witnessed = witness_head(self._head, WITNESS_KEY).signed

    def heads(self) -> tuple[bytes | None, bytes | None]:
        """The head, and the witness's word."""
        self._ask()
        own = None if self._head is None else self._head.signed
        return self.shown or own, self.witnessed

    def certificate(self, series: UUID) -> bytes:
        """The series' certificate, whatever is asked."""
        self._ask()
        return self._certificate

    def consistency(self, *, old: int, new: int) -> tuple[bytes, ...] | None:
        """The log's proof."""
        self._ask()
        if new > self._edge.size:
            return None
        return tuple(consistency_path(old, new, lambda level, position: self._nodes[level, position]))

    def inclusion(self, *, series: UUID, number: int) -> Included | None:
        """The log's proof."""
        self._ask()
        if self._head is None or series != self._series or number > len(self._batches):
            return None
        path = inclusion_path(number - 1, self._edge.size, lambda level, position: self._nodes[level, position])
        return Included(position=number - 1, path=tuple(path), head=self._head.signed)

    def _ask(self) -> None:
        self.asked += 1
        if self.is_away:
            raise PlatformIsAway


def _a_receipt(amount_fen: int) -> Receipt:
    return Receipt(
        tap=f"tap_{IDS.new().hex}",
        request_id=IDS.new().hex,
        outcome=Outcome.ADMITTED,
        item="community-meal",
        form="e_card_code",
        strength="answered",
        decided_at=NOON,
        amount_fen=amount_fen,
    )


def _leaf_of(receipt: Receipt, rest: bytes) -> bytes:
    told: Sequence[object] = (
        receipt.tap, receipt.request_id, receipt.item, receipt.amount_fen, receipt.reason, receipt.decided_at, rest,
    )  # fmt: skip
    return hash_leaf(msgspec.json.encode(told))


def kept_in(file: Path, *, with_witness: bool = False) -> KeptLog:
    """A terminal's keeping over a memory file."""
    return KeptLog(
        open_memory(file),
        log_keys=[LOG_KEY.public_key],
        witness_key=WITNESS_KEY.public_key if with_witness else None,
    )


def size_of(kept: KeptLog, log: ALog, *, now: datetime = NOON + timedelta(minutes=1)) -> int:
    """Follow a log; gives how long it is."""
    head = kept.follow(log, now=now).head
    return 0 if head is None else head.size
