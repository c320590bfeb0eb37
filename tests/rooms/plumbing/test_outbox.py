"""Events reach their subscribers exactly once, in order, and one that fails holds up no other."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.support.backends import end_backend
from tests.support.database import a_database_of_its_own
from tests.support.processes import a_python_process, next_line
from tests.support.world import FixedClock, SeededIds
from yikatong.plumbing import outbox, versions
from yikatong.plumbing.database import Connection, Database
from yikatong.plumbing.outbox import Event, Relay, Subscriber, one_by_one
from yikatong.plumbing.pipeline import BatchConnection

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def own(db: Database) -> AsyncIterator[Database]:
    """A database of this module alone: one relay works at a time, so those of other workers would be in the way."""
    async with a_database_of_its_own(db, rooms=["plumbing"]) as database:
        yield database


def a_topic(ids: SeededIds) -> str:
    return f"test.{ids.new().hex}"


async def publish(db: Database, topic: str, *payloads: Any, ids: SeededIds, clock: FixedClock) -> list[UUID]:
    made = []
    for payload in payloads:
        async with db.transaction() as conn:
            made.append(ids.new())
            await outbox.publish(conn, id=made[-1], topic=topic, payload=payload, now=clock.now())
    return made


def a_relay(db: Database, topic: str, *subscribers: Subscriber, clock: FixedClock, tries_max: int = 3) -> Relay:
    return Relay(db, clock=clock, subscribers={topic: subscribers}, tries_max=tries_max)


Hear = Callable[[Connection, Event], Awaitable[None]]


def hearing(db: Database, topic: str, hear: Hear, *, clock: FixedClock, tries_max: int = 3) -> Relay:
    """A relay to one who hears each event for itself."""
    return a_relay(db, topic, one_by_one(hear), clock=clock, tries_max=tries_max)


async def relay_all(relay: Relay) -> None:
    while await relay.run_once():
        pass


async def relay_until_gone(db: Database, relay: Relay, topic: str) -> None:
    """The server notices a killed relay a moment later and only then lets go of its lock."""
    while await waiting(db, topic):
        await relay.run_once()


async def waiting(db: Database, topic: str) -> int:
    async with db.transaction() as conn:
        row = await (await conn.execute("SELECT count(*) FROM plumbing.outbox WHERE topic = %s", [topic])).fetchone()
    assert row is not None
    return int(row[0])


async def test_events_come_in_order_and_go(own: Database) -> None:
    clock, ids = FixedClock(), SeededIds()
    topic = a_topic(ids)
    heard: list[Event] = []

    async def hear(_: Connection, event: Event) -> None:
        heard.append(event)

    made = await publish(own, topic, {"n": 1}, {"n": 2}, {"n": 3}, ids=ids, clock=clock)
    await relay_all(hearing(own, topic, hear, clock=clock))
    assert [event.payload for event in heard] == [{"n": 1}, {"n": 2}, {"n": 3}]
    assert [event.id for event in heard] == made
    assert await waiting(own, topic) == 0


async def test_events_of_topics_it_does_not_know_are_left_to_a_newer_release(own: Database) -> None:
    clock, ids = FixedClock(), SeededIds()
    topic = a_topic(ids)
    await publish(own, topic, {}, ids=ids, clock=clock)
    await relay_all(a_relay(own, a_topic(ids), clock=clock))
    assert await waiting(own, topic) == 1
    async with own.transaction() as conn:
        assert await outbox.purge(conn, made_before=clock.now()) == 0
        assert await outbox.purge(conn, made_before=clock.now() + timedelta(days=1)) >= 1
    assert await waiting(own, topic) == 0


async def test_an_event_of_a_rolled_back_transaction_is_never_heard(own: Database) -> None:
    clock, ids = FixedClock(), SeededIds()
    topic = a_topic(ids)
    with pytest.raises(ZeroDivisionError):
        async with own.transaction() as conn:
            await outbox.publish(conn, id=ids.new(), topic=topic, payload={}, now=clock.now())
            raise ZeroDivisionError
    assert await waiting(own, topic) == 0


async def test_a_failing_event_is_tried_later_then_parked_and_holds_up_no_other(own: Database) -> None:
    clock, ids = FixedClock(), SeededIds()
    topic = a_topic(ids)
    heard: list[Any] = []

    async def hear(conn: Connection, events: Sequence[Event]) -> None:
        heard.append([event.payload for event in events])
        for event in events:
            await hear_one(conn, event)

    async def hear_one(conn: Connection, event: Event) -> None:
        await versions.bump(conn, subject=f"{topic}.{event.payload}")
        if event.payload == "poison":
            raise KeyError("no account 6222021234567890123")

    relay = a_relay(own, topic, hear, clock=clock, tries_max=3)
    poison, _ = await publish(own, topic, "poison", "good", ids=ids, clock=clock)
    await relay_all(relay)
    assert heard == [["poison", "good"], ["poison"], ["good"]], "together first, and each alone when that fails"
    for _ in range(4):
        clock.advance(timedelta(minutes=1))
        await relay_all(relay)
    assert heard[3:] == [["poison"], ["poison"]]
    async with own.transaction() as conn:
        (parked,) = [event for event in await outbox.list_parked(conn) if event.id == poison]
        numbers = await versions.read_all(conn)
    assert (parked.tries_count, parked.last_error) == (3, "KeyError: 'no account [account number]'")
    assert numbers[f"{topic}.good"] == 1
    assert f"{topic}.poison" not in numbers, "what the failed subscriber wrote is rolled back"


async def bump_then(conn: Connection, topic: str, heard_by: str, events: Sequence[Event], *, fails: set[str]) -> None:
    """A subscriber that counts what it hears, and fails behind the first event that it cannot stand."""
    for event in events:
        await versions.bump(conn, subject=f"{topic}.{heard_by}.{event.payload}")
        if event.payload in fails:
            raise ValueError(event.payload)


@pytest.mark.parametrize("first_fails", ["", "a", "cf", "abcdef"])
@pytest.mark.parametrize("second_fails", ["", "d", "af", "abcdef"])
async def test_of_a_group_each_sound_event_is_heard_once_by_each_and_the_others_by_none(
    own: Database, first_fails: str, second_fails: str
) -> None:
    clock, ids = FixedClock(), SeededIds()
    topic = a_topic(ids)

    async def first(conn: Connection, events: Sequence[Event]) -> None:
        await bump_then(conn, topic, "first", events, fails=set(first_fails))

    async def second(conn: Connection, events: Sequence[Event]) -> None:
        await bump_then(conn, topic, "second", events, fails=set(second_fails))

    await publish(own, topic, *"abcdef", ids=ids, clock=clock)
    relay = a_relay(own, topic, first, second, clock=clock, tries_max=2)
    for _ in range(3):
        await relay_all(relay)
        clock.advance(timedelta(minutes=1))

    sound = set("abcdef") - set(first_fails) - set(second_fails)
    async with own.transaction() as conn:
        counted = {name: count for name, count in (await versions.read_all(conn)).items() if name.startswith(topic)}
    assert {f"{topic}.{by}.{one}": 1 for by in ("first", "second") for one in sound} == counted
    assert 6 - len(sound) == await waiting(own, topic)


async def test_a_subscriber_that_passes_over_an_error_of_the_database_harms_no_other(own: Database) -> None:
    clock, ids = FixedClock(), SeededIds()
    topic = a_topic(ids)

    async def hear(conn: Connection, event: Event) -> None:
        await versions.bump(conn, subject=f"{topic}.{event.payload}")
        if event.payload == "poison":
            with suppress(psycopg.Error):
                await conn.execute("SELECT 1 / 0")

    await publish(own, topic, "before", "poison", "after", ids=ids, clock=clock)
    await relay_all(hearing(own, topic, hear, clock=clock))

    async with own.transaction() as conn:
        counted = {name: count for name, count in (await versions.read_all(conn)).items() if name.startswith(topic)}
    assert {f"{topic}.before": 1, f"{topic}.after": 1} == counted
    assert 1 == await waiting(own, topic)


async def test_whatever_a_subscriber_says_of_its_failure_can_be_kept(own: Database) -> None:
    clock, ids = FixedClock(), SeededIds()
    topic = a_topic(ids)

    async def hear(_: Connection, __: Event) -> None:
        raise ValueError("nothing \x00, half a character \udc80, 卡")

    (event_id,) = await publish(own, topic, {}, ids=ids, clock=clock)
    await relay_all(hearing(own, topic, hear, clock=clock, tries_max=1))

    async with own.transaction() as conn:
        (parked,) = [event for event in await outbox.list_parked(conn) if event.id == event_id]
    assert "ValueError: nothing \ufffd, half a character ?, 卡" == parked.last_error


async def test_a_line_that_is_lost_half_way_is_held_against_no_event(own: Database) -> None:
    clock, ids = FixedClock(), SeededIds()
    topic = a_topic(ids)
    lines_lost: list[int] = []

    async def hear(conn: Connection, event: Event) -> None:
        await versions.bump(conn, subject=f"{topic}.{event.payload}")
        if event.payload == "b" and not lines_lost:
            lines_lost.append(conn.info.backend_pid)
            await end_backend(own, lines_lost[0])

    await publish(own, topic, "a", "b", "c", ids=ids, clock=clock)
    relay = hearing(own, topic, hear, clock=clock, tries_max=1)
    with pytest.raises(psycopg.OperationalError):
        await relay.run_once()
    await relay_all(relay)

    async with own.transaction() as conn:
        counted = {name: count for name, count in (await versions.read_all(conn)).items() if name.startswith(topic)}
    assert {f"{topic}.a": 1, f"{topic}.b": 1, f"{topic}.c": 1} == counted
    assert 0 == await waiting(own, topic)


async def test_a_full_disk_is_held_against_no_event(own: Database) -> None:
    clock, ids = FixedClock(), SeededIds()
    topic = a_topic(ids)
    tried: list[str] = []

    async def hear(conn: Connection, event: Event) -> None:
        tried.append(event.payload)
        if len(tried) == 2:
            raise psycopg.errors.DiskFull("could not extend file")

    await publish(own, topic, "a", "b", ids=ids, clock=clock)
    relay = hearing(own, topic, hear, clock=clock, tries_max=1)
    with pytest.raises(psycopg.errors.DiskFull):
        await relay.run_once()
    await relay_all(relay)

    assert ["a", "b", "a", "b"] == tried
    assert 0 == await waiting(own, topic)


async def test_a_parked_event_can_be_given_to_the_relay_again(own: Database) -> None:
    clock, ids = FixedClock(), SeededIds()
    topic = a_topic(ids)
    works = False

    async def hear(_: Connection, __: Event) -> None:
        assert works

    relay = hearing(own, topic, hear, clock=clock, tries_max=1)
    (event_id,) = await publish(own, topic, {}, ids=ids, clock=clock)
    await relay_all(relay)
    works = True
    async with own.transaction() as conn:
        assert await outbox.unpark(conn, id=event_id)
        assert not await outbox.unpark(conn, id=event_id)
    await relay_all(relay)
    assert await waiting(own, topic) == 0


async def test_only_one_relay_works_at_a_time(own: Database) -> None:
    clock, ids = FixedClock(), SeededIds()
    topic = a_topic(ids)
    counts: list[int] = []
    second = a_relay(own, topic, clock=clock)

    async def hear(_: Connection, __: Event) -> None:
        counts.append(await second.run_once())

    await publish(own, topic, {}, ids=ids, clock=clock)
    await relay_all(hearing(own, topic, hear, clock=clock))
    assert counts == [0]


async def test_effects_are_exactly_once_when_the_relay_is_killed_in_the_middle(own: Database) -> None:
    clock, ids = FixedClock(), SeededIds()
    topic = a_topic(ids)
    await publish(own, topic, {}, ids=ids, clock=clock)
    address = [own.address.conninfo, own.address.serving_conninfo or ""]
    with a_python_process("tests.support.relay_child", topic, *address) as child:
        assert next_line(child) == "effect written, not committed"
        child.kill()
        child.wait()

    async def count(conn: Connection, _: Event) -> None:
        await versions.bump(conn, subject=topic)

    relay = hearing(own, topic, count, clock=clock)
    await relay_until_gone(own, relay, topic)
    async with own.transaction() as conn:
        assert (await versions.read_all(conn))[topic] == 1


async def test_a_batch_publishes_and_reads_versions_in_its_pipeline(own: Database) -> None:
    clock, ids = FixedClock(), SeededIds()
    topic = a_topic(ids)
    async with own.transaction() as conn:
        await versions.bump(conn, subject=topic)
        assert await versions.bump(conn, subject=topic) == 2
    batch = await BatchConnection.over(await own.connect_serving())
    event = outbox.publishing(id=ids.new(), topic=topic, payload={"taps": [1, 2]}, now=clock.now())
    read, _ = await batch.run([versions.reading(), event])
    await batch.close()
    heard: list[Event] = []

    async def hear(_: Connection, event: Event) -> None:
        heard.append(event)

    await relay_all(hearing(own, topic, hear, clock=clock))
    assert (topic, 2) in read.rows
    assert [(event.payload, event.made_at) for event in heard] == [({"taps": [1, 2]}, clock.now())]
