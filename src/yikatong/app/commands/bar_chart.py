"""Amounts as a picture, bars in SVG: what each place pays now and what it would pay; what it paid day by day."""

from collections.abc import Callable, Sequence
from html import escape
from typing import NamedTuple

_WIDTH, _LEFT, _RIGHT, _TOP, _ROW, _BAR = 960, 250, 130, 74, 26, 9
_NOW, _THEN, _INK, _FAINT = "#7a8ba3", "#c2552d", "#1f2933", "#d9dee5"
_FONT = "system-ui, 'Noto Sans CJK SC', 'Microsoft YaHei', sans-serif"
_MARKS = 4
PRESENT_AND_CHANGED = ("现行 present", "修改后 changed")
Show = Callable[[int], str]


class Bar(NamedTuple):
    """One place or day with both amounts in fen."""

    name: str
    now_fen: int
    then_fen: int


def show_millions(fen: int) -> str:
    """Fen as millions of yuan with two places, rounded down."""
    return f"¥{fen // 100_000_000}.{fen // 1_000_000 % 100:02d}m"


def draw_chart(
    title: str,
    bars: Sequence[Bar],
    *,
    compared: bool,
    words: tuple[str, str] = PRESENT_AND_CHANGED,
    show: Show = show_millions,
) -> str:
    """The picture's text; bars begin at zero, and the scale ends at the largest amount.

    `words` name both amounts, of which the second stands only where they are compared.
    """
    largest = max((max(bar.now_fen, bar.then_fen) for bar in bars), default=0) or 1
    height = _TOP + _ROW * len(bars) + 24
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
        f'viewBox="0 0 {_WIDTH} {height}" font-family="{_FONT}" font-size="12" fill="{_INK}">',
        f'<rect width="{_WIDTH}" height="{height}" fill="white"/>',
        f'<text x="16" y="26" font-size="16" font-weight="600">{escape(title)}</text>',
        *_legend(words if compared else words[:1]),
        *_scale(largest, height, show),
    ]
    for place, bar in enumerate(bars):
        parts += _row(bar, _TOP + place * _ROW, largest, compared=compared, show=show)
    return "\n".join((*parts, "</svg>", ""))


def _legend(words: Sequence[str]) -> list[str]:
    return [
        f'<rect x="{16 + place * 130}" y="38" width="10" height="10" fill="{colour}"/>'
        f'<text x="{32 + place * 130}" y="47">{escape(word)}</text>'
        for place, (colour, word) in enumerate(zip((_NOW, _THEN), words, strict=False))
    ]


def _scale(largest: int, height: int, show: Show) -> list[str]:
    marks = [(largest * mark // _MARKS, _x(largest * mark // _MARKS, largest)) for mark in range(_MARKS + 1)]
    return [
        f'<line x1="{x}" y1="{_TOP - 4}" x2="{x}" y2="{height - 18}" stroke="{_FAINT}"/>'
        f'<text x="{x}" y="{height - 4}" text-anchor="middle" fill="{_NOW}">{show(fen)}</text>'
        for fen, x in marks
    ]


def _row(bar: Bar, top: int, largest: int, *, compared: bool, show: Show) -> list[str]:
    middle = top + _ROW // 2
    parts = [f'<text x="{_LEFT - 10}" y="{middle}" text-anchor="end">{escape(bar.name)}</text>']
    amounts = [(bar.now_fen, _NOW)] + ([(bar.then_fen, _THEN)] if compared else [])
    for place, (fen, colour) in enumerate(amounts):
        width = max(_x(fen, largest) - _LEFT, 0)
        parts.append(
            f'<rect x="{_LEFT}" y="{top + place * _BAR}" width="{width}" height="{_BAR - 1}" fill="{colour}"/>'
        )
    end = max(_LEFT, *(_x(fen, largest) for fen, _ in amounts)) + 6
    said = show(bar.now_fen)
    if compared and bar.then_fen != bar.now_fen:
        sign = "+" if bar.then_fen > bar.now_fen else "−"
        said += f" {sign}{show(abs(bar.then_fen - bar.now_fen))}"
    return [*parts, f'<text x="{end}" y="{middle}">{said}</text>']


def _x(fen: int, largest: int) -> int:
    return _LEFT + fen * (_WIDTH - _LEFT - _RIGHT) // largest
