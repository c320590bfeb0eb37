"""What the process of jobs runs: every job of every room that has some."""

from importlib.util import find_spec

import pytest

from tests.support.builders.served import a_served_world
from yikatong.app.runner import jobs_of
from yikatong.plumbing.database import Database
from yikatong.plumbing.schema import ROOMS_IN_FLOOR_ORDER

pytestmark = pytest.mark.anyio


async def test_every_room_that_has_jobs_has_them_run_under_names_of_their_own(db: Database) -> None:
    async with a_served_world(db) as served:
        names = [job.name for job in jobs_of(served.worker)]

    rooms = {room for room in ROOMS_IN_FLOOR_ORDER if find_spec(f"yikatong.{room}.jobs")}
    assert "trust" in rooms
    assert rooms <= {name.split(".")[0] for name in names}
    assert sorted(set(names)) == sorted(names)
