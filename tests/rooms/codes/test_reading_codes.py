"""Reading a card code: what it says, in which order it is refused, and that nothing forged or damaged is read."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.builders.codes import CertifiedPhone, KeyedRegion, asked
from tests.support.world import NOON
from yikatong.codes import service as codes
from yikatong.codes.model import CodeKind, Posture, Reason
from yikatong.kernel.ids import bucket_of
from yikatong.kernel.outcomes import Refused
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm

SECOND = timedelta(seconds=1)


def refusal_of(text: str, region: KeyedRegion, *, seconds_later: int = 0) -> object:
    """Why the region's own counter refuses a text."""
    with pytest.raises(Refused) as refused:
        codes.read_code(text, regions=region.seen_at_home(), now=NOON + seconds_later * SECOND)
    return refused.value.reason


def test_a_shown_code_says_who_and_when_and_carries_no_answer() -> None:
    phone = CertifiedPhone()
    read = codes.read_code(phone.code(), regions=phone.region.seen_at_home(), now=NOON)

    assert phone.resident_id == read.resident_id
    assert phone.serial == read.serial
    assert bucket_of(phone.resident_id, 16) == read.bucket
    assert phone.region.code == read.region
    assert phone.show_key.public_key == read.show_key
    assert (NOON, CodeKind.PAYMENT, Posture.CLEAR) == (read.made_at, read.kind, read.posture)
    assert read.answer is None


def test_an_answered_code_carries_what_was_asked() -> None:
    assert asked() == CertifiedPhone().read(answer=asked()).answer


def test_nothing_unproven_is_told_of_an_own_region_certificate() -> None:
    assert CertifiedPhone().read().claims is None


def test_another_region_reads_what_the_home_region_signed_and_not_who_it_is() -> None:
    phone = CertifiedPhone()
    read = codes.read_code(phone.code(), regions=phone.region.seen_elsewhere(), now=NOON)

    assert (None, None, None) == (read.resident_id, read.serial, read.bucket)
    assert read.claims is not None
    assert (2, 0, 70_000) == (read.claims.level, read.claims.concession, read.claims.status_index)
    assert codes.expiry_of(NOON) == read.claims.expires_at


@pytest.mark.parametrize("algorithm", [Algorithm.ES256, Algorithm.EDDSA, Algorithm.SM2])
def test_every_algorithm_signs_codes_and_certificates(algorithm: Algorithm) -> None:
    phone = CertifiedPhone(KeyedRegion(algorithm=algorithm), algorithm=algorithm)

    assert phone.resident_id == phone.read().resident_id
    assert codes.read_code(phone.code(), regions=phone.region.seen_elsewhere(), now=NOON).claims is not None


@pytest.mark.parametrize(("seconds", "is_good"), [(-31, False), (-30, True), (0, True), (89, True), (90, False)])
def test_a_code_is_good_from_30_seconds_before_until_90_after(seconds: int, is_good: bool) -> None:
    phone = CertifiedPhone()
    reason = codes.decide_age(phone.read().made_at, now=NOON + seconds * SECOND)

    assert is_good == (reason is None)
    if not is_good:
        assert refusal_of(phone.code(), phone.region, seconds_later=seconds) is reason


def test_a_replayed_code_is_too_old_a_minute_and_a_half_later() -> None:
    phone = CertifiedPhone()

    assert Reason.CODE_IS_TOO_OLD is refusal_of(phone.code(), phone.region, seconds_later=3_600)
    assert Reason.CODE_IS_FROM_THE_FUTURE is refusal_of(phone.code(), phone.region, seconds_later=-3_600)


def test_a_code_seen_before_is_read_the_same_from_memory() -> None:
    phone = CertifiedPhone()
    view = phone.region.seen_at_home(seen_max=4)
    text = phone.code()

    assert codes.read_code(text, regions=view, now=NOON) == codes.read_code(text, regions=view, now=NOON)


