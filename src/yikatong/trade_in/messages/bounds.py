"""How large a list may be. Some kilobytes can unfold to gigabytes, so each bound holds while a file is read."""

from yikatong.kernel.outcomes import Refused
from yikatong.trade_in.model import Reason

FILE_BYTES_MAX = 4_194_304
LINES_MAX = 20_000
"""A province has some ten thousand stores."""

COLUMNS_MAX = 64
UNFOLDED_BYTES_MAX = 16_777_216
PARTS_MAX = 1_000
TAGS_MAX = 2_000_000
"""Tags of all parts of a spreadsheet that are read: six for a cell with its text, for sixteen cells of each line."""


def too_many_lines() -> Refused:
    """Why a file of more lines than a list may have is refused."""
    return Refused(Reason.LIST_FILE_IS_TOO_LARGE, lines_max=LINES_MAX)
