"""Which sheet counts for a place, an effective day and a day of knowledge; and whether versions fit together."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import combinations

from yikatong.kernel.periods import is_in_force, overlap
from yikatong.places.model import enclosing_codes
from yikatong.programmes.model import Sheet


def find_sheet(sheets: Iterable[Sheet], *, place: str, on: date, known_on: date) -> Sheet | None:
    """The sheet that counts: of the nearest place that has one in force and known by then, the last that was known.

    County before city before province; a correction counts instead of what it corrects from the day it is known.
    """
    by_place: dict[str, list[Sheet]] = defaultdict(list)
    for sheet in sheets:
        if is_in_force(sheet, on) and sheet.head.known_from <= known_on:
            by_place[sheet.head.place].append(sheet)
    for code in enclosing_codes(place):
        if by_place[code]:
            return max(by_place[code], key=lambda sheet: (sheet.head.known_from, sheet.name))
    return None


def list_version_faults(sheets: Sequence[Sheet]) -> list[str]:
    """What is wrong between the versions of one place: overlaps, undeclared gaps, corrections of nothing.

    A correction may overlap what it replaces, if it is known later.
    """
    by_place: dict[tuple[str, str], list[Sheet]] = defaultdict(list)
    for sheet in sorted(sheets, key=lambda sheet: (sheet.valid_from, sheet.head.known_from, sheet.name)):
        by_place[sheet.head.programme, sheet.head.place].append(sheet)
    return [fault for versions in by_place.values() for fault in _faults_of_place(versions)]


def _faults_of_place(versions: list[Sheet]) -> list[str]:
    names = {sheet.name.rpartition("/")[2]: sheet for sheet in versions}
    faults = []
    for sheet in versions:
        corrected = names.get(sheet.head.replaces)
        if sheet.head.replaces and (corrected is None or corrected.head.known_from >= sheet.head.known_from):
            faults.append(f"{sheet.name}.yaml:1: `replaces` names no sheet of this place that was known earlier")
    for one, other in combinations(versions, 2):
        if overlap(one, other) and not _corrects(other, one, names) and not _corrects(one, other, names):
            faults.append(f"{other.name}.yaml:1: overlaps {one.name}; one of the two must end, or correct the other")
    return faults + _gaps(versions)


def _corrects(later: Sheet, earlier: Sheet, names: dict[str, Sheet]) -> bool:
    """Whether a sheet replaces another, or replaces one that replaces it."""
    step: Sheet | None = later
    seen: set[str] = set()
    while step is not None and step.name not in seen:
        if step.name == earlier.name:
            return True
        seen.add(step.name)
        step = names.get(step.head.replaces)
    return False


def _gaps(versions: list[Sheet]) -> list[str]:
    faults = []
    reached: date | None = versions[0].valid_from
    for sheet in versions:
        gap = reached is not None and reached < sheet.valid_from
        if gap and not sheet.head.gap_before:
            faults.append(f"{sheet.name}.yaml:1: nothing speaks from {reached} on; `gap_before` says why, if it is so")
        if not gap and sheet.head.gap_before:
            faults.append(f"{sheet.name}.yaml:1: `gap_before` is said, and there is no gap")
        ends = sheet.valid_until
        reached = None if reached is None or ends is None else max(reached, ends)
    return faults
