"""How numbers that cards gives out are written from random bytes."""

from datetime import date

CARD_NUMBER_BYTES = 8
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def write_card_number(random_bytes: bytes) -> str:
    """Write a card number (社会保障卡卡号): one letter and eight digits; no check rule is published."""
    number = int.from_bytes(random_bytes) % (len(_LETTERS) * 10**8)
    letter, digits = divmod(number, 10**8)
    return f"{_LETTERS[letter]}{digits:08d}"


def write_batch_number(random_bytes: bytes, *, on: date) -> str:
    """Write a batch number: B, the day, and the random bytes in hex."""
    return f"B{on:%Y%m%d}{random_bytes.hex().upper()}"


def write_sign_no(random_bytes: bytes) -> str:
    """Write an e-card's issue number (signNo): 16 bytes in hex."""
    return random_bytes.hex().upper()
