"""What others use of programmes; nothing here needs a server or a database."""

from yikatong.programmes.rules.reading import SheetError
from yikatong.programmes.service.deciding import decide, replay
from yikatong.programmes.service.shelf import (
    LOCK,
    LOCK_FILE,
    Shelf,
    make_shelf,
    published_digests,
    read_lock,
    read_sheet_text,
    read_shelf,
    show_lock,
)

__all__ = [
    "LOCK",
    "LOCK_FILE",
    "SheetError",
    "Shelf",
    "decide",
    "make_shelf",
    "published_digests",
    "read_lock",
    "read_sheet_text",
    "read_shelf",
    "replay",
    "show_lock",
]
