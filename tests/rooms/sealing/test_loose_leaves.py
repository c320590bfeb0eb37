"""Leaves that wait for the sealer: those that the platform left are sealed, those of anybody else are found by name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from tests.support.builders.sealing import LogWorld
from tests.support.builders.trust import a_holder_of_the_leaf_secret
from yikatong.app.subscribers import Subscribers
from yikatong.plumbing.outbox import Relay
from yikatong.sealing import service as sealing
from yikatong.sealing.model import Leaf, LeafKind
from yikatong.sealing.service import marks
from yikatong.trust import service as trust
from yikatong.trust.model import KeyHolder

pytestmark = pytest.mark.anyio

NOT_LEFT = "waits for its seal and the platform did not leave it there"
SET_ASIDE = "was set aside by the sealer: the platform did not leave it there"
PUT_IN = "stands and was never sealed: it was put in"


@pytest.fixture
async def thief(log: LogWorld) -> AsyncIterator["Thief"]:
    """Somebody who owns the database and has the platform's own program, but not its secret."""
    yield Thief(log)
    sealing.mark_leaves_by(log.world.keys)


class Thief:
    """Writes rows and leaves exactly as the platform does, under a secret of their own."""

    def __init__(self, log: LogWorld) -> None:
        self._log = log
        self._secret = a_holder_of_the_leaf_secret()

    async def puts_in_a_look(self) -> UUID:
        """A line of the record with the leaf that belongs to it."""
        before = set(await lines_of(self._log))
        phone = await self._log.world.a_phone()
        async with self._without_the_secret():
            await self._log.looked_at(phone)
        (line,) = set(await lines_of(self._log)) - before
        return line

    @asynccontextmanager
    async def _without_the_secret(self) -> AsyncIterator[None]:
        sealing.mark_leaves_by(self._secret)
        yield
        sealing.mark_leaves_by(self._log.world.keys)


async def asked(log: LogWorld, statement: str) -> list[Any]:
    """The rows of a statement."""
    async with log.world.db.owner_transaction() as conn:
        return await (await conn.execute(statement.encode())).fetchall()


async def lines_of(log: LogWorld) -> list[UUID]:
    """The looks in the record."""
    return [id for (id,) in await asked(log, "SELECT record_id FROM access.record WHERE kind = 'look'")]


async def test_a_row_put_in_with_its_leaf_is_found_before_the_sealer_runs(log: LogWorld, thief: Thief) -> None:
    line = await thief.puts_in_a_look()

    assert (f"log: record {line} {NOT_LEFT}", f"log: record {line} {PUT_IN}") == await log.differences()


async def test_the_sealer_seals_what_the_platform_left_and_sets_the_rest_aside_for_good(
    log: LogWorld, thief: Thief
) -> None:
    line = await thief.puts_in_a_look()
    await log.looked_at(await log.world.a_phone())

    await log.append()

    assert (f"log: record {line} {SET_ASIDE}", f"log: record {line} {PUT_IN}") == await log.differences()
    assert [] == await asked(log, "SELECT id FROM sealing.loose")
    assert [(line, int(LeafKind.RECORD))] == await asked(log, "SELECT id, kind FROM sealing.set_aside")


async def test_a_leaf_that_is_changed_while_it_waits_is_found(log: LogWorld) -> None:
    await log.looked_at(await log.world.a_phone())
    (line,) = await lines_of(log)
    await log.change("UPDATE sealing.loose SET hash = sha256(hash)")

    before = await log.differences()
    await log.append()

    assert (f"log: record {line} {NOT_LEFT}", f"log: record {line} {PUT_IN}") == before
    assert (f"log: record {line} {SET_ASIDE}", f"log: record {line} {PUT_IN}") == await log.differences()


async def test_a_mark_is_of_one_leaf_and_no_other(log: LogWorld) -> None:
    await log.looked_at(await log.world.a_phone())
    await log.change("INSERT INTO sealing.loose SELECT gen_random_uuid(), kind, hash, left_at, mark FROM sealing.loose")
    await log.change("INSERT INTO sealing.loose SELECT id, 6, hash, left_at, mark FROM sealing.loose")

    assert 3 == sum(NOT_LEFT in one for one in await log.differences())


async def test_a_leaf_put_in_once_more_with_its_mark_is_found_as_sealed_twice(log: LogWorld) -> None:
    await log.looked_at(await log.world.a_phone())
    (line,) = await lines_of(log)
    await log.change("CREATE TABLE public.kept AS SELECT * FROM sealing.loose")
    await log.append()
    await log.change("INSERT INTO sealing.loose SELECT * FROM public.kept")
    await log.append()

    assert (f"log: record {line} was sealed more than once",) == await log.differences()


