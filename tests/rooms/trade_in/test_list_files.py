"""Files of lists are read whole, of either kind and encoding; what is no table, or a trap, is refused by name."""

import re
import zipfile
from datetime import date
from importlib.resources import files
from io import BytesIO
from pathlib import Path

import pytest

from tests.support.builders.store_lists import (
    HEADINGS,
    JOINED,
    a_code,
    a_package,
    a_row,
    a_sheet,
    a_spreadsheet,
    a_text_table,
    a_workbook,
    text_cells,
    two_sheets,
)
from yikatong.kernel.outcomes import Refused
from yikatong.trade_in.messages.bounds import COLUMNS_MAX, FILE_BYTES_MAX, LINES_MAX, UNFOLDED_BYTES_MAX
from yikatong.trade_in.messages.tables import read_table
from yikatong.trade_in.messages.unreadable import WHY
from yikatong.trade_in.model import Fault, ListedParty, PartyKind, Reason
from yikatong.trade_in.rules.lists import read_parties

ROWS = [a_row(1), a_row(2, kind="回收企业", listed_from="2024/10/1", listed_until="2025年1月1日")]
PARTIES = (
    ListedParty(place="320100", kind=PartyKind.STORE, credit_code=a_code(1), listed_from=JOINED, name="亭亭车行1号"),
    ListedParty(
        place="320100",
        kind=PartyKind.RECYCLER,
        credit_code=a_code(2),
        listed_from=date(2024, 10, 1),
        listed_until=date(2025, 1, 1),
        name="亭亭车行2号",
    ),
)
FILES = {
    "utf-8": a_text_table(ROWS),
    "utf-8 with its mark": a_text_table(ROWS, encoding="utf-8-sig"),
    "gb18030": a_text_table(ROWS, encoding="gb18030"),
    "gbk": a_text_table(ROWS, encoding="gbk"),
    "a spreadsheet": a_spreadsheet(ROWS),
    "a spreadsheet that counts days from 1904": a_spreadsheet(ROWS, options={"date_1904": True}),
    "a spreadsheet with texts in their cells": a_spreadsheet(ROWS, options={"constant_memory": True}),
}


@pytest.mark.parametrize("kind", FILES)
def test_the_same_list_is_read_from_every_kind_of_file(kind: str) -> None:
    read = read_parties(read_table(FILES[kind]), place="320100")

    assert () == read.errors
    assert PARTIES == tuple(party for _, party in read.values)
    assert [2, 3] == [number for number, _ in read.values]


def what_of(data: bytes) -> str:
    with pytest.raises(Refused) as caught:
        read_table(data)
    assert caught.value.reason is Reason.LIST_FILE_CANNOT_BE_READ
    return str(caught.value.about["what"])


def faults_of(data: bytes) -> list[tuple[int, str, Fault]]:
    return [tuple(error) for error in read_parties(read_table(data), place="320100").errors]  # type: ignore[misc]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "empty"),
        (b"\r\n , \r\n", "empty"),
        ("统一社会信用代码\n".encode("utf-16"), "encoding"),
        (b"name\0,kind\n", "encoding"),
        (b"\xff\xff\xff,\x80\n", "encoding"),
        (b'"a\n', "quotation"),
        (b'"a"b,c\n', "quotation"),
        (b"a" * 9_000, "long_line"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old_spreadsheet_or_password"),
        (b"PK\x03\x04 and nothing more", "package"),
    ],
)
def test_what_is_no_table_is_refused(data: bytes, what: str) -> None:
    assert what == what_of(data)


def test_a_file_that_is_too_large_is_refused_before_it_is_read() -> None:
    for data in (b"," * (FILE_BYTES_MAX + 1), b"a\n" * (LINES_MAX + 1)):
        with pytest.raises(Refused) as caught:
            read_table(data)
        assert caught.value.reason is Reason.LIST_FILE_IS_TOO_LARGE


def test_a_package_that_unfolds_to_more_than_a_list_is_refused() -> None:
    sheet = a_sheet(text_cells(" " * UNFOLDED_BYTES_MAX))
    bomb = a_package({"xl/worksheets/sheet1.xml": sheet})

    assert len(bomb) < 100_000
    with pytest.raises(Refused) as caught:
        read_table(bomb)
    assert caught.value.reason is Reason.LIST_FILE_IS_TOO_LARGE


@pytest.mark.parametrize(
    "parts",
    [
        {"xl/worksheets/sheet1.xml": a_sheet("<c/>" * 2_000_000)},
        {"xl/worksheets/sheet1.xml": a_sheet(*[""] * 1_000_000)},
    ],
    ids=["cells", "rows"],
)
def test_a_small_package_of_millions_of_empty_things_is_refused_before_they_are_read(parts: dict[str, str]) -> None:
    bomb = a_package(parts)

    assert len(bomb) < FILE_BYTES_MAX
    with pytest.raises(Refused) as caught:
        read_table(bomb)
    assert caught.value.reason is Reason.LIST_FILE_IS_TOO_LARGE


def test_a_sheet_that_a_workbook_names_a_thousand_times_is_read_once() -> None:
    first = a_sheet(text_cells(*HEADINGS), text_cells(a_code(1), "亭亭车行", "门店", "2024-10-20", ""))
    package = a_package({"xl/workbook.xml": a_workbook(*["r1"] * 1_000), "xl/worksheets/sheet1.xml": first})

    assert 1 == len(read_parties(read_table(package), place="320100").values)


