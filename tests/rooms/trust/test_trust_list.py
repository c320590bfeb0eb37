"""The list of trusted regions: who may sign it, how it moves on, and which keys it makes count."""

from datetime import timedelta
from functools import partial

import cbor2
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.builders.trust import a_key, a_region_key, a_trust_list, pinned, reason_of, refuses
from tests.support.world import NOON
from yikatong.trust.model import Algorithm, HeldTrustList, PublicKey, Reason
from yikatong.trust.service import (
    accept_trust_list,
    accept_trust_lists,
    get_region_key,
    key_id_of,
    keys_change_at,
    keys_in_force,
    sign_sign1,
    sign_trust_list,
    verify_fresh_trust_list,
    verify_trust_list,
)
from yikatong.trust.trusted_regions.document import MESSAGE_TYPE

ROOT, NEXT_ROOT = a_key(), a_key(Algorithm.EDDSA)
ROOTS = (ROOT.public_key,)
KEY = a_region_key()
DAY = timedelta(days=1)


def held_with(*envelopes: bytes) -> HeldTrustList:
    """What is held after these lists arrived at noon."""
    return accept_trust_lists(envelopes, pinned(ROOT), now=NOON)


def list_number(sequence: int, **changes: object) -> bytes:
    """A list of one region by ROOT; issued at noon."""
    return sign_trust_list(msgspec.structs.replace(a_trust_list(KEY, roots=ROOTS, sequence=sequence), **changes), ROOT)


@given(
    st.integers(1, 2**53 - 1),
    st.lists(st.tuples(st.integers(0, 999_999), st.binary(min_size=4, max_size=8), st.booleans()), max_size=6),
    st.sampled_from([ROOT, NEXT_ROOT]),
)
@settings(max_examples=50)
def test_what_is_signed_is_read_back(sequence: int, rows: list[tuple[int, bytes, bool]], root: object) -> None:
    keys = {
        (region, key_id): a_region_key(
            f"{region:06}", key=KEY.public_key, key_id=key_id, revoked_at=NOON if revoked else None
        )
        for region, key_id, revoked in rows
    }
    trust_list = a_trust_list(*keys.values(), roots=(ROOT.public_key, NEXT_ROOT.public_key), sequence=sequence)

    assert trust_list == verify_trust_list(sign_trust_list(trust_list, root), trust_list.roots)  # type: ignore[arg-type]


def test_a_list_by_a_pinned_root_is_accepted() -> None:
    held = accept_trust_list(list_number(1), pinned(ROOT), now=NOON)

    assert a_trust_list(KEY, roots=ROOTS) == held.trust_list


def test_a_list_by_another_root_is_refused() -> None:
    stranger = a_key()
    claims_to_be_ours = sign_sign1(b"", stranger, key_id=key_id_of(ROOT.public_key), message_type=MESSAGE_TYPE)

    with refuses(Reason.TRUST_LIST_IS_BY_ANOTHER_SIGNER):
        accept_trust_list(sign_trust_list(a_trust_list(roots=ROOTS), stranger), pinned(ROOT), now=NOON)
    with refuses(Reason.SIGNATURE_DOES_NOT_MATCH):
        accept_trust_list(claims_to_be_ours, pinned(ROOT), now=NOON)


def test_the_root_is_pinned_to_its_algorithm() -> None:
    ed25519 = a_key(Algorithm.EDDSA)
    downgraded = sign_sign1(b"", ed25519, key_id=key_id_of(ROOT.public_key), message_type=MESSAGE_TYPE)

    with refuses(Reason.ALGORITHM_IS_NOT_THE_PINNED_ONE):
        accept_trust_list(downgraded, pinned(ROOT), now=NOON)


def test_any_flipped_bit_is_refused() -> None:
    envelope = list_number(1)
    for at in range(len(envelope)):
        flipped = bytearray(envelope)
        flipped[at] ^= 1 << at % 8
        reason_of(partial(accept_trust_list, bytes(flipped), pinned(ROOT), now=NOON))


def test_a_rolled_back_list_is_refused() -> None:
    held = held_with(list_number(1), list_number(3))

    with refuses(Reason.TRUST_LIST_IS_ROLLED_BACK):
        accept_trust_list(list_number(2), held, now=NOON)
    with refuses(Reason.TRUST_LIST_IS_ROLLED_BACK):
        accept_trust_list(list_number(4, issued_at=NOON - DAY), held, now=NOON)


def test_the_list_that_is_held_already_changes_nothing() -> None:
    envelope = list_number(1)
    held = held_with(envelope)

    assert held is accept_trust_list(envelope, held, now=NOON)


def test_two_lists_of_one_number_contradict_each_other() -> None:
    held = held_with(list_number(1))

    with refuses(Reason.TRUST_LIST_CONTRADICTS_THE_HELD_ONE):
        accept_trust_list(list_number(1, expires_at=NOON + DAY), held, now=NOON)


