"""The schema: every room's tables, in the order of the floors, and the migration that makes them."""

from importlib.resources import files
from pathlib import Path

ROOMS_IN_FLOOR_ORDER = (
    "plumbing",
    "trust",
    "sealing",
    "places",
    "access",
    "notices",
    "catalogue",
    "cards",
    "ledger",
    "codes",
    "payouts",
    "trade_in",
    "desk",
    "retail",
    "presence",
    "subsidised",
    "taps",
    "offline",
)

MIGRATIONS_FOLDER = Path(__file__).parent.parent / "migrations"
_FIRST_MIGRATION = "0001_the_house.pre.sql"


def room_schemas() -> list[tuple[str, str]]:
    """Each room that owns tables, with the text of its `schema.sql`, lowest floor first."""
    schemas = []
    for room in ROOMS_IN_FLOOR_ORDER:
        file = files("yikatong").joinpath(room, "schema.sql")
        if file.is_file():
            schemas.append((room, file.read_text(encoding="utf-8")))
    return schemas


def write_initial_migration(folder: Path = MIGRATIONS_FOLDER) -> Path:
    """Write the first migration from the rooms' schemas; only until the first release, after that it never changes."""
    path = folder / _FIRST_MIGRATION
    parts = [f"-- {room}\n\n{text.strip()}\n" for room, text in room_schemas()]
    path.write_text("\n".join(parts), encoding="utf-8")
    return path
