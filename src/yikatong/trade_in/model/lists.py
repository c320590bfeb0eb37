"""Lists of stores and recyclers, prices that stores pledged, and what is wrong in a file that brings them."""

from datetime import date
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Generic, NamedTuple, TypeVar

import msgspec

from yikatong.kernel.outcomes import Change


class PartyKind(StrEnum):
    """What a listed party does in a trade-in."""

    STORE = "store"
    RECYCLER = "recycler"


class ListedParty(msgspec.Struct, frozen=True, kw_only=True):
    """A store or recycler on the list of a place from a day until another, known by its credit code (GB 32100)."""

    place: str
    kind: PartyKind
    credit_code: str
    listed_from: date
    listed_until: date | None = None
    name: str

    @property
    def valid_from(self) -> date:
        """The first day on the list."""
        return self.listed_from

    @property
    def valid_until(self) -> date | None:
        """The first day on which it is no longer on the list."""
        return self.listed_until


class PledgeRule(StrEnum):
    """What a store's price may not exceed, in the words of the sheets."""

    LOWEST = "lowest_month_before_policy"
    AVERAGE = "average_month_before_joining"
    FILED = "filed_price"


class PricePledge(msgspec.Struct, frozen=True, kw_only=True):
    """The price of a model that a store may not exceed from a day until another, and by which rule."""

    place: str
    credit_code: str
    model: str
    valid_from: date
    valid_until: date | None = None
    rule: PledgeRule
    price_fen: int


class PastSale(NamedTuple):
    """So many bikes of a model that a store sold on a day at a price, from which a pledge is worked out."""

    credit_code: str
    model: str
    sold_on: date
    price_fen: int
    bikes: int


class FaultText(NamedTuple):
    """What is wrong with a cell, to people."""

    en: str
    zh: str


class Fault(Enum):
    """What may be wrong with a line of a list; a line may have several."""

    NO_HEADING_IS_KNOWN = FaultText(
        "this line has no heading that is known; delete a title above the headings, and separate cells by commas",
        "本行没有可识别的列标题；表头上方如有表名请删去，单元格以逗号分隔",
    )
    HEADING_IS_MISSING = FaultText("a heading of this name is missing", "缺少此列标题")
    HEADING_IS_UNKNOWN = FaultText("no column has this heading", "没有此列标题")
    HEADING_STANDS_TWICE = FaultText("this heading stands twice", "列标题重复")
    CELL_IS_EMPTY = FaultText("the cell is empty", "单元格为空")
    CELL_IS_TOO_LONG = FaultText("the text is too long", "文字过长")
    CELL_HOLDS_A_FORMULA = FaultText("the cell holds a formula; only values are read", "单元格为公式，只读取数值")
    CELL_HOLDS_AN_ERROR = FaultText("the cell holds an error", "单元格为错误值")
    CELL_HAS_A_LINE_BREAK = FaultText("the text has a line break or a control character", "文字含换行或控制字符")
    TOO_MANY_CELLS = FaultText("the line has more cells than headings", "本行列数多于标题")
    CODE_IS_A_NUMBER = FaultText(
        "the code was kept as a number, which loses digits; format the column as text",
        "代码被存为数值会丢失位数，请将该列设为文本格式",
    )
    CREDIT_CODE_IS_WRONG = FaultText("no credit code of 18 characters", "不是18位统一社会信用代码")
    CREDIT_CODE_DOES_NOT_CHECK = FaultText(
        "the check character of the credit code is wrong", "统一社会信用代码校验位有误"
    )
    KIND_IS_UNKNOWN = FaultText("neither a store nor a recycler", "类别应为门店或回收企业")
    DAY_IS_WRONG = FaultText("no day as 2024-10-20", "不是日期，应如2024-10-20")
    END_IS_NOT_AFTER_BEGINNING = FaultText("the end is not after the beginning", "截止日期不晚于起始日期")
    PRICE_IS_WRONG = FaultText("no price above zero in yuan with two places", "不是大于零、至多两位小数的价格（元）")
    COUNT_IS_WRONG = FaultText("no whole number from 1", "不是从1起的整数")
    LINE_STANDS_TWICE = FaultText("an earlier line speaks of the same for these days", "与前面某行重复或日期重叠")
    DAYS_OVERLAP_WHAT_IS_KNOWN = FaultText(
        "the days overlap an entry that is on the list already", "日期与已有名单重叠"
    )
    STORE_IS_NOT_LISTED = FaultText("the store is not on the list on that day", "门店当日不在名单内")
    PLACE_HAS_NO_PLEDGE = FaultText(
        "the rules of the place ask no price pledge on that day", "当地当日规则无价格承诺要求"
    )
    RULE_IS_ANOTHER = FaultText("the place's rule on that day is another", "与当地当日的价格承诺规则不符")
    SALES_ARE_MISSING = FaultText("no sale of this model lies in the month that counts", "规定的一个月内无该型号成交")


class LineError(NamedTuple):
    """What is wrong in a line (1 is the first of the file) and column; it quotes nothing of the content."""

    line: int
    column: str
    fault: Fault


class Cell(NamedTuple):
    """A cell: its text, and the number itself where a spreadsheet keeps one; `fault` where it cannot be used."""

    text: str = ""
    number: Decimal | None = None
    fault: Fault | None = None


class Line(NamedTuple):
    """A line of a table that is not empty, by its number in the file."""

    number: int
    cells: tuple[Cell, ...]


class Table(NamedTuple):
    """A file as a table: its lines, where days are counted from in a spreadsheet, in which encoding it was read."""

    lines: tuple[Line, ...]
    encoding: str
    day_zero: date = date(1899, 12, 30)


T = TypeVar("T")


class ReadList(NamedTuple, Generic[T]):
    """What a list says, each value with its line, and everything that is wrong; with one error nothing counts."""

    values: tuple[tuple[int, T], ...]
    errors: tuple[LineError, ...]


class ListMerge(NamedTuple, Generic[T]):
    """What a list changes of what is known: entries that are new or have changed; how many are as they were."""

    added: tuple[T, ...]
    changed: tuple[T, ...]
    same_count: int
    errors: tuple[LineError, ...]


class ImportedList(msgspec.Struct, frozen=True, kw_only=True):
    """What a file brought: how it was read, how many entries came in, were changed, or were as they are."""

    change: Change
    encoding: str
    added_count: int
    changed_count: int
    same_count: int
