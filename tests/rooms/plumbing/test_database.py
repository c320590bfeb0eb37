"""The database's two roles and the bounds of its sessions."""

import psycopg
import pytest

from yikatong.plumbing.database import Database

pytestmark = pytest.mark.anyio


async def test_traffic_runs_as_the_serving_role(db: Database) -> None:
    async with db.transaction() as conn:
        row = await (await conn.execute("SELECT current_user")).fetchone()
    assert ("yikatong_serving",) == row


async def test_the_serving_role_cannot_make_tables(db: Database) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with db.transaction() as conn:
            await conn.execute("CREATE TABLE plumbing.extra (id int)")
