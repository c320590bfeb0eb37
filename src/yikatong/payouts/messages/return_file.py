"""What a bank writes back, read once from end to end: status reports, notifications, statements, the plain file.

A file is believed whole or not at all: whatever is wrong in it is refused with the line where it stands.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import IO, Any, NamedTuple
from uuid import UUID

from lxml import etree

from yikatong.kernel.money import read_yuan
from yikatong.kernel.outcomes import Refused
from yikatong.payouts.messages.payment_file import forget
from yikatong.payouts.messages.plain_returns import read_plain
from yikatong.payouts.messages.schemas import PARSING, READ, namespace_of, schema_of
from yikatong.payouts.messages.telling import Telling
from yikatong.payouts.model import Outcome, ReadFile, Reason, Report, ReturnKind, ReturnReason
from yikatong.payouts.rules.batches import read_number
from yikatong.trust import service as trust

BYTES_MAX = 2_000_000_000
"""The largest file that is read: a status report of some three million payments."""

_PEEK = 4_096
_FORBIDDEN = re.compile(rb"DOCTYPE|ENTITY|encoding\s*=\s*[\"'](?!utf-8[\"'])", re.IGNORECASE)
"""What the beginning of a message may not hold. The name of the message stands in it, so nothing can come before it."""

_MESSAGE = re.compile(rb"urn:iso:std:iso:20022:tech:xsd:([a-z]{4}\.[0-9]{3}\.[0-9]{3}\.[0-9]{2})")

_ENDED = {"ACSC": Outcome.PAID, "ACCC": Outcome.PAID, "RJCT": Outcome.RETURNED, "CANC": Outcome.RETURNED}
"""Statuses that end a payment; every other means that the bank is not done with it."""

_REASONS = {
    "AC01": ReturnReason.ACCOUNT_IS_UNKNOWN,
    "AC03": ReturnReason.ACCOUNT_IS_UNKNOWN,
    "AC04": ReturnReason.ACCOUNT_IS_CLOSED,
    "AC07": ReturnReason.ACCOUNT_IS_CLOSED,
    "AC06": ReturnReason.ACCOUNT_IS_FROZEN,
    "BE01": ReturnReason.NAME_DIFFERS,
    "BE04": ReturnReason.NAME_DIFFERS,
    "AM02": ReturnReason.OVER_LIMIT,
    "AM14": ReturnReason.OVER_LIMIT,
    "AM21": ReturnReason.OVER_LIMIT,
}
"""External reason codes of ISO 20022 by what they mean here; others are OTHER."""


class _Hashed:
    """A file that is hashed and measured as it is read."""

    def __init__(self, file: IO[bytes], *, begin: bytes) -> None:
        self._file = file
        self._begin = begin
        self._size = 0
        self.digest = trust.Sm3()

    def read(self, size: int = -1) -> bytes:
        """The next bytes. Refuses BANK_FILE_IS_TOO_LARGE."""
        data, self._begin = self._begin or self._file.read(size if size > 0 else 1 << 20), b""
        self._size += len(data)
        if self._size > BYTES_MAX:
            raise Refused(Reason.BANK_FILE_IS_TOO_LARGE, bytes_max=BYTES_MAX)
        self.digest.update(data)
        return data

    def drain(self) -> bytes:
        """Read what is left; the digest of the whole file."""
        while self.read(1 << 20):
            pass
        return self.digest.digest()


def read_return_file(file: IO[bytes]) -> ReadFile:
    """Read a bank's file whole, whatever of the known kinds it is.

    Refuses, in this order as the file is read: BANK_FILE_IS_TOO_LARGE, BANK_FILE_CANNOT_BE_READ,
    BANK_FILE_IS_NOT_VALID, BANK_FILE_NAMES_AN_UNKNOWN_PAYMENT (a name that is none of ours in a report that speaks
    of ours alone), BANK_FILE_CONTRADICTS_ITSELF, BANK_FILE_TOTALS_DIFFER, BANK_FILE_DIGEST_DIFFERS.
    """
    begin = file.read(_PEEK)
    hashed = _Hashed(file, begin=begin)
    if begin.startswith(b"H,"):
        return read_plain(hashed)
    found = _MESSAGE.search(begin)
    message = found[1].decode() if found else ""
    if found is None or message not in READ or _FORBIDDEN.search(begin[: found.start()]):
        raise Refused(Reason.BANK_FILE_CANNOT_BE_READ, line=1)
    return _read_message(hashed, message)


def digest_file(file: IO[bytes]) -> bytes:
    """The SM3 digest of a file, so that one that cannot be read has a name. Refuses BANK_FILE_IS_TOO_LARGE."""
    return _Hashed(file, begin=b"").drain()


def _read_message(file: _Hashed, message: str) -> ReadFile:
    kind = READ[message]
    names = _Names(namespace_of(message))
    telling = Telling(kind)
    reader = _Status(names, telling) if kind is ReturnKind.STATUS else _Account(names, telling)
    try:
        events = etree.iterparse(file, events=("end",), tag=tuple(reader.tags), schema=schema_of(message), **PARSING)
        for _, element in events:
            reader.at = element.sourceline or reader.at
            reader.tags[element.tag](element)
    except etree.XMLSyntaxError as error:
        # A fault against the schema names the element; one against XML itself does not.
        breaks_schema = "Element '" in str(error)
        reason = Reason.BANK_FILE_IS_NOT_VALID if breaks_schema else Reason.BANK_FILE_CANNOT_BE_READ
        raise Refused(reason, line=error.lineno or reader.at, what=_element_of(str(error))) from None
    reader.end()
    return telling.ended(digest=file.drain())


def _element_of(text: str) -> str:
    """What the parser complains of, without the content of the element, which may be a name."""
    found = re.search(r"Element '(?:\{[^}]*\})?(\w+)'", text)
    return found[1] if found else "document"


class _Names:
    """Element names of one namespace, made once."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        self._known: dict[str, str] = {}

    def __call__(self, path: str) -> str:
        found = self._known.get(path)
        if found is None:
            found = "/".join(f"{{{self._namespace}}}{name}" for name in path.split("/"))
            self._known[path] = found
        return found


