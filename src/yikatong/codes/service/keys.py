"""Which keys of a region are used here, and which regions a counter knows."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from yikatong.codes.reasons import Reason
from yikatong.codes.rules.regions import OwnRegion, RegionView
from yikatong.kernel.outcomes import Refused
from yikatong.trust import service as trust
from yikatong.trust.model import KeyHolder, SigningKey, TrustList
from yikatong.trust.model import Reason as TrustReason


class Issuer(msgspec.Struct, frozen=True, kw_only=True):
    """A region's present keys: what signs its certificates and status lists, and what seals its aliases."""

    region: str
    key_id: bytes
    key: SigningKey
    alias_key: bytes

    def __repr__(self) -> str:
        return f"Issuer({self.region})"


def get_issuer(holder: KeyHolder, region: str) -> Issuer:
    """The present keys of a region; refuses with REGION_ISSUES_NO_CODES when the holder has none for it."""
    try:
        signer = holder.signer(trust.region_key_name(region))
        alias_keys = holder.secrets(trust.alias_key_name(region))
    except Refused as refused:
        if refused.reason is TrustReason.KEY_IS_NOT_HELD:
            raise Refused(Reason.REGION_ISSUES_NO_CODES, region=region) from None
        raise
    return Issuer(region=region, key_id=signer.key_id, key=signer.key, alias_key=alias_keys[0])


def view_regions(
    trust_list: TrustList | None,
    *,
    holder: KeyHolder,
    own_regions: Iterable[str],
    bucket_count: int,
    now: datetime,
) -> RegionView:
    """What a counter knows of regions at this moment: keys of the trust list in force, alias keys of its own regions.

    Certificates seen through an earlier view do not count in this one.
    """
    own = {region: OwnRegion(holder.secrets(trust.alias_key_name(region))) for region in own_regions}
    return _view(trust_list, own=own, bucket_count=bucket_count, now=now)


def view_at(view: RegionView, *, now: datetime) -> RegionView:
    """The same view until a key of its trust list begins, ends or is revoked; from then on a new one, by memory alone.

    Certificates seen before do not count in the new one: the key that signed them may be the one that ended.
    """
    if view.until is None or now < view.until:
        return view
    return _view(view.trust_list, own=view.own, bucket_count=view.bucket_count, now=now)


def _view(
    trust_list: TrustList | None, *, own: Mapping[str, OwnRegion], bucket_count: int, now: datetime
) -> RegionView:
    return RegionView(
        keys={} if trust_list is None else trust.keys_in_force(trust_list, now=now),
        own=own,
        bucket_count=bucket_count,
        trust_list=trust_list,
        until=None if trust_list is None else trust.keys_change_at(trust_list, now=now),
    )
