"""How a story is set on a screen: cells are counted (a Chinese character takes two), and both languages are there."""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

from yikatong.kernel.money import show_yuan

NARROWEST = 80
"""What every line of a story fits into; a wider terminal is shown more."""
NOTE_INDENT = 6
"""Where the text begins that stands under the name of a tap's holder."""
_WHO_CELLS = 6
_WHO_CELLS_IN_BOTH = 20
_WHAT_CELLS = 16
_WHAT_CELLS_MAX = 52
_AMOUNT_CELLS = 8
_MILLISECONDS_CELLS = 7

_WIDE = "\u2e80-\uffef"
_PIECE = re.compile(rf"[（《“]*(?:[^\s{_WIDE}]+|[{_WIDE}])[，。；：、！？）》”]*|\s+")


class Both(NamedTuple):
    """The same in both languages."""

    zh: str
    en: str

    def __str__(self) -> str:
        return f"{self.zh} {self.en}"


class Column(NamedTuple):
    """A table's column: its heading in both languages, and the side on which its cells begin."""

    zh: str
    en: str
    side: Literal["left", "right"] = "left"


class TapLine(NamedTuple):
    """What is told of one tap: where the terminal stands, the item by its name in the list and in a word."""

    at: str
    who: Both
    where: Both
    item: Both
    item_word: Both
    amount_fen: int
    milliseconds: float
    mark: str
    style: str
    says: str


def set_tap(line: TapLine, *, width: int) -> Text:
    """A tap on one line: who, where, what, the amount, how long it took, and what came of it."""
    who_cells, what_cells = _columns(width)
    where = line.where.zh
    what = (
        f"{where} {line.item}",
        f"{where} {line.item.zh} {line.item_word.en}",
        f"{where} {line.item_word}",
    )
    return Text.assemble(
        f"{line.at} ",
        _longest_that_fits((str(line.who), line.who.zh), who_cells) + " ",
        (_longest_that_fits(what, what_cells), "cyan"),
        _right(show_yuan(line.amount_fen) if line.amount_fen else "", _AMOUNT_CELLS),
        _right(f"{line.milliseconds:.0f}ms", _MILLISECONDS_CELLS),
        (f" {line.mark} {line.says}", line.style),
    )


def set_both(text: Both, *, cells: int) -> list[str]:
    """Both languages on one line if they fit, else each on lines of its own."""
    whole = str(text)
    return [whole] if cell_len(whole) <= cells else [*fold(text.zh, cells=cells), *fold(text.en, cells=cells)]


def fold(text: str, *, cells: int) -> list[str]:
    """A text in lines of at most so many cells; Chinese breaks between any two characters, but never before a stop.

    A word that is wider than a line stays whole.
    """
    lines = [""]
    for piece in _PIECE.findall(text):
        if cell_len(lines[-1] + piece.rstrip()) > cells and lines[-1]:
            lines[-1] = lines[-1].rstrip()
            lines.append("")
        lines[-1] += "" if piece.isspace() and not lines[-1] else piece
    return [line.rstrip() for line in lines]


def tell(console: Console, text: Both, *, at: str = "", lead: str = "") -> None:
    """Tell something that is no tap, under the names of the taps; `at` is when it happens."""
    begin = at.ljust(NOTE_INDENT) + lead
    first, *rest = set_both(text, cells=console.width - cell_len(begin))
    for line in (begin + first, *(" " * cell_len(begin) + line for line in rest)):
        console.print(Text(line, style="dim"), soft_wrap=True)


def a_table(*columns: Column) -> Table:
    """An empty table; without lines between its columns, so that many fit."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0), pad_edge=False)
    for column in columns:
        table.add_column(f"{column.zh}\n{column.en}", justify=column.side, overflow="fold")
    return table


def show_table(console: Console, title: Both, table: Table) -> None:
    """Show a table below its title, which may be wider; no line ends in blanks, whatever the table's own width."""
    console.print()
    console.print(Text(str(title), style="italic"), soft_wrap=True)
    for cells in console.render_lines(table, pad=False):
        line = Text.assemble(*((cell.text, cell.style or "") for cell in cells))
        line.rstrip()
        console.print(line, soft_wrap=True)


def _columns(width: int) -> tuple[int, int]:
    """The cells for the holder's name and for place and item; names in both languages come first."""
    spare = max(0, width - NARROWEST)
    who_cells = _WHO_CELLS_IN_BOTH if spare >= _WHO_CELLS_IN_BOTH - _WHO_CELLS else _WHO_CELLS
    return who_cells, min(_WHAT_CELLS_MAX, _WHAT_CELLS + spare - (who_cells - _WHO_CELLS))


def _longest_that_fits(texts: Sequence[str], cells: int) -> str:
    """The first text that fits, else the last one cut; exactly so many cells."""
    text = next((text for text in texts if cell_len(text) <= cells), texts[-1])
    return set_cell_size(text, cells)


def _right(text: str, cells: int) -> str:
    return " " * max(0, cells - cell_len(text)) + text