class _Status:
    """Reads a pain.002: each transaction's status, or that of a whole message."""

    def __init__(self, names: _Names, telling: Telling) -> None:
        self._names = names
        self._telling = telling
        self._counted: dict[str, int] = {}
        self._said: dict[str, int] = {}
        self._group: tuple[str, str, str | None, int] | None = None
        # Looked up once, because they are compared a million times.
        self._status, self._name = names("TxSts"), names("OrgnlEndToEndId")
        self._reference, self._amount = names("OrgnlTxRef"), names("InstdAmt")
        self.at = 1
        self.tags: Mapping[str, Callable[[Any], None]] = {
            names("TxInfAndSts"): self._take,
            names("OrgnlGrpInfAndSts"): self._take_group,
        }

    def _take_group(self, element: etree._Element) -> None:
        names = self._names
        original = element.findtext(names("OrgnlMsgId")) or ""
        status = element.findtext(names("GrpSts")) or ""
        reason = element.findtext(names("StsRsnInf/Rsn/Cd"))
        self._group = (original, status, reason, element.sourceline or 1)
        for per in element.iterfind(names("NbOfTxsPerSts")):
            self._said[per.findtext(names("DtldSts")) or ""] = int(per.findtext(names("DtldNbOfTxs")) or 0)

    def _take(self, element: etree._Element) -> None:
        at = element.sourceline or 1
        status = name = ""
        reference = None
        for child in element:
            tag = child.tag
            if tag == self._status:
                status = child.text or ""
            elif tag == self._name:
                name = child.text or ""
            elif tag == self._reference:
                reference = child
        self._counted[status] = self._counted.get(status, 0) + 1
        payment = read_payment(name)
        if payment is None:
            raise Refused(Reason.BANK_FILE_NAMES_AN_UNKNOWN_PAYMENT, line=at)
        outcome = _ENDED.get(status)
        if outcome is None:
            self._telling.pending()
        else:
            fen = 0 if reference is None else self._amount_of(reference, at=at)
            reason = None
            if outcome is Outcome.RETURNED:
                reason = reason_of(element.findtext(self._names("StsRsnInf/Rsn/Cd")))
            self._telling.tell(Report(*payment, outcome, fen, reason, None, at))
        forget(element)

    def _amount_of(self, reference: etree._Element, *, at: int) -> int:
        """The amount that a report repeats of the payment; 0 where it repeats none."""
        amount = next(reference.iter(self._amount), None)
        return 0 if amount is None else fen_of(amount, at=at)

    def end(self) -> None:
        """What can be said when everything was read: totals, and a status of the whole message."""
        for status, said in self._said.items():
            if self._counted and self._counted.get(status, 0) != said:
                raise Refused(Reason.BANK_FILE_TOTALS_DIFFER, status=status, said=said)
        if self._group is None or self._counted:
            return
        original, status, reason, at = self._group
        outcome = _ENDED.get(status)
        if outcome is None:
            return
        part = read_part(original)
        if part is None:
            raise Refused(Reason.BANK_FILE_NAMES_AN_UNKNOWN_PAYMENT, line=at)
        self._telling.tell_part(*part, outcome, reason_of(reason) if outcome is Outcome.RETURNED else None)


class _Entry(NamedTuple):
    """What an entry of an account says for all its details."""

    side: str
    is_booked: bool
    is_reversal: bool
    booked_on: date | None


