"""The audit of the catalogue names a difference, and none where there is none."""

from datetime import date
from typing import Any

import psycopg
import pytest

from tests.support.builders.catalogue import (
    a_code,
    a_provider,
    a_terminal,
    item_terms,
)
from tests.support.builders.places import a_region
from tests.support.world import SeededIds
from yikatong.catalogue import service
from yikatong.catalogue.audit import audit
from yikatong.plumbing.database import Database

pytestmark = pytest.mark.anyio

Conn = psycopg.AsyncConnection[Any]
TODAY = date(2026, 11, 25)
NEXT_YEAR = date(2027, 1, 1)


async def test_the_audit_finds_no_difference_and_names_one_that_is_made(db: Database) -> None:
    ids = SeededIds()
    async with db.transaction() as conn:
        region = await a_region(conn)
        provider = await a_provider(conn, ids, region=region)
        await a_terminal(conn, ids, provider=provider)
        terms = item_terms(region, code=a_code(ids), valid_until=NEXT_YEAR)
        await service.publish_item(conn, terms=terms)
        sound = [line for line in await audit(conn) if region in line or terms.code in line]
        await conn.execute(
            "UPDATE catalogue.item SET number = 65535 WHERE region = %s AND code = %s", [region, terms.code]
        )
        broken = [line for line in await audit(conn) if terms.code in line]

        assert [] == sound
        assert [f"catalogue: number 65535 does not stand for item {terms.code}"] == broken
        raise psycopg.Rollback