def test_the_memory_of_certificates_is_bounded() -> None:
    region = KeyedRegion()
    view = region.seen_at_home(seen_max=4)
    phones = [CertifiedPhone(region) for _ in range(20)]
    for phone in phones:
        codes.read_code(phone.code(), regions=view, now=NOON)
    remembered = [phone for phone in phones if view.seen.find(phone.certificate) is not None]

    assert 1 <= len(remembered) <= 4


# One text for each reason, each wrong in its own way and, where it can be, in every later way too.
def too_long(phone: CertifiedPhone) -> str:
    return "YK1:" + "0" * 511


def of_another_version(phone: CertifiedPhone) -> str:
    return "YK2:" + phone.code()[4:]


def unreadable(phone: CertifiedPhone) -> str:
    return phone.code()[:-1] + "a"


def of_no_known_region(phone: CertifiedPhone) -> str:
    return CertifiedPhone(KeyedRegion("440100")).code()


def with_the_alias_of_another_key(phone: CertifiedPhone) -> str:
    impostor = CertifiedPhone(KeyedRegion(phone.region.code))
    return impostor.code()


def of_another_algorithm(phone: CertifiedPhone) -> str:
    envelope = trust.decode_sign1(phone.code_bytes(), 340)
    return codes.write_code(trust.sign_sign1(envelope.payload, trust.new_signing_key(Algorithm.EDDSA)))


def signed_by_another_key(phone: CertifiedPhone) -> str:
    envelope = trust.decode_sign1(phone.code_bytes(), 340)
    return codes.write_code(trust.sign_sign1(envelope.payload, trust.new_signing_key(Algorithm.ES256)))


@pytest.mark.parametrize(
    ("write", "reason"),
    [
        (too_long, Reason.CODE_IS_TOO_LONG),
        (of_another_version, Reason.CODE_VERSION_IS_UNKNOWN),
        (unreadable, Reason.CODE_IS_NOT_READABLE),
        (of_no_known_region, Reason.ISSUING_REGION_IS_UNKNOWN),
        (with_the_alias_of_another_key, Reason.ALIAS_IS_FALSE),
        (of_another_algorithm, Reason.CODE_ALGORITHM_IS_NOT_THE_PINNED_ONE),
        (signed_by_another_key, Reason.CODE_SIGNATURE_IS_FALSE),
    ],
)
def test_refusals_come_in_their_order_whatever_the_time(write: Callable[[CertifiedPhone], str], reason: Reason) -> None:
    phone = CertifiedPhone()

    assert reason is refusal_of(write(phone), phone.region)
    assert reason is refusal_of(write(phone), phone.region, seconds_later=86_400)


def refusal_elsewhere(phone: CertifiedPhone, home: KeyedRegion) -> object:
    """Why a counter that trusts `home` refuses a phone's code."""
    with pytest.raises(Refused) as refused:
        codes.read_code(phone.code(), regions=home.seen_elsewhere(), now=NOON)
    return refused.value.reason


def test_a_forged_region_is_refused_elsewhere_for_its_key_its_algorithm_or_its_signature() -> None:
    home = KeyedRegion()
    forger = KeyedRegion(home.code)

    assert Reason.ISSUING_KEY_IS_UNKNOWN is refusal_elsewhere(CertifiedPhone(forger), home)

    forger.key_id = home.key_id
    assert Reason.CERTIFICATE_SIGNATURE_IS_FALSE is refusal_elsewhere(CertifiedPhone(forger), home)

    forger.key = trust.new_signing_key(Algorithm.EDDSA)
    assert Reason.CODE_ALGORITHM_IS_NOT_THE_PINNED_ONE is refusal_elsewhere(CertifiedPhone(forger), home)


