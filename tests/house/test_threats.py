"""Every threat of docs/threats.md has its test, every attack its threat, and what they name exists."""

import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from tests.house.house import REPOSITORY
from yikatong.app.reference import all_reasons

LIST = REPOSITORY / "docs" / "threats.md"
ATTACKS = REPOSITORY / "tests" / "attacks"
_ROW = re.compile(r"^\| (T\d\d) \|(.+)\|(.+)\|(.+)\| `(test_t\d\d_[a-z0-9_]+\.py)` \|$", re.MULTILINE)
_NUMBER = re.compile(r"\bT\d\d\b")
_REASON = re.compile(r"`(…?[A-Z][A-Z_]+)`")


class Threat(NamedTuple):
    """A row of the list."""

    number: str
    effect: str
    test: str


def threats() -> list[Threat]:
    """The rows of the list."""
    return [Threat(found[1], found[4], found[5]) for found in _ROW.finditer(LIST.read_text(encoding="utf-8"))]


def attacks() -> list[Path]:
    """The files that try threats."""
    return sorted(ATTACKS.glob("test_*.py"))


def reasons() -> set[str]:
    """The names of all reasons of the house."""
    return {reason.name for room in all_reasons().values() for reason in room}


def test_every_number_is_a_row_and_no_number_is_given_twice() -> None:
    counts = Counter(threat.number for threat in threats())

    assert sorted(set(_NUMBER.findall(LIST.read_text(encoding="utf-8")))) == sorted(counts)
    assert {1} == set(counts.values())


def test_every_threat_has_its_file_and_every_file_its_threat() -> None:
    assert [threat.test for threat in sorted(threats())] == [file.name for file in attacks()]


def test_a_file_bears_the_number_of_its_threat_and_says_so() -> None:
    for threat in threats():
        first = (ATTACKS / threat.test).read_text(encoding="utf-8").splitlines()[0]
        assert threat.test.startswith(f"test_{threat.number.lower()}_")
        assert first.startswith(f'"""{threat.number} '), threat.test
        assert "docs/threats.md" in first, threat.test


def test_every_reason_that_the_list_names_exists_and_is_expected_by_the_threats_test() -> None:
    known = reasons()
    for threat in threats():
        text = (ATTACKS / threat.test).read_text(encoding="utf-8")
        for name in _REASON.findall(threat.effect):
            if name.startswith("…"):
                assert any(reason.endswith(name[1:]) for reason in known), name
            else:
                assert name in known, f"{threat.number}: {name}"
            assert name.removeprefix("…") in text, f"{threat.number}: {name}"


def test_an_attack_expects_no_reason_that_does_not_exist() -> None:
    known = reasons()
    for file in attacks():
        named = re.findall(r'"([A-Z]+(?:_[A-Z]+){2,})"', file.read_text(encoding="utf-8"))
        assert [] == [name for name in named if name not in known], file.name
