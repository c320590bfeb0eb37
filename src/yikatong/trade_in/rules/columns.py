"""The columns of a list: which heading names which, and what a cell of each kind says."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, NamedTuple, TypeVar

from yikatong.kernel.identifiers.credit_code import read_credit_code
from yikatong.kernel.identifiers.reasons import Reason as IdentifierReason
from yikatong.kernel.money import AMOUNT_FEN_MAX, read_yuan
from yikatong.kernel.outcomes import Refused
from yikatong.trade_in.model import Cell, Fault, Line, LineError, PartyKind, ReadList, Reason, Table

NAME_MAX = 120
MODEL_MAX = 60
COUNT_MAX = 1_000_000
ERRORS_MAX = 1_000
"""So many errors are told of one file; a file with more is of another form."""

_DAY = re.compile(r"([0-9]{4})(?:-([0-9]{1,2})-|/([0-9]{1,2})/|年([0-9]{1,2})月)([0-9]{1,2})日?")
_THOUSANDS = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]{1,2})?")
_COUNT = re.compile(r"[1-9][0-9]{0,6}")
_LAST_DAY_NUMBER = 73_050
"""The last day of 2099, counted as spreadsheets do."""

PASSED_OVER = frozenset(
    {
        "序号", "编号", "地址", "门店地址", "经营地址", "联系人", "联系电话", "电话", "手机", "手机号", "负责人",
        "备注", "品牌", "区县", "所属区县", "区", "区域", "所在区", "所在区县", "no", "no.", "address",
        "contact", "phone", "remarks", "brand", "district",
    }
)  # fmt: skip
"""Headings that lists often have and nobody here needs; what stands under them is not kept."""

HEADINGS_ZH = {
    "credit_code": "统一社会信用代码",
    "name": "名称",
    "kind": "类别",
    "listed_from": "列入日期",
    "listed_until": "移出日期",
    "model": "型号",
    "price_fen": "价格",
    "valid_from": "起始日期",
    "valid_until": "失效日期",
    "rule": "依据",
    "sold_on": "成交日期",
    "bikes": "数量",
}
"""How each column is called where a fault in it is told."""

T = TypeVar("T")


class CellError(Exception):
    """Leaves a cell at what is wrong with it."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.name)
        self.fault = fault


class Column(NamedTuple):
    """A column: its name, how its heading may read, how its cells are read, whether a cell may be empty."""

    name: str
    headings: frozenset[str]
    read: Callable[[Cell, Table], Any]
    is_optional: bool = False


def read_text(cell: Cell, *, length_max: int) -> str:
    """A text in its composed form; refuses by CellError."""
    text = unicodedata.normalize("NFC", cell.text)
    if any(unicodedata.category(letter) in ("Cc", "Cf", "Zl", "Zp") for letter in text):
        raise CellError(Fault.CELL_HAS_A_LINE_BREAK)
    if len(text) > length_max:
        raise CellError(Fault.CELL_IS_TOO_LONG)
    return text


def read_name(cell: Cell, table: Table) -> str:
    """A name."""
    return read_text(cell, length_max=NAME_MAX)


def read_model(cell: Cell, table: Table) -> str:
    """A bike's model, as `fold_model` writes it."""
    return fold_model(read_text(cell, length_max=MODEL_MAX))


def fold_model(text: str) -> str:
    """A model as it is compared: full-width letters as narrow ones, capitals, single blanks."""
    return " ".join(unicodedata.normalize("NFKC", text).upper().split())[:MODEL_MAX]


def read_code(cell: Cell, table: Table) -> str:
    """A credit code."""
    if cell.number is not None:
        raise CellError(Fault.CODE_IS_A_NUMBER)
    try:
        return read_credit_code(cell.text)
    except Refused as refused:
        does_not_check = refused.reason is IdentifierReason.CREDIT_CODE_CHECK_CHARACTER_IS_WRONG
        fault = Fault.CREDIT_CODE_DOES_NOT_CHECK if does_not_check else Fault.CREDIT_CODE_IS_WRONG
        raise CellError(fault) from None


CODE_COLUMN = Column(
    "credit_code", frozenset({"统一社会信用代码", "社会信用代码", "信用代码", "credit_code", "creditcode"}), read_code
)

_KINDS = {
    "门店": PartyKind.STORE,
    "销售门店": PartyKind.STORE,
    "销售企业": PartyKind.STORE,
    "销售商": PartyKind.STORE,
    "store": PartyKind.STORE,
    "回收企业": PartyKind.RECYCLER,
    "回收商": PartyKind.RECYCLER,
    "拆解企业": PartyKind.RECYCLER,
    "recycler": PartyKind.RECYCLER,
}


def read_kind(cell: Cell, table: Table) -> PartyKind:
    """Store or recycler."""
    kind = _KINDS.get(cell.text.lower())
    if kind is None:
        raise CellError(Fault.KIND_IS_UNKNOWN)
    return kind


def read_day(cell: Cell, table: Table) -> date:
    """A day: as 2024-10-20, 2024/10/20 or 2024年10月20日, or a spreadsheet's number of a day."""
    if cell.number is not None:
        number = int(cell.number)
        if cell.number != number or not 1 <= number <= _LAST_DAY_NUMBER:
            raise CellError(Fault.DAY_IS_WRONG)
        return table.day_zero + timedelta(days=number)
    match = _DAY.fullmatch(cell.text)
    if match is None:
        raise CellError(Fault.DAY_IS_WRONG)
    try:
        return date(int(match[1]), int(match[2] or match[3] or match[4]), int(match[5]))
    except ValueError:
        raise CellError(Fault.DAY_IS_WRONG) from None


