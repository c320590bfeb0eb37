"""What a bank writes back, read once from end to end: status reports, notifications, statements, the plain file.

A file is believed whole or not at all: whatever is wrong in it is refused with the line where it stands.
"""

import re
from typing import IO, Any

from lxml import etree

from yikatong.kernel.outcomes import Refused
from yikatong.payouts.messages.account_report import AccountReader
from yikatong.payouts.messages.elements import Names, Reader
from yikatong.payouts.messages.plain_returns import read_plain
from yikatong.payouts.messages.schemas import PARSING, READ, namespace_of, schema_of
from yikatong.payouts.messages.status_report import StatusReader
from yikatong.payouts.messages.telling import Telling
from yikatong.payouts.model import ReadFile, Reason, ReturnKind
from yikatong.trust import service as trust

BYTES_MAX = 2_000_000_000
"""The largest file that is read: a status report of some three million payments."""

PIECE_BYTES = 65_536
_PEEK = 4_096
_FORBIDDEN = re.compile(rb"DOCTYPE|ENTITY|encoding\s*=\s*[\"'](?!utf-8[\"'])", re.IGNORECASE)
"""What the beginning of a message may not hold. The name of the message stands in it, so nothing can come before it."""

_MESSAGE = re.compile(rb"urn:iso:std:iso:20022:tech:xsd:([a-z]{4}\.[0-9]{3}\.[0-9]{3}\.[0-9]{2})")


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
    names = Names(namespace_of(message))
    telling = Telling(kind)
    reader: Reader = StatusReader(names, telling) if kind is ReturnKind.STATUS else AccountReader(names, telling)
    parser = etree.XMLPullParser(events=("end",), tag=reader.tags, schema=schema_of(message), **PARSING)
    try:
        while data := file.read(PIECE_BYTES):
            _feed(parser, data, reader)
        parser.close()
    except etree.XMLSyntaxError as error:
        # A fault against the schema names the element; one against XML itself does not.
        breaks_schema = "Element '" in str(error)
        reason = Reason.BANK_FILE_IS_NOT_VALID if breaks_schema else Reason.BANK_FILE_CANNOT_BE_READ
        raise Refused(reason, line=error.lineno or reader.at, what=_element_of(str(error))) from None
    reader.end()
    return telling.ended(digest=file.drain())


def _feed(parser: Any, data: bytes, reader: Reader) -> None:
    """Parse a piece and take what ended in it, also what stands before a fault: the first of all faults is told."""
    try:
        parser.feed(data)
    finally:
        reader.take([element for _, element in parser.read_events()])


def _element_of(text: str) -> str:
    """What the parser complains of, without the content of the element, which may be a name."""
    found = re.search(r"Element '(?:\{[^}]*\})?(\w+)'", text)
    return found[1] if found else "document"
