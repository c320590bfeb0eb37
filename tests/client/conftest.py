"""A small platform for each test of the client that asks for one."""

from collections.abc import Iterator

import pytest

from tests.client.platform import Platform


@pytest.fixture
def platform() -> Iterator[Platform]:
    """One that listens."""
    with Platform() as started:
        yield started
