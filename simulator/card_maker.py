"""The card maker: takes a batch file, makes cards with chips, and gives the return file."""

import csv
import io
import secrets
from base64 import urlsafe_b64encode
from datetime import date

import msgspec

from simulator.chip import Chip
from yikatong.cards.rules.return_file import COLUMNS
from yikatong.kernel.identifiers.bank_card import make_bank_card_number

CARD_YEARS = 10
_RESET = "3B6D000000000000000000"


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """A card as it lies in the box: its chip, the password in its sealed letter, the account at the bank."""

    id_number: str
    chip: Chip
    pin: str
    bank_card_number: str


class Return(msgspec.Struct, frozen=True, kw_only=True):
    """What comes back from the card maker."""

    file: str
    cards: tuple[Made, ...]


def make_cards(batch_file: str, *, region: str, today: date) -> Return:
    """Make every card of a batch file. Raises ValueError for a file that is none."""
    head, _, *rows = list(csv.reader(io.StringIO(batch_file)))
    batch_number, count = head
    if len(rows) != int(count):
        raise ValueError("the batch file has another count of cards than it says")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((batch_number, count))
    writer.writerow(COLUMNS)
    made = []
    for sequence, card_number, id_number, name, bank_code in rows:
        pin = f"{secrets.randbelow(1_000_000):06d}"
        card = Made(
            id_number=id_number,
            chip=Chip(card_number=card_number, region=region, pin=pin),
            pin=pin,
            bank_card_number=_account_number(bank_code, card_number),
        )
        made.append(card)
        writer.writerow(_line(card, sequence=sequence, name=name, bank_code=bank_code, today=today))
    return Return(file=text.getvalue(), cards=tuple(made))


def _line(card: Made, *, sequence: str, name: str, bank_code: str, today: date) -> tuple[str, ...]:
    expires_on = today.replace(year=today.year + CARD_YEARS, day=min(today.day, 28))
    key = card.chip.public_key
    cells = {
        "sequence": sequence,
        "card_number": card.chip.card_number,
        "id_number": card.id_number,
        "name": name,
        "issued_on": f"{today:%Y%m%d}",
        "expires_on": f"{expires_on:%Y%m%d}",
        "card_identification_code": f"{card.chip.region}{card.chip.card_number}",
        "answer_to_reset": _RESET,
        "bank_code": bank_code,
        "bank_card_number": card.bank_card_number,
        "personal_account": "",
        "box_position": f"A-{sequence}",
        "failed_stage": "",
        "failure_reason": "",
        "chip_algorithm": key.algorithm.name,
        "chip_public_key": urlsafe_b64encode(key.data).rstrip(b"=").decode(),
    }
    return tuple(cells[column] for column in COLUMNS)


def _account_number(bank_code: str, card_number: str) -> str:
    """A UnionPay number of nobody: 62, the bank, the card's number with its letter as two digits."""
    letter, digits = card_number[0], card_number[1:]
    return make_bank_card_number(f"62{bank_code}000{ord(letter) - ord('A'):02d}{digits}")
