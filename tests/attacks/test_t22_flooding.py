"""T22 Flooding with unreadable codes (docs/threats.md)."""

import pytest

from tests.support.builders.counter import UNREAD_QUOTA, CounterWorld
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Refused
from yikatong.taps import store
from yikatong.taps.model import TapBody

pytestmark = pytest.mark.anyio


async def test_unreadable_codes_are_kept_up_to_the_terminals_quota_and_answered_beyond_it(
    world: CounterWorld,
) -> None:
    for number in range(UNREAD_QUOTA + 5):
        with pytest.raises(Refused) as refused:
            await world.tap(TapBody(request_id=f"unreadable-{number}", item=world.entry.code, code="YK1:!!"))
        assert "CODE_IS_NOT_READABLE" == refused.value.reason.name

    async with world.db.transaction() as conn:
        kept = await store.count_unread(conn, terminal_id=world.till.terminal.id, day=day_of(world.clock.now()))
    assert UNREAD_QUOTA == kept


async def test_a_caller_without_a_key_leaves_no_row(world: CounterWorld) -> None:
    body = TapBody(request_id="no-key-at-all", item=world.entry.code, code="YK1:!!")

    with pytest.raises(Refused):
        await world.tapping.take(token="nobody's", body=body, body_bytes=b"{}")

    async with world.db.transaction() as conn:
        assert await store.find_request(conn, terminal_id=world.till.terminal.id, request_id="no-key-at-all") is None
