"""Lists of stores and recyclers, and price pledges: every error of every line, all or nothing, the same twice."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from tests.support.builders.store_lists import (
    HEADINGS,
    JOINED,
    PLEDGE_HEADINGS,
    SALE_HEADINGS,
    a_code,
    a_row,
    a_spreadsheet,
    a_text_table,
)
from yikatong.kernel.periods import overlap
from yikatong.trade_in.messages.tables import read_table
from yikatong.trade_in.model import Fault, ListedParty, PastSale, PledgeRule, ReadList, Table
from yikatong.trade_in.rules.columns import ERRORS_MAX, fold_model, refuse_lines
from yikatong.trade_in.rules.lists import merge_parties, read_parties
from yikatong.trade_in.rules.pledges import (
    Joined,
    merge_pledges,
    month_before,
    price_of_month,
    read_past_sales,
    read_pledges,
    work_out_pledges,
)

PLACE = "320100"
POLICY = date(2024, 8, 30)
NANJING = 1_029
"""So many stores were on Nanjing's list (city notice of 2024)."""


def read_rows(*rows: Sequence[Any], headings: Sequence[str] = HEADINGS) -> ReadList[ListedParty]:
    return read_parties(read_table(a_text_table(rows, headings=headings)), place=PLACE)


def faults(read: ReadList[Any]) -> list[tuple[int, str, Fault]]:
    return [tuple(error) for error in read.errors]  # type: ignore[misc]


def test_nanjings_list_is_read_whole_and_the_same_list_again_changes_nothing() -> None:
    read = read_parties(read_table(a_spreadsheet([a_row(number) for number in range(NANJING)])), place=PLACE)
    merged = merge_parties(read, ())

    assert (NANJING, 0, 0, ()) == (len(merged.added), len(merged.changed), merged.same_count, merged.errors)
    assert ((), (), NANJING, ()) == tuple(merge_parties(read, merged.added))


@pytest.mark.parametrize(
    ("row", "column", "fault"),
    [
        (["", "车行", "门店", "2024-10-20", ""], "credit_code", Fault.CELL_IS_EMPTY),
        (["913201", "车行", "门店", "2024-10-20", ""], "credit_code", Fault.CREDIT_CODE_IS_WRONG),
        ([a_code(1)[:17] + "0", "车行", "门店", "2024-10-20", ""], "credit_code", Fault.CREDIT_CODE_DOES_NOT_CHECK),
        ([a_code(1), "", "门店", "2024-10-20", ""], "name", Fault.CELL_IS_EMPTY),
        ([a_code(1), "车" * 121, "门店", "2024-10-20", ""], "name", Fault.CELL_IS_TOO_LONG),
        ([a_code(1), '"车\n行"', "门店", "2024-10-20", ""], "name", Fault.CELL_HAS_A_LINE_BREAK),
        ([a_code(1), "车\u202e行", "门店", "2024-10-20", ""], "name", Fault.CELL_HAS_A_LINE_BREAK),
        ([a_code(1), "车行", "超市", "2024-10-20", ""], "kind", Fault.KIND_IS_UNKNOWN),
        ([a_code(1), "车行", "门店", "2024-02-30", ""], "listed_from", Fault.DAY_IS_WRONG),
        ([a_code(1), "车行", "门店", "20.10.2024", ""], "listed_from", Fault.DAY_IS_WRONG),
        ([a_code(1), "车行", "门店", "２０２４-10-20", ""], "listed_from", Fault.DAY_IS_WRONG),
        ([a_code(1), "车行", "门店", "2024-10-20", "2024-10-20"], "listed_until", Fault.END_IS_NOT_AFTER_BEGINNING),
        ([a_code(1), "车行", "门店", "2024-10-20", "", "more"], "", Fault.TOO_MANY_CELLS),
    ],
)
def test_what_is_wrong_with_a_line_is_named_with_line_and_column(row: list[str], column: str, fault: Fault) -> None:
    line = 4 if fault is Fault.CELL_HAS_A_LINE_BREAK and "\n" in row[1] else 3

    assert [(line, column, fault)] == faults(read_rows(a_row(7), row))


def test_every_error_is_told_at_once_and_none_beyond_a_thousand() -> None:
    assert [
        (2, "name", Fault.CELL_IS_EMPTY),
        (2, "kind", Fault.KIND_IS_UNKNOWN),
        (3, "listed_from", Fault.DAY_IS_WRONG),
    ] == faults(read_rows([a_code(1), "", "?", "2024-10-20", ""], [a_code(2), "车行", "门店", "?", ""]))
    assert ERRORS_MAX == len(read_rows(*[["", "", "", "", "x"]] * 2_000).errors)


