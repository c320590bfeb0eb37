"""The lists that an installation holds in its database: trusted regions, and status lists of other regions.

What is read back is verified again from the roots that are pinned outside the database, so a row written past this
code trusts nobody.
"""

from datetime import datetime

from yikatong.kernel.outcomes import Change, Refused
from yikatong.trust import store
from yikatong.trust.model import HeldTrustList, Reason, StatusList, VerifyingKey
from yikatong.trust.token_status_list.status_list import read_status_list
from yikatong.trust.trusted_regions.rules import accept_trust_list, follow_trust_lists

_LISTS_AT_ONCE = 500


async def read_held_trust_list(conn: store.Conn, *, pinned: HeldTrustList, now: datetime) -> HeldTrustList:
    """The newest list held, reached step by step from what is pinned (roots, and perhaps a list to begin at).

    Gives `pinned` itself when nothing later is held. Refuses what `accept_trust_list` refuses but for
    expiry, which only a row written past this code brings about.
    """
    held = pinned
    while True:
        sequence = 0 if held.trust_list is None else held.trust_list.sequence
        envelopes = await store.list_trust_lists_after(conn, sequence=sequence, count_max=_LISTS_AT_ONCE)
        held = follow_trust_lists(envelopes, held, now=now)
        if len(envelopes) < _LISTS_AT_ONCE:
            return held


async def hold_trust_list(conn: store.Conn, envelope: bytes, *, pinned: HeldTrustList, now: datetime) -> Change:
    """Accept a list and keep it; ALREADY_SO for the very list that is held.

    Refuses what `accept_trust_list` refuses, in its order. Several callers are served one after another.
    """
    await store.lock_trust_lists(conn)
    held = await read_held_trust_list(conn, pinned=pinned, now=now)
    accepted = accept_trust_list(envelope, held, now=now)
    if accepted is held or accepted.trust_list is None:
        return Change.ALREADY_SO
    kept = await store.insert_trust_list(
        conn, trust_list=accepted.trust_list, envelope=accepted.envelope, accepted_at=now
    )
    return Change.of(kept)


async def hold_status_list(
    conn: store.Conn, envelope: bytes, *, key: VerifyingKey, subject: str, now: datetime
) -> Change:
    """Verify a region's status list and hold it in place of the one held; ALREADY_SO for the very same.

    Refuses what `read_status_list` refuses, then STATUS_LIST_IS_ROLLED_BACK.
    """
    status_list = read_status_list(envelope, key, subject=subject, now=now)
    if await store.find_status_list_snapshot(conn, subject=subject) == envelope:
        return Change.ALREADY_SO
    if not await store.put_status_list_snapshot(conn, status_list=status_list, envelope=envelope, fetched_at=now):
        raise Refused(Reason.STATUS_LIST_IS_ROLLED_BACK)
    return Change.DONE


async def find_status_list(conn: store.Conn, *, key: VerifyingKey, subject: str, now: datetime) -> StatusList | None:
    """The status list held of a subject, verified again; refuses what `read_status_list` refuses."""
    envelope = await store.find_status_list_snapshot(conn, subject=subject)
    return None if envelope is None else read_status_list(envelope, key, subject=subject, now=now)
