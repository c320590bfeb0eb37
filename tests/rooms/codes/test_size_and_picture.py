"""A code fits its picture: at most 300 bytes shown and 340 answered, version 14 at most, read back from a PNG."""

import io

import pytest
from PIL import Image

from simulator import qr
from tests.support.builders.codes import CertifiedPhone, KeyedRegion, asked
from yikatong.codes import service as codes
from yikatong.codes.model import Reason
from yikatong.kernel.outcomes import Refused
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm, Standing

LARGEST = Standing(level=2, concession=255, status_index=2**32 - 1)
DEAREST = asked(amount_fen=2**32 - 1, item_number=65_535)


@pytest.mark.parametrize("algorithm", [Algorithm.ES256, Algorithm.EDDSA, Algorithm.SM2])
def test_the_largest_codes_stay_within_their_bytes(algorithm: Algorithm) -> None:
    phone = CertifiedPhone(KeyedRegion(algorithm=algorithm), algorithm=algorithm, serial=2**48 - 1, standing=LARGEST)

    assert len(phone.code_bytes()) <= 300
    assert len(phone.code_bytes(answer=DEAREST)) <= 340


def test_a_shown_code_longer_than_300_bytes_is_too_long() -> None:
    phone = CertifiedPhone()
    payload = trust.encode([phone.certificate + b"\x00" * 20, 0, 1, b"\x00" * 8, 0])
    text = codes.write_code(trust.sign_sign1(payload, phone.show_key))

    with pytest.raises(Refused) as refused:
        codes.read_code_of_any_age(text, regions=phone.region.seen_at_home())
    assert Reason.CODE_IS_TOO_LONG is refused.value.reason


@pytest.mark.parametrize("answer", [None, DEAREST])
def test_the_picture_of_the_largest_code_is_read_at_three_pixels_a_module(answer: object) -> None:
    phone = CertifiedPhone(serial=2**48 - 1, standing=LARGEST)
    text = phone.code(answer=DEAREST if answer else None)
    picture = Image.open(io.BytesIO(qr.write_qr(text, module_pixels=3)))

    assert qr.version_of(text) <= 14
    assert 4 * 14 + 17 + 8 >= picture.width // 3
    assert (text, "M") == qr.read_qr(picture)


def test_a_picture_turned_blurred_by_scaling_and_dim_is_read_all_the_same() -> None:
    text = CertifiedPhone().code(answer=DEAREST)
    picture = Image.open(io.BytesIO(qr.write_qr(text, module_pixels=4)))
    turned = picture.rotate(8, expand=True, fillcolor=255).resize((500, 500))
    dim = turned.point(lambda grey: 60 + grey // 3)

    assert (text, "M") == qr.read_qr(dim)


def test_a_picture_without_a_code_is_not_read() -> None:
    with pytest.raises(ValueError, match="0 symbols"):
        qr.read_qr(Image.new("L", (200, 200), 255))