def read_price(cell: Cell, table: Table) -> int:
    """A price above zero in yuan, in fen; a spreadsheet's number may be off by the last place of its binary form.

    A comma stands between thousands alone: as a decimal sign it would make a price a hundred times as high.
    """
    text = cell.text.removeprefix("¥").removeprefix("￥")
    if "," in text and not _THOUSANDS.fullmatch(text):
        raise CellError(Fault.PRICE_IS_WRONG)
    text = text.replace(",", "")
    if cell.number is not None:
        rounded = cell.number.quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN) if cell.number < 10**13 else None
        if rounded is None or abs(rounded - cell.number) > Decimal("0.000001"):
            raise CellError(Fault.PRICE_IS_WRONG)
        text = str(rounded)
    try:
        fen = read_yuan(text)
    except ValueError:
        raise CellError(Fault.PRICE_IS_WRONG) from None
    if not 0 < fen <= AMOUNT_FEN_MAX:
        raise CellError(Fault.PRICE_IS_WRONG)
    return fen


def read_count(cell: Cell, table: Table) -> int:
    """A whole number from 1."""
    text = str(int(cell.number)) if cell.number is not None and cell.number == int(cell.number) else cell.text
    if not _COUNT.fullmatch(text) or int(text) > COUNT_MAX:
        raise CellError(Fault.COUNT_IS_WRONG)
    return int(text)


def read_rows(table: Table, columns: Sequence[Column]) -> ReadList[dict[str, Any]]:
    """The lines below the headings as values by column; all errors, up to `ERRORS_MAX`.

    With an error in the headings nothing below is read. An optional cell that is empty is None.
    """
    head, *lines = table.lines
    places, errors = read_headings(head, columns)
    if errors:
        return ReadList((), tuple(errors))
    rows: list[tuple[int, dict[str, Any]]] = []
    for line in lines:
        row, wrong = _read_line(line, places, table, width=len(head.cells))
        errors += wrong
        if not wrong:
            rows.append((line.number, row))
        if len(errors) >= ERRORS_MAX:
            break
    return ReadList(tuple(rows), tuple(errors[:ERRORS_MAX]))


def read_headings(head: Line, columns: Sequence[Column]) -> tuple[Mapping[int, Column], list[LineError]]:
    """Which column stands at which place. Headings nobody knows are errors, for one may be a known one misspelt."""
    by_heading = {heading: column for column in columns for heading in column.headings}
    places: dict[int, Column] = {}
    errors = []
    for place, cell in enumerate(head.cells):
        heading = "".join(cell.text.split()).lower()
        column = by_heading.get(heading)
        if column is None and heading and heading not in PASSED_OVER:
            errors.append(LineError(head.number, cell.text[:NAME_MAX], Fault.HEADING_IS_UNKNOWN))
        elif column in places.values():
            errors.append(LineError(head.number, cell.text[:NAME_MAX], Fault.HEADING_STANDS_TWICE))
        elif column is not None:
            places[place] = column
    if not places:
        return places, [LineError(head.number, "", Fault.NO_HEADING_IS_KNOWN)]
    missing = [column for column in columns if column not in places.values() and not column.is_optional]
    errors += [LineError(head.number, column.name, Fault.HEADING_IS_MISSING) for column in missing]
    return places, errors


def _read_line(
    line: Line, places: Mapping[int, Column], table: Table, *, width: int
) -> tuple[dict[str, Any], list[LineError]]:
    errors = []
    if any(cell.text or cell.fault for cell in line.cells[width:]):
        errors.append(LineError(line.number, "", Fault.TOO_MANY_CELLS))
    row: dict[str, Any] = {}
    for place, column in places.items():
        cell = line.cells[place] if place < len(line.cells) else Cell()
        try:
            row[column.name] = _read_cell(cell, column, table)
        except CellError as error:
            errors.append(LineError(line.number, column.name, error.fault))
    return row, errors


def _read_cell(cell: Cell, column: Column, table: Table) -> Any:
    if cell.fault is not None:
        raise CellError(cell.fault)
    if cell.text:
        return column.read(cell, table)
    if not column.is_optional:
        raise CellError(Fault.CELL_IS_EMPTY)
    return None


def in_order(errors: Iterable[LineError]) -> tuple[LineError, ...]:
    """Errors in the order of their lines, as many as are told."""
    return tuple(sorted(errors, key=lambda error: error.line)[:ERRORS_MAX])


def refuse_lines(errors: Sequence[LineError]) -> Refused:
    """A refusal that names every wrong line, with column and fault in both languages."""
    by_line: dict[int, list[str]] = {}
    for error in errors:
        zh = HEADINGS_ZH.get(error.column, "")
        column = f"{zh} {error.column}: ".lstrip() if error.column else ""
        by_line.setdefault(error.line, []).append(f"{column}{error.fault.value.zh} {error.fault.value.en}")
    about = {f"line_{line}": "; ".join(said) for line, said in by_line.items()}
    return Refused(Reason.LIST_HAS_ERRORS, error_count=len(errors), **about)
