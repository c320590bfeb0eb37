"""Writes the reference pages that are made from the code itself: `python -m yikatong.app.reference`."""

import importlib
import pkgutil
from pathlib import Path

import yikatong
from yikatong.kernel.outcomes import Reason
from yikatong.plumbing.settings import settings_reference
from yikatong.trade_in.model import MOVES, Move

_HOMES = frozenset({"model", "reasons"})
"""The modules in which a room keeps its reasons."""

_OPENING = """# Reasons

Every refusal has a name: a sentence in capitals, unique in the whole platform. Answers over HTTP carry it in the
problem details (RFC 9457) as `reason`, with the words of the caller's language and what to do next. This page is
written from the code; a test compares the two.

本页列出全部拒绝原因：名称、HTTP 状态、说明与处理办法。
"""


def all_reasons() -> dict[str, tuple[Reason, ...]]:
    """Every reason of the platform, by the room it belongs to, in the order of the code."""
    _import_homes()
    by_room: dict[str, list[Reason]] = {}
    for kind in sorted(_subclasses(Reason), key=lambda kind: kind.__module__):
        if kind.__module__.startswith("yikatong."):
            by_room.setdefault(kind.__module__.split(".")[1], []).extend(kind)
    return {room: tuple(reasons) for room, reasons in sorted(by_room.items())}


def reasons_page() -> str:
    """The page of all reasons, in Markdown."""
    parts = [_OPENING]
    for room, reasons in all_reasons().items():
        parts.append(f"## {room}\n")
        parts.append("| reason | status | what it says | 说明 | what to do | 处理办法 |")
        parts.append("| --- | --- | --- | --- | --- | --- |")
        parts += [_row(reason) for reason in reasons]
        parts.append("")
    return "\n".join(parts)


def _row(reason: Reason) -> str:
    text = reason.text
    cells = (f"`{reason.name}`", str(text.status), text.en, text.zh, text.remedy_en, text.remedy_zh)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


_MOVES_OPENING = """# Moves of a trade-in

The one table by which a claim, its old bike, the old plate and the new bike move; what is not in it is refused by name.
An empty cell is any state, or no change. Why it is so: [0017](../decisions/0017-the-goods-chain.md). This page is
written from the code; a test compares the two.

本页列出以旧换新全部环节：由谁办理、须处于何种状态、办理后的状态。

| act | by | mode | claim | becomes | old bike | becomes | plate | becomes | new bike | becomes |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""


def moves_page() -> str:
    """The page of all moves of a trade-in, in Markdown."""
    return _MOVES_OPENING + "".join(f"{_move(move)}\n" for move in MOVES.values())


def _move(move: Move) -> str:
    pairs = ((move.claim, move.to), (move.old, move.old_to), (move.plate, move.plate_to), (move.new, move.new_to))
    cells = [move.act.value, move.actor.value, move.mode.value if move.mode else ""]
    for states, to in pairs:
        kind = type(next(iter(states)))
        every = len(states) == len(kind)
        cells += ["" if every else ", ".join(one.value for one in kind if one in states), to.value if to else ""]
    return "| " + " | ".join(cells) + " |"


def _import_homes() -> None:
    """Import every module that may hold reasons, so that all their classes exist."""
    for module in pkgutil.walk_packages(yikatong.__path__, "yikatong."):
        if _HOMES & set(module.name.split(".")[2:]):
            importlib.import_module(module.name)


def _subclasses(kind: type[Reason]) -> list[type[Reason]]:
    return [found for below in kind.__subclasses__() for found in (below, *_subclasses(below))]


def write_pages(folder: Path) -> None:
    """Write all pages into a folder, normally `docs/reference` of the repository."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "reasons.md").write_text(reasons_page(), encoding="utf-8")
    (folder / "trade-in-moves.md").write_text(moves_page(), encoding="utf-8")
    (folder / "settings.md").write_text(settings_reference(), encoding="utf-8")


if __name__ == "__main__":
    write_pages(Path("docs") / "reference")
