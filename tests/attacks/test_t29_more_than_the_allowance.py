"""T29 More than the allowance (docs/threats.md): spent at tills that share no memory, or invented by a till."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.builders.offline import a_region_with_lists, a_session, a_till, another_till, grant
from yikatong.plumbing.database import Database

pytestmark = pytest.mark.anyio
HOLD_FEN = 2_000


@given(amounts=st.lists(st.tuples(st.booleans(), st.integers(1, HOLD_FEN)), min_size=1, max_size=8))
@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_tills_without_a_shared_memory_take_the_resident_loses_the_hold_at_most(
    db: Database, tmp_path_factory: pytest.TempPathFactory, amounts: list[tuple[bool, int]]
) -> None:
    folder = tmp_path_factory.mktemp("tills")
    async with a_region_with_lists(db) as served:
        world = served.world
        phone = await world.a_phone(purse_fen=10_000)
        token = await a_session(served, phone)
        await grant(served, phone, token=token, amount_fen=HOLD_FEN, whole_place=True)
        tills = a_till(served, folder / "1"), a_till(served, folder / "2", await another_till(served))
        taken = [0, 0]
        for till in tills:
            await till.fetch()
        for at_second, amount_fen in amounts:
            if taken[at_second] + amount_fen <= HOLD_FEN:
                tills[at_second].pay(phone, amount_fen)
                taken[at_second] += amount_fen

        said = [*await tills[1].upload(), *await tills[0].upload()]

        posted = await world.owed()
        assert posted <= HOLD_FEN
        assert 10_000 - HOLD_FEN == await world.balance(phone)
        assert {"posted"} | ({"disputed"} if sum(taken) > HOLD_FEN else set()) >= {one.outcome for one in said}
        assert {None, "ALLOWANCE_WAS_SPENT"} >= {one.reason for one in said}


async def test_a_till_that_invents_an_amount_for_a_shown_code_is_paid_nothing(db: Database, tmp_path: Path) -> None:
    async with a_region_with_lists(db) as served:
        world = served.world
        phone = await world.a_phone(purse_fen=10_000)
        granted = (await grant(served, phone, token=await a_session(served, phone))).json()
        till = a_till(served, tmp_path / "m")
        await till.fetch()
        till.enter(phone)
        true = msgspec.json.decode(msgspec.json.encode(till.kit.admitted()[0]))
        invented = {**true, "item": world.meal.code, "amount_fen": 1_200, "allowance": granted["allowance"]}

        said = (await till.send(msgspec.json.encode(invented))).json()

        assert ("refused", "CODE_ANSWERED_NOTHING") == (said["outcome"], said["reason"])
        assert 0 == await world.owed()
