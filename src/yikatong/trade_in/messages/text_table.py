"""A text table: cells with commas, in UTF-8 with or without its mark, or in GB 18030 as spreadsheets here save it."""

import csv
import io
import unicodedata

from yikatong.kernel.outcomes import Refused
from yikatong.trade_in.model import Cell, Fault, Line, Reason, Table

_LINE_CHARACTERS_MAX = 8_192
_FORMULA = ("=", "+", "@")
"""How a cell begins that a spreadsheet would take for a formula. A minus begins a number, which its column refuses."""

_NO_LETTER = {"Co", "Cn", "Cs"}
"""Private, unassigned and half characters: what bytes of another encoding turn into."""


def read_text_table(data: bytes) -> Table:
    """Read a text table; refuses LIST_FILE_CANNOT_BE_READ with `what` and, where there is one, the `line`."""
    text, encoding = _decode(data)
    reader = csv.reader(_short_lines(text), strict=True)
    try:
        rows = [(reader.line_num, row) for row in reader]
    except csv.Error:
        raise _unreadable("quotation", line=reader.line_num) from None
    lines = (Line(number, tuple(_cell_of(cell) for cell in row)) for number, row in rows if any(map(str.strip, row)))
    return Table(tuple(lines), encoding)


def _decode(data: bytes) -> tuple[str, str]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data:
        raise _unreadable("encoding")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not any(unicodedata.category(letter) in _NO_LETTER for letter in set(text)):
            return text, encoding
    raise _unreadable("encoding")


def _short_lines(text: str) -> list[str]:
    lines = list(io.StringIO(text, newline=""))
    for number, line in enumerate(lines, start=1):
        if len(line) > _LINE_CHARACTERS_MAX:
            raise _unreadable("long_line", line=number)
    return lines


def _cell_of(text: str) -> Cell:
    stripped = text.strip()
    if stripped.startswith(_FORMULA):
        return Cell(fault=Fault.CELL_HOLDS_A_FORMULA)
    return Cell(stripped)


def _unreadable(what: str, **about: int) -> Refused:
    return Refused(Reason.LIST_FILE_CANNOT_BE_READ, what=what, **about)
