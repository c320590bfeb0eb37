"""T28 One code offline twice (docs/threats.md): at one till, at two, and with a network besides."""

from pathlib import Path

import pytest

from tests.support.builders.offline import a_region_with_lists, a_till, another_till
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.database import Database

pytestmark = pytest.mark.anyio


async def test_a_till_takes_a_code_once_and_of_two_tills_the_second_upload_is_refused(
    db: Database, tmp_path: Path
) -> None:
    async with a_region_with_lists(db) as served:
        world = served.world
        phone = await world.a_phone()
        code, item = phone.wallet.show_code(world.clock.now()), world.entry.code
        first, second = a_till(served, tmp_path / "1"), a_till(served, tmp_path / "2", await another_till(served))
        for till in (first, second):
            await till.fetch()
            till.kit.tap(item=item, code=code)
        with pytest.raises(Refused) as again:
            first.kit.tap(item=item, code=code)

        said = [*await first.upload(), *await second.upload()]

        assert "CODE_WAS_SEEN_BEFORE" == again.value.reason.name
        assert [None, "CODE_ALREADY_USED"] == [one.reason for one in said]
        async with db.owner_transaction() as conn:
            cursor = await conn.execute(
                "SELECT count(*) FROM taps.second_use AS s"
                " JOIN taps.tap AS t ON (t.bucket, t.id) = (s.bucket, s.tap_id) WHERE t.resident_id = %s",
                (phone.resident.resident_id,),
            )
            assert [(1,)] == await cursor.fetchall()
