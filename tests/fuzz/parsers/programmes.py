"""Programmes: sheets that policy officers write, and facts as people write them."""

from tests.fuzz.parsers.harness import Harness, said
from tests.support.builders.programmes import a_decision, a_sheet_text, a_shelf
from yikatong.programmes import service
from yikatong.programmes.rules.facts import read_fact, show_fact
from yikatong.programmes.service import SheetError

_FORMULAS = service.read_shelf().formulas
_FILE = "trade_in/320000-2024-09-01.yaml"
_FACTS = tuple(fact for one in _FORMULAS.values() for fact in one.formula.facts)


def take_sheet(data: bytes) -> bool:
    """A sheet is read, and then decides, or it is refused with file and line; nothing that it says is a float."""
    text = data.decode("utf-8", "replace")
    try:
        sheet = service.read_sheet(text, file=_FILE, formulas=_FORMULAS)
    except SheetError as error:
        file, line, _ = str(error).split(":", 2)
        assert file == _FILE
        assert 1 <= int(line) <= text.count("\n") + text.count("\r") + 2
        return False
    decided = said(
        lambda: a_decision(a_shelf(sheet), on=sheet.valid_from, place=sheet.head.place, old_battery="lithium")
    )
    if decided.value is not None:
        assert type(decided.value.amount_fen) is int
        assert decided.value.amount_fen >= 0
        assert decided.value == service.replay(a_shelf(sheet), decided.value)
    return True


def take_fact(data: bytes) -> bool:
    """A fact that is read lies in its bounds and is read the same again from its own text."""
    text = data.decode("utf-8", "replace")
    found = False
    for fact in _FACTS:
        read = said(read_fact, fact, text)
        if read.value is not None:
            found = True
            assert fact.least <= read.value <= fact.most
            assert read_fact(fact, show_fact(fact, read.value)) == read.value
    return found


def _sheets() -> list[bytes]:
    battery = "[{old: lithium, new: lead_acid, effect: add, amount: 100, clause: notice}]"
    tiers = "{kind: tiers, tiers: [{from: 0, amount: 300}, {from: 2000, amount: 400}], clause: notice}"
    window = {"claimed": "{from: 2024-09-01 09:00, through: 2025-01-10, clause: notice}"}
    return [
        a_sheet_text().encode(),
        a_sheet_text(windows=window, base=tiers, battery=battery).encode(),
        a_sheet_text(base="{kind: percent, percent: 15, cap: 500, clause: notice}").encode(),
    ]


HARNESSES = (
    Harness(
        "sheet",
        take_sheet,
        _sheets,
        words=(b"unknown", b"none", b"open", b"clause: notice", b"&a ", b"*a", b"!!str ", b"\n  ", b"1e309", b"---\n"),
    ),
    Harness(
        "fact",
        take_fact,
        lambda: [
            b"1999.99",
            b"lithium",
            b"2024-10-20",
            b"2024-10-20 10:00",
            b"yes",
            b"123422012345678",
            b"id_card pledge",
        ],
        words=(b"-", b".", b"0", "９".encode(), b"e5", b" ", b"24:00"),
    ),
)
