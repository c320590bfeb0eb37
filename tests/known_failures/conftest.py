"""Every known failure has a counter at work to try."""

from collections.abc import AsyncIterator

import pytest

from tests.support.builders.counter import CounterWorld, a_counter_world
from yikatong.plumbing.database import Database


@pytest.fixture
async def world(db: Database) -> AsyncIterator[CounterWorld]:
    """A counter in a region of its own."""
    async with a_counter_world(db) as world:
        yield world
