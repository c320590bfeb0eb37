"""The test run's one database, and the event loop its tests share."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import settings

from tests.support.builders.trust import a_holder_of_the_leaf_secret
from tests.support.database import TestServer
from yikatong.plumbing.database import Database
from yikatong.sealing import service as sealing

# What it checks shows both sides when it fails, as in a test.
pytest.register_assert_rewrite("tests.support.builders.paying_town")
_server = TestServer()
# Machines that run tests are busy ones: a slow example is no fault.
settings.register_profile("house", deadline=None)
settings.load_profile("house")
# Many tests leave leaves that no sealer takes; worlds that have one bring their own secret.
sealing.mark_leaves_by(a_holder_of_the_leaf_secret())


def pytest_configure(config: pytest.Config) -> None:
    """With several workers, make the database here before they start; they find it by the environment."""
    if getattr(config.option, "numprocesses", None):
        _server.address()


def pytest_unconfigure() -> None:
    """End what this process made."""
    _server.end()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """All async tests share one event loop, so that they can share one pool."""
    return "asyncio"


@pytest.fixture(scope="session")
async def db(anyio_backend: str) -> AsyncIterator[Database]:
    """The database with every room's tables; nobody empties it, each test makes a world of its own."""
    async with await Database.open(_server.address()) as database:
        yield database
