"""Numbers that people and machines write: identifiers with check digits, amounts, ids."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from tests.fuzz.parsers.harness import Harness, said
from tests.support.world import NOON
from yikatong.app.http.bounds import verify_json, verify_length
from yikatong.app.http.dispatch import read_bearer, read_purpose
from yikatong.kernel.identifiers.bank_card import make_bank_card_number, read_bank_card_number
from yikatong.kernel.identifiers.credit_code import make_credit_code, read_credit_code
from yikatong.kernel.identifiers.division import read_division_code
from yikatong.kernel.identifiers.resident_id import read_id_number
from yikatong.kernel.identifiers.vehicle_code import VehicleType, make_vehicle_code, read_vehicle_code
from yikatong.kernel.ids import PREFIX_BY_KIND, read_id, show_id
from yikatong.kernel.instants import day_of
from yikatong.kernel.money import read_yuan, show_yuan

_TODAY = day_of(NOON)
_WEIGHTS_OF_IDS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_WEIGHTS_OF_CREDIT_CODES = tuple(3**place % 31 for place in range(17))
_CREDIT_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def take_numbers(data: bytes) -> bool:
    """What is read as a number is ASCII, has the check digit of its standard, and is read the same again."""
    text = data.decode("utf-8", "replace")
    is_read = [
        _verify(text, lambda: read_id_number(text, day=_TODAY, synthetic_allowed=True), _fits_iso_7064),
        _verify(text, lambda: read_credit_code(text), _fits_gb_32100),
        _verify(text, lambda: read_bank_card_number(text), _fits_luhn),
        _verify(text, lambda: read_division_code(text), lambda digits: len(digits) == 6),
        _verify(text, lambda: read_vehicle_code(text), lambda digits: len(digits) == 15),
    ]
    amount = said(lambda: read_yuan(text), errors=(ValueError,))
    if amount.value is not None:
        assert read_yuan(show_yuan(amount.value)) == amount.value
    is_read.append(amount.refused is None)
    for kind in PREFIX_BY_KIND:
        read = said(read_id, kind, text, errors=(ValueError,))
        assert read.value is None or show_id(kind, read.value) == text
        is_read.append(read.refused is None)
    return any(is_read)


def _verify(text: str, read: Callable[[], Any], fits: Callable[[str], bool]) -> bool:
    found = said(read)
    if found.value is not None:
        digits = str(getattr(found.value, "text", found.value))
        assert digits.isascii(), text
        assert digits == text.upper().replace(" ", ""), (digits, text)
        assert fits(digits), digits
    return found.refused is None


def _fits_iso_7064(number: str) -> bool:
    total = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS_OF_IDS, strict=False))
    return (total + (10 if number[17] == "X" else int(number[17]))) % 11 == 1


def _fits_gb_32100(code: str) -> bool:
    values = [_CREDIT_LETTERS.index(letter) for letter in code]
    total = sum(value * weight for value, weight in zip(values, _WEIGHTS_OF_CREDIT_CODES, strict=False))
    return bool((31 - total % 31) % 31 == values[17])


def _fits_luhn(number: str) -> bool:
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(number))]
    return sum(value // 10 + value % 10 for value in doubled) % 10 == 0


def take_headers(data: bytes) -> bool:
    """Headers as a caller may write them: whose token, for what purpose, how long, of which type."""
    text = data.decode("latin-1")
    token = read_bearer(text)
    assert token is None or token == token.strip() != ""
    purpose = read_purpose(text)
    assert purpose is None or len(purpose) >= 2
    is_json = said(lambda: verify_json(text)).refused is None
    said(lambda: verify_length(text, bytes_max=4_096))
    return is_json or token is not None or purpose is not None


def _numbers() -> list[bytes]:
    texts = (
        "99010119550307003X",
        "11010519491231002X",
        str(make_credit_code("91350100MA5TT0001")),
        make_bank_card_number("621700000000000"),
        "500116",
        make_vehicle_code(maker=1234, vehicle_type=VehicleType.E_BIKE, produced_in=2026, serial=77),
        "-12.30",
        "99999999999.99",
        *(show_id(kind, UUID(int=7)) for kind in ("resident", "tap")),
    )
    return [str(getattr(text, "text", text)).encode() for text in texts]


_HEADERS = (
    b"Bearer ytk_0123456789",
    b"loss report at the counter",
    b"%E6%8C%82%E5%A4%B1",
    b"application/json; charset=utf-8",
    b"4096",
    b"0000000000000000000000000000000004096",
)

HARNESSES = (
    Harness("numbers", take_numbers, _numbers, ("１".encode(), "٣".encode(), b"_", b"X", b"x", b"\n", b"0", b"e5"), 64),
    Harness(
        "headers",
        take_headers,
        lambda: list(_HEADERS),
        (b"%00", b"%ff", b"%0a", b"\xa0", b"Bearer ", b";charset=utf8"),
        700,
    ),
)
