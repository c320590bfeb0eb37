"""A list as it comes: a text table (CSV) or a spreadsheet (XLSX), read whole into lines of cells, or refused."""

from yikatong.kernel.outcomes import Refused
from yikatong.trade_in.messages.bounds import FILE_BYTES_MAX, LINES_MAX, too_many_lines
from yikatong.trade_in.messages.spreadsheet import read_spreadsheet
from yikatong.trade_in.messages.text_table import read_text_table
from yikatong.trade_in.messages.unreadable import unreadable
from yikatong.trade_in.model import Reason, Table

_ZIP = b"PK\x03\x04"
_OLD_SPREADSHEET = b"\xd0\xcf\x11\xe0"


def read_table(data: bytes) -> Table:
    """Read a file of either kind, told apart by how it begins.

    Refuses, in this order: LIST_FILE_IS_TOO_LARGE, LIST_FILE_CANNOT_BE_READ (`what` says why, `line` where),
    LIST_FILE_IS_TOO_LARGE again for lines and for what a spreadsheet unfolds to.
    """
    if len(data) > FILE_BYTES_MAX:
        raise Refused(Reason.LIST_FILE_IS_TOO_LARGE, bytes_max=FILE_BYTES_MAX)
    if data.startswith(_OLD_SPREADSHEET):
        raise unreadable("old_spreadsheet_or_password")
    table = read_spreadsheet(data) if data.startswith(_ZIP) else read_text_table(data)
    if len(table.lines) > LINES_MAX:
        raise too_many_lines()
    if not table.lines:
        raise unreadable("empty")
    return table
