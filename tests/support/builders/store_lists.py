"""Lists of stores and prices as files: text tables, spreadsheets of an independent writer, and packages by hand."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import xlsxwriter

from yikatong.kernel.identifiers.credit_code import make_credit_code

HEADINGS = ("统一社会信用代码", "名称", "类别", "列入日期", "移出日期")
PLEDGE_HEADINGS = ("统一社会信用代码", "型号", "承诺价格", "起始日期", "失效日期", "依据")
SALE_HEADINGS = ("统一社会信用代码", "型号", "成交日期", "成交价格", "数量")
JOINED = date(2024, 9, 14)


def a_code(number: int) -> str:
    """The credit code of a made-up firm of Nanjing."""
    return make_credit_code(f"91320100{number:09d}")


def a_row(number: int, *, kind: str = "门店", listed_from: Any = JOINED, listed_until: Any = None) -> list[Any]:
    """A line of a list."""
    return [a_code(number), f"亭亭车行{number}号", kind, listed_from, listed_until]


def a_text_table(
    rows: Sequence[Sequence[Any]], *, headings: Sequence[str] = HEADINGS, encoding: str = "utf-8"
) -> bytes:
    """A text table."""
    lines = [",".join("" if cell is None else str(cell) for cell in row) for row in (headings, *rows)]
    return "".join(f"{line}\r\n" for line in lines).encode(encoding)


def a_spreadsheet(
    rows: Sequence[Sequence[Any]], *, headings: Sequence[str] = HEADINGS, options: Mapping[str, Any] | None = None
) -> bytes:
    """A spreadsheet as another program writes it: days as numbers, a formula where a text begins with =."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True, **(options or {})})
    book.set_properties({"created": datetime(2024, 9, 1)})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    sheet = book.add_worksheet()
    for number, row in enumerate((headings, *rows)):
        for place, cell in enumerate(row):
            if isinstance(cell, date):
                sheet.write_datetime(number, place, datetime(cell.year, cell.month, cell.day), day)
            elif cell is not None:
                sheet.write(number, place, cell)
    book.close()
    return file.getvalue()


def a_package(parts: Mapping[str, str | bytes]) -> bytes:
    """A package with these parts, and what every one has unless it is given."""
    whole: dict[str, str | bytes] = {
        "_rels/.rels": _relations(("r1", "officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": a_workbook("r1"),
        "xl/_rels/workbook.xml.rels": _relations(("r1", "worksheet", "worksheets/sheet1.xml")),
        **parts,
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in whole.items():
            package.writestr(name, data)
    return file.getvalue()


def a_sheet(*rows: str) -> str:
    """A sheet of these rows, each the text of its cells."""
    inner = "".join(f"<row>{row}</row>" for row in rows)
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{inner}</sheetData></worksheet>'


def text_cells(*texts: str) -> str:
    """Cells with their texts in them."""
    return "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in texts)


def a_workbook(*sheets: str, properties: str = "") -> str:
    """A workbook of sheets with these ids."""
    inner = "".join(f'<sheet name="{one}" sheetId="{number}" r:id="{one}"/>' for number, one in enumerate(sheets, 1))
    return f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}">{properties}<sheets>{inner}</sheets></workbook>'


def two_sheets(first: str, second: str) -> bytes:
    """A package with two sheets."""
    return a_package(
        {
            "xl/workbook.xml": a_workbook("r1", "r2"),
            "xl/_rels/workbook.xml.rels": _relations(
                ("r1", "worksheet", "worksheets/sheet1.xml"), ("r2", "worksheet", "/xl/worksheets/sheet2.xml")
            ),
            "xl/worksheets/sheet1.xml": first,
            "xl/worksheets/sheet2.xml": second,
        }
    )


_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def _relations(*relations: tuple[str, str, str]) -> str:
    inner = "".join(
        f'<Relationship Id="{one}" Type="{_RELATIONS}/{kind}" Target="{target}"/>' for one, kind, target in relations
    )
    return f'<Relationships xmlns="{_PACKAGE}">{inner}</Relationships>'
