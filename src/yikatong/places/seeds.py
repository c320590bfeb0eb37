"""The divisions that come with the platform, read from data/divisions.csv.

The file holds the provinces and the divisions that the item list and the stories name, not the whole of
GB/T 2260; an installation adds its own. Codes outside the table (Xiong'an's 133199, the unassigned 990101
for synthetic people) are marked as such.
"""

import csv
from datetime import date
from importlib.resources import files

from yikatong.places.model import Division, Level

RECORD_BEGINS_ON = date(1980, 1, 1)
"""The day from which divisions older than the first edition of the code table are recorded."""


def _read_rows() -> list[dict[str, str]]:
    text = files(__package__).joinpath("data", "divisions.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _read_day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def seed_divisions() -> tuple[Division, ...]:
    """Every division of the file, by code and day; successors are parted by blanks."""
    divisions = [
        Division(
            code=row["code"],
            valid_from=_read_day(row["valid_from"]) or RECORD_BEGINS_ON,
            valid_until=_read_day(row["valid_until"]),
            name_zh=row["name_zh"],
            name_en=row["name_en"],
            level=Level(row["level"]),
            successors=tuple(row["successors"].split()),
            note=row["note"],
        )
        for row in _read_rows()
    ]
    return tuple(sorted(divisions, key=lambda division: (division.code, division.valid_from)))
