"""Roots, regions and lists of trust for tests, whole unless the test says otherwise."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.support.world import NOON, SeededIds
from yikatong.kernel.outcomes import Reason, Refused
from yikatong.sealing.service import WANTED_LEAF_SECRET
from yikatong.trust import service as trust
from yikatong.trust.model import (
    Algorithm,
    HeldTrustList,
    KeyHolder,
    PublicKey,
    RegionKey,
    SigningKey,
    StatusList,
    TrustList,
)

SUBJECT = "urn:example:status-list:990100:0"


def a_key(algorithm: Algorithm = Algorithm.ES256) -> SigningKey:
    """A fresh signing key."""
    return trust.new_signing_key(algorithm)


def a_holder_of_the_leaf_secret() -> KeyHolder:
    """A holder of nothing but the secret by which leaves are marked that wait for the sealer."""
    with TemporaryDirectory() as folder:
        return trust.open_key_folder(
            Path(folder) / "keys", key_encryption_key=b"k" * 32, wanted=[WANTED_LEAF_SECRET], now=NOON, ids=SeededIds()
        )


def a_region_key(
    region: str = "990100",
    *,
    key: PublicKey | None = None,
    key_id: bytes = b"key1",
    valid_from_at: datetime = NOON - timedelta(days=1),
    valid_until: datetime = NOON + timedelta(days=365),
    revoked_at: datetime | None = None,
) -> RegionKey:
    """A key of a region, good from yesterday for a year."""
    return RegionKey(
        region=region,
        key_id=key_id,
        public_key=key or a_key().public_key,
        valid_from_at=valid_from_at,
        valid_until=valid_until,
        revoked_at=revoked_at,
    )


def a_trust_list(
    *keys: RegionKey,
    roots: tuple[PublicKey, ...],
    sequence: int = 1,
    issued_at: datetime = NOON,
    expires_at: datetime = NOON + timedelta(days=30),
) -> TrustList:
    """A list issued at noon for thirty days."""
    return TrustList(sequence=sequence, issued_at=issued_at, expires_at=expires_at, roots=roots, keys=keys)


def pinned(*roots: SigningKey) -> HeldTrustList:
    """What a verifier holds that knows only its roots."""
    return HeldTrustList(roots=tuple(root.public_key for root in roots))


def a_status_list(
    *,
    subject: str = SUBJECT,
    issued_at: datetime = NOON,
    expires_at: datetime | None = NOON + timedelta(days=1),
    data: bytes = bytes(16),
    bits: int = 1,
) -> StatusList:
    """A list of 128 places, all valid, issued at noon for a day."""
    return StatusList(
        subject=subject, issued_at=issued_at, expires_at=expires_at, ttl_seconds=600, bits=bits, data=data
    )


@contextmanager
def refuses(reason: Reason) -> Iterator[None]:
    """The block ends by this refusal."""
    with pytest.raises(Refused) as caught:
        yield
    assert reason is caught.value.reason


def reason_of(call: Callable[[], object]) -> Reason:
    """The reason a call refuses with."""
    with pytest.raises(Refused) as caught:
        call()
    return caught.value.reason
