"""The card maker's return file (即制卡回盘): read whole and strictly, or reported line by line.

One batch a file, in UTF-8 CSV. Line 1 is the batch: its number and head count. Line 2 names the columns. Then one
line a card, numbered from 1. The columns are those of the published interface, and two of ours: the algorithm
and public key of the chip. A card that failed fills only its numbers, name, failed stage and reason.
"""

import binascii
import csv
import io
import re
from base64 import b64decode
from collections.abc import Sequence
from datetime import date

import msgspec

from yikatong.cards.model import Reason
from yikatong.kernel.identifiers.bank_card import luhn_check_digit
from yikatong.kernel.outcomes import Refused
from yikatong.trust.model import Algorithm

RETURN_FILE_BYTES_MAX = 4_194_304
CARDS_IN_BATCH_MAX = 5_000
LINE_CHARACTERS_MAX = 1_024
FAILURE_REASON_BYTES_MAX = 50
ERRORS_REPORTED_MAX = 100

COLUMNS = (
    "sequence",
    "card_number",
    "id_number",
    "name",
    "issued_on",
    "expires_on",
    "card_identification_code",
    "answer_to_reset",
    "bank_code",
    "bank_card_number",
    "personal_account",
    "box_position",
    "failed_stage",
    "failure_reason",
    "chip_algorithm",
    "chip_public_key",
)

_HEAD = re.compile(r"[0-9A-Z]{8,32}")
_COUNT = re.compile(r"[1-9][0-9]{0,3}")
_CARD_NUMBER = re.compile(r"[A-Z][0-9]{8}")
_ID_NUMBER = re.compile(r"[0-9]{17}[0-9X]")
_DAY = re.compile(r"[0-9]{8}")
_CODE = re.compile(r"[0-9A-Za-z]{1,64}")
_RESET = re.compile(r"(?:[0-9A-F]{2}){2,33}")
_BANK = re.compile(r"[0-9]{3}")
_BANK_CARD = re.compile(r"[1-9][0-9]{15,18}")
_ACCOUNT = re.compile(r"[0-9]{0,32}")
_BOX = re.compile(r"[0-9A-Za-z-]{0,32}")
_STAGES = ("bank", "card_maker")


class LineError(msgspec.Struct, frozen=True):
    """What is wrong in a line of the file (1 is the first); never quotes what the line says of a person."""

    line: int
    what: str


class ReturnLine(msgspec.Struct, frozen=True, kw_only=True):
    """One card of a return file; `failed_stage` is None for a card that was made, and then the rest is there."""

    line: int
    card_number: str
    id_number: str
    name: str
    bank_code: str
    issued_on: date | None = None
    expires_on: date | None = None
    failed_stage: str | None = None
    failure_reason: str = ""
    chip_algorithm: Algorithm | None = None
    chip_public_key: bytes | None = None

    def __repr__(self) -> str:
        return f"ReturnLine(line={self.line})"


class ReturnFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file as read: its good lines and the errors of the others. With one error, nothing of it counts."""

    batch_number: str
    lines: tuple[ReturnLine, ...]
    errors: tuple[LineError, ...]


class ExpectedCard(msgspec.Struct, frozen=True, kw_only=True):
    """What was sent to be made under a card number."""

    card_number: str
    id_number: str
    name: str
    bank_code: str

    def __repr__(self) -> str:
        return "ExpectedCard(sealed)"


class _LineError(Exception):
    """Leaves a line at its first error."""


def read_return_file(data: bytes) -> ReturnFile:
    """Read a file; errors of lines are collected, up to 100.

    Refuses, in this order:
        RETURN_FILE_IS_TOO_LARGE   over 4 MiB
        RETURN_FILE_HAS_ERRORS     not UTF-8, or its two heading lines cannot be read: then nothing else can be
    """
    if len(data) > RETURN_FILE_BYTES_MAX:
        raise Refused(Reason.RETURN_FILE_IS_TOO_LARGE, bytes_max=RETURN_FILE_BYTES_MAX)
    rows = _rows_of(data)
    batch_number, count = _read_heading(rows)
    lines: list[ReturnLine] = []
    errors: list[LineError] = []
    for place, row in enumerate(rows[2:], start=1):
        try:
            lines.append(_read_line(row, place=place))
        except _LineError as error:
            errors.append(LineError(place + 2, str(error)))
    if len(rows) - 2 != count:
        errors.insert(0, LineError(1, f"the head count is {count}, the file has {len(rows) - 2} cards"))
    return ReturnFile(batch_number=batch_number, lines=tuple(lines), errors=tuple(errors[:ERRORS_REPORTED_MAX]))


def compare_return(read: ReturnFile, expected: Sequence[ExpectedCard]) -> tuple[LineError, ...]:
    """Compare a file's lines with what was sent: every card once, for the same person and bank; none besides.

    While lines cannot be read, their errors alone are told: a card would seem missing whose line is only misspelt.
    """
    if read.errors:
        return read.errors
    by_number = {card.card_number: card for card in expected}
    errors: list[LineError] = []
    seen: set[str] = set()
    for line in read.lines:
        card = by_number.get(line.card_number)
        if card is None:
            errors.append(LineError(line.line, "this card number is not in the batch"))
        elif line.card_number in seen:
            errors.append(LineError(line.line, "this card number stands twice"))
        elif (line.id_number, line.name) != (card.id_number, card.name):
            errors.append(LineError(line.line, "the card was ordered for another person"))
        elif line.bank_code != card.bank_code:
            errors.append(LineError(line.line, "the card was ordered with another bank"))
        seen.add(line.card_number)
    missing = len(by_number.keys() - seen)
    if missing:
        errors.append(LineError(1, f"{missing} of the {len(by_number)} cards of the batch are missing"))
    return tuple(errors[:ERRORS_REPORTED_MAX])


def refuse_lines(errors: Sequence[LineError]) -> Refused:
    """Make the refusal that names the wrong lines."""
    about: dict[str, str] = {}
    for error in errors:
        before = about.get(f"line_{error.line}")
        about[f"line_{error.line}"] = error.what if before is None else f"{before}; {error.what}"
    return Refused(Reason.RETURN_FILE_HAS_ERRORS, error_count=len(errors), **about)


def _rows_of(data: bytes) -> list[list[str]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise refuse_lines([LineError(1, "the file is not UTF-8")]) from None
    lines = text.splitlines()
    if len(lines) > CARDS_IN_BATCH_MAX + 2:
        raise refuse_lines([LineError(1, f"the file has more than {CARDS_IN_BATCH_MAX} cards")])
    for number, line in enumerate(lines, start=1):
        if len(line) > LINE_CHARACTERS_MAX:
            raise refuse_lines([LineError(number, "the line is too long")])
    try:
        return list(csv.reader(io.StringIO("\n".join(lines)), strict=True))
    except csv.Error:
        raise refuse_lines([LineError(1, "the file is not CSV")]) from None


def _read_heading(rows: list[list[str]]) -> tuple[str, int]:
    if len(rows) < 2 or len(rows[0]) != 2:
        raise refuse_lines([LineError(1, "the first line must name the batch number and the head count")])
    batch_number, count = rows[0]
    if not _HEAD.fullmatch(batch_number) or not _COUNT.fullmatch(count):
        raise refuse_lines([LineError(1, "the batch number or head count is not in its form")])
    if tuple(rows[1]) != COLUMNS:
        raise refuse_lines([LineError(2, "the second line must name the columns in their order")])
    return batch_number, int(count)


def _read_line(row: list[str], *, place: int) -> ReturnLine:
    """Read one card's line; raises `_LineError` with its first error."""
    if len(row) != len(COLUMNS):
        raise _LineError(f"{len(row)} columns instead of {len(COLUMNS)}")
    cell = dict(zip(COLUMNS, row, strict=True))
    if cell["sequence"] != str(place):
        raise _LineError(f"the sequence number must be {place}")
    _verify_cell(cell, "card_number", _CARD_NUMBER)
    _verify_cell(cell, "id_number", _ID_NUMBER)
    if not 1 <= len(cell["name"]) <= 60:
        raise _LineError("name is not in its form")
    _verify_cell(cell, "bank_code", _BANK)
    if cell["failed_stage"] or cell["failure_reason"]:
        return _read_failed(cell, line=place + 2)
    return _read_made(cell, line=place + 2)


