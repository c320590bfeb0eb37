"""Lists that come from other regions: which certificates are revoked, which regions are trusted."""

import zlib
from datetime import datetime, timedelta

from tests.fuzz.parsers.formats import CBOR_WORDS
from tests.fuzz.parsers.harness import Harness, a_fixed_key, said
from tests.support.builders.trust import SUBJECT, a_region_key, a_status_list, a_trust_list
from tests.support.world import NOON
from yikatong.codes.model import StatusChanges, StatusDelta, StatusEdition
from yikatong.codes.rules.status_delta import (
    DELTA_CONTEXT,
    accept_status_delta,
    apply_changes,
    edition_digest,
    open_status_delta,
    sign_status_delta,
)
from yikatong.trust import service as trust
from yikatong.trust.model import HeldTrustList, StatusList, TrustList
from yikatong.trust.token_status_list.status_list import MESSAGE_TYPE as STATUS_LIST_TYPE
from yikatong.trust.token_status_list.status_list import from_list_map, to_list_map
from yikatong.trust.trusted_regions.document import MESSAGE_TYPE as TRUST_LIST_TYPE

_KEY = a_fixed_key(21)
_ROOT, _NEXT_ROOT = a_fixed_key(22), a_fixed_key(23)
_KEY_ID = b"key1"


def take_status_list(data: bytes) -> bool:
    """Bytes as they came from a region."""
    key = trust.verifying_key(_KEY.public_key)
    read = said(lambda: trust.read_status_list(data, key, subject=SUBJECT, now=NOON))
    if read.value is not None:
        _use(read.value)
    return read.refused is None


def take_status_list_claims(data: bytes) -> bool:
    """Whatever a region's genuine key signed."""
    return take_status_list(trust.sign_sign1(data, _KEY, key_id=_KEY_ID, message_type=STATUS_LIST_TYPE))


def take_packed_list(data: bytes) -> bool:
    """The compressed part alone: the first byte says how many bits, the rest is a stream."""
    bits = data[0] if data else 1
    read = said(
        lambda: from_list_map({"bits": bits, "lst": data[1:]}),
        errors=(
            ValueError,
            zlib.error,
        ),
    )
    if read.value is not None:
        assert from_list_map(to_list_map(*read.value)) == read.value
    return read.refused is None


def _use(status_list: StatusList) -> None:
    """Every place of a list has a status that fits its bits, and no place behind the end has one."""
    places = len(status_list.data) * 8 // status_list.bits
    for place in (0, 1, places // 2, places - 1):
        if 0 <= place < places:
            assert 0 <= trust.status_at(status_list, place) < 1 << status_list.bits
    for place in (-1, places):
        assert said(trust.status_at, status_list, place).refused is not None
    said(lambda: trust.verify_fresh(status_list, now=NOON, age_max=timedelta(days=1)))
    signed = trust.sign_status_list(status_list, _KEY, _KEY_ID)
    again = trust.read_status_list(signed, trust.verifying_key(_KEY.public_key), subject=SUBJECT, now=NOON)
    assert again == status_list


def take_trust_list(data: bytes) -> bool:
    """Bytes as they came from the root's publisher."""
    said(lambda: trust.verify_trust_list(data, (_ROOT.public_key,)))
    held = HeldTrustList(roots=(_ROOT.public_key,))
    read = said(lambda: trust.accept_trust_list(data, held, now=NOON))
    if read.value is not None:
        trusted: TrustList = read.value.trust_list
        said(lambda: trust.keys_in_force(trusted, now=NOON))
        assert trust.verify_trust_list(trust.sign_trust_list(trusted, _ROOT), (_ROOT.public_key,)) == trusted
    return read.refused is None


def take_trust_list_values(data: bytes) -> bool:
    """Whatever the root's genuine key signed."""
    key_id = trust.key_id_of(_ROOT.public_key)
    return take_trust_list(trust.sign_sign1(data, _ROOT, key_id=key_id, message_type=TRUST_LIST_TYPE))


def take_status_delta(data: bytes) -> bool:
    """Bytes as they came as a status delta."""
    read = said(lambda: open_status_delta(data), errors=(ValueError,))
    if read.value is not None:
        envelope, delta = read.value
        said(lambda: trust.verify_sign1(envelope, trust.verifying_key(_KEY.public_key), DELTA_CONTEXT))
        for held in (None, _held_at(delta.base_at)):
            said(accept_status_delta, delta, held)
        again = sign_status_delta(delta, _KEY, key_id=_KEY_ID)
        assert open_status_delta(again)[1] == delta
    return read.refused is None


def take_status_delta_values(data: bytes) -> bool:
    """Whatever a region's genuine key signed."""
    return take_status_delta(trust.sign_sign1(data, _KEY, key_id=_KEY_ID, external_aad=DELTA_CONTEXT))


def _held_at(instant: datetime) -> StatusEdition:
    return StatusEdition(
        region="990100", issued_at=instant, expires_at=instant + timedelta(days=1), blocks={0: bytes(16_384)}
    )


def _status_deltas() -> list[bytes]:
    some = StatusChanges(gone=frozenset({0}), new=frozenset({0, 2}), statuses={5: 1, 6: 2, 131_072: 0})
    none = StatusChanges(gone=frozenset(), new=frozenset(), statuses={})
    return [
        sign_status_delta(
            StatusDelta(
                region="990100",
                base_at=NOON,
                issued_at=NOON + timedelta(minutes=5),
                expires_at=NOON + timedelta(days=1),
                changes=changes,
                digest=edition_digest(apply_changes({0: bytes(16_384)}, changes)),
            ),
            _KEY,
            key_id=_KEY_ID,
        )
        for changes in (some, none)
    ]


def _status_lists() -> list[bytes]:
    lists = (
        a_status_list(),
        a_status_list(bits=2, data=b"\x1b" * 100),
        a_status_list(bits=8, data=b"\x00\x01\x02", expires_at=None),
    )
    return [trust.sign_status_list(one, _KEY, _KEY_ID) for one in lists]


def _trust_lists() -> list[bytes]:
    keys = (
        a_region_key("990100", key=_KEY.public_key),
        a_region_key("440100", key=_KEY.public_key, key_id=b"12345678", revoked_at=NOON),
    )
    lists = (
        a_trust_list(roots=(_ROOT.public_key,)),
        a_trust_list(*keys, roots=(_ROOT.public_key, _NEXT_ROOT.public_key), sequence=2**53 - 1),
    )
    return [trust.sign_trust_list(one, _ROOT) for one in lists]


def _payloads(envelopes: list[bytes]) -> list[bytes]:
    return [trust.decode_sign1(one, 1_000_000).payload for one in envelopes]


def _streams() -> list[bytes]:
    return [bytes((bits,)) + zlib.compress(bytes(size), 9) for bits, size in ((1, 16), (2, 8_192), (8, 0))]


HARNESSES = (
    Harness("status_list", take_status_list, _status_lists, CBOR_WORDS),
    Harness("status_list_claims", take_status_list_claims, lambda: _payloads(_status_lists()), CBOR_WORDS),
    Harness("packed_list", take_packed_list, _streams),
    Harness("status_delta", take_status_delta, _status_deltas, CBOR_WORDS),
    Harness("status_delta_values", take_status_delta_values, lambda: _payloads(_status_deltas()), CBOR_WORDS),
    Harness("trust_list", take_trust_list, _trust_lists, CBOR_WORDS),
    Harness("trust_list_values", take_trust_list_values, lambda: _payloads(_trust_lists()), CBOR_WORDS),
)
