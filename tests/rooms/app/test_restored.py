"""The first start after a restore: nothing of the lost time is handed out again."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.rooms.trust.test_key_files import opened
from tests.support.database import a_database_of_its_own
from tests.support.world import NOON, FixedClock
from yikatong.app.restored import (
    CODES_LIVE,
    PASSED_OVER_COUNT,
    PAY_OUT_JOBS,
    Note,
    read_note,
    remove_note,
    take_up,
    verify_no_copy,
    write_note,
)
from yikatong.codes import service as codes
from yikatong.codes.reasons import Reason as CodeReason
from yikatong.plumbing import versions
from yikatong.plumbing.backup.errors import BackupError
from yikatong.plumbing.backup.restorations import Restoration, find_last_restoration, record_restoration, resume_jobs
from yikatong.plumbing.database import Connection, Database
from yikatong.plumbing.postgres.archiving import mark_copy
from yikatong.plumbing.settings import Settings
from yikatong.trust import service as trust
from yikatong.trust.model import HeldTrustList
from yikatong.trust.trusted_regions.rules import accept_trust_list

RESTORED_AT = NOON + timedelta(hours=2)
TO_A_MOMENT = Restoration(restored_at=RESTORED_AT, target_at=NOON, backup="20261125T030000.000Z", timeline=1)
TO_THE_END = Restoration(restored_at=RESTORED_AT, target_at=None, backup="20261125T030000.000Z", timeline=1)


def test_no_code_that_may_have_been_used_before_is_good_when_the_wait_is_over() -> None:
    signed_at = RESTORED_AT + timedelta(seconds=30)

    assert codes.decide_age(signed_at, now=RESTORED_AT) is None
    assert CodeReason.CODE_IS_TOO_OLD == codes.decide_age(signed_at, now=RESTORED_AT + CODES_LIVE)


def test_a_note_is_read_until_it_is_removed(tmp_path: Path) -> None:
    settings = Settings(data_folder=str(tmp_path))
    note = Note(restoration=TO_A_MOMENT, codes_end_at=RESTORED_AT + CODES_LIVE)
    assert read_note(settings) is None

    write_note(settings, note)

    assert note == read_note(settings)
    remove_note(settings)
    assert read_note(settings) is None


def test_a_copy_is_not_served(tmp_path: Path) -> None:
    settings = Settings(data_folder=str(tmp_path))
    (tmp_path / "postgres").mkdir()
    mark_copy(tmp_path, is_one=True)

    with pytest.raises(BackupError, match=r"(?s)it is not served.*\n.*不能用于服务"):
        verify_no_copy(settings)
    mark_copy(tmp_path, is_one=False)
    assert settings == verify_no_copy(settings)


@pytest.fixture(scope="module")
async def own(db: Database) -> AsyncIterator[Database]:
    """A database of this module alone: every number that memories are valid for is moved in it."""
    async with a_database_of_its_own(db, rooms=["plumbing", "trust"]) as database:
        yield database


async def held_in(conn: Connection, holder: trust.FileKeyHolder) -> HeldTrustList:
    return await trust.read_held_trust_list(conn, pinned=trust.pin_own_roots(holder), now=RESTORED_AT)


@pytest.mark.anyio
async def test_who_holds_lists_and_a_root_of_the_lost_time_accepts_the_list_that_follows(
    own: Database, tmp_path: Path
) -> None:
    holder, clock = opened(tmp_path), FixedClock(RESTORED_AT)
    async with own.transaction() as conn:
        await trust.republish_trust_list(conn, holder=holder, now=NOON)
        async with conn.transaction(force_rollback=True):
            holder.rotate("root", now=NOON + timedelta(hours=1))
            for _ in range(3):
                await trust.republish_trust_list(conn, holder=holder, now=NOON + timedelta(hours=1))
            lost = await held_in(conn, holder)
        await take_up(conn, TO_THE_END, keys=holder, clock=clock)
        following = await held_in(conn, holder)
    assert lost.trust_list is not None
    assert following.trust_list is not None
    assert lost.trust_list.sequence < PASSED_OVER_COUNT < following.trust_list.sequence

    assert following.trust_list == accept_trust_list(following.envelope, lost, now=RESTORED_AT).trust_list


@pytest.mark.anyio
async def test_memories_are_passed_over_and_the_restore_is_on_record_once_however_often_it_is_taken_up(
    own: Database, tmp_path: Path
) -> None:
    holder, clock = opened(tmp_path), FixedClock(RESTORED_AT + timedelta(microseconds=7))
    restoration = Restoration(restored_at=clock.now(), target_at=NOON, backup="b", timeline=3)
    async with own.transaction() as conn:
        await versions.bump(conn, subject="restored-here")
        before = await versions.read_all(conn)
        for _ in range(2):
            await take_up(conn, restoration, keys=holder, clock=clock)
        after = await versions.read_all(conn)
        found = await conn.execute(
            "SELECT target_at, backup, timeline FROM plumbing.restoration WHERE restored_at = %s", [clock.now()]
        )

        assert [(NOON, "b", 3)] == await found.fetchall()
    assert all(before[subject] + 1_000_000 <= after[subject] for subject in before)


@pytest.mark.anyio
@pytest.mark.parametrize(("restoration", "rests"), [(TO_A_MOMENT, True), (TO_THE_END, False)])
async def test_pay_outs_rest_after_a_restore_to_a_moment_until_they_are_resumed(
    own: Database, tmp_path: Path, restoration: Restoration, rests: bool
) -> None:
    clock = FixedClock(RESTORED_AT)
    async with own.transaction() as conn:
        for name in PAY_OUT_JOBS:
            await conn.execute(
                "INSERT INTO plumbing.job (name, next_at) VALUES (%s, %s)"
                " ON CONFLICT (name) DO UPDATE SET next_at = excluded.next_at",
                [name, NOON],
            )
        await take_up(conn, restoration, keys=opened(tmp_path), clock=clock)

        assert (sorted(PAY_OUT_JOBS) if rests else []) == await resume_jobs(conn, PAY_OUT_JOBS, now=clock.now())
        assert [] == await resume_jobs(conn, PAY_OUT_JOBS, now=clock.now())


@pytest.mark.anyio
async def test_the_last_restore_is_found(own: Database) -> None:
    later = Restoration(restored_at=RESTORED_AT + timedelta(days=9), target_at=None, backup="b", timeline=2)
    async with own.transaction() as conn, conn.transaction(force_rollback=True):
        for one in (later, TO_A_MOMENT):
            await record_restoration(conn, one)

        assert later == await find_last_restoration(conn)