def _read_failed(cell: dict[str, str], *, line: int) -> ReturnLine:
    if cell["failed_stage"] not in _STAGES:
        raise _LineError("failed_stage must be bank or card_maker")
    if len(cell["failure_reason"].encode()) > FAILURE_REASON_BYTES_MAX:
        raise _LineError(f"failure_reason has more than {FAILURE_REASON_BYTES_MAX} bytes")
    if any(cell[name] for name in ("issued_on", "expires_on", "chip_algorithm", "chip_public_key")):
        raise _LineError("a card that failed has no dates and no chip key")
    return ReturnLine(
        line=line,
        card_number=cell["card_number"],
        id_number=cell["id_number"],
        name=cell["name"],
        bank_code=cell["bank_code"],
        failed_stage=cell["failed_stage"],
        failure_reason=cell["failure_reason"],
    )


def _read_made(cell: dict[str, str], *, line: int) -> ReturnLine:
    issued_on, expires_on = _read_day(cell, "issued_on"), _read_day(cell, "expires_on")
    if issued_on >= expires_on:
        raise _LineError("expires_on is not after issued_on")
    _verify_cell(cell, "card_identification_code", _CODE)
    _verify_cell(cell, "answer_to_reset", _RESET)
    _verify_cell(cell, "bank_card_number", _BANK_CARD)
    if luhn_check_digit(cell["bank_card_number"][:-1]) != cell["bank_card_number"][-1]:
        raise _LineError("bank_card_number has a wrong check digit")
    _verify_cell(cell, "personal_account", _ACCOUNT)
    _verify_cell(cell, "box_position", _BOX)
    algorithm, key = _read_chip(cell)
    return ReturnLine(
        line=line,
        card_number=cell["card_number"],
        id_number=cell["id_number"],
        name=cell["name"],
        bank_code=cell["bank_code"],
        issued_on=issued_on,
        expires_on=expires_on,
        chip_algorithm=algorithm,
        chip_public_key=key,
    )


def _verify_cell(cell: dict[str, str], name: str, form: re.Pattern[str]) -> None:
    if not form.fullmatch(cell[name]):
        raise _LineError(f"{name} is not in its form")


def _read_day(cell: dict[str, str], name: str) -> date:
    _verify_cell(cell, name, _DAY)
    digits = cell[name]
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        raise _LineError(f"{name} is not a day") from None


def _read_chip(cell: dict[str, str]) -> tuple[Algorithm, bytes]:
    """Read the chip's key: its algorithm by name, its bytes in base64url without padding. The room parses the point."""
    if cell["chip_algorithm"] not in Algorithm.__members__:
        raise _LineError("chip_algorithm must be ES256, EDDSA or SM2")
    algorithm = Algorithm[cell["chip_algorithm"]]
    text = cell["chip_public_key"]
    try:
        key = b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != (32 if algorithm is Algorithm.EDDSA else 33):
        raise _LineError("chip_public_key is not in its form")
    return algorithm, key