class _Account:
    """Reads a camt.053 or camt.054: booked debits are payments, booked credits with a return reason give them back."""

    def __init__(self, names: _Names, telling: Telling) -> None:
        self._names = names
        self._telling = telling
        self._sum_fen = 0
        self._details = 0
        self._has_amounts = True
        self._entry: _Entry | None = None
        self.at = 1
        self.tags: Mapping[str, Callable[[Any], None]] = {
            names("TxDtls"): self._take,
            names("Ntry"): self._end_entry,
        }

    def _take(self, element: etree._Element) -> None:
        names, at = self._names, element.sourceline or 1
        entry = self._entry_of(element)
        said: dict[str, Any] = {child.tag: child for child in element}
        amount = said.get(names("Amt"))
        fen = 0 if amount is None else fen_of(amount, at=at)
        self._details += 1
        self._sum_fen += fen
        self._has_amounts = self._has_amounts and amount is not None
        references = said.get(names("Refs"))
        payment = None
        if references is not None:
            payment = read_payment(_text_of(next(references.iter(names("EndToEndId")), None)))
        side = _text_of(said.get(names("CdtDbtInd"))) or entry.side
        is_return = names("RtrInf") in said or entry.is_reversal
        outcome = Outcome.PAID if side == "DBIT" else Outcome.RETURNED if is_return else None
        # Every other movement of the account is passed over.
        if payment is not None and outcome is not None:
            if entry.is_booked:
                reason = None
                if outcome is Outcome.RETURNED:
                    reason = reason_of(element.findtext(names("RtrInf/Rsn/Cd")))
                self._telling.tell(Report(*payment, outcome, fen, reason, entry.booked_on, at))
            else:
                self._telling.pending()
        forget(element)

    def _entry_of(self, element: etree._Element) -> "_Entry":
        """What the entry says to which a detail belongs; it stands before its details, and is read once."""
        if self._entry is None:
            names = self._names
            at = element.getparent().getparent()
            day = at.findtext(names("BookgDt/Dt")) or at.findtext(names("BookgDt/DtTm"))
            self._entry = _Entry(
                side=at.findtext(names("CdtDbtInd")) or "",
                is_booked=(at.findtext(names("Sts/Cd")) or "BOOK") == "BOOK",
                is_reversal=at.findtext(names("RvslInd")) == "true",
                booked_on=None if day is None else day_of(day, at=at.sourceline or 1),
            )
        return self._entry

    def _end_entry(self, element: etree._Element) -> None:
        amount = element.find(self._names("Amt"))
        at = element.sourceline or 1
        if self._details and self._has_amounts and amount is not None and fen_of(amount, at=at) != self._sum_fen:
            raise Refused(Reason.BANK_FILE_TOTALS_DIFFER, line=at)
        self._sum_fen, self._details, self._has_amounts, self._entry = 0, 0, True, None
        forget(element)

    def end(self) -> None:
        """Nothing is left to say."""


def _text_of(element: Any) -> str:
    """The text of an element; nothing for one that is not there."""
    return "" if element is None else element.text or ""


def read_payment(text: str) -> tuple[UUID, int] | None:
    """Batch and line of a payment's name (EndToEndId), or None for a name that is not of our making."""
    number, dash, line = text.partition("-")
    if not dash or not line.isascii() or not line.isdigit() or len(line) > 7 or line[0] == "0":
        return None
    try:
        return read_number(number), int(line)
    except ValueError:
        return None


def read_part(text: str) -> tuple[UUID, int] | None:
    """Batch and part of a message's name (MsgId), or None for a name that is not of our making."""
    number, dash, part = text.partition("-P")
    if not dash or not part.isascii() or not part.isdigit() or len(part) != 4:
        return None
    try:
        return read_number(number), int(part)
    except ValueError:
        return None


def fen_of(amount: etree._Element, *, at: int) -> int:
    """An amount in yuan as fen. Refuses BANK_FILE_CANNOT_BE_READ: another currency, more places, or nothing."""
    if amount.get("Ccy") != "CNY":
        raise Refused(Reason.BANK_FILE_CANNOT_BE_READ, line=at)
    try:
        fen = read_yuan(amount.text or "")
    except ValueError:
        raise Refused(Reason.BANK_FILE_CANNOT_BE_READ, line=at) from None
    return fen


def day_of(text: str, *, at: int) -> date:
    """The day of a date or an instant. Refuses BANK_FILE_CANNOT_BE_READ: a year of more than four digits."""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise Refused(Reason.BANK_FILE_CANNOT_BE_READ, line=at) from None


def reason_of(code: str | None) -> ReturnReason:
    """What a reason code means here."""
    return _REASONS.get(code or "", ReturnReason.OTHER)
