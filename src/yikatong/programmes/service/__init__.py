"""What others use of programmes; nothing here needs a server or a database."""

from yikatong.programmes.rules.reading import SHEET_BYTES_MAX, SheetError, read_sheet
from yikatong.programmes.rules.replaying import Difference
from yikatong.programmes.rules.simulating import Calendar, Outcome, Rules, choose_sheets, decide_population, runs_of
from yikatong.programmes.service.changing import find_days_in_force, find_single_changes
from yikatong.programmes.service.deciding import (
    decide,
    decide_by_sheet,
    decide_most,
    find_differences,
    get_sheet,
    replay,
    verify_readable,
)
from yikatong.programmes.service.shelf import (
    LOCK,
    LOCK_FILE,
    Shelf,
    make_shelf,
    published_digests,
    read_lock,
    read_shelf,
    show_lock,
)
from yikatong.programmes.service.simulating import change_sheets, changed_rules, present_rules
from yikatong.programmes.service.turns import Turns

__all__ = [
    "LOCK",
    "LOCK_FILE",
    "SHEET_BYTES_MAX",
    "Calendar",
    "Difference",
    "Outcome",
    "Rules",
    "SheetError",
    "Shelf",
    "Turns",
    "change_sheets",
    "changed_rules",
    "choose_sheets",
    "decide",
    "decide_by_sheet",
    "decide_most",
    "decide_population",
    "find_days_in_force",
    "find_differences",
    "find_single_changes",
    "get_sheet",
    "make_shelf",
    "present_rules",
    "published_digests",
    "read_lock",
    "read_sheet",
    "read_shelf",
    "replay",
    "runs_of",
    "show_lock",
    "verify_readable",
]
