"""The one-step reader of common forms reads what the strict reader reads, and nothing else."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.builders.codes import CertifiedPhone, KeyedRegion, asked
from tests.support.world import NOON
from yikatong.codes import service as codes
from yikatong.codes.model import ReadCode
from yikatong.codes.rules.envelope import open_envelope
from yikatong.codes.rules.forms import read_certificate_form, read_code_form
from yikatong.kernel.outcomes import Refused
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm, Claims, Sign1, Standing

PHONE = CertifiedPhone()


def strictly(read: Callable[[], object]) -> object:
    """What the strict reader says, or that it refuses."""
    try:
        return read()
    except (Refused, ValueError):
        return "refused"


def certificate_strictly(data: bytes) -> tuple[Sign1, Claims]:
    """A certificate as the strict reader reads it."""
    envelope = trust.decode_sign1(data, 256)
    return envelope, trust.decode_claims(envelope.payload)


@given(
    level=st.integers(0, 255),
    concession=st.integers(0, 65_535),
    index=st.integers(0, 2**32 - 1),
    serial=st.integers(0, 2**48 - 1),
)
@settings(max_examples=100, deadline=None)
def test_every_es256_certificate_has_the_common_form(level: int, concession: int, index: int, serial: int) -> None:
    standing = Standing(level=level, concession=concession, status_index=index)
    certificate = PHONE.region.certify(
        PHONE.show_key.public_key, resident_id=PHONE.resident_id, serial=serial, standing=standing
    )

    assert certificate_strictly(certificate) == read_certificate_form(certificate)


def test_every_shown_es256_code_has_the_common_form_and_no_code_of_another_algorithm() -> None:
    other = CertifiedPhone(KeyedRegion(algorithm=Algorithm.EDDSA), algorithm=Algorithm.EDDSA)

    code = PHONE.code_bytes()

    assert open_envelope(code, 340, 5) == read_code_form(code)
    assert read_code_form(other.code_bytes()) is None
    assert read_code_form(other.code_bytes(answer=asked())) is None
    assert read_certificate_form(other.certificate) is None


@given(amount_fen=st.integers(0, 2**32 - 1), item_number=st.integers(0, 2**31 - 1))
@settings(max_examples=100, deadline=None)
def test_every_answered_es256_code_has_the_common_form(amount_fen: int, item_number: int) -> None:
    code = PHONE.code_bytes(answer=asked(amount_fen=amount_fen, item_number=item_number))

    assert open_envelope(code, 340, 9) == read_code_form(code)


@given(data=st.data())
@settings(max_examples=1_500, deadline=None)
def test_a_changed_code_or_certificate_is_read_as_strictly_or_not_at_all(data: st.DataObject) -> None:
    genuine = data.draw(st.sampled_from([PHONE.code_bytes(), PHONE.code_bytes(answer=asked()), PHONE.certificate]))
    at = data.draw(st.integers(0, len(genuine)))
    cut = data.draw(st.integers(0, 3))
    changed = genuine[:at] + data.draw(st.binary(max_size=3)) + genuine[at + cut :]

    assert read_code_form(changed) in (None, strictly(lambda: open_envelope(changed, 344, 5, 9)))
    assert read_certificate_form(changed) in (None, strictly(lambda: certificate_strictly(changed)))


@pytest.mark.parametrize("position", range(3))
def test_numbers_longer_than_needed_have_no_common_form(position: int) -> None:
    """Each number of the standing written one step too long; the payload's size follows."""
    envelope = trust.decode_sign1(PHONE.certificate, 256)
    head, standing = envelope.payload[:-7], [b"\x02", b"\x00", b"\x1a\x00\x01\x11\x70"]
    assert envelope.payload == head + b"".join(standing)
    standing[position] = {0: b"\x18\x02", 1: b"\x19\x00\x00", 2: b"\x1b\x00\x00\x00\x00\x00\x01\x11\x70"}[position]
    longer = trust.sign_sign1(head + b"".join(standing), PHONE.region.key, key_id=PHONE.region.key_id)

    assert read_certificate_form(longer) is None
    assert "refused" == strictly(lambda: certificate_strictly(longer))


def test_codes_read_together_are_read_as_if_alone() -> None:
    region = KeyedRegion()
    stranger = CertifiedPhone(KeyedRegion("440100"))
    phones = [CertifiedPhone(region) for _ in range(3)]
    texts = [phones[0].code(), stranger.code(), phones[1].code(answer=asked()), "YK2:", phones[2].code()[:-3]]
    together = codes.read_codes_of_any_age(texts, regions=region.seen_at_home())

    for text, read in zip(texts, together, strict=True):
        if isinstance(read, ReadCode):
            assert codes.read_code(text, regions=region.seen_at_home(), now=NOON) == read
        else:
            with pytest.raises(Refused) as refused:
                codes.read_code(text, regions=region.seen_at_home(), now=NOON)
            assert refused.value.reason is read.reason
    assert [ReadCode, Refused, ReadCode, Refused, Refused] == [type(read) for read in together]
