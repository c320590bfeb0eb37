"""The view of the catalogue that taps use: whole, and the same whether read afresh or brought up to date."""

from datetime import date
from typing import Any
from uuid import UUID

import msgspec
import psycopg
import pytest

from tests.support.builders.catalogue import (
    a_code,
    a_provider,
    a_recognition,
    a_terminal,
    item_terms,
)
from tests.support.builders.places import DIVISION, a_region
from tests.support.world import NOON, SeededIds
from yikatong.catalogue import service
from yikatong.catalogue.model import (
    Scene,
)
from yikatong.plumbing.database import Database

pytestmark = pytest.mark.anyio

Conn = psycopg.AsyncConnection[Any]
TODAY = date(2026, 11, 25)
NEXT_YEAR = date(2027, 1, 1)


async def test_a_snapshot_holds_what_taps_ask_for(db: Database) -> None:
    ids = SeededIds()
    async with db.transaction() as conn:
        provider = await a_provider(conn, ids, region=await a_region(conn))
        terminal, _, _ = await a_terminal(conn, ids, provider=provider)
        snapshot = await service.load_snapshot(conn)

    meal = snapshot.get_item(provider.region, "community-meal", TODAY)
    assert ("000000", "community-meal") == meal.item_key()
    assert terminal == snapshot.get_terminal(terminal.id)
    assert provider == snapshot.get_provider(provider.id)
    assert DIVISION == snapshot.places[terminal.place_id].division
    assert snapshot.find_terminal(UUID(int=0)) is None


async def test_a_snapshot_that_is_brought_up_to_date_is_the_same_as_a_fresh_one(db: Database) -> None:
    ids = SeededIds()
    async with db.transaction() as conn:
        region, peer = await a_region(conn), await a_region(conn)
        provider = await a_provider(conn, ids, region=region)
        revoked, _, _ = await a_terminal(conn, ids, provider=provider)
        changed, _, _ = await a_terminal(conn, ids, provider=provider)
        ended, kept = (item_terms(region, code=a_code(ids)) for _ in range(2))
        for terms in (ended, kept):
            await service.publish_item(conn, terms=terms)
        known = await service.load_snapshot(conn)

        await service.revoke_terminal(conn, region=region, terminal_id=revoked.id, now=NOON)
        await service.allow_purposes(
            conn,
            region=region,
            terminal_id=changed.id,
            purposes=(Scene.RETAIL,),
            learns=(),
            items=None,
            now=NOON,
        )
        await service.end_item(conn, region=region, code=ended.code, until=NEXT_YEAR, now=NOON)
        await service.publish_item(conn, terms=msgspec.structs.replace(ended, valid_from=NEXT_YEAR))
        await a_terminal(conn, ids, provider=await a_provider(conn, ids, region=region))
        await service.set_recognition(conn, recognition=a_recognition(from_region=peer, to_region=region))

        assert await service.load_snapshot(conn) == await service.load_snapshot(conn, known=known)
