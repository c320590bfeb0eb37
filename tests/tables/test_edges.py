"""A case file tries every edge of its sheet, and shows each refusal that the sheet can give."""

from pathlib import Path

import pytest

from tests.tables.case_files import TABLES, lay_out, read_case_file
from tests.tables.conditions import missing_conditions
from tests.tables.edges import missing_edges
from yikatong.programmes import service

FILES = sorted((TABLES / "trade_in").glob("*.yaml"))
SHEETS = {sheet.name: sheet for sheet in service.read_shelf().sheets_of("trade_in")}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_case_file_tries_every_edge_of_its_sheet(file: Path) -> None:
    found = read_case_file(file)

    assert [] == missing_edges(SHEETS[found.sheet], list(lay_out(found)))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_case_file_shows_each_refusal_that_its_sheet_can_give(file: Path) -> None:
    found = read_case_file(file)

    assert [] == missing_conditions(SHEETS[found.sheet], list(lay_out(found)))


def test_a_refusal_that_is_not_shown_is_named() -> None:
    found = read_case_file(TABLES / "trade_in" / "440000-2024-08-30.yaml")
    cases = [case for case in lay_out(found) if case.reason != "CANCELLATION_IS_IN_THE_WRONG_ORDER"]

    assert ["CANCELLATION_IS_IN_THE_WRONG_ORDER"] == missing_conditions(SHEETS[found.sheet], cases)


def test_an_edge_that_is_not_tried_is_named() -> None:
    found = read_case_file(TABLES / "trade_in" / "320000-2024-09-14.yaml")
    cases = [case for case in lay_out(found) if case.given.get("price") != "2999.99"]

    assert ["price 2999.99"] == missing_edges(SHEETS[found.sheet], cases)
    assert ["batteries lead_acid to lead_acid"] == missing_edges(
        SHEETS[found.sheet], [case for case in lay_out(found) if case.given["old_battery"] == "lithium"]
    )[-1:]
