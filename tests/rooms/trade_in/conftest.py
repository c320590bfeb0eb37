"""Places whose trade-in is served, for whoever calls there."""

from collections.abc import AsyncIterator

import pytest

from tests.support.builders.programmes import PAID_LATER
from tests.support.builders.trade_in_town import TradeInTown, a_trade_in_town
from yikatong.plumbing.database import Database


@pytest.fixture
async def town(db: Database) -> AsyncIterator[TradeInTown]:
    """A town whose tills take the subsidy off."""
    async with a_trade_in_town(db) as town:
        yield town


@pytest.fixture
async def later(db: Database) -> AsyncIterator[TradeInTown]:
    """A town whose claims are paid later."""
    async with a_trade_in_town(db, terms=PAID_LATER) as town:
        yield town