def test_a_list_counts_from_a_minute_before_its_time_until_it_expires() -> None:
    envelope = list_number(1)

    accept_trust_list(envelope, pinned(ROOT), now=NOON - timedelta(seconds=60))
    with refuses(Reason.TRUST_LIST_IS_FROM_THE_FUTURE):
        accept_trust_list(envelope, pinned(ROOT), now=NOON - timedelta(seconds=61))
    with refuses(Reason.TRUST_LIST_IS_EXPIRED):
        accept_trust_list(envelope, pinned(ROOT), now=NOON + 30 * DAY)


def test_a_held_list_is_used_while_it_is_fresh() -> None:
    trust_list = a_trust_list(KEY, roots=ROOTS)

    assert trust_list is verify_fresh_trust_list(trust_list, now=NOON + 7 * DAY, age_max=7 * DAY)
    with refuses(Reason.TRUST_LIST_IS_TOO_OLD):
        verify_fresh_trust_list(trust_list, now=NOON + 8 * DAY, age_max=7 * DAY)
    with refuses(Reason.TRUST_LIST_IS_EXPIRED):
        verify_fresh_trust_list(trust_list, now=NOON + 30 * DAY, age_max=7 * DAY)


def test_the_root_changes_by_a_list_that_names_the_next() -> None:
    naming = list_number(2, roots=(NEXT_ROOT.public_key,))
    after = sign_trust_list(a_trust_list(KEY, roots=(NEXT_ROOT.public_key,), sequence=3), NEXT_ROOT)
    held = held_with(list_number(1), naming, after)

    assert (NEXT_ROOT.public_key,) == held.roots
    with refuses(Reason.TRUST_LIST_IS_BY_ANOTHER_SIGNER):
        accept_trust_list(list_number(4), held, now=NOON)
    with refuses(Reason.TRUST_LIST_IS_BY_ANOTHER_SIGNER):
        accept_trust_list(after, pinned(ROOT), now=NOON)


def test_who_missed_a_change_of_root_follows_it_through_expired_lists() -> None:
    naming = list_number(1, roots=(NEXT_ROOT.public_key,))
    later = NOON + 40 * DAY
    new = a_trust_list(KEY, roots=(NEXT_ROOT.public_key,), sequence=2, issued_at=later, expires_at=later + 30 * DAY)

    held = accept_trust_lists([naming, sign_trust_list(new, NEXT_ROOT)], pinned(ROOT), now=later)

    assert new == held.trust_list


def test_a_key_id_keeps_its_key_and_algorithm() -> None:
    held = held_with(list_number(1))
    downgraded = PublicKey(algorithm=Algorithm.SM2, data=KEY.public_key.data)

    for key in (a_key().public_key, downgraded):
        with refuses(Reason.KEY_CHANGED_UNDER_ITS_ID):
            accept_trust_list(list_number(2, keys=(a_region_key(key=key),)), held, now=NOON)


def test_a_revoked_key_stays_revoked_and_on_the_list_until_its_time_is_over() -> None:
    revoked = msgspec.structs.replace(KEY, revoked_at=NOON)
    held = held_with(list_number(1, keys=(revoked,)))
    over = KEY.valid_until

    for keys in ((KEY,), ()):
        with refuses(Reason.REVOKED_KEY_CAME_BACK):
            accept_trust_list(list_number(2, keys=keys), held, now=NOON)
    accept_trust_list(list_number(2, keys=(revoked,)), held, now=NOON)
    accept_trust_list(list_number(2, keys=(), issued_at=over, expires_at=over + DAY), held, now=over)


def test_a_region_key_counts_within_its_time_and_until_it_is_revoked() -> None:
    key = a_region_key(valid_from_at=NOON, valid_until=NOON + DAY)
    revoked = a_region_key(key_id=b"key2", revoked_at=NOON + timedelta(hours=1))
    trust_list = a_trust_list(key, revoked, roots=ROOTS)
    find = partial(get_region_key, trust_list, region="990100")

    assert key.public_key == find(key_id=b"key1", now=NOON).public_key
    assert revoked.public_key == find(key_id=b"key2", now=NOON).public_key
    with refuses(Reason.REGION_KEY_IS_OUT_OF_ITS_TIME):
        find(key_id=b"key1", now=NOON - timedelta(seconds=1))
    with refuses(Reason.REGION_KEY_IS_OUT_OF_ITS_TIME):
        find(key_id=b"key1", now=NOON + DAY)
    with refuses(Reason.REGION_KEY_IS_REVOKED):
        find(key_id=b"key2", now=NOON + timedelta(hours=1))
    with refuses(Reason.REGION_KEY_IS_NOT_TRUSTED):
        find(key_id=b"key3", now=NOON)
    with refuses(Reason.REGION_KEY_IS_NOT_TRUSTED):
        get_region_key(trust_list, region="990101", key_id=b"key1", now=NOON)


