"""Named statements: from one file of a room, or from all files of its folder."""

from pathlib import Path

import pytest

from yikatong.plumbing.queries import load_queries

FIND = "-- name: find_sale\n-- One sale.\nSELECT id FROM shop.sale WHERE id = %(id)s;\n"
LIST = "-- name: list_sales\n-- Every sale.\n-- They are few.\nSELECT id\nFROM shop.sale;\n"


def a_room(monkeypatch: pytest.MonkeyPatch, folder: Path, files: dict[str, str]) -> str:
    """A package with these files."""
    name = f"room_{folder.name}"
    for place, text in {"__init__.py": "", **files}.items():
        (folder / name / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / name / place).write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(folder)
    return name


@pytest.mark.parametrize(
    "files",
    [{"queries.sql": FIND + "\n" + LIST}, {"queries/sales.sql": FIND, "queries/lists.sql": LIST}],
    ids=["one file", "a folder"],
)
def test_statements_are_found_by_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, files: dict[str, str]) -> None:
    assert {
        "find_sale": "SELECT id FROM shop.sale WHERE id = %(id)s",
        "list_sales": "SELECT id\nFROM shop.sale",
    } == load_queries(a_room(monkeypatch, tmp_path, files))


def test_a_name_stands_once_in_all_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    room = a_room(monkeypatch, tmp_path, {"queries/one.sql": FIND, "queries/other.sql": FIND})
    with pytest.raises(ValueError, match="find_sale stands twice"):
        load_queries(room)


def test_a_statement_needs_its_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    room = a_room(monkeypatch, tmp_path, {"queries.sql": FIND.replace("-- One sale.\n", "")})
    with pytest.raises(ValueError, match="find_sale has no sentence"):
        load_queries(room)
