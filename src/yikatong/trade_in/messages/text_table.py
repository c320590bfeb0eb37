"""A text table: cells with commas, in UTF-8 with or without its mark, or in GB 18030 as spreadsheets here save it."""

import csv
import io
import unicodedata
from collections.abc import Iterator

from yikatong.trade_in.messages.bounds import COLUMNS_MAX, LINES_MAX, too_many_lines
from yikatong.trade_in.messages.unreadable import unreadable
from yikatong.trade_in.model import Cell, Fault, Line, Table

_LINE_CHARACTERS_MAX = 8_192
_FORMULA = ("=", "+", "@")
"""How a cell begins that a spreadsheet would take for a formula. A minus begins a number, which its column refuses."""

_NO_LETTER = {"Co", "Cn", "Cs"}
"""Private, unassigned and half characters: what bytes of another encoding turn into."""


def read_text_table(data: bytes) -> Table:
    """Read a text table; refuses LIST_FILE_CANNOT_BE_READ with `what` and, where there is one, the `line`."""
    text, encoding = _decode(data)
    reader = csv.reader(_short_lines(text), strict=True)
    lines: list[Line] = []
    try:
        for row in reader:
            cells = _cells_of(row, number=reader.line_num)
            if cells:
                lines.append(Line(reader.line_num, cells))
            if len(lines) > LINES_MAX:
                raise too_many_lines()
    except csv.Error:
        raise unreadable("quotation", line=reader.line_num) from None
    return Table(tuple(lines), encoding)


def _decode(data: bytes) -> tuple[str, str]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data:
        raise unreadable("encoding")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not any(unicodedata.category(letter) in _NO_LETTER for letter in set(text)):
            return text, encoding
    raise unreadable("encoding")


def _short_lines(text: str) -> Iterator[str]:
    for number, line in enumerate(io.StringIO(text, newline=""), start=1):
        if len(line) > _LINE_CHARACTERS_MAX:
            raise unreadable("long_line", line=number)
        yield line


def _cells_of(row: list[str], *, number: int) -> tuple[Cell, ...]:
    """The cells of a row up to its last that says something; spreadsheets fill rows up with empty ones."""
    while row and not row[-1].strip():
        row.pop()
    if len(row) > COLUMNS_MAX:
        raise unreadable("columns", line=number)
    return tuple(_cell_of(cell) for cell in row)


def _cell_of(text: str) -> Cell:
    stripped = text.strip()
    if stripped.startswith(_FORMULA):
        return Cell(fault=Fault.CELL_HOLDS_A_FORMULA)
    return Cell(stripped)
