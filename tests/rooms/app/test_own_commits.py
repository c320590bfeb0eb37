"""What must be committed before a call ends is committed beside the pool, also when calls have filled it."""

import pytest

from yikatong.app.own_commits import AT_ONCE_MAX, OwnCommits
from yikatong.plumbing.database import Database

pytestmark = pytest.mark.anyio


async def test_a_call_that_has_the_last_connection_of_the_pool_still_gets_its_own_commit(db: Database) -> None:
    async with await Database.open(db.address, pool_size_max=1) as database:
        own_commits = OwnCommits(database)
        async with database.transaction() as conn:
            cursor = await conn.execute("SELECT pg_backend_pid()")
            held = await cursor.fetchone()
            for _ in range(AT_ONCE_MAX + 1):
                async with own_commits.transaction() as own:
                    got = await (await own.execute("SELECT pg_backend_pid(), current_user")).fetchone()
                    assert got is not None
                    assert held != got[:1]
                    assert "yikatong_serving" == got[1]


async def test_what_raises_leaves_nothing_and_gives_its_place_back(db: Database) -> None:
    own_commits = OwnCommits(db)
    for _ in range(AT_ONCE_MAX + 1):
        with pytest.raises(LookupError):
            async with own_commits.transaction():
                raise LookupError
