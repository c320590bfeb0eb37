"""T22 Flooding with unreadable codes (docs/threats.md)."""

import pytest

from tests.support.builders.counter import UNREAD_QUOTA, CounterWorld
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Refused
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
        rows = await conn.execute(
            "SELECT reason, count(*) FROM taps.unread WHERE terminal_id = %s AND day = %s GROUP BY reason",
            [world.till.terminal.id, day_of(world.clock.now())],
        )
        assert [("CODE_IS_NOT_READABLE", UNREAD_QUOTA)] == await rows.fetchall()


async def test_a_caller_who_is_no_terminal_leaves_no_row(world: CounterWorld) -> None:
    body = TapBody(request_id=world.ids.new().hex, item=world.entry.code, code="YK1:!!")
    tokens = {"nobody's": "KEY_IS_UNKNOWN", (await world.an_operator()).token: "CALLER_IS_NOT_ADMITTED"}

    for token, reason in tokens.items():
        with pytest.raises(Refused) as refused:
            await world.tapping.take(token=token, body=body, body_bytes=b"{}")
        assert reason == refused.value.reason.name

    async with world.db.transaction() as conn:
        rows = await conn.execute("SELECT request_id FROM taps.unread UNION ALL SELECT request_id FROM taps.request")
        assert body.request_id not in {request_id for (request_id,) in await rows.fetchall()}
