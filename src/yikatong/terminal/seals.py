"""The sealed log as a terminal sees it: whether a receipt was sealed, and whether the log only grew since then.

The last head seen lies in the terminal's memory file and is on the disk before `follow` returns. What does not fit is
kept there too, with both heads: signed by the platform, they prove that it told two stories (`docs/formats/seal.md`).
Taps do not wait for any of this.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec

from yikatong.kernel.outcomes import Refused
from yikatong.sealing import service as sealing
from yikatong.sealing.model import BatchRoot, Head
from yikatong.terminal.memory import Memory
from yikatong.terminal.model import Alarm, Followed, Reason, Seal, SealedReceipt
from yikatong.terminal.platform import Log
from yikatong.trust import service as trust
from yikatong.trust.model import PublicKey, VerifyingKey

LATE = timedelta(minutes=10)
"""A batch that the log lacks so long after it was made was kept out; the sealer takes seconds."""
ALARMS_MAX = 16
_SERIES_MAX = 64
_HEAD, _ALARM, _SERIES = "log head", "log alarm ", "log series "


class _Point(NamedTuple):
    """A log at a length."""

    size: int
    root: bytes


class KeptLog:
    """What one memory keeps of the platform's log. Terminals that share the file keep one head together."""

    def __init__(self, memory: Memory, *, log_keys: Sequence[PublicKey], witness_key: PublicKey | None = None) -> None:
        """`log_keys` and `witness_key` are pinned at installation: `yikatong keys log`, `yikatong witness key`."""
        self._memory = memory
        self._log_keys = {trust.key_id_of(key): trust.verifying_key(key) for key in log_keys}
        self._witness_key = None if witness_key is None else trust.verifying_key(witness_key)

    @property
    def head(self) -> Head | None:
        """The longest head that fitted all before it; None before the first."""
        held = self._memory.held(_HEAD)
        return None if held is None else sealing.verify_head(held[0], log_keys=self._log_keys)

    @property
    def alarms(self) -> list[Alarm]:
        """What did not fit, in no order: the first of each kind and length, at most `ALARMS_MAX`."""
        return [msgspec.msgpack.decode(kept, type=Alarm) for _, kept in self._memory.held_under(_ALARM)]

    def follow(self, log: Log, *, now: datetime) -> Followed:
        """Ask for the log's head, prove that its log begins with the one last seen, and keep it.

        Raises PlatformIsAway. Refuses, in this order, and then keeps the head it has and an alarm:
            LOG_HEAD_IS_NOT_GENUINE    not signed by a key of the log
            LOG_WAS_CUT_BACK           the log has no head, or not as many batches as one that it signed before
            LOG_WAS_FORKED             the log does not go on from the head last seen
            WITNESS_SAW_ANOTHER_LOG    the witness's word is not by its key, or is of another log
        """
        signed, witnessed = log.heads()
        while True:
            before = self.head
            try:
                head = self._verify_grown(signed, before, log)
                witnessed_size = self._verify_witnessed(witnessed, head, log)
            except Refused as refused:
                self._keep_alarm(refused, shown=signed, held=before, now=now)
                raise
            with self._memory.writing():
                if self.head == before:
                    if head is not None and head != before:
                        self._memory.hold(_HEAD, head.signed)
                    return Followed(head=head, witnessed_size=witnessed_size)

    def verify_receipt(self, receipt: SealedReceipt, log: Log) -> BatchRoot:
        """Give the batch in which the platform sealed a tap exactly as its receipt says it.

        A series whose certificate is kept is verified without a network; else raises PlatformIsAway. Refuses, in this
        order: RECEIPT_HAS_NO_SEAL, RECEIPT_IS_NOT_WHAT_WAS_SEALED.
        """
        seal = _seal_of(receipt)
        try:
            key = self._key_of(sealing.series_of(seal.batch), log)
            batch = sealing.verify_batch(seal.batch, key=key)
            leaf = _leaf_of(receipt, seal)
            sealing.verify_inclusion(leaf, index=seal.index, size=batch.size, path=seal.path, root=batch.root)
        except Refused:
            raise Refused(Reason.RECEIPT_IS_NOT_WHAT_WAS_SEALED, tap=receipt.tap) from None
        return batch

    def verify_entered(self, receipt: SealedReceipt, log: Log, *, now: datetime) -> Head | None:
        """Give the head of a log that holds a receipt's batch and goes on from the one last seen, and keep it.

        None while the batch is younger than ten minutes and not in the log yet. Raises PlatformIsAway. Refuses as
        `verify_receipt`, then RECEIPT_IS_NOT_IN_THE_LOG, then as `follow`.
        """
        batch = self.verify_receipt(receipt, log)
        found = log.inclusion(series=batch.series, number=batch.number)
        if found is None:
            if now - batch.made_at > LATE:
                raise Refused(Reason.RECEIPT_IS_NOT_IN_THE_LOG, tap=receipt.tap)
            return None
        head = self.follow(_With(log, found.head), now=now).head
        shown = sealing.verify_head(found.head, log_keys=self._log_keys)
        try:
            leaf = sealing.hash_leaf(_seal_of(receipt).batch)
            sealing.verify_inclusion(leaf, index=found.position, size=shown.size, path=found.path, root=shown.root)
        except Refused:
            raise Refused(Reason.RECEIPT_IS_NOT_IN_THE_LOG, tap=receipt.tap) from None
        return head

    def begin_anew(self) -> None:
        """Forget the head last seen, after an auditor took the alarms and said why the log is another; they stay."""
        with self._memory.writing():
            self._memory.drop(_HEAD)

    def _verify_grown(self, signed: bytes | None, before: Head | None, log: Log) -> Head | None:
        if signed is None:
            if before is not None:
                raise Refused(Reason.LOG_WAS_CUT_BACK, held=before.size, shown=0)
            return None
        try:
            shown = sealing.verify_head(signed, log_keys=self._log_keys)
        except Refused:
            raise Refused(Reason.LOG_HEAD_IS_NOT_GENUINE) from None
        if before is None:
            return shown
        # A shorter head may be an old answer that comes late: then the log still proves that it goes on to ours.
        older, newer = (before, shown) if before.size <= shown.size else (shown, before)
        _verify_begins(_point(newer), _point(older), log, otherwise=Reason.LOG_WAS_FORKED)
        return newer

    def _verify_witnessed(self, signed: bytes | None, head: Head | None, log: Log) -> int | None:
        if self._witness_key is None or signed is None:
            return None
        try:
            witnessed = sealing.verify_witnessed(signed, key=self._witness_key)
        except Refused:
            raise Refused(Reason.WITNESS_SAW_ANOTHER_LOG) from None
        if head is None:
            raise Refused(Reason.LOG_WAS_CUT_BACK, held=witnessed.size, shown=0)
        theirs, ours = _Point(witnessed.size, witnessed.root), _point(head)
        older, newer = (theirs, ours) if theirs.size <= ours.size else (ours, theirs)
        _verify_begins(newer, older, log, otherwise=Reason.WITNESS_SAW_ANOTHER_LOG)
        return witnessed.size

    def _key_of(self, series: UUID, log: Log) -> VerifyingKey:
        """The key of a series by its certificate, which is kept once it was verified."""
        name = f"{_SERIES}{series.hex}"
        held = self._memory.held(name)
        certificate = log.certificate(series) if held is None else held[0]
        certified, key = sealing.verify_series(certificate, log_keys=self._log_keys)
        if certified != series:
            raise Refused(Reason.RECEIPT_IS_NOT_WHAT_WAS_SEALED)
        if held is None:
            with self._memory.writing():
                kept = [one for one, _ in self._memory.held_under(_SERIES)]
                # Ids of series begin with their time, so the first are the oldest.
                for one in sorted(kept)[: max(0, len(kept) + 1 - _SERIES_MAX)]:
                    self._memory.drop(one)
                self._memory.hold(name, certificate)
        return key

    def _keep_alarm(self, refused: Refused, *, shown: bytes | None, held: Head | None, now: datetime) -> None:
        alarm = Alarm(
            reason=refused.reason.name,
            seen_at=now,
            shown=shown or b"",
            held=b"" if held is None else held.signed,
        )
        name = f"{_ALARM}{alarm.reason} {0 if held is None else held.size}"
        with self._memory.writing():
            if self._memory.held(name) is None and len(self._memory.held_under(_ALARM)) < ALARMS_MAX:
                self._memory.hold(name, msgspec.msgpack.encode(alarm))


