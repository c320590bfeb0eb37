"""The sheet under which something was decided."""

from yikatong.programmes.model import Decision, Sheet
from yikatong.programmes.service import Shelf


def sheet_of(shelf: Shelf, decision: Decision) -> Sheet:
    """The sheet that a decision of today names."""
    return next(sheet for sheet in shelf.sheets_of(decision.programme) if sheet.name == decision.sheet)
