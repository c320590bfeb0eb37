"""Showing the log's head to the witness, and the witness's own rule."""

from collections.abc import Sequence
from datetime import datetime

from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.database import Database
from yikatong.plumbing.rows import Conn
from yikatong.sealing import store
from yikatong.sealing.model import Head, Reason, WitnessedHead
from yikatong.sealing.outside import Witness
from yikatong.sealing.rules.statements import verify_head, verify_witnessed, witness_head
from yikatong.sealing.rules.trees import EMPTY_ROOT, verify_consistency
from yikatong.sealing.service.log import prove_consistency
from yikatong.trust.model import SigningKey, VerifyingKey


async def show_to_witness(database: Database, witness: Witness, *, now: datetime) -> WitnessedHead | None:
    """Have the head signed if it grew since the witness's last, and keep the word; None when there is nothing to show.

    Refuses SEAL_DOES_NOT_MATCH when the witness knows another log than ours, or its word is not by its key. Raises
    WitnessIsSilent.
    """
    last = await witness.find_last()
    old = 0 if last is None else last.size
    async with database.transaction() as conn:
        latest = await store.find_latest_head(conn)
        if latest is None and last is None:
            return None
        if latest is None:
            raise Refused(Reason.SEAL_DOES_NOT_MATCH)
        path = await _prove(conn, latest[0], last=last)
        if latest[0].size == old:
            return None
    witnessed = verify_witnessed((await witness.co_sign(latest[0], old=old, path=path)).signed, key=witness.key)
    if (witnessed.size, witnessed.root) != (latest[0].size, latest[0].root):
        raise Refused(Reason.SEAL_DOES_NOT_MATCH)
    async with database.transaction() as conn:
        await store.write_cosignature(conn, witnessed, now=now)
    return witnessed


async def _prove(conn: Conn, head: Head, *, last: WitnessedHead | None) -> Sequence[bytes]:
    """The proof that our log begins with the witness's last head. Refuses SEAL_DOES_NOT_MATCH when it does not."""
    if last is None:
        return ()
    if head.size < last.size:
        raise Refused(Reason.SEAL_DOES_NOT_MATCH)
    path = await prove_consistency(conn, old=last.size, new=head.size)
    verify_consistency(old=last.size, old_root=last.root, new=head.size, new_root=head.root, path=path)
    return path


def sign_as_witness(
    signed: bytes,
    *,
    last: WitnessedHead | None,
    path: Sequence[bytes],
    log_keys: dict[bytes, VerifyingKey],
    key: SigningKey,
) -> WitnessedHead:
    """What a witness does with a head it is shown: sign it, if its log begins with the last one signed.

    Refuses SEAL_DOES_NOT_MATCH for any other, and for a head that is not the log's.
    """
    head = verify_head(signed, log_keys=log_keys)
    old, old_root = (0, EMPTY_ROOT) if last is None else (last.size, last.root)
    verify_consistency(old=old, old_root=old_root, new=head.size, new_root=head.root, path=path)
    return witness_head(head, key)
