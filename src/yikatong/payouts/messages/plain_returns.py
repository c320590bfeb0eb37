"""The plain return file: a head, a line for each payment with its status, a tail with totals and SM3 digest."""

from collections.abc import Iterator
from datetime import date
from typing import Protocol
from uuid import UUID

from yikatong.kernel.outcomes import Refused
from yikatong.payouts.messages.payment_file import PLAIN_RETURNS, PLAIN_VERSION
from yikatong.payouts.messages.telling import Telling
from yikatong.payouts.model import Outcome, ReadFile, Reason, Report, ReturnKind, ReturnReason
from yikatong.payouts.rules.batches import read_number
from yikatong.trust import service as trust

STATUSES: dict[str, ReturnReason | None] = {
    "00": None,
    "01": ReturnReason.ACCOUNT_IS_CLOSED,
    "02": ReturnReason.NAME_DIFFERS,
    "03": ReturnReason.OVER_LIMIT,
    "04": ReturnReason.ACCOUNT_IS_FROZEN,
    "05": ReturnReason.ACCOUNT_IS_UNKNOWN,
    "09": ReturnReason.OTHER,
}
"""Statuses of a payment: 00 is paid, the others say why it came back."""

LINE_BYTES_MAX = 1_024
_HEAD_CELLS, _LINE_CELLS, _TAIL_CELLS = 5, 6, 6


class Readable(Protocol):
    """A file that is hashed as it is read."""

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        ...

    def drain(self) -> bytes:
        """The digest of the whole file, what was not read yet included."""
        ...


def read_plain(file: Readable) -> ReadFile:
    """Read a plain return file whole.

    Refuses as it is read: BANK_FILE_CANNOT_BE_READ, BANK_FILE_CONTRADICTS_ITSELF; then, at its tail,
    BANK_FILE_TOTALS_DIFFER, BANK_FILE_DIGEST_DIFFERS.
    """
    telling = Telling(ReturnKind.CSV)
    content = trust.Sm3()
    totals = [0, 0, 0, 0]
    batch_id: UUID | None = None
    has_ended = False
    for at, line in enumerate(_lines(file), 1):
        cells = _cells(line, at=at)
        if has_ended or (cells[0] == "H") != (batch_id is None):
            raise Refused(Reason.BANK_FILE_CANNOT_BE_READ, line=at)
        if cells[0] == "T":
            _verify_tail(cells, totals=totals, digest=content.digest(), at=at)
            has_ended = True
            continue
        content.update(line)
        if batch_id is None:
            batch_id = _read_head(cells, at=at)
        else:
            report = _read_line(cells, batch_id=batch_id, at=at)
            telling.tell(report)
            place = 0 if report.outcome is Outcome.PAID else 2
            totals[place] += 1
            totals[place + 1] += report.amount_fen
    if not has_ended:
        raise Refused(Reason.BANK_FILE_CANNOT_BE_READ, line=at + 1 if batch_id else 1)
    return telling.ended(digest=file.drain())


def _lines(file: Readable) -> Iterator[bytes]:
    rest = b""
    while data := file.read(1 << 20):
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            yield line + b"\n"
        if len(rest) > LINE_BYTES_MAX:
            break
    if rest:
        yield rest


def _cells(line: bytes, *, at: int) -> list[str]:
    if len(line) > LINE_BYTES_MAX or not line.endswith(b"\n"):
        raise Refused(Reason.BANK_FILE_CANNOT_BE_READ, line=at)
    try:
        return line[:-1].decode().split(",")
    except UnicodeDecodeError:
        raise Refused(Reason.BANK_FILE_CANNOT_BE_READ, line=at) from None


def _read_head(cells: list[str], *, at: int) -> UUID:
    if len(cells) != _HEAD_CELLS or cells[1:3] != [PLAIN_RETURNS, PLAIN_VERSION]:
        raise Refused(Reason.BANK_FILE_CANNOT_BE_READ, line=at)
    try:
        return read_number(cells[3])
    except ValueError:
        raise Refused(Reason.BANK_FILE_NAMES_AN_UNKNOWN_PAYMENT, line=at) from None


def _read_line(cells: list[str], *, batch_id: UUID, at: int) -> Report:
    if len(cells) != _LINE_CELLS or cells[0] != "L" or cells[3] not in STATUSES:
        raise Refused(Reason.BANK_FILE_CANNOT_BE_READ, line=at)
    reason = STATUSES[cells[3]]
    try:
        booked_on = date.fromisoformat(cells[4]) if cells[4] else None
    except ValueError:
        raise Refused(Reason.BANK_FILE_CANNOT_BE_READ, line=at) from None
    return Report(
        batch_id=batch_id,
        line=_whole(cells[1], at=at, digits_max=7),
        outcome=Outcome.PAID if reason is None else Outcome.RETURNED,
        amount_fen=_whole(cells[2], at=at, digits_max=14),
        reason=reason,
        booked_on=booked_on,
        at=at,
    )


def _verify_tail(cells: list[str], *, totals: list[int], digest: bytes, at: int) -> None:
    if len(cells) != _TAIL_CELLS:
        raise Refused(Reason.BANK_FILE_CANNOT_BE_READ, line=at)
    if [_whole(cell, at=at, digits_max=18, least=0) for cell in cells[1:5]] != totals:
        raise Refused(Reason.BANK_FILE_TOTALS_DIFFER, line=at)
    if cells[5] != digest.hex():
        raise Refused(Reason.BANK_FILE_DIGEST_DIFFERS, line=at)


def _whole(text: str, *, at: int, digits_max: int, least: int = 1) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > digits_max or int(text) < least:
        raise Refused(Reason.BANK_FILE_CANNOT_BE_READ, line=at)
    return int(text)
