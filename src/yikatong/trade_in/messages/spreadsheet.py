"""A spreadsheet (Office Open XML, ISO/IEC 29500): the values of its one sheet.

It is read by hand, because what reads spreadsheets shows the value that a formula had when it was saved, or what an
error looks like, and a list must not depend on either. The package is unfolded within bounds and nothing outside it
is fetched.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from lxml import etree

from yikatong.kernel.outcomes import Refused
from yikatong.trade_in.messages.bounds import COLUMNS_MAX, PARTS_MAX, TAGS_MAX, UNFOLDED_BYTES_MAX
from yikatong.trade_in.messages.unreadable import unreadable
from yikatong.trade_in.model import Cell, Fault, Line, Reason, Table

_PARSING: dict[str, Any] = {
    "no_network": True,
    "load_dtd": False,
    "huge_tree": False,
    "resolve_entities": False,
    "remove_comments": True,
    "remove_pis": True,
}
_DECLARATION = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*<\?xml[^>]*encoding\s*=\s*[\"']([^\"']*)[\"']", re.IGNORECASE)
_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_OFFICE = "/officeDocument"
_STRINGS = "/sharedStrings"
_SHEET = "/worksheet"
_DAY_ZERO, _DAY_ZERO_1904 = date(1899, 12, 30), date(1904, 1, 1)


class _Relation(NamedTuple):
    kind: str
    target: str


class _Package:
    """The parts of a package, each unfolded when it is asked for, all of them within one bound."""

    def __init__(self, data: bytes) -> None:
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError, NotImplementedError, UnicodeDecodeError, OverflowError):
            raise unreadable("package") from None
        parts = self._zip.infolist()
        names = [part.filename for part in parts]
        if len(names) > PARTS_MAX or len(set(names)) != len(names) or any(part.flag_bits & 1 for part in parts):
            raise unreadable("package")
        self._by_name = {part.filename: part for part in parts}
        self._left = UNFOLDED_BYTES_MAX
        self._tags_left = TAGS_MAX

    def read(self, name: str) -> bytes:
        """The bytes of a part. Refuses LIST_FILE_IS_TOO_LARGE; LIST_FILE_CANNOT_BE_READ where there is none."""
        part = self._by_name.get(name)
        if part is None:
            raise unreadable("missing_part")
        try:
            with self._zip.open(part) as opened:
                data = opened.read(self._left + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError):
            raise unreadable("package") from None
        self._left -= len(data)
        if self._left < 0:
            raise Refused(Reason.LIST_FILE_IS_TOO_LARGE, unfolded_bytes_max=UNFOLDED_BYTES_MAX)
        return data

    def elements(self, name: str, *tags: str) -> Iterator[Any]:
        """The elements of a part with these names, whatever their namespace, as they end."""
        data = self.read(name)
        self._tags_left -= data.count(b"<")
        if self._tags_left < 0:
            raise Refused(Reason.LIST_FILE_IS_TOO_LARGE, tags_max=TAGS_MAX)
        declared = _DECLARATION.match(data)
        encoding = declared[1].lower() if declared else b"utf-8"
        if b"\0" in data or b"<!" in data.replace(b"<!--", b"").replace(b"<![CDATA[", b"") or encoding != b"utf-8":
            raise unreadable("markup")
        wanted = tuple(f"{{*}}{tag}" for tag in tags)
        try:
            yield from (element for _, element in etree.iterparse(io.BytesIO(data), tag=wanted, **_PARSING))
        except etree.XMLSyntaxError:
            raise unreadable("markup") from None

    def relations(self, name: str) -> dict[str, _Relation]:
        """Where a part leads, by the ids it uses."""
        folder, _, file = name.rpartition("/")
        part = f"{folder}/_rels/{file}.rels".lstrip("/")
        found = {}
        for element in self.elements(part, "Relationship"):
            target, kind = element.get("Target", ""), element.get("Type", "")
            if element.get("TargetMode") != "External":
                whole = target.lstrip("/") if target.startswith("/") else f"{folder}/{target}".lstrip("/")
                found[element.get("Id", "")] = _Relation(kind, whole)
        return found


def read_spreadsheet(data: bytes) -> Table:
    """Read the first sheet; other sheets must be empty, or it would not be said which one counts.

    Refuses LIST_FILE_CANNOT_BE_READ with `what`, and LIST_FILE_IS_TOO_LARGE.
    """
    package = _Package(data)
    workbook = _target_of(package.relations(""), _OFFICE)
    relations = package.relations(workbook)
    sheets, day_zero = _read_workbook(package, workbook)
    parts = [
        relations[sheet].target for sheet in sheets if sheet in relations and relations[sheet].kind.endswith(_SHEET)
    ]
    if not parts:
        raise unreadable("missing_part")
    strings = [one.target for one in relations.values() if one.kind.endswith(_STRINGS)]
    texts = [_text_of(element) for name in strings[:1] for element in package.elements(name, "si")]
    first, *others = dict.fromkeys(parts)
    if any(_holds_values(package, name) for name in others):
        raise unreadable("several_sheets")
    return Table(tuple(_read_lines(package, first, texts)), "xlsx", day_zero)


def _target_of(relations: dict[str, _Relation], kind: str) -> str:
    for relation in relations.values():
        if relation.kind.endswith(kind):
            return relation.target
    raise unreadable("missing_part")


def _read_workbook(package: _Package, name: str) -> tuple[list[str], date]:
    """The ids of the sheets in their order, and the day from which days are counted."""
    sheets, day_zero = [], _DAY_ZERO
    for element in package.elements(name, "sheet", "workbookPr"):
        if etree.QName(element).localname == "workbookPr":
            day_zero = _DAY_ZERO_1904 if element.get("date1904") in ("1", "true") else _DAY_ZERO
        else:
            ids = [value for key, value in element.attrib.items() if etree.QName(key).localname == "id"]
            sheets += ids[:1]
    return sheets, day_zero


def _text_of(element: Any) -> str:
    """The text of a string with its runs; how it is pronounced is left out."""
    parts = []
    for child in element.iter("{*}t"):
        above = child.getparent()
        if above is None or etree.QName(above).localname != "rPh":
            parts.append(child.text or "")
    return "".join(parts)


def _holds_values(package: _Package, name: str) -> bool:
    return any(_has_value(cell) for cell in package.elements(name, "c"))


def _has_value(cell: Any) -> bool:
    return any(etree.QName(child).localname in ("v", "is", "f") for child in cell)


def _read_lines(package: _Package, name: str, texts: list[str]) -> Iterator[Line]:
    number = 0
    for row in package.elements(name, "row"):
        said = row.get("r", "")
        if said and not (said.isascii() and said.isdigit() and len(said) < 8 and int(said) > number):
            raise unreadable("markup")
        number = int(said) if said else number + 1
        cells = _read_cells(row, texts)
        if any(cell.text or cell.fault for cell in cells):
            yield Line(number, cells)
        row.clear()


def _read_cells(row: Any, texts: list[str]) -> tuple[Cell, ...]:
    found: dict[int, Cell] = {}
    place = -1
    for element in row.iterchildren("{*}c"):
        reference = element.get("r")
        place = place + 1 if reference is None else _column_of(reference)
        if not _has_value(element):
            continue
        if place >= COLUMNS_MAX or place in found:
            raise unreadable("markup")
        found[place] = _read_cell(element, texts)
    return tuple(found.get(place, Cell()) for place in range(max(found, default=-1) + 1))


def _column_of(reference: str) -> int:
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise unreadable("markup")
    place = 0
    for letter in match[1]:
        place = place * 26 + ord(letter) - ord("A") + 1
    return place - 1


def _read_cell(element: Any, texts: list[str]) -> Cell:
    parts = {etree.QName(child).localname: child for child in element}
    kind = element.get("t", "n")
    if "f" in parts:
        return Cell(fault=Fault.CELL_HOLDS_A_FORMULA)
    if kind == "e":
        return Cell(fault=Fault.CELL_HOLDS_AN_ERROR)
    if kind == "inlineStr":
        return Cell(_text_of(parts["is"]).strip() if "is" in parts else "")
    value = ((parts["v"].text or "") if "v" in parts else "").strip()
    if kind == "s":
        return Cell(_shared(texts, value).strip())
    if kind in ("str", "b", "d") or not value:
        return Cell(value)
    return Cell(value, number=_number_of(value))


def _shared(texts: list[str], value: str) -> str:
    if not (value.isascii() and value.isdigit() and len(value) < 9) or int(value) >= len(texts):
        raise unreadable("markup")
    return texts[int(value)]


def _number_of(text: str) -> Decimal:
    try:
        number = Decimal(text) if len(text) <= 40 and text.isascii() else Decimal("NaN")
    except InvalidOperation:
        raise unreadable("markup") from None
    if not number.is_finite() or abs(number.adjusted()) > 30:
        raise unreadable("markup")
    return number