def test_headings_may_stand_in_any_order_and_language_and_a_misspelt_one_is_no_silent_loss() -> None:
    english = ("name", "listed_from", "credit_code", "KIND", "序号")
    ((_, party),) = read_rows(["车行", "2024-10-20", a_code(1), "store", "1"], headings=english).values

    assert (a_code(1), None) == (party.credit_code, party.listed_until)
    assert [(1, "移出日", Fault.HEADING_IS_UNKNOWN)] == faults(
        read_rows(a_row(1), headings=("统一社会信用代码", "名称", "类别", "列入日期", "移出日"))
    )
    assert [(1, "名称", Fault.HEADING_STANDS_TWICE), (1, "kind", Fault.HEADING_IS_MISSING)] == faults(
        read_rows(a_row(1), headings=("统一社会信用代码", "名称", "名称", "列入日期", "移出日期"))
    )


def test_a_title_above_the_headings_is_told_as_such_and_a_fault_by_the_columns_chinese_name() -> None:
    titled = read_rows(a_row(1), headings=("南京市门店名单", "", "", "", ""))
    empty = read_rows(["", "车行", "门店", "2024-10-20", ""])

    assert [(1, "", Fault.NO_HEADING_IS_KNOWN)] == faults(titled)
    assert "统一社会信用代码 credit_code: 单元格为空 the cell is empty" == refuse_lines(empty.errors).about["line_2"]


def test_a_party_stands_in_two_lines_only_for_days_apart_or_as_store_and_recycler() -> None:
    first = a_row(1, listed_until="2025-01-01")

    assert () == read_rows(first, a_row(1, listed_from="2025-01-01"), a_row(1, kind="回收企业")).errors
    assert [(3, "", Fault.LINE_STANDS_TWICE)] == faults(read_rows(first, a_row(1, listed_from="2024-12-31")))


def test_a_list_ends_an_entry_by_its_day_and_never_by_leaving_somebody_out() -> None:
    known = [party for _, party in read_rows(a_row(1), a_row(2)).values]
    merged = merge_parties(read_rows(a_row(1, listed_until="2025-01-01"), a_row(3)), known)

    assert [structs.replace(known[0], listed_until=date(2025, 1, 1))] == list(merged.changed)
    assert [a_code(3)] == [party.credit_code for party in merged.added]


def test_days_that_overlap_what_is_known_are_an_error_unless_that_is_ended_in_the_same_file() -> None:
    known = [party for _, party in read_rows(a_row(1)).values]
    again = a_row(1, listed_from="2025-01-01")

    assert ((2, "", Fault.DAYS_OVERLAP_WHAT_IS_KNOWN),) == tuple(merge_parties(read_rows(again), known).errors)
    assert () == merge_parties(read_rows(a_row(1, listed_until="2025-01-01"), again), known).errors


DAYS = st.dates(date(2024, 1, 1), date(2024, 3, 1))
PERIODS = st.tuples(st.integers(1, 3), DAYS, st.none() | DAYS)


@given(st.lists(st.lists(PERIODS, max_size=5), max_size=6))
def test_whatever_lists_come_no_party_is_ever_listed_twice_on_a_day(
    files: list[list[tuple[int, date, date | None]]],
) -> None:
    known: dict[tuple[str, date], ListedParty] = {}
    for rows in files:
        read = read_rows(*(a_row(number, listed_from=begin, listed_until=end) for number, begin, end in rows))
        merged = merge_parties(read, known.values())
        if merged.errors:
            continue
        assert len(rows) == len(merged.added) + len(merged.changed) + merged.same_count
        known |= {(party.credit_code, party.listed_from): party for party in (*merged.added, *merged.changed)}
        assert ((), ()) == merge_parties(read, known.values())[:2]
        parties = list(known.values())
        assert not any(
            one.credit_code == other.credit_code and overlap(one, other)
            for place, one in enumerate(parties)
            for other in parties[place + 1 :]
        )


def rule_on(day: date) -> PledgeRule | None:
    if day < POLICY:
        return None
    return PledgeRule.LOWEST if day.year == 2024 else PledgeRule.AVERAGE


def prices(*rows: Sequence[Any], headings: Sequence[str] = PLEDGE_HEADINGS) -> Table:
    return read_table(a_spreadsheet(rows, headings=headings))


def read_prices(*rows: Sequence[Any]) -> ReadList[Any]:
    return read_pledges(prices(*rows), place=PLACE, rule_on=rule_on, is_listed=lambda code, on: code == a_code(1))


def test_a_pledge_is_read_under_the_rule_of_its_first_day() -> None:
    read = read_prices(
        [a_code(1), " tdt-01z ", 2399.9, date(2024, 10, 1), date(2025, 1, 1), "最低价"],
        [a_code(1), "ＴＤＴ-01Z", "2,299.50", "2025-01-01", None, None],
    )

    assert () == read.errors
    assert [(239_990, PledgeRule.LOWEST, "TDT-01Z"), (229_950, PledgeRule.AVERAGE, "TDT-01Z")] == [
        (pledge.price_fen, pledge.rule, pledge.model) for _, pledge in read.values
    ]
    assert (2, 0) == (len(merge_pledges(read, ()).added), merge_pledges(read, ()).same_count)


