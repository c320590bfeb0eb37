"""What a terminal is told of a person, and what the resident reads of it."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.support.builders.counter import CounterWorld
from tests.support.builders.follow_ups import confirmed, id_of, polled
from yikatong.cards import service as cards
from yikatong.kernel.ids import show_id
from yikatong.taps.model import Outcome

pytestmark = pytest.mark.anyio


async def test_a_bare_code_proves_presence_and_tells_only_what_is_asked_for(world: CounterWorld) -> None:
    phone = await world.a_phone()

    receipt = await world.tap(world.shown(phone, learn=("name_masked",)))

    assert Outcome.ADMITTED is receipt.outcome
    assert {"name_masked": "王**"} == receipt.learned
    assert "王小明" not in str(receipt)


async def test_a_resident_reads_which_terminals_learned_something_and_of_what_kind(world: CounterWorld) -> None:
    phone, stranger = await world.a_phone(), await world.a_phone()
    await world.tap(world.shown(phone))
    receipt = await world.tap(world.shown(phone, learn=("name_masked",)))

    async with world.db.transaction() as conn:
        told = await world.follow_ups.list_told(conn, resident_id=phone.resident.resident_id)
        told_of_stranger = await world.follow_ups.list_told(conn, resident_id=stranger.resident.resident_id)

    assert [receipt.tap] == [show_id("tap", row.id) for row in told]
    assert [["name_masked"]] == [list(row.learned) for row in told]
    assert [] == told_of_stranger


async def test_a_terminal_whose_tap_waited_is_told_when_it_asks_how_the_tap_stands_and_nobody_else_is(
    world: CounterWorld,
) -> None:
    phone = await world.a_phone(purse_fen=20_000)
    waiting = await world.tap(world.answered(phone, amount_fen=15_000, learn=("name_masked",)))
    neighbour = await world.another_till()

    to_resident = await confirmed(world, phone, id_of(waiting), amount_fen=15_000)
    async with world.db.transaction() as conn:
        told = await world.follow_ups.list_told(conn, resident_id=phone.resident.resident_id)
    by_till, by_neighbour = await polled(world, id_of(waiting)), await polled(world, id_of(waiting), by=neighbour)

    assert {} == waiting.learned
    assert [("admitted", ["name_masked"])] == [(to_resident.outcome.value, list(row.learned)) for row in told]
    assert {"name_masked": "王**"} == by_till.learned
    assert [{}, {}] == [to_resident.learned, by_neighbour.learned]
    assert to_resident == by_neighbour == replace(by_till, learned={})


async def test_a_repetition_that_can_no_longer_be_read_is_told_what_the_first_answer_told(world: CounterWorld) -> None:
    phone, operator = await world.a_phone(), await world.an_operator()
    body = await world.attested(phone, by=operator, item=world.entry, learn=("name_masked",))
    first = await world.tap(body)

    world.clock.advance(timedelta(minutes=2))
    again = await world.tap(body)

    assert {"name_masked": "王**"} == again.learned
    assert first == again


async def test_of_a_person_erased_since_a_terminal_is_told_nothing_and_keeps_its_receipt(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=20_000)
    waiting = await world.tap(world.answered(phone, amount_fen=15_000, learn=("name_masked",)))
    ended = await confirmed(world, phone, id_of(waiting), amount_fen=15_000)
    async with world.db.transaction() as conn:
        await cards.erase_person(
            conn,
            bucket=phone.resident.bucket,
            resident_id=phone.resident.resident_id,
            vault=world.vault,
            now=world.clock.now(),
        )

    assert ended == await polled(world, id_of(waiting))
