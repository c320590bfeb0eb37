"""A simulation's rules: the shelf as it is, and the same with some sheets changed."""

from collections.abc import Mapping, Sequence

from yikatong.programmes.model import Sheet
from yikatong.programmes.rules.reading import SheetError, change_sheet
from yikatong.programmes.rules.simulating import Rules
from yikatong.programmes.service.shelf import Shelf


def present_rules(shelf: Shelf, programme: str) -> Rules:
    """The rules as they are. Refuses PROGRAMME_IS_UNKNOWN."""
    return Rules(shelf.formulas, shelf.sheets_of(programme))


def changed_rules(present: Rules, changed: Sequence[Sheet]) -> Rules:
    """The rules if these sheets counted before all others of their places."""
    return present._replace(changed=tuple(changed))


def change_sheets(shelf: Shelf, programme: str, changes: Mapping[str, Mapping[str, str]]) -> tuple[Sheet, ...]:
    """The sheets of some places with values changed, `{"320000": {"base.tiers.0.amount": "350"}}`.

    A key may also be a sheet's name, `320000-2024-09-14`, where only that version is meant. Raises SheetError when
    a place has no sheet, a path leads nowhere, or the changed sheet cannot be read.
    """
    made = []
    for key, values in changes.items():
        named = [sheet for sheet in shelf.sheets_of(programme) if key in (sheet.head.place, sheet.name.split("/")[1])]
        if not named:
            raise SheetError(f"{key}: there is no such sheet of {programme}")
        made += [change_sheet(sheet, values, formula=shelf.formula_of(sheet).formula) for sheet in named]
    return tuple(made)
