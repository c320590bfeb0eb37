"""What `yikatong audit` recomputes of places."""

from typing import Any

from psycopg import AsyncConnection

from yikatong.kernel.periods import list_overlaps
from yikatong.places import store
from yikatong.places.model import Division


async def audit(conn: AsyncConnection[Any]) -> list[str]:
    """Name every code whose meanings overlap in time, and every successor that was never listed."""
    divisions = await store.list_all_divisions(conn)
    known_codes = {division.code for division in divisions}
    overlaps = [f"places: two meanings of division {code} overlap" for code in list_overlaps(divisions, _code_of)]
    unknown = [
        f"places: division {division.code} was followed by {successor}, which was never listed"
        for division in divisions
        for successor in division.successors
        if successor not in known_codes
    ]
    return overlaps + unknown


def _code_of(division: Division) -> str:
    return division.code
