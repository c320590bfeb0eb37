"""What a terminal is told of a person, and what the resident reads of it."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.support.builders.counter import CounterWorld
from tests.support.builders.follow_ups import confirmed, id_of, polled
from tests.support.world import NOON
from yikatong.cards import service as cards
from yikatong.kernel.ids import show_id
from yikatong.notices import service as notices
from yikatong.notices.model import PARAM_LENGTH_MAX, Template
from yikatong.notices.rules import verify_params
from yikatong.taps.model import Outcome
from yikatong.taps.told import draft_of

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


async def test_a_payment_and_what_its_resident_is_told_of_it_are_one(world: CounterWorld) -> None:
    phone = await world.a_phone(purse_fen=5_000)

    await world.tap(world.answered(phone, amount_fen=1_200))
    refused = await world.tap(world.answered(phone, amount_fen=9_000))
    async with world.db.transaction() as conn:
        heard = await world.cards(conn).heard_by(phone.resident)

    assert Outcome.REFUSED is refused.outcome
    assert ["tap_paid"] == [template for template in heard if template.startswith("tap_")]


async def test_a_name_longer_than_a_notice_takes_is_cut(world: CounterWorld) -> None:
    await world.a_phone()
    long_named = replace(world.provider, name_en="Canteen " * 40)
    snapshot = replace(world.caches.snapshot, providers={long_named.id.int: long_named})

    draft = draft_of(
        Template.TAP_PAID,
        snapshot,
        resident_id=long_named.id,
        provider_id=long_named.id,
        now=NOON,
        item=world.meal.code,
        amount_fen=1,
    )

    assert draft is not None
    assert PARAM_LENGTH_MAX == len(str(draft.params["place_en"]))
    assert draft.params == verify_params(draft.params, words=notices.read_templates()[Template.TAP_PAID])
