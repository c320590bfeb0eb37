"""The log has a database of its own, so that its whole audit must find nothing."""

from collections.abc import AsyncIterator

import pytest

from tests.support.builders.sealing import LogWorld, a_log_of_its_own
from yikatong.plumbing.database import Database


@pytest.fixture
async def log(db: Database) -> AsyncIterator[LogWorld]:
    """A counter whose taps enter a log."""
    async with a_log_of_its_own(db) as log:
        yield log
