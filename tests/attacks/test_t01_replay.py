"""T01 Replay: a used code is sent again (docs/threats.md)."""

import pytest
from msgspec.structs import replace

from tests.support.builders.counter import BUCKET, CounterWorld
from tests.support.builders.follow_ups import id_of
from yikatong.taps import store
from yikatong.taps.model import Outcome

pytestmark = pytest.mark.anyio


async def test_a_replayed_code_is_refused_at_the_same_till_and_at_another(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    body = world.answered(phone, amount_fen=1_000)
    another = await world.another_till()
    await world.tap(body)

    here = await world.tap(replace(body, request_id="replayed-here"))
    there = await world.tap(replace(body, request_id="replayed-there"), till=another)

    assert ["CODE_ALREADY_USED"] * 2 == [here.reason, there.reason]
    assert 4_000 == await world.balance(phone)


async def test_both_codes_of_a_second_use_are_kept_as_evidence(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000)
    body = world.answered(phone, amount_fen=1_000)
    first = await world.tap(body)

    second = await world.tap(replace(body, request_id="replayed"))

    async with world.db.transaction() as conn:
        rows = [await store.find_tap(conn, bucket=BUCKET, tap_id=id_of(receipt)) for receipt in (first, second)]
        kept = await conn.execute(
            "SELECT first_tap_id, second_code FROM taps.second_use WHERE bucket = %s AND tap_id = %s",
            [BUCKET, id_of(second)],
        )
        evidence = await kept.fetchall()
    assert rows[0] is not None
    assert rows[1] is not None
    assert [(rows[0].id, rows[1].evidence)] == evidence
    assert rows[0].evidence == rows[1].evidence


async def test_a_code_refused_once_is_spent(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=100)
    body = world.answered(phone, amount_fen=1_000)
    refused = await world.tap(body)
    async with world.db.transaction() as conn:
        await world.give(conn, phone.resident, "purse", 5_000)

    again = await world.tap(replace(body, request_id="after-a-top-up"))

    assert Outcome.REFUSED is refused.outcome
    assert "CODE_ALREADY_USED" == again.reason