def test_a_line_has_as_many_cells_as_a_list_has_columns_and_empty_ones_behind_them() -> None:
    filled = ",".join(["a"] * COLUMNS_MAX)
    (line,) = read_table(f"{filled}{',' * 5_000}\n".encode()).lines

    assert COLUMNS_MAX == len(line.cells)
    assert "columns" == what_of(f"{filled},a\n".encode())


_ENTITIES = '<!DOCTYPE worksheet [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;">]>' + a_sheet(text_cells("&b;"))


@pytest.mark.parametrize(
    ("parts", "what"),
    [
        ({"xl/worksheets/sheet1.xml": _ENTITIES}, "markup"),
        ({"xl/worksheets/sheet1.xml": _ENTITIES.encode("utf-16")}, "markup"),
        ({"xl/worksheets/sheet1.xml": '<?xml version="1.0" encoding="gbk"?>' + a_sheet()}, "markup"),
        ({"xl/worksheets/sheet1.xml": "<worksheet><sheetData><row>"}, "markup"),
        ({"xl/worksheets/sheet1.xml": a_sheet('<c t="s"><v>7</v></c>')}, "markup"),
        ({"xl/worksheets/sheet1.xml": a_sheet("<c><v>1e999</v></c>")}, "markup"),
        ({"xl/worksheets/sheet1.xml": a_sheet('<c r="A1"><v>1</v></c><c r="A1"><v>2</v></c>')}, "markup"),
        ({"xl/worksheets/sheet1.xml": a_sheet('<c r="XFD1"><v>1</v></c>')}, "markup"),
        ({"xl/worksheets/sheet1.xml": a_sheet('<c r="A"><v>1</v></c>')}, "markup"),
        ({"xl/workbook.xml": a_workbook()}, "missing_part"),
        ({"_rels/.rels": "<Relationships/>"}, "missing_part"),
        ({}, "missing_part"),
    ],
)
def test_a_package_that_is_no_spreadsheet_is_refused(parts: dict[str, str | bytes], what: str) -> None:
    assert what == what_of(a_package(parts))


def test_a_part_that_stands_twice_is_refused() -> None:
    file = BytesIO(a_package({"xl/worksheets/sheet1.xml": a_sheet(text_cells("a"))}))
    with zipfile.ZipFile(file, "a") as package, pytest.warns(UserWarning):
        package.writestr("xl/worksheets/sheet1.xml", a_sheet(text_cells("b")))

    assert "package" == what_of(file.getvalue())


def test_a_broken_part_is_refused_whatever_byte_is_changed() -> None:
    whole = a_package({"xl/worksheets/sheet1.xml": a_sheet(text_cells(*HEADINGS))})
    for place in range(4, len(whole), 3):
        broken = whole[:place] + bytes([whole[place] ^ 0x41]) + whole[place + 1 :]
        try:
            read_table(broken)
        except Refused as refused:
            assert refused.reason in (Reason.LIST_FILE_CANNOT_BE_READ, Reason.LIST_FILE_IS_TOO_LARGE)


def test_a_second_sheet_counts_only_when_it_is_empty() -> None:
    first = a_sheet(text_cells(*HEADINGS), text_cells(a_code(1), "亭亭车行", "门店", "2024-10-20", ""))

    assert 1 == len(read_parties(read_table(two_sheets(first, a_sheet('<c r="A1" s="1"/>'))), place="320100").values)
    assert "several_sheets" == what_of(two_sheets(first, a_sheet(text_cells("a"))))


def test_the_runs_of_a_text_are_read_and_how_it_sounds_is_not() -> None:
    name = '<c t="inlineStr"><is><r><t>亭亭</t></r><r><t>车行</t></r><rPh sb="0" eb="1"><t>tíng</t></rPh></is></c>'
    rest = text_cells("门店", "2024-10-20", "")
    sheet = a_sheet(text_cells(*HEADINGS), text_cells(a_code(1)) + name + rest)

    ((_, party),) = read_parties(read_table(a_package({"xl/worksheets/sheet1.xml": sheet})), place="320100").values
    assert "亭亭车行" == party.name


def test_formulas_and_error_values_are_named_with_line_and_column() -> None:
    formula = '<c t="str"><f>A1</f><v>亭亭车行</v></c>'
    sheet = a_sheet(text_cells(*HEADINGS), text_cells(a_code(1)) + formula + '<c t="e"><v>#REF!</v></c>')

    assert [
        (2, "name", Fault.CELL_HOLDS_A_FORMULA),
        (2, "kind", Fault.CELL_HOLDS_AN_ERROR),
        (2, "listed_from", Fault.CELL_IS_EMPTY),
    ] == faults_of(a_package({"xl/worksheets/sheet1.xml": sheet}))
    assert [(2, "name", Fault.CELL_HOLDS_A_FORMULA)] == faults_of(
        a_spreadsheet([[a_code(1), '=HYPERLINK("x")', "门店", JOINED]])
    )
    assert [(2, "name", Fault.CELL_HOLDS_A_FORMULA)] == faults_of(
        a_text_table([[a_code(1), "=1+1", "门店", "2024-10-20", ""]])
    )


def test_a_code_that_a_spreadsheet_keeps_as_a_number_is_refused_for_it_lost_digits() -> None:
    assert [(2, "credit_code", Fault.CODE_IS_A_NUMBER)] == faults_of(
        a_spreadsheet([[913201000000000012, "亭亭车行", "门店", JOINED]])
    )


def test_every_word_for_which_a_file_is_refused_has_its_sentence() -> None:
    folder = Path(str(files("yikatong.trade_in.messages")))
    words = {word for file in folder.glob("*.py") for word in re.findall(r'unreadable\("(\w+)"', file.read_text())}

    assert WHY.keys() == words