def test_the_keys_in_force_are_those_that_count_now() -> None:
    good, other = a_region_key(), a_region_key("990200")
    revoked = a_region_key(key_id=b"key2", revoked_at=NOON)
    broken = a_region_key(key_id=b"key3", key=PublicKey(algorithm=Algorithm.ES256, data=b"\x02" + b"\xff" * 32))

    keys = keys_in_force(a_trust_list(good, other, revoked, broken, roots=ROOTS), now=NOON)

    assert {"990100": [b"key1"], "990200": [b"key1"]} == {region: list(found) for region, found in keys.items()}


def test_other_keys_count_from_the_next_beginning_end_or_revocation_on() -> None:
    minute = timedelta(minutes=1)
    begins = a_region_key(key_id=b"key1", valid_from_at=NOON + minute)
    revoked = a_region_key(key_id=b"key2", revoked_at=NOON + 2 * minute)
    ends = a_region_key(key_id=b"key3", valid_until=NOON + 3 * minute)
    trust_list = a_trust_list(begins, revoked, ends, roots=ROOTS)
    found = [keys_change_at(trust_list, now=NOON + after * minute) for after in range(4)]

    assert [NOON + after * minute for after in (1, 2, 3)] == found[:3]
    assert begins.valid_until == found[3]
    assert keys_change_at(trust_list, now=begins.valid_until) is None


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9), st.none() | st.integers(0, 19)), max_size=6))
def test_between_two_changes_the_same_keys_count(times: list[tuple[int, int, int | None]]) -> None:
    keys = [
        a_region_key(
            key=KEY.public_key,
            key_id=b"key%d" % number,
            valid_from_at=NOON + begins * DAY,
            valid_until=NOON + (begins + lasts) * DAY,
            revoked_at=None if revoked is None else NOON + revoked * DAY,
        )
        for number, (begins, lasts, revoked) in enumerate(times)
    ]
    trust_list = a_trust_list(*keys, roots=ROOTS)
    for day in range(20):
        now, change_at = NOON + day * DAY, keys_change_at(trust_list, now=NOON + day * DAY)
        if change_at is None or change_at > now + DAY:
            assert keys_in_force(trust_list, now=now) == keys_in_force(trust_list, now=now + DAY)


GOOD_KEY = cbor2.loads(cbor2.dumps({1: 1, -1: 6, -2: bytes(range(32))}))
GOOD_ROW = ["990100", b"key1", GOOD_KEY, 1, 2, None]
GOOD = [1, 1, 1, 2, [GOOD_KEY], [GOOD_ROW]]


def with_part(index: int, value: object) -> list[object]:
    """The good list with one part replaced."""
    return [*GOOD[:index], value, *GOOD[index + 1 :]]


def with_row(index: int, value: object) -> list[object]:
    """The good list with one part of its row replaced."""
    return with_part(5, [[*GOOD_ROW[:index], value, *GOOD_ROW[index + 1 :]]])


def test_the_good_list_of_the_next_test_is_read() -> None:
    verify_trust_list(
        sign_sign1(cbor2.dumps(GOOD), ROOT, key_id=key_id_of(ROOT.public_key), message_type=MESSAGE_TYPE), ROOTS
    )


@pytest.mark.parametrize(
    "payload",
    [
        {},
        GOOD[:5],
        with_part(0, 2),
        with_part(0, True),
        with_part(0, 1.0),
        with_part(1, 0),
        with_part(1, "1"),
        with_part(2, 2),
        with_part(3, None),
        with_part(4, []),
        with_part(4, [GOOD_KEY] * 5),
        with_part(4, [{}]),
        with_part(5, None),
        with_part(5, [GOOD_ROW[:5]]),
        with_part(5, [GOOD_ROW, GOOD_ROW]),
        with_row(0, "99010"),
        with_row(0, 990100),
        with_row(1, b"key"),
        with_row(1, "key1"),
        with_row(2, {}),
        with_row(3, 2),
        with_row(4, -1),
        with_row(5, "revoked"),
    ],
)
def test_a_list_of_another_form_is_refused(payload: object) -> None:
    envelope = sign_sign1(cbor2.dumps(payload), ROOT, key_id=key_id_of(ROOT.public_key), message_type=MESSAGE_TYPE)

    with refuses(Reason.TRUST_LIST_IS_MALFORMED):
        verify_trust_list(envelope, ROOTS)


def test_another_message_by_the_root_is_no_list() -> None:
    envelope = sign_sign1(cbor2.dumps(GOOD), ROOT, key_id=key_id_of(ROOT.public_key))

    with refuses(Reason.TRUST_LIST_IS_MALFORMED):
        verify_trust_list(envelope, ROOTS)