@pytest.mark.parametrize(
    ("row", "column", "fault"),
    [
        ([a_code(2), "A", 1, "2024-10-01", None, None], "credit_code", Fault.STORE_IS_NOT_LISTED),
        ([a_code(1), "A", 1, "2024-08-29", None, None], "valid_from", Fault.PLACE_HAS_NO_PLEDGE),
        ([a_code(1), "A", 1, "2024-10-01", None, "平均价"], "rule", Fault.RULE_IS_ANOTHER),
        ([a_code(1), "A", 1, "2024-10-01", None, "?"], "rule", Fault.RULE_IS_ANOTHER),
        ([a_code(1), "A", 0, "2024-10-01", None, None], "price_fen", Fault.PRICE_IS_WRONG),
        ([a_code(1), "A", -5, "2024-10-01", None, None], "price_fen", Fault.PRICE_IS_WRONG),
        ([a_code(1), "A", 1.005, "2024-10-01", None, None], "price_fen", Fault.PRICE_IS_WRONG),
        ([a_code(1), "A", "1e3", "2024-10-01", None, None], "price_fen", Fault.PRICE_IS_WRONG),
        ([a_code(1), "A", "2399,90", "2024-10-01", None, None], "price_fen", Fault.PRICE_IS_WRONG),
        ([a_code(1), "A", "23,99.90", "2024-10-01", None, None], "price_fen", Fault.PRICE_IS_WRONG),
        ([a_code(1), "A", "１２３", "2024-10-01", None, None], "price_fen", Fault.PRICE_IS_WRONG),
        ([a_code(1), "A", 10**14, "2024-10-01", None, None], "price_fen", Fault.PRICE_IS_WRONG),
        ([a_code(1), "", 1, "2024-10-01", None, None], "model", Fault.CELL_IS_EMPTY),
    ],
)
def test_a_pledge_that_the_rules_of_its_place_do_not_know_is_refused(row: list[Any], column: str, fault: Fault) -> None:
    assert [(2, column, fault)] == faults(read_prices(row))


SALES = [
    PastSale(a_code(1), "A", date(2024, 7, 29), 1_000, 9),
    PastSale(a_code(1), "A", date(2024, 7, 30), 200_000, 1),
    PastSale(a_code(1), "A", date(2024, 8, 29), 250_001, 2),
    PastSale(a_code(1), "A", date(2024, 8, 30), 2_000, 9),
]


def test_the_lowest_and_the_average_are_those_of_the_month_before_and_an_average_is_rounded_down() -> None:
    assert 200_000 == price_of_month(SALES, rule=PledgeRule.LOWEST, before=POLICY)
    assert (200_000 + 2 * 250_001) // 3 == price_of_month(SALES, rule=PledgeRule.AVERAGE, before=POLICY)
    assert None is price_of_month(SALES[:1], rule=PledgeRule.LOWEST, before=POLICY)


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_a_month_before_is_the_same_day_or_the_last_of_a_shorter_month(day: date) -> None:
    before = month_before(day)

    assert 28 <= (day - before).days <= 31
    assert before.day == day.day or (before + timedelta(days=1)).day == 1


def test_pledges_are_worked_out_from_past_sales_by_the_rule_of_the_place() -> None:
    table = prices(
        [a_code(1), "a", date(2024, 8, 1), 2000, 2],
        [a_code(1), "A", date(2024, 8, 20), 1900.5, None],
        [a_code(1), "B", date(2024, 3, 1), 1, None],
        [a_code(2), "A", date(2024, 12, 15), 3000, 1],
        [a_code(2), "A", date(2024, 12, 16), 3001, 3],
        [a_code(3), "A", date(2024, 8, 1), 1, None],
        headings=SALE_HEADINGS,
    )
    joined = {a_code(1): Joined(JOINED, POLICY), a_code(2): Joined(date(2025, 1, 3), date(2025, 1, 1))}
    read = work_out_pledges(read_past_sales(table), place=PLACE, rule_on=rule_on, joined_of=joined.get)

    assert [(190_050, JOINED), (300_075, date(2025, 1, 3))] == [(p.price_fen, p.valid_from) for _, p in read.values]
    assert [(4, "sold_on", Fault.SALES_ARE_MISSING), (7, "credit_code", Fault.STORE_IS_NOT_LISTED)] == faults(read)


def test_a_model_is_compared_as_people_read_it() -> None:
    assert "TDT 01Z" == fold_model("  ｔｄｔ　01z") == fold_model("TDT   01Z")
