"""What was published never changes: the lock file has the digest of every formula and sheet."""

from collections.abc import Mapping

from tests.house.house import PACKAGE
from yikatong.programmes import service

LOCK = PACKAGE / "programmes" / service.LOCK


def faults_of_lock(locked: Mapping[str, str], there: Mapping[str, str]) -> list[str]:
    """Every file that is locked is there as it was; every file that is there is locked."""
    faults = [f"{name} was published and is gone" for name in sorted(locked.keys() - there.keys())]
    faults += [f"{name} is not published" for name in sorted(there.keys() - locked.keys())]
    return faults + [
        f"{name} was changed after it was published; a new version is a new file"
        for name in sorted(locked.keys() & there.keys())
        if locked[name] != there[name]
    ]


def test_published_formulas_and_sheets_are_what_they_were() -> None:
    assert [] == faults_of_lock(service.read_lock(), service.published_digests()), (
        "new files: `yikatong programmes publish`"
    )


def test_the_lock_is_in_its_form() -> None:
    assert service.show_lock(service.read_lock()) == LOCK.read_text(encoding="utf-8")


def test_a_change_a_loss_and_an_unpublished_file_are_each_named() -> None:
    locked = {"sheets/a.yaml": "1", "sheets/b.yaml": "2"}

    assert [] == faults_of_lock(locked, locked)
    assert [
        "sheets/b.yaml was published and is gone",
        "sheets/c.yaml is not published",
        "sheets/a.yaml was changed after it was published; a new version is a new file",
    ] == faults_of_lock(locked, {"sheets/a.yaml": "9", "sheets/c.yaml": "3"})
