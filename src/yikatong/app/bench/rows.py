"""A row of the table: what was measured, what it aims at, what came out, and whether that is enough."""

from enum import StrEnum
from typing import Any

import msgspec


class Judged(StrEnum):
    """Which of a row's two numbers its aim is about, and on which side of the aim it should be."""

    RATIO_AT_LEAST = "ratio >= aim"
    RATIO_AT_MOST = "ratio <= aim"
    FIGURE_AT_LEAST = "figure >= aim"
    FIGURE_AT_MOST = "figure <= aim"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One measure. `figure` is in `unit`; `ratio` compares it to what the row names (pgbench, a bare check, the aim).

    A row that could not be measured has no figure, and `says` why; else `says` what whoever reads it has to know.
    `details` holds what more was seen; in JSON it stands beside the other keys.
    """

    name: str
    measure: str
    aim: float
    judged: Judged
    unit: str
    figure: float | None = None
    ratio: float | None = None
    says: str = ""
    details: dict[str, Any] = msgspec.field(default_factory=dict)

    @property
    def reached(self) -> bool | None:
        """Whether the aim was reached; None when nothing was measured."""
        on_ratio = self.judged in (Judged.RATIO_AT_LEAST, Judged.RATIO_AT_MOST)
        value = self.ratio if on_ratio else self.figure
        if value is None:
            return None
        at_least = self.judged in (Judged.RATIO_AT_LEAST, Judged.FIGURE_AT_LEAST)
        return value >= self.aim if at_least else value <= self.aim

    def as_json(self) -> dict[str, Any]:
        """The row as one JSON object: `aim`, `figure`, `ratio` first."""
        return {
            "name": self.name,
            "aim": self.aim,
            "figure": self.figure,
            "ratio": self.ratio,
            "reached": self.reached,
            "judged": self.judged.value,
            "unit": self.unit,
            "measure": self.measure,
            "says": self.says,
            **self.details,
        }


def verdict(reached: bool | None) -> str:
    """A row's end in a word of each language."""
    if reached is None:
        return "未测 not measured"
    return "达到 reached" if reached else "未达到 not reached"
