"""After their term offline taps are forgotten, and the audit finds nothing before, during or after."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.rooms.offline.test_disputes import a_dispute, decided
from tests.rooms.offline.test_over_http import audited
from tests.support.builders.counter import Phone
from tests.support.builders.offline import Till, a_region_with_lists, a_session, a_till, grant
from tests.support.builders.served import Served
from tests.support.world import FixedClock
from yikatong.codes import audit as codes_audit
from yikatong.codes.jobs import jobs as codes_jobs
from yikatong.codes.rules.code import KNOWN_TO_HOME_FOR
from yikatong.offline.jobs import jobs
from yikatong.offline.service.retention import ALLOWANCE_LIVES
from yikatong.plumbing.database import Database
from yikatong.plumbing.jobs import JobCall

pytestmark = pytest.mark.anyio
DAY = timedelta(days=1)
TERM, CERTIFICATE_TERM = 1096, 60
TABLES = ("allowance", "allowance_of_place", "upload", "dispute", "dispute_of_provider")


async def forget(served: Served, *, at: datetime) -> None:
    """Let the job run once, at an instant."""
    [job] = jobs(offline_days=TERM, bucket_count=1)
    await job.run(JobCall(database=served.world.db, clock=FixedClock(at), ids=served.world.ids))


async def left(served: Served) -> dict[str, int]:
    """How many rows each table of offline has."""
    async with served.world.db.owner_transaction() as conn:
        return {
            table: (await (await conn.execute(f"SELECT count(*) FROM offline.{table}")).fetchone() or (0,))[0]
            for table in TABLES
        }


async def a_day(served: Served, file: Path) -> tuple[Till, Phone]:
    """An allowance of which two meals were taken, an entry, and a tap that was refused."""
    phone = await served.world.a_phone(purse_fen=10_000)
    await grant(served, phone, token=await a_session(served, phone))
    till = a_till(served, file)
    await till.fetch()
    till.pay(phone)
    till.enter(phone)
    till.pay(phone)
    await till.upload()
    return till, phone


async def test_what_was_posted_goes_after_its_term_and_its_taps_stay(db: Database, tmp_path: Path) -> None:
    async with a_region_with_lists(db) as served:
        till, _ = await a_day(served, tmp_path / "m")
        now = served.world.clock.now()
        owed = await served.world.owed()
        body = till.kit.answered()
        seen = []
        for at in (
            now + TERM * DAY,
            now + 21 * DAY + TERM * DAY + timedelta(seconds=1),
            now + ALLOWANCE_LIVES + TERM * DAY + timedelta(seconds=1),
        ):
            await forget(served, at=at)
            seen.append(await left(served))
            assert [] == await audited(served)

        assert [(1, 1, 3), (0, 0, 3), (0, 0, 0)] == [
            (one["allowance"], one["allowance_of_place"], one["upload"]) for one in seen
        ]
        assert 3 == len(body)
        assert owed == await served.world.owed()
        async with db.owner_transaction() as conn:
            taps = await (await conn.execute("SELECT count(*) FROM taps.tap WHERE evidence IS NOT NULL")).fetchone()
        assert (3,) == taps


async def test_a_memory_goes_on_counting_where_it_was_after_its_uploads_were_forgotten(
    db: Database, tmp_path: Path
) -> None:
    async with a_region_with_lists(db) as served:
        till, phone = await a_day(served, tmp_path / "m")
        await forget(served, at=served.world.clock.now() + ALLOWANCE_LIVES + TERM * DAY + DAY)
        till.enter(phone)
        said = await till.upload()

        assert [(4, "posted")] == [(one.sequence, one.outcome) for one in said]
        assert {"upload": 1} == {name: count for name, count in (await left(served)).items() if count}
        assert [] == await audited(served)


async def test_a_dispute_goes_with_its_upload_unless_it_moved_money(db: Database, tmp_path: Path) -> None:
    async with a_region_with_lists(db) as served:
        by, second = await served.an_operator(), await served.an_operator()
        first = await left(served)
        for number, side in enumerate(("provider", "resident", None)):
            folder = tmp_path / str(number)
            folder.mkdir()
            tap, _, _ = await a_dispute(served, folder)
            if side is not None:
                assert 200 == (await decided(served, by, second, tap, side))[0]
        before = await left(served)
        await forget(served, at=served.world.clock.now() + ALLOWANCE_LIVES + TERM * DAY + DAY)

        assert [3, 3, 6] == [before[name] - first[name] for name in ("dispute", "dispute_of_provider", "upload")]
        assert {"dispute": 1, "dispute_of_provider": 1, "upload": 1} == {
            name: count for name, count in (await left(served)).items() if count
        }
        assert [] == await audited(served)


async def test_certificates_go_when_their_home_has_long_ceased_to_accept_them(db: Database) -> None:
    async with a_region_with_lists(db) as served:
        world = served.world
        phone = await world.a_phone()
        first = world.clock.now()
        world.clock.advance(DAY)
        await world.refreshed(phone)
        _, job = codes_jobs(
            holder=world.keys, bucket_count=1, certificate_days=CERTIFICATE_TERM, own_regions=_no_regions
        )
        kept = []
        for at in (
            first + KNOWN_TO_HOME_FOR + CERTIFICATE_TERM * DAY,
            first + KNOWN_TO_HOME_FOR + CERTIFICATE_TERM * DAY + timedelta(seconds=1),
            first + KNOWN_TO_HOME_FOR + CERTIFICATE_TERM * DAY + DAY + timedelta(seconds=1),
        ):
            await job.run(JobCall(database=db, clock=FixedClock(at), ids=world.ids))
            async with db.owner_transaction() as conn:
                rows = await conn.execute("SELECT count(*) FROM codes.certificate WHERE region = %s", (world.region,))
                kept.append((await rows.fetchone() or (0,))[0])
                assert [] == [one for one in await codes_audit.audit(conn) if world.region in one]

        assert kept[0] == 2 * kept[1] > 0 == kept[2]


async def _no_regions(conn: object) -> list[str]:
    return []
