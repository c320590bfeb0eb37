"""Whose certificates a counter knows: the keys of trusted regions, its own alias keys, certificates met lately."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from yikatong.codes.model import RegionClaims
from yikatong.kernel.ids import ResidentId
from yikatong.trust.model import PublicKey, TrustList, VerifyingKey

SEEN_CERTIFICATES_MAX = 16_384


class OwnRegion(msgspec.Struct, frozen=True):
    """What opens the aliases of a region that this installation serves: its alias keys, the present one first."""

    alias_keys: tuple[bytes, ...]

    def __repr__(self) -> str:
        return "OwnRegion(secret)"


class RecognisedCertificate(msgspec.Struct, frozen=True):
    """A certificate that its region made, told by alias or signature; see ReadCode for the fields."""

    region: str
    alias: bytes
    resident_id: ResidentId | None
    serial: int | None
    claims: RegionClaims | None
    show_key: PublicKey


class OpenedCertificate(msgspec.Struct, frozen=True):
    """A certificate recognised, with its show key parsed."""

    known: RecognisedCertificate
    show_key: VerifyingKey


class SeenCertificates:
    """Certificates recognised lately, by their bytes; the oldest half is forgotten when it is full.

    It belongs to one RegionView: with a new view (a key revoked, a region added) nothing seen before counts.
    """

    def __init__(self, largest: int = SEEN_CERTIFICATES_MAX) -> None:
        """Keep up to `largest` certificates; 0 keeps none."""
        self._largest = largest
        self._by_bytes: dict[bytes, OpenedCertificate] = {}

    def find(self, certificate: bytes) -> OpenedCertificate | None:
        """The certificate as recognised before, or None."""
        return self._by_bytes.get(certificate)

    def keep(self, certificate: bytes, opened: OpenedCertificate) -> None:
        """Remember a certificate that was recognised."""
        if self._largest == 0:
            return
        if len(self._by_bytes) >= self._largest:
            for old in list(self._by_bytes)[: self._largest // 2 + 1]:
                del self._by_bytes[old]
        self._by_bytes[certificate] = opened


class RegionView(msgspec.Struct, frozen=True, kw_only=True):
    """The regions a counter knows at one moment; made anew when the trust list or an alias key changes.

    `keys` holds each trusted region's verifying keys by key id, as `trust_list` makes them count before `until` (None:
    for good); `own` the regions of this installation; `bucket_count` the number of buckets residents are spread over.
    """

    keys: Mapping[str, Mapping[bytes, VerifyingKey]]
    own: Mapping[str, OwnRegion]
    bucket_count: int
    trust_list: TrustList | None = None
    until: datetime | None = None
    seen: SeenCertificates = msgspec.field(default_factory=SeenCertificates)
