"""Lists of stores and prices as departments send them: text tables in two encodings, spreadsheets, sheets by hand."""

from tests.fuzz.parsers.harness import Harness, said
from tests.support.builders.store_lists import (
    HEADINGS,
    PLEDGE_HEADINGS,
    a_code,
    a_package,
    a_row,
    a_sheet,
    a_spreadsheet,
    a_text_table,
    text_cells,
)
from yikatong.kernel.periods import overlap
from yikatong.trade_in.messages.tables import read_table
from yikatong.trade_in.model import PledgeRule
from yikatong.trade_in.rules.lists import merge_parties, read_parties
from yikatong.trade_in.rules.pledges import read_pledges

_ROWS = (a_row(1), a_row(2, kind="回收企业", listed_from="2024/10/1", listed_until="2025-01-01"))
_PRICES = ((a_code(1), "TDT-01Z", "2399.90", "2024-10-01", "", "最低价"),)


def take_list(data: bytes) -> bool:
    """A list without an error names parties whose days are apart, and the same list again changes nothing."""
    table = said(read_table, data)
    if table.value is None:
        return False
    read = read_parties(table.value, place="320100")
    for number, party in read.values:
        assert 0 < number
        assert read.errors or party.listed_until is None or party.listed_from < party.listed_until
    if read.errors:
        return False
    parties = [party for _, party in read.values]
    for place, one in enumerate(parties[:20]):
        same = [
            other for other in parties[place + 1 :] if (one.kind, one.credit_code) == (other.kind, other.credit_code)
        ]
        assert not any(overlap(one, other) for other in same)
    assert ((), ()) == merge_parties(read, merge_parties(read, ()).added)[:2]
    return bool(parties)


def take_prices(data: bytes) -> bool:
    """A pledge that is read is a price above zero for a model that has a name."""
    table = said(read_table, data)
    if table.value is None:
        return False
    read = read_pledges(
        table.value, place="320100", rule_on=lambda day: PledgeRule.LOWEST, is_listed=lambda code, day: True
    )
    assert all(0 < pledge.price_fen and pledge.model for _, pledge in read.values)
    return bool(read.values) and not read.errors


def _sheet() -> bytes:
    line = text_cells(a_code(1), "亭亭车行", "门店") + "<c><v>45585</v></c>" + text_cells("")
    return a_package({"xl/worksheets/sheet1.xml": a_sheet(text_cells(*HEADINGS), line)})


_WORDS = (
    b"\xef\xbb\xbf", b"\xff\xfe", b'"', b"\r", b"=1+1", b"<!DOCTYPE a>", b"<f>1</f>", b"&a;", b't="e"',
    b"PK\x05\x06", b"2024-02-30", "移出日期".encode("gb18030"), "１".encode(),
)  # fmt: skip

HARNESSES = (
    Harness(
        "parties",
        take_list,
        lambda: [a_text_table(_ROWS), a_text_table(_ROWS, encoding="gb18030"), a_spreadsheet(_ROWS), _sheet()],
        _WORDS,
        16_384,
    ),
    Harness(
        "prices",
        take_prices,
        lambda: [a_text_table(_PRICES, headings=PLEDGE_HEADINGS), a_spreadsheet(_PRICES, headings=PLEDGE_HEADINGS)],
        _WORDS,
        16_384,
    ),
)