class _With:
    """A log whose head was told already."""

    def __init__(self, log: Log, head: bytes) -> None:
        self._head = head
        self.certificate, self.consistency, self.inclusion = log.certificate, log.consistency, log.inclusion

    def heads(self) -> tuple[bytes | None, bytes | None]:
        """The head that was told, without a witness."""
        return self._head, None


def _verify_begins(newer: _Point, older: _Point, log: Log, *, otherwise: Reason) -> None:
    """Go on when the log of one length begins with that of another, by the log's own proof."""
    path: tuple[bytes, ...] | None = ()
    if older.size < newer.size:
        path = log.consistency(old=older.size, new=newer.size)
    if path is None:
        raise Refused(Reason.LOG_WAS_CUT_BACK, held=newer.size)
    try:
        sealing.verify_consistency(old=older.size, old_root=older.root, new=newer.size, new_root=newer.root, path=path)
    except Refused:
        raise Refused(otherwise, held=older.size, shown=newer.size) from None


def _point(head: Head) -> _Point:
    return _Point(head.size, head.root)


def _seal_of(receipt: SealedReceipt) -> Seal:
    if receipt.seal is None:
        raise Refused(Reason.RECEIPT_HAS_NO_SEAL, tap=receipt.tap)
    return receipt.seal


def _leaf_of(receipt: SealedReceipt, seal: Seal) -> bytes:
    """The hash that stands for a tap that is as its receipt says."""
    told = (receipt.tap, receipt.request_id, receipt.item, receipt.amount_fen, receipt.reason, receipt.decided_at,
            seal.rest)  # fmt: skip
    return sealing.hash_leaf(msgspec.json.encode(told))
