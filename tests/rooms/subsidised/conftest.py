"""Sales have a store at a counter at work to try, on the real database."""

from collections.abc import AsyncIterator

import pytest

from tests.support.builders.subsidised import BikeStore, a_bike_store
from yikatong.plumbing.database import Database


@pytest.fixture
async def store(db: Database) -> AsyncIterator[BikeStore]:
    """A store of e-bikes in a region of its own."""
    async with a_bike_store(db) as store:
        yield store