def test_an_alias_of_one_region_is_false_in_another_even_under_the_same_key() -> None:
    here, there = KeyedRegion("990101"), KeyedRegion("990102")
    there.alias_key = here.alias_key
    phone = CertifiedPhone(there)
    stolen = codes.seal_resident(there.code, there.alias_key, phone.resident_id, phone.serial)
    phone.certificate = codes.issue_certificate(
        region=here.code,
        alias=stolen,
        expires_at=codes.expiry_of(NOON),
        show_key=phone.show_key.public_key,
        standing=trust.decode_claims(trust.decode_sign1(phone.certificate, 256).payload).standing
        or pytest.fail("a certificate has a standing"),
        region_key=here.key,
        key_id=here.key_id,
    )

    assert Reason.ALIAS_IS_FALSE is refusal_of(phone.code(), here)


def test_an_alias_sealed_before_the_alias_key_was_changed_still_opens() -> None:
    phone = CertifiedPhone()
    before = codes.OwnRegion((phone.region.alias_key,))
    after = codes.OwnRegion((KeyedRegion().alias_key, phone.region.alias_key))
    views = [codes.RegionView(keys={}, own={phone.region.code: own}, bucket_count=1) for own in (before, after)]

    assert {phone.resident_id} == {codes.read_code(phone.code(), regions=view, now=NOON).resident_id for view in views}


@pytest.mark.parametrize("answer", [None, asked()])
def test_any_flipped_bit_is_refused(answer: object) -> None:
    phone = CertifiedPhone()
    code = phone.code_bytes(answer=asked() if answer else None)
    views = [phone.region.seen_at_home(), phone.region.seen_elsewhere()]
    read = 0
    for position in range(len(code) * 8):
        flipped = bytearray(code)
        flipped[position // 8] ^= 1 << position % 8
        for view in views:
            try:
                codes.read_code(codes.write_code(bytes(flipped)), regions=view, now=NOON)
                read += 1
            except Refused:
                continue

    assert 0 == read


def test_a_code_cut_off_anywhere_or_with_a_byte_after_its_end_is_not_readable() -> None:
    phone = CertifiedPhone()
    code = phone.code_bytes()
    damaged = [code[:size] for size in range(len(code))] + [code + b"\x00"]

    assert {Reason.CODE_IS_NOT_READABLE} == {refusal_of(codes.write_code(one), phone.region) for one in damaged}


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64 - 1)
    | st.floats()
    | st.binary(max_size=40)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=9) | st.dictionaries(st.integers(-9, 9), inner, max_size=5),
    max_leaves=12,
)


@given(text=st.text(max_size=600) | st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:", max_size=520))
@settings(max_examples=300, deadline=None)
def test_any_text_is_refused_by_name(text: str) -> None:
    for candidate in (text, "YK1:" + text):
        with pytest.raises(Refused):
            codes.read_code(candidate, regions=KeyedRegion().seen_at_home(), now=NOON)


@given(parts=st.lists(_VALUES, min_size=4, max_size=10))
@settings(max_examples=300, deadline=None)
def test_a_signed_code_of_the_wrong_parts_is_refused_by_name(parts: list[object]) -> None:
    phone = CertifiedPhone()
    for certificate in (phone.certificate, parts[0]):
        payload = trust.encode([certificate, *parts[1:]])
        with pytest.raises(Refused):
            text = codes.write_code(trust.sign_sign1(payload, phone.show_key))
            codes.read_code(text, regions=phone.region.seen_at_home(), now=NOON)


@given(claims=st.dictionaries(st.sampled_from([1, 4, 7, 8, -65918, 99]), _VALUES, min_size=1, max_size=6))
@settings(max_examples=300, deadline=None)
def test_a_signed_certificate_of_the_wrong_claims_is_refused_by_name_or_names_the_same_resident(
    claims: dict[int, object],
) -> None:
    phone = CertifiedPhone()
    genuine = trust.decode_strict(trust.decode_sign1(phone.certificate, 256).payload)
    phone.certificate = trust.sign_sign1(trust.encode(genuine | claims), phone.region.key, key_id=phone.region.key_id)
    try:
        read = codes.read_code(phone.code(), regions=phone.region.seen_at_home(), now=NOON)
    except Refused:
        return
    assert claims.keys().isdisjoint({1, 7, 8})
    assert phone.resident_id == read.resident_id
