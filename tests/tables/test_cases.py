"""Every case of every case file comes out as it says, of its sheet alone."""

from functools import lru_cache

import pytest

from tests.support.builders.programmes import KNOWN_BY_ALL
from tests.tables.case_files import Expected, case_files, decide_expected, lay_out, read_case_file
from yikatong.kernel.outcomes import Refused
from yikatong.programmes import service

CASES = [
    pytest.param(found.sheet, case, id=f"{found.sheet}: {case.says}")
    for found in map(read_case_file, case_files())
    for case in lay_out(found)
]


@lru_cache
def shelf_of(name: str) -> service.Shelf:
    """A shelf with one sheet alone."""
    shelf = service.read_shelf()
    sheets = [sheet for sheet in shelf.sheets_of(name.partition("/")[0]) if sheet.name == name]
    assert 1 == len(sheets), f"there is no sheet {name}"
    return service.Shelf(shelf.formulas, {sheets[0].head.programme: (sheets[0],)})


def outcome_of(sheet: str, case: Expected) -> tuple[int, str | None, tuple[str, ...]]:
    """Amount, first reason, and every reason."""
    try:
        decision = decide_expected(shelf_of(sheet), sheet, case, known_on=KNOWN_BY_ALL)
    except Refused as refused:
        return 0, refused.reason.name, ()
    return decision.amount_fen, decision.reason, decision.failed


@pytest.mark.parametrize(("sheet", "case"), CASES)
def test_a_case_comes_out_as_it_says(sheet: str, case: Expected) -> None:
    amount_fen, reason, failed = outcome_of(sheet, case)

    assert (case.amount_fen, case.reason) == (amount_fen, reason)
    assert case.failed in ((), failed)


def test_every_sheet_has_a_case_file_and_every_case_file_a_sheet() -> None:
    shelf = service.read_shelf()
    sheets = {sheet.name for programme in shelf.programmes() for sheet in shelf.sheets_of(programme)}

    assert sheets == {f"{file.parent.name}/{file.stem}" for file in case_files()}
