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

BETWEEN_BYTES_MAX = 4_000_000
"""How much may stand between two elements that are taken: they are freed, and all else lies in memory meanwhile."""

PIECE_BYTES = 65_536
_PEEK = 4_096
_BEGIN = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:<\?xml\s[^<>]*\?>)?(?>\s+|<!--(?>.*?-->))*(?=<[a-z])", re.DOTALL | re.IGNORECASE
)
"""What may stand before the first element: a declaration and comments. A document type is neither."""

_ENCODING = re.compile(rb"encoding\s*=\s*[\"'](?!utf-8[\"'])", re.IGNORECASE)
_MESSAGE = re.compile(rb"<[^<>]*urn:iso:std:iso:20022:tech:xsd:([a-z]{4}\.[0-9]{3}\.[0-9]{3}\.[0-9]{2})")
"""The first element, as far as the name of the message."""


class _Hashed:
    """A file that is hashed and measured as it is read."""

    def __init__(self, file: IO[bytes], *, begin: bytes, bytes_max: int) -> None:
        self._file = file
        self._begin = begin
        self._bytes_max = bytes_max
        self._size = 0
        self.digest = trust.Sm3()

    def read(self, size: int = -1) -> bytes:
        """The next bytes. Refuses BANK_FILE_IS_TOO_LARGE."""
        data, self._begin = self._begin or self._file.read(size if size > 0 else 1 << 20), b""
        self._size += len(data)
        if self._size > self._bytes_max:
            raise Refused(Reason.BANK_FILE_IS_TOO_LARGE, bytes_max=self._bytes_max)
        self.digest.update(data)
        return data

    def drain(self) -> bytes:
        """Read what is left; the digest of the whole file."""
        while self.read(1 << 20):
            pass
        return self.digest.digest()


def read_return_file(file: IO[bytes], *, bytes_max: int = BYTES_MAX) -> ReadFile:
    """Read a bank's file whole, whatever of the known kinds it is, of at most so many bytes.

    Refuses, in this order as the file is read: BANK_FILE_IS_TOO_LARGE, BANK_FILE_CANNOT_BE_READ,
    BANK_FILE_IS_NOT_VALID, BANK_FILE_NAMES_AN_UNKNOWN_PAYMENT (a name that is none of ours in a report that speaks
    of ours alone), BANK_FILE_CONTRADICTS_ITSELF, BANK_FILE_TOTALS_DIFFER, BANK_FILE_DIGEST_DIFFERS.
    """
    begin = file.read(_PEEK)
    hashed = _Hashed(file, begin=begin, bytes_max=bytes_max)
    if begin.startswith(b"H,"):
        return read_plain(hashed)
    return _read_message(hashed, _message_of(begin))


def _message_of(begin: bytes) -> str:
    """The name of the message that begins so; refuses BANK_FILE_CANNOT_BE_READ for what is none, before any parser."""
    before = _BEGIN.match(begin)
    found = None if before is None or _ENCODING.search(before[0]) else _MESSAGE.match(begin, before.end())
    message = "" if found is None else found[1].decode()
    if message not in READ:
        raise Refused(Reason.BANK_FILE_CANNOT_BE_READ, line=1)
    return message


def digest_file(file: IO[bytes]) -> bytes:
    """The SM3 digest of a file, so that one that cannot be read has a name, however large it is."""
    digest = trust.Sm3()
    while data := file.read(1 << 20):
        digest.update(data)
    return digest.digest()


def _read_message(file: _Hashed, message: str) -> ReadFile:
    kind = READ[message]
    names = Names(namespace_of(message))
    telling = Telling(kind)
    reader: Reader = StatusReader(names, telling) if kind is ReturnKind.STATUS else AccountReader(names, telling)
    parser = etree.XMLPullParser(events=("end",), tag=reader.tags, schema=schema_of(message), **PARSING)
    between = 0
    try:
        while data := file.read(PIECE_BYTES):
            between = 0 if _feed(parser, data, reader) else between + len(data)
            if between > BETWEEN_BYTES_MAX:
                raise Refused(Reason.BANK_FILE_CANNOT_BE_READ, line=reader.at)
        parser.close()
    except etree.XMLSyntaxError as error:
        # A fault against the schema names the element; one against XML itself does not.
        breaks_schema = "Element '" in str(error)
        reason = Reason.BANK_FILE_IS_NOT_VALID if breaks_schema else Reason.BANK_FILE_CANNOT_BE_READ
        raise Refused(reason, line=error.lineno or reader.at, what=_element_of(str(error))) from None
    reader.end()
    return telling.ended(digest=file.drain())


def _feed(parser: Any, data: bytes, reader: Reader) -> int:
    """Parse a piece and take what ended in it, also what stands before a fault: the first of all faults is told.

    Gives how much was taken.
    """
    taken = 0
    try:
        parser.feed(data)
    finally:
        taken = reader.take([element for _, element in parser.read_events()])
    return taken


def _element_of(text: str) -> str:
    """What the parser complains of, without the content of the element, which may be a name."""
    found = re.search(r"Element '(?:\{[^}]*\})?(\w+)'", text)
    return found[1] if found else "document"
