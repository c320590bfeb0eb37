"""Case files: what should come out of a sheet, read strictly; docs/formats/programme-sheet.md has their form."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

import msgspec

from yikatong.programmes import service
from yikatong.programmes.model import Asking, Decision
from yikatong.programmes.rules.reading import convert, read_document
from yikatong.programmes.rules.values import read_hundredths

TABLES = Path(__file__).parent
AMOUNT_FEN_MAX = 10**11


class Prices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of a table: one fact varies, and for each value an amount or a reason comes out."""

    says: str
    amounts: dict[str, str]
    given: dict[str, str | list[str]] = {}
    vary: str = "price"
    source: str = ""


class Single(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One case: an amount or a reason, and if it says so every reason that stands in the way."""

    says: str
    given: dict[str, str | list[str]]
    amount: str = ""
    reason: str = ""
    failed: tuple[str, ...] = ()
    asking: str = "estimate"
    source: str = ""

    def __post_init__(self) -> None:
        if bool(self.amount) == bool(self.reason):
            raise ValueError("a case expects an amount or a reason")


class CaseFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The cases of one sheet."""

    sheet: str
    given: dict[str, str | list[str]] = {}
    prices: tuple[Prices, ...] = ()
    cases: tuple[Single, ...] = ()


class Expected(NamedTuple):
    """One case, laid out: facts as text, and what should come out."""

    says: str
    given: dict[str, str]
    amount_fen: int
    reason: str | None
    failed: tuple[str, ...]
    asking: str


def case_files() -> list[Path]:
    """Every case file, by programme and name."""
    return sorted(TABLES.glob("*/*.yaml"))


def read_case_file(file: Path) -> CaseFile:
    """Read a case file; the file's name is its sheet's."""
    name = f"{file.parent.name}/{file.name}"
    found: CaseFile = convert(read_document(file.read_text(encoding="utf-8"), file=name), CaseFile, file=name)
    assert name == f"{found.sheet}.yaml", f"{name} names another sheet"
    return found


def lay_out(found: CaseFile) -> Iterator[Expected]:
    """Every case of a file."""
    for line in found.prices:
        for value, out in line.amounts.items():
            given = {**found.given, **line.given, line.vary: value}
            yield _expected(f"{line.says}: {value}", given, out, (), "estimate")
    for case in found.cases:
        given = {**found.given, **case.given}
        yield _expected(case.says, given, case.amount or case.reason, case.failed, case.asking)


def decide_expected(shelf: service.Shelf, sheet: str, case: Expected, *, known_on: date) -> Decision:
    """A case of a sheet decided for the sheet's place; refuses what `service.decide` refuses."""
    programme, _, name = sheet.partition("/")
    given = dict(case.given)
    return service.decide(
        shelf,
        programme=programme,
        place=name[:6],
        on=date.fromisoformat(given.pop("on")),
        known_on=known_on,
        given=given,
        asking=Asking(case.asking),
    )


def _expected(says: str, given: dict[str, str | list[str]], out: str, failed: tuple[str, ...], asking: str) -> Expected:
    facts = {name: value if isinstance(value, str) else " ".join(value) for name, value in given.items()}
    reason = out if out[:1].isalpha() else None
    amount = 0 if reason else read_hundredths(out, most=AMOUNT_FEN_MAX, what="an amount")
    return Expected(says, facts, amount, reason, failed, asking)
