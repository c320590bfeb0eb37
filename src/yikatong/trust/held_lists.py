"""The lists that an installation holds in its database: trusted regions, and status lists of other regions.

What is read back is verified again from the roots that are pinned outside the database, so a row written past this
code trusts nobody.
"""

from datetime import datetime, timedelta

from yikatong.kernel.outcomes import Change, Refused
from yikatong.trust import store
from yikatong.trust.algorithms import key_id_of
from yikatong.trust.keys_at_rest.signing import HolderSigningKey
from yikatong.trust.model import (
    HeldTrustList,
    KeyHolder,
    Reason,
    RegionKey,
    StatusList,
    TrustList,
    VerifyingKey,
)
from yikatong.trust.token_status_list.status_list import read_status_list
from yikatong.trust.trusted_regions.document import sign_trust_list
from yikatong.trust.trusted_regions.rules import accept_trust_list, follow_trust_lists, renewal_of

_LISTS_AT_ONCE = 500
ROOT = "root"
LIFE = timedelta(days=30)
"""How long a list is good for; the next one is published when half of it is over."""


async def read_held_trust_list(conn: store.Conn, *, pinned: HeldTrustList, now: datetime) -> HeldTrustList:
    """The newest list held, reached step by step from the roots that are pinned.

    Gives `pinned` itself when no list of its line is held, or no root is pinned. Refuses what `accept_trust_list`
    refuses but for expiry, which only a row written past this code brings about.
    """
    if not pinned.roots:
        return pinned
    held, line = pinned, _line_of(pinned)
    while True:
        sequence = 0 if held.trust_list is None else held.trust_list.sequence
        envelopes = await store.list_trust_lists_after(conn, line=line, sequence=sequence, count_max=_LISTS_AT_ONCE)
        held = follow_trust_lists(envelopes, held, now=now)
        if len(envelopes) < _LISTS_AT_ONCE:
            return held


async def hold_trust_list(conn: store.Conn, envelope: bytes, *, pinned: HeldTrustList, now: datetime) -> Change:
    """Accept a list and keep it; ALREADY_SO for the very list that is held.

    Refuses what `accept_trust_list` refuses, in its order. Several callers are served one after another.
    """
    await store.lock_trust_lists(conn)
    held = await read_held_trust_list(conn, pinned=pinned, now=now)
    return await _hold_next(conn, envelope, held=held, pinned=pinned, now=now)


async def _hold_next(
    conn: store.Conn, envelope: bytes, *, held: HeldTrustList, pinned: HeldTrustList, now: datetime
) -> Change:
    accepted = accept_trust_list(envelope, held, now=now)
    if accepted is held or accepted.trust_list is None:
        return Change.ALREADY_SO
    kept = await store.insert_trust_list(
        conn, line=_line_of(pinned), trust_list=accepted.trust_list, envelope=accepted.envelope, accepted_at=now
    )
    return Change.of(kept)


def _line_of(pinned: HeldTrustList) -> bytes:
    """The name of a line of lists: the id of the root that is pinned first."""
    return key_id_of(pinned.roots[0], 8)


def pin_own_roots(holder: KeyHolder) -> HeldTrustList:
    """What an installation that is its own root of trust pins: its first root; later ones follow list by list.

    Refuses with KEY_IS_NOT_HELD when the holder has no root.
    """
    return HeldTrustList(roots=(_root_keys(holder)[0].public_key,))


async def publish_trust_list(
    conn: store.Conn, *, holder: KeyHolder, keys: tuple[RegionKey, ...], now: datetime, passed_over_count: int = 0
) -> TrustList:
    """Sign the next list with the root that may sign it, naming the present root for the one after, and hold it.

    `passed_over_count` sequence numbers are left out: verifiers may hold lists that we have forgotten. Refuses with
    KEY_IS_NOT_HELD when no root of the holder may sign, else what `accept_trust_list` refuses.
    """
    await store.lock_trust_lists(conn)
    held = await read_held_trust_list(conn, pinned=pin_own_roots(holder), now=now)
    return await _publish_after(conn, held, holder=holder, keys=keys, now=now, passed_over_count=passed_over_count)


async def renew_trust_list(conn: store.Conn, *, holder: KeyHolder, now: datetime) -> Change:
    """Publish the keys of the held list anew when half of its life is over, so that peers never meet an expired list.

    ALREADY_SO before that, and when none is held. Refuses as `publish_trust_list`.
    """
    await store.lock_trust_lists(conn)
    held = await read_held_trust_list(conn, pinned=pin_own_roots(holder), now=now)
    if held.trust_list is None or now < renewal_of(held.trust_list):
        return Change.ALREADY_SO
    await _publish_after(conn, held, holder=holder, keys=held.trust_list.keys, now=now)
    return Change.DONE


async def _publish_after(
    conn: store.Conn,
    held: HeldTrustList,
    *,
    holder: KeyHolder,
    keys: tuple[RegionKey, ...],
    now: datetime,
    passed_over_count: int = 0,
) -> TrustList:
    roots = _root_keys(holder)
    allowed = [root for root in roots if root.public_key in held.roots]
    if not allowed:
        raise Refused(Reason.KEY_IS_NOT_HELD, name=ROOT)
    issued_at = now.replace(microsecond=0)
    trust_list = TrustList(
        sequence=(0 if held.trust_list is None else held.trust_list.sequence) + passed_over_count + 1,
        issued_at=issued_at,
        expires_at=issued_at + LIFE,
        roots=(roots[-1].public_key,),
        keys=keys,
    )
    envelope = sign_trust_list(trust_list, allowed[-1])
    await _hold_next(conn, envelope, held=held, pinned=pin_own_roots(holder), now=now)
    return trust_list


def _root_keys(holder: KeyHolder) -> list[HolderSigningKey]:
    """The roots of a holder, oldest first."""
    found = [
        HolderSigningKey(holder, key.key_id, key.public_key)
        for key in holder.held_keys()
        if key.name == ROOT and key.public_key is not None
    ]
    if not found:
        raise Refused(Reason.KEY_IS_NOT_HELD, name=ROOT)
    return found


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
