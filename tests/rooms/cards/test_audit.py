"""The audit of cards names what is wrong, and only that."""

import pytest

from tests.support.builders.cards import CardWorld, key_of
from yikatong.cards import audit
from yikatong.cards import service as cards
from yikatong.cards.model import ReplacementReason
from yikatong.kernel.ids import show_id
from yikatong.plumbing.database import Database

pytestmark = pytest.mark.anyio


class UndoneError(Exception):
    """Rolls a test's damage back, so that other tests' audits do not see it."""


async def test_a_life_lived_by_the_use_cases_leaves_no_difference(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_card_holder()
        await world.enrolled(resident)
        await world.with_bank(resident)
        await cards.report_formal_loss(conn, **key_of(resident), **world.step())
        await cards.replace_card(conn, why=ReplacementReason.OTHER, has_photo=True, **key_of(resident), **world.step())
        erased = await world.a_card_holder(name="李四")
        await cards.erase_person(conn, **key_of(erased), vault=world.vault, now=world.now)
        about = {show_id("e_card", (await cards.get_e_card(conn, **key_of(resident))).id)}
        for it in (resident, erased):
            events = await cards.list_card_events(conn, **key_of(it))
            about |= {show_id("resident", it.resident_id)} | {show_id("card", event.card_id) for event in events}
        assert 6 == len(about)

        assert [] == [line for line in await audit.audit(conn) if any(name in line for name in about)]


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (
            "UPDATE cards.card SET state = 'locked' WHERE id = %(card)s",
            "is locked since version 4, its last event says active since 4",
        ),
        (
            "UPDATE cards.card SET state_version = 99 WHERE id = %(card)s",
            "is active since version 99, its last event says active since 4",
        ),
        (
            "UPDATE cards.card_event SET state_before = 'locked' WHERE card_id = %(card)s AND command = 'activate'",
            "begins at locked, the one before ended at sealed",
        ),
        (
            "UPDATE cards.card_event SET command = 'unlock' WHERE card_id = %(card)s AND command = 'seal'",
            "went from making to sealed by unlock, which no rule allows",
        ),
        ("UPDATE cards.e_card SET level = 2 WHERE resident_id = %(resident)s", "is of level 2 without a bound"),
        (
            "UPDATE cards.e_card SET card_id = resident_id WHERE resident_id = %(resident)s",
            "is of no card of its holder",
        ),
        ("DELETE FROM cards.person WHERE resident_id = %(resident)s", "has no personal row"),
        ("DELETE FROM cards.resident WHERE id = %(resident)s", "who is not registered"),
        ("DELETE FROM cards.id_mark WHERE resident_id = %(resident)s", "has 0 ID marks"),
        ("DELETE FROM cards.gate WHERE resident_id = %(resident)s", "has no gate"),
        ("DELETE FROM cards.card_number WHERE card_id = %(card)s", "is nobody's"),
    ],
)
async def test_what_was_done_past_the_use_cases_is_named(db: Database, damage: str, says: str) -> None:
    found: list[str] = []
    with pytest.raises(UndoneError):
        async with db.owner_transaction() as conn:
            world = CardWorld(conn)
            resident = await world.a_card_holder()
            await world.with_e_card(resident)
            card = await world.card_of(resident)
            e_card = await cards.get_e_card(conn, **key_of(resident))
            about = [
                show_id("resident", resident.resident_id), show_id("card", card.id), show_id("e_card", e_card.id)
            ]  # fmt: skip
            await conn.execute(damage.encode(), {"card": card.id, "resident": resident.resident_id})
            found = [line for line in await audit.audit(conn) if any(name in line for name in about)]
            raise UndoneError

    assert any(says in line for line in found), found
