"""Level 2 needs an account of the card's bank, and no account number is kept."""

import pytest

from tests.support.builders.cards import A_BANK_CARD, ABank, CardWorld, key_of
from yikatong.cards import service as cards
from yikatong.cards.model import ReplacementReason
from yikatong.cards.outside import AccountVerdict
from yikatong.kernel.identifiers.bank_card import make_bank_card_number
from yikatong.kernel.outcomes import Change, Refused
from yikatong.plumbing.database import Database

pytestmark = pytest.mark.anyio


async def test_binding_signs_level_two_and_unbinding_level_one(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_card_holder()
        await world.with_e_card(resident)
        await world.with_bank(resident)
        bound = await cards.get_holder(conn, **key_of(resident), on=world.now.date())
        unbinding = await cards.unbind_bank(conn, **key_of(resident), now=world.now)
        unbound = await cards.get_holder(conn, **key_of(resident), on=world.now.date())

    assert (2, "102") == (bound.e_card_level, bound.bank_code)
    assert bound.bank_token is not None
    assert A_BANK_CARD not in bound.bank_token
    assert Change.DONE is unbinding
    assert (1, None, None) == (unbound.e_card_level, unbound.bank_code, unbound.bank_token)


async def test_the_same_account_again_is_already_so_and_another_takes_its_place(db: Database) -> None:
    other = make_bank_card_number("621700123456789999")
    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_card_holder()
        await world.with_e_card(resident)
        answers = [
            await cards.bind_bank(
                conn,
                **key_of(resident),
                bank_card_number=number,
                phone="13800000000",
                bank=world.bank,
                vault=world.vault,
                now=world.now,
                ids=world.ids,
            )
            for number in (A_BANK_CARD, A_BANK_CARD, other)
        ]
        binding = await cards.find_bank_binding(conn, **key_of(resident))

    assert [Change.DONE, Change.ALREADY_SO, Change.DONE] == answers
    assert binding is not None
    assert other[-4:] == binding.tail


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [
        (AccountVerdict.NOT_THE_HOLDERS, "BANK_ACCOUNT_IS_NOT_THE_HOLDERS"),
        (AccountVerdict.NOT_ACTIVE, "BANK_ACCOUNT_IS_NOT_ACTIVE"),
        (AccountVerdict.ANOTHER_PHONE, "BANK_PHONE_IS_NOT_IN_USE"),
    ],
)
async def test_what_the_bank_does_not_confirm_is_not_bound(db: Database, verdict: AccountVerdict, reason: str) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        world.bank = ABank(verdict)
        resident = await world.a_card_holder()
        await world.with_e_card(resident)
        with pytest.raises(Refused, match=reason):
            await world.with_bank(resident)
        assert await cards.find_bank_binding(conn, **key_of(resident)) is None


async def test_without_an_e_card_and_while_it_is_suspended_nothing_is_bound(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_card_holder()
        with pytest.raises(Refused, match="ECARD_IS_NOT_ISSUED"):
            await world.with_bank(resident)
        await world.with_e_card(resident)
        await cards.lock_card(conn, **key_of(resident), reason="test", **world.step())
        with pytest.raises(Refused, match="CARD_IS_LOCKED"):
            await world.with_bank(resident)
        await cards.unlock_card(conn, **key_of(resident), reason="test", **world.step())
        with pytest.raises(Refused, match="ECARD_IS_SUSPENDED"):
            await world.with_bank(resident)


@pytest.mark.parametrize(("bank_code", "level"), [(None, 2), ("103", 1)])
async def test_a_new_card_keeps_the_account_only_if_it_is_of_the_same_bank(
    db: Database, bank_code: str | None, level: int
) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_card_holder()
        await world.with_e_card(resident)
        await world.with_bank(resident)
        await cards.report_formal_loss(conn, **key_of(resident), **world.step())
        await cards.replace_card(
            conn,
            **key_of(resident),
            why=ReplacementReason.OTHER,
            has_photo=False,
            bank_code=bank_code,
            **world.step(),
        )
        await world.made()
        await world.activated(resident)
        with pytest.raises(Refused, match="ECARD_IS_SUSPENDED"):
            await world.with_bank(resident)
        await cards.associate(conn, **key_of(resident), now=world.now)
        e_card = await cards.get_e_card(conn, **key_of(resident))

    assert level == e_card.level
