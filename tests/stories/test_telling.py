"""How a story is set: what fits stays whole, nothing is wider than the terminal, both languages are there."""

from io import StringIO

import pytest
from rich.cells import cell_len
from rich.console import Console

from simulator.stories.community_cast import AT_HOME, FROM_AWAY, HALL, ITEM_WORDS, SHOPS_AT_HOME
from simulator.stories.telling import (
    NARROWEST,
    Both,
    Column,
    TapLine,
    a_table,
    fold,
    set_both,
    set_tap,
    show_table,
    tell,
)
from yikatong.catalogue.seeds import read_item_list

NAMES = {item.code: Both(item.name_zh, item.name_en) for item in read_item_list().items}
LONGEST = ("card is temporarily reported lost", "补贴 benefit 20.00+银行 bank 6.00", "terminal may not offer this item")


def lines_of(*, says: str) -> list[TapLine]:
    """A line for everybody, at every shop, for each of its items, with an amount and a time of many digits."""
    return [
        TapLine(
            at="12:31",
            who=part.name,
            where=shop.short,
            item=NAMES[item],
            item_word=ITEM_WORDS[item],
            amount_fen=-9_999_99,
            milliseconds=12_345.6,
            mark="✗",
            style="red",
            says=says,
        )
        for part in (*AT_HOME, *FROM_AWAY)
        for shop in (*SHOPS_AT_HOME, HALL)
        for item in shop.items
    ]


@pytest.mark.parametrize("says", LONGEST)
@pytest.mark.parametrize("width", [80, 93, 100, 120, 200])
def test_every_tap_fits_and_loses_nothing(width: int, says: str) -> None:
    for line in lines_of(says=says):
        said = set_tap(line, width=width).plain

        assert width >= cell_len(said), said
        assert said.endswith(f"✗ {says}")
        assert str(line.item_word) in said or line.item.zh in said
        for part in (line.at, line.who.zh, line.where.zh, "-9999.99", "12346ms"):
            assert part in said


def test_a_wide_terminal_shows_names_and_items_in_both_languages() -> None:
    line = lines_of(says="")[0]

    narrow, wide = (set_tap(line, width=width).plain for width in (NARROWEST, 120))

    assert "王秀英 食堂 用餐 meal" in narrow
    assert "王秀英 Wang Xiuying  食堂 社区食堂用餐 Community canteen meal" in wide


@pytest.mark.parametrize(
    ("text", "cells", "lines"),
    [
        ("挂失，解挂。", 5, ["挂", "失，", "解", "挂。"]),
        ("挂失，解挂。", 7, ["挂失，", "解挂。"]),
        ("Your card was lost", 9, ["Your card", "was lost"]),
        ("支付8.00元（用餐）", 10, ["支付8.00元", "（用餐）"]),
        ("广州（440100）", 6, ["广州", "（440100）"]),
        ("extraordinary", 5, ["extraordinary"]),
        ("", 5, [""]),
    ],
)
def test_chinese_breaks_between_characters_but_never_before_a_stop(text: str, cells: int, lines: list[str]) -> None:
    assert lines == fold(text, cells=cells)


def test_both_languages_share_a_line_only_where_they_fit() -> None:
    text = Both("余额不足。", "The balance is too low.")

    assert ["余额不足。 The balance is too low."] == set_both(text, cells=34)
    assert ["余额不足。", "The balance is too low."] == set_both(text, cells=33)


def test_what_is_told_beside_the_taps_stands_under_the_names() -> None:
    console = Console(file=StringIO(), width=30)
    tell(console, Both("余额不足。", "The balance is too low."), at="07:56", lead="→ ")

    assert isinstance(console.file, StringIO)
    assert "07:56 → 余额不足。\n        The balance is too\n        low.\n" == console.file.getvalue()


def test_a_table_stands_below_a_blank_line_and_none_of_its_lines_ends_in_blanks() -> None:
    table = a_table(Column("简称", "short"), Column("服务机构", "provider"))
    table.add_row("食堂", "亭亭社区食堂\nTingting community canteen")
    console = Console(file=StringIO(), width=NARROWEST)
    show_table(console, Both("服务机构", "providers"), table)

    assert isinstance(console.file, StringIO)
    said = console.file.getvalue().splitlines()
    assert ["", "服务机构 providers", "简称   服务机构", "short  provider"] == said[:4]
    assert ["食堂   亭亭社区食堂", "       Tingting community canteen"] == said[5:]
