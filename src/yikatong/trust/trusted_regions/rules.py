"""Which list of trusted regions is held, and which key of a region counts when."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from yikatong.kernel.outcomes import Refused
from yikatong.trust.algorithms import verifying_key
from yikatong.trust.model import HeldTrustList, Reason, RegionKey, TrustList, VerifyingKey
from yikatong.trust.trusted_regions.document import verify_trust_list

CLOCK_SKEW = timedelta(seconds=60)


def accept_trust_list(envelope: bytes, held: HeldTrustList, *, now: datetime) -> HeldTrustList:
    """What is held after a list arrived; the very list that is held already changes nothing.

    Refuses, in this order: what `verify_trust_list` refuses with the roots that are held;
    TRUST_LIST_IS_ROLLED_BACK for a lower sequence or an earlier time of issue than the held one's;
    TRUST_LIST_CONTRADICTS_THE_HELD_ONE for other bytes under the same sequence;
    TRUST_LIST_IS_FROM_THE_FUTURE when issued more than 60 seconds ahead;
    KEY_CHANGED_UNDER_ITS_ID; REVOKED_KEY_CAME_BACK; TRUST_LIST_IS_EXPIRED.
    """
    return accept_trust_lists([envelope], held, now=now)


def accept_trust_lists(envelopes: Sequence[bytes], held: HeldTrustList, *, now: datetime) -> HeldTrustList:
    """The same for several lists in order, so that who missed a rotation of the root follows it step by step.

    Only the last must be unexpired; each is signed by a root that its predecessor named.
    """
    held = follow_trust_lists(envelopes, held, now=now)
    if held.trust_list is not None and held.trust_list.expires_at <= now:
        raise Refused(Reason.TRUST_LIST_IS_EXPIRED)
    return held


def follow_trust_lists(envelopes: Sequence[bytes], held: HeldTrustList, *, now: datetime) -> HeldTrustList:
    """The same without asking whether the last has expired: what was held, read back, expired or not."""
    for envelope in envelopes:
        held = _step(envelope, held, now=now)
    return held


def _step(envelope: bytes, held: HeldTrustList, *, now: datetime) -> HeldTrustList:
    if held.trust_list is not None and envelope == held.envelope:
        return held
    new = verify_trust_list(envelope, held.roots)
    if held.trust_list is not None:
        _verify_follows(new, held.trust_list)
    if new.issued_at > now + CLOCK_SKEW:
        raise Refused(Reason.TRUST_LIST_IS_FROM_THE_FUTURE)
    if held.trust_list is not None:
        _verify_keys_follow(new, held.trust_list)
    return HeldTrustList(roots=new.roots, trust_list=new, envelope=envelope)


def _verify_follows(new: TrustList, held: TrustList) -> None:
    if new.sequence < held.sequence or new.issued_at < held.issued_at:
        raise Refused(Reason.TRUST_LIST_IS_ROLLED_BACK, held=held.sequence, new=new.sequence)
    if new.sequence == held.sequence:
        raise Refused(Reason.TRUST_LIST_CONTRADICTS_THE_HELD_ONE, sequence=held.sequence)


def _verify_keys_follow(new: TrustList, held: TrustList) -> None:
    """A key id means one key for ever, and what was revoked stays on the list until its time is over."""
    present = {(key.region, key.key_id): key for key in new.keys}
    for former in held.keys:
        key = present.get((former.region, former.key_id))
        if key is not None and key.public_key != former.public_key:
            raise Refused(Reason.KEY_CHANGED_UNDER_ITS_ID, region=former.region)
        gone = key is None and former.valid_until > new.issued_at
        if former.revoked_at is not None and (gone or (key is not None and key.revoked_at is None)):
            raise Refused(Reason.REVOKED_KEY_CAME_BACK, region=former.region)


def verify_fresh_trust_list(trust_list: TrustList, *, now: datetime, age_max: timedelta) -> TrustList:
    """The list, when it may be used now; refuses with TRUST_LIST_IS_EXPIRED, then TRUST_LIST_IS_TOO_OLD."""
    if trust_list.expires_at <= now:
        raise Refused(Reason.TRUST_LIST_IS_EXPIRED)
    if now - trust_list.issued_at > age_max:
        raise Refused(Reason.TRUST_LIST_IS_TOO_OLD)
    return trust_list


def renewal_of(trust_list: TrustList) -> datetime:
    """When the next list is due: at half of this one's life, which leaves the other half to make up for what failed."""
    return trust_list.issued_at + (trust_list.expires_at - trust_list.issued_at) / 2


def succeed_region_key(
    keys: Sequence[RegionKey], successor: RegionKey, *, overlap: timedelta, revoke_former: bool = False
) -> tuple[RegionKey, ...]:
    """The keys of the next list when a key of a region begins: it stands last.

    The region's former keys end when `overlap` from its beginning is over, if they do not end before; with
    `revoke_former` they are revoked at its beginning instead. Keys whose time is over then are left out.
    """
    begins_at = successor.valid_from_at
    staying = [
        _ended(key, begins_at=begins_at, overlap=overlap, revoke=revoke_former)
        if key.region == successor.region and key.revoked_at is None
        else key
        for key in keys
        if key.valid_until > begins_at
    ]
    return (*staying, successor)


def _ended(key: RegionKey, *, begins_at: datetime, overlap: timedelta, revoke: bool) -> RegionKey:
    if revoke:
        return msgspec.structs.replace(key, revoked_at=begins_at)
    return msgspec.structs.replace(key, valid_until=min(key.valid_until, begins_at + overlap))


def get_region_key(trust_list: TrustList, *, region: str, key_id: bytes, now: datetime) -> VerifyingKey:
    """The key of a region by its id, pinned to its algorithm.

    Refuses, in this order: REGION_KEY_IS_NOT_TRUSTED, REGION_KEY_IS_REVOKED, REGION_KEY_IS_OUT_OF_ITS_TIME.
    """
    for key in trust_list.keys:
        if key.region == region and key.key_id == key_id:
            return verifying_key(_verify_in_force(key, now).public_key)
    raise Refused(Reason.REGION_KEY_IS_NOT_TRUSTED, region=region)


def _verify_in_force(key: RegionKey, now: datetime) -> RegionKey:
    if key.revoked_at is not None and key.revoked_at <= now:
        raise Refused(Reason.REGION_KEY_IS_REVOKED, region=key.region)
    if not key.valid_from_at <= now < key.valid_until:
        raise Refused(Reason.REGION_KEY_IS_OUT_OF_ITS_TIME, region=key.region)
    return key


def keys_in_force(trust_list: TrustList, *, now: datetime) -> dict[str, dict[bytes, VerifyingKey]]:
    """Every key that counts now, by region and key id; a key that cannot be parsed here (no SM2) is left out."""
    found: dict[str, dict[bytes, VerifyingKey]] = {}
    for key in trust_list.keys:
        try:
            parsed = verifying_key(_verify_in_force(key, now).public_key)
        except Refused:
            continue
        found.setdefault(key.region, {})[key.key_id] = parsed
    return found


def keys_change_at(trust_list: TrustList, *, now: datetime) -> datetime | None:
    """When, after now, other keys of this list count than now: one begins, ends or is revoked; None if never."""
    instants = (instant for key in trust_list.keys for instant in (key.valid_from_at, key.valid_until, key.revoked_at))
    return min((instant for instant in instants if instant is not None and instant > now), default=None)
