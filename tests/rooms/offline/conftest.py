"""Offline taps have a database of their own, so that its whole audit must find nothing."""

from collections.abc import AsyncIterator

import pytest

from tests.support.database import a_fresh_database, build_schema
from yikatong.plumbing.database import Database


@pytest.fixture(scope="module")
async def db(db: Database) -> AsyncIterator[Database]:
    """A database that only this module's worlds write to."""
    with a_fresh_database(db.address.conninfo) as address:
        assert {} == build_schema(address.conninfo)
        async with await Database.open(address) as database:
            yield database
