"""The life of a card by the use cases, on the database."""

from datetime import date

import pytest

from tests.support.builders.cards import A_BANK, CardWorld, key_of
from yikatong.cards import service as cards
from yikatong.cards.model import (
    BalanceGoes,
    CancellationReason,
    CardState,
    ECardState,
    Reason,
    RegionRule,
    ReplacementReason,
    ResidentStatus,
)
from yikatong.kernel.outcomes import Change, Refused
from yikatong.plumbing.database import Database

pytestmark = pytest.mark.anyio


async def test_a_card_is_applied_for_made_handed_out_and_activated(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_resident()
        await world.applied(resident)
        assert CardState.MAKING is (await world.card_of(resident)).state

        chips = await world.made()
        made = await world.card_of(resident)
        assert CardState.SEALED is made.state
        assert made.card_number is not None
        assert chips[made.card_number].public_key == made.chip_key

        assert CardState.ACTIVE is (await world.activated(resident)).state


async def test_a_command_twice_is_already_so_and_leaves_one_event(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_card_holder()
        answers = [
            await cards.report_temporary_loss(
                conn,
                **key_of(resident),
                **world.step(),
            )
            for _ in range(2)
        ]
        events = await cards.list_card_events(
            conn,
            **key_of(resident),
        )

    assert [Change.DONE, Change.ALREADY_SO] == answers
    assert ["make", "seal", "activate", "report_temporary_loss"] == [event.command.value for event in events]


async def test_every_command_adds_one_to_the_gate_even_when_already_so(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_card_holder()
        before = await cards.get_gate(
            conn,
            **key_of(resident),
        )
        await world.activated(resident)
        after = await cards.get_gate(
            conn,
            **key_of(resident),
        )

    assert before.version + 1 == after.version


async def test_the_e_card_follows_its_card_at_once_and_comes_back_only_when_associated(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_card_holder()
        await world.with_e_card(resident)
        key = key_of(resident)

        async def state() -> ECardState:
            e_card = await cards.find_e_card(conn, **key)
            return cards.state_of(e_card, await world.card_of(resident))

        assert ECardState.SIGNED_L1 is await state()
        await cards.report_temporary_loss(conn, **key, **world.step())
        assert ECardState.SUSPENDED is await state()
        await cards.release_loss(conn, **key, **world.step())
        assert ECardState.SUSPENDED is await state()
        assert Change.DONE is await cards.associate(conn, now=world.now, **key)
        assert ECardState.SIGNED_L1 is await state()
        assert Change.ALREADY_SO is await cards.associate(conn, now=world.now, **key)


async def test_a_formal_loss_is_released_only_where_the_region_says_so(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_card_holder()
        key = key_of(resident)
        step = world.step()
        await cards.report_formal_loss(conn, **key, **step)

        with pytest.raises(Refused, match="FORMAL_LOSS_CANNOT_BE_UNDONE"):
            await cards.release_loss(conn, **key, **step)
        await cards.put_region_rule(conn, region=world.region, rule=RegionRule(formal_loss_can_be_released=True))
        assert Change.DONE is await cards.release_loss(conn, **key, **step)


async def test_a_lost_card_is_replaced_at_once_and_the_old_number_leads_to_a_cancelled_card(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_card_holder()
        old = await world.card_of(resident)
        key = key_of(resident)
        step = world.step()
        await cards.report_formal_loss(conn, **key, **step)
        replaced = await cards.replace_card(conn, why=ReplacementReason.OTHER, has_photo=False, **key, **step)
        await world.made()
        new = await world.activated(resident)
        assert old.card_number is not None
        found = await cards.find_card_by_number(
            conn, region=world.region, card_number=old.card_number, bucket_count=world.terms.bucket_count
        )

    assert (old.id, new.id) == (replaced.old_card_id, replaced.new_card_id)
    assert old.id == new.replaces_card_id
    assert found is not None
    assert CardState.CANCELLED is found.state
    assert old.card_number != new.card_number


async def test_a_young_card_in_order_is_not_replaced(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_card_holder()
        with pytest.raises(Refused, match="REPLACEMENT_IS_TOO_SOON"):
            await cards.replace_card(
                conn,
                **key_of(resident),
                why=ReplacementReason.DAMAGED,
                has_photo=False,
                **world.step(),
            )


async def test_death_ends_card_e_card_and_devices_and_leaves_the_money_to_the_heirs(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_card_holder()
        await world.enrolled(resident)
        await world.with_bank(resident)
        key = key_of(resident)
        ended = await cards.cancel_card(
            conn,
            why=CancellationReason.DEATH,
            **key,
            **world.step(),
        )
        devices = await cards.list_devices(conn, **key)

        assert (Change.DONE, BalanceGoes.TO_THE_HEIR) == (ended.change, ended.balance)
        assert ResidentStatus.DEAD is (await cards.get_resident(conn, **key)).status
        assert (await cards.find_e_card(conn, **key)) is None
        assert [world.now] == [device.revoked_at for device in devices]
        with pytest.raises(Refused, match="RESIDENT_IS_DECEASED"):
            await world.applied(resident)


async def test_one_person_does_not_hold_two_cards(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_resident()
        await world.applied(resident)
        with pytest.raises(Refused) as refused:
            await world.applied(resident)

    assert Reason.RESIDENT_ALREADY_HOLDS_A_CARD is refused.value.reason


async def test_a_child_gets_a_first_card_only_through_a_recorded_guardian(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        mother = await world.a_resident()
        child = await world.a_resident(born_on=date(2016, 3, 1), name="王小小")
        with pytest.raises(Refused, match="GUARDIAN_MUST_APPLY"):
            await world.applied(child, guardian_id=mother.resident_id)
        await world.guarded(child, by=mother)
        await world.applied(child, guardian_id=mother.resident_id)
        assert A_BANK == (await world.card_of(child)).bank_code
