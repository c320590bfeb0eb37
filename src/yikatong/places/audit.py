"""What `yikatong audit` recomputes of places."""

from typing import Any

from psycopg import AsyncConnection

from yikatong.places import store
from yikatong.places.rules import list_overlaps


async def audit(conn: AsyncConnection[Any]) -> list[str]:
    """Name every code whose meanings overlap in time, and every successor that was never listed."""
    divisions = await store.list_all_divisions(conn)
    known_codes = {division.code for division in divisions}
    overlaps = [f"places: two meanings of division {code} overlap" for code in list_overlaps(divisions)]
    unknown = [
        f"places: division {division.code} was followed by {successor}, which was never listed"
        for division in divisions
        for successor in division.successors
        if successor not in known_codes
    ]
    return overlaps + unknown