async def test_many_leaves_of_somebody_else_hold_up_none_of_the_platforms(log: LogWorld) -> None:
    await log.change(
        "INSERT INTO sealing.loose SELECT gen_random_uuid(), 4, sha256(''), 'epoch', sha256('')"
        " FROM generate_series(1, 2500)"
    )
    await log.looked_at(await log.world.a_phone())

    head = await log.append()

    assert head is not None
    assert [(0, 2500)] == await asked(
        log, "SELECT (SELECT count(*) FROM sealing.loose), (SELECT count(*) FROM sealing.set_aside)"
    )


async def test_whoever_runs_the_platform_is_told_once(log: LogWorld, thief: Thief) -> None:
    world = log.world
    line = await thief.puts_in_a_look()
    for _ in range(2):
        await log.append()
    hearers = Subscribers(ids=world.ids, bucket_count=1, caches=world.caches).by_topic()
    relay = Relay(world.db, clock=world.clock, subscribers={sealing.SET_ASIDE: hearers[sealing.SET_ASIDE]})

    with capture_logs() as said:
        for _ in range(2):
            await relay.run_once()

    told = [{"kind": int(LeafKind.RECORD), "id": str(line)}]
    assert [("error", 1, told)] == [(one["log_level"], one["count"], one["leaves"]) for one in said]


async def test_a_leaf_under_the_former_secret_is_sealed_after_a_rotation(log: LogWorld) -> None:
    world = log.world
    assert isinstance(world.keys, trust.FileKeyHolder)
    await log.looked_at(await world.a_phone())
    world.clock.advance(timedelta(seconds=1))
    world.keys.rotate(sealing.LEAF_SECRET, now=world.clock.now())
    await log.append()
    sealing.mark_leaves_by(world.keys)
    await log.looked_at(await world.a_phone())

    assert () == await log.differences()
    await log.append()
    assert () == await log.differences()


async def test_a_sealer_learns_of_a_secret_that_another_process_made(log: LogWorld, tmp_path: Path) -> None:
    world = log.world

    def a_process() -> trust.FileKeyHolder:
        return trust.open_key_folder(
            tmp_path / "keys",
            key_encryption_key=b"k" * 32,
            wanted=sealing.WANTED_KEYS,
            now=world.clock.now(),
            ids=world.ids,
        )

    writing, sealing_process = a_process(), a_process()
    sealer = sealing.Sealer(sealing_process, ids=world.ids)
    await leave_by(writing, log)
    await sealer.run_once(world.db, now=world.clock.now())
    world.clock.advance(timedelta(seconds=1))
    writing.rotate(sealing.LEAF_SECRET, now=world.clock.now())
    await leave_by(writing, log)
    await sealer.run_once(world.db, now=world.clock.now())

    sealing.mark_leaves_by(world.keys)
    assert [(0, 0)] == await asked(
        log, "SELECT (SELECT count(*) FROM sealing.loose), (SELECT count(*) FROM sealing.set_aside)"
    )


async def leave_by(keys: KeyHolder, log: LogWorld) -> None:
    """Leave a leaf as a process with these keys would."""
    world = log.world
    sealing.mark_leaves_by(keys)
    async with world.db.transaction() as conn:
        leaf = Leaf(LeafKind.RECORD, world.ids.new(), sealing.hash_leaf(b"a line of the record"))
        await sealing.leave(conn, leaf, now=world.clock.now())


async def test_a_process_that_took_up_no_secret_writes_nothing(log: LogWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    phone = await log.world.a_phone()
    monkeypatch.setattr(marks._Process, "secret", None)

    with pytest.raises(marks.NoLeafSecretError):
        await log.looked_at(phone)

    assert [] == await lines_of(log)


@pytest.mark.parametrize("is_made_young", [False, True])
async def test_a_leaf_that_is_kept_from_the_sealer_is_named_by_the_audit(log: LogWorld, is_made_young: bool) -> None:
    phone = await log.world.a_phone()
    await log.looked_at(phone)
    log.world.clock.advance(timedelta(minutes=11))
    assert () == await log.differences(), "nothing was written since, so it may be a copy of that moment"
    await log.looked_at(phone)
    if is_made_young:
        await log.change("UPDATE sealing.loose SET left_at = %s WHERE kind = 4", log.world.clock.now())
    found = await log.differences()
    await log.append()

    assert any(one.startswith("log: record ") and "waits for its seal for long" in one for one in found)
    assert () == await log.differences()
