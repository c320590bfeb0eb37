"""A region's key gets a successor: it is put on the list of trusted regions, and the former one ends later.

What a key holder has and what the list says are two things: a key that is held signs, a key that is listed is believed.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from yikatong.kernel.outcomes import Change
from yikatong.trust import store
from yikatong.trust.held_lists import pin_own_roots, publish_trust_list, read_held_trust_list
from yikatong.trust.keys_at_rest.vault import region_key_name, split_key_name
from yikatong.trust.model import (
    HeldKey,
    HeldSigner,
    KeyHolder,
    KeyKind,
    KeyStanding,
    KeyState,
    RegionKey,
    TrustList,
)
from yikatong.trust.trusted_regions.rules import succeed_region_key

REGION_KEY_LIFE = timedelta(days=3 * 365)


async def publish_region_keys(
    conn: store.Conn,
    *,
    holder: KeyHolder,
    regions: Iterable[str],
    overlap: timedelta,
    now: datetime,
    revoke_former: bool = False,
) -> Change:
    """Put the present key of each region on the next list, if it is not there; ALREADY_SO when all are.

    A region's former keys are believed for `overlap` more, or are revoked with `revoke_former`. Refuses with
    KEY_IS_NOT_HELD, else what `publish_trust_list` refuses.
    """
    keys = await _lock_listed_keys(conn, holder=holder, now=now)
    listed = {(key.region, key.key_id) for key in keys}
    fresh = [_beginning(holder.signer(region_key_name(region)), region=region, now=now) for region in regions]
    fresh = [key for key in fresh if (key.region, key.key_id) not in listed]
    if not fresh:
        return Change.ALREADY_SO
    for key in fresh:
        keys = succeed_region_key(keys, key, overlap=overlap, revoke_former=revoke_former)
    await publish_trust_list(conn, holder=holder, keys=keys, now=now)
    return Change.DONE


async def republish_trust_list(
    conn: store.Conn, *, holder: KeyHolder, now: datetime, passed_over_count: int = 0
) -> TrustList:
    """Publish the keys of the held list anew, naming the present root: the way in which a root gets its successor.

    `passed_over_count` sequence numbers are left out. Refuses what `publish_trust_list` refuses.
    """
    keys = await _lock_listed_keys(conn, holder=holder, now=now)
    return await publish_trust_list(conn, holder=holder, keys=keys, now=now, passed_over_count=passed_over_count)


async def _lock_listed_keys(conn: store.Conn, *, holder: KeyHolder, now: datetime) -> tuple[RegionKey, ...]:
    await store.lock_trust_lists(conn)
    held = await read_held_trust_list(conn, pinned=pin_own_roots(holder), now=now)
    return () if held.trust_list is None else held.trust_list.keys


def _beginning(signer: HeldSigner, *, region: str, now: datetime) -> RegionKey:
    begins_at = now.replace(microsecond=0)
    return RegionKey(
        region=region,
        key_id=signer.key_id,
        public_key=signer.key.public_key,
        valid_from_at=begins_at,
        valid_until=begins_at + REGION_KEY_LIFE,
    )


def list_standings(
    held_keys: Iterable[HeldKey], trust_list: TrustList | None, *, now: datetime
) -> tuple[KeyStanding, ...]:
    """What each key does now, in the order given, which is oldest first: a holder's own order."""
    keys = tuple(held_keys)
    newest = {key.name: key.key_id for key in keys}
    listed = {} if trust_list is None else {(key.region, key.key_id): key for key in trust_list.keys}
    return tuple(_standing_of(key, is_newest=newest[key.name] == key.key_id, listed=listed, now=now) for key in keys)


def _standing_of(
    key: HeldKey, *, is_newest: bool, listed: dict[tuple[str, bytes], RegionKey], now: datetime
) -> KeyStanding:
    state = KeyState.PRESENT if is_newest else KeyState.FORMER
    _, region = split_key_name(key.name)
    if key.kind is not KeyKind.SIGNING or region is None:
        return KeyStanding(key=key, state=state)
    row = listed.get((region, key.key_id))
    if row is None:
        return KeyStanding(key=key, state=KeyState.NOT_PUBLISHED if is_newest else KeyState.ENDED)
    if row.revoked_at is not None and row.revoked_at <= now:
        return KeyStanding(key=key, state=KeyState.REVOKED, ends_at=row.revoked_at)
    if row.valid_until <= now:
        return KeyStanding(key=key, state=KeyState.ENDED, ends_at=row.valid_until)
    return KeyStanding(key=key, state=state, ends_at=row.valid_until)
