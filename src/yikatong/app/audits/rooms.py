"""The whole audit: every room recomputes what is its own, on one state of the database."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from psycopg import AsyncConnection

from yikatong.access import audit as access
from yikatong.cards import audit as cards
from yikatong.catalogue import audit as catalogue
from yikatong.codes import audit as codes
from yikatong.desk import audit as desk
from yikatong.ledger import audit as ledger
from yikatong.notices import audit as notices
from yikatong.offline import audit as offline
from yikatong.payouts import audit as payouts
from yikatong.places import audit as places
from yikatong.plumbing.database import Database
from yikatong.taps import audit as taps
from yikatong.trade_in import audit as trade_in

Check = Callable[[AsyncConnection[Any]], Awaitable[list[str]]]

CHECKS: tuple[tuple[str, Check], ...] = (
    ("ledger", ledger.audit),
    ("taps", taps.audit),
    ("offline", offline.audit),
    ("payouts", payouts.audit),
    ("trade_in", trade_in.audit),
    ("desk", desk.audit),
    ("cards", cards.audit),
    ("codes", codes.audit),
    ("catalogue", catalogue.audit),
    ("places", places.audit),
    ("access", access.audit),
    ("notices", notices.audit),
)
"""The gravest first."""


class Audited(msgspec.Struct, frozen=True):
    """What one room's audit found."""

    room: str
    differences: tuple[str, ...]


async def run_audit(database: Database, *, tell: Callable[[str], None] = lambda _: None) -> tuple[Audited, ...]:
    """Recompute everything on one snapshot of the database; `tell` hears each room before it begins."""
    audited = []
    async with database.owner_transaction() as conn:
        await conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        for room, check in CHECKS:
            tell(room)
            audited.append(Audited(room, tuple(await check(conn))))
    return tuple(audited)
