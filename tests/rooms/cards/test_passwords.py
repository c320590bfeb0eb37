"""The six-digit password: which may be set, and how attempts are counted."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders.cards import PASSWORD, CardWorld, key_of
from yikatong.cards import service as cards
from yikatong.cards.model import ECard, Reason
from yikatong.cards.rules.passwords import FAILURES_MAX, decide_password
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.database import Database

ID_NUMBER = "990101199003070015"


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        ("274813", None),
        ("27481", Reason.PASSWORD_IS_NOT_SIX_DIGITS),
        ("2748131", Reason.PASSWORD_IS_NOT_SIX_DIGITS),
        ("27481a", Reason.PASSWORD_IS_NOT_SIX_DIGITS),
        ("２７４８１３", Reason.PASSWORD_IS_NOT_SIX_DIGITS),
        ("27481²", Reason.PASSWORD_IS_NOT_SIX_DIGITS),
        ("", Reason.PASSWORD_IS_NOT_SIX_DIGITS),
        ("123456", Reason.PASSWORD_IS_CONSECUTIVE),
        ("654321", Reason.PASSWORD_IS_CONSECUTIVE),
        ("789012", Reason.PASSWORD_IS_CONSECUTIVE),
        ("210987", Reason.PASSWORD_IS_CONSECUTIVE),
        ("111111", Reason.PASSWORD_IS_REPEATED),
        ("272727", Reason.PASSWORD_IS_REPEATED),
        ("274274", Reason.PASSWORD_IS_REPEATED),
        ("900307", Reason.PASSWORD_IS_TAKEN_FROM_ID_NUMBER),
        ("990101", Reason.PASSWORD_IS_TAKEN_FROM_ID_NUMBER),
        ("070015", Reason.PASSWORD_IS_TAKEN_FROM_ID_NUMBER),
        ("703009", Reason.PASSWORD_IS_TAKEN_FROM_ID_NUMBER),
        ("123457", None),
        ("112233", None),
    ],
)
def test_a_password_is_refused_for_the_first_rule_it_breaks(password: str, expected: Reason | None) -> None:
    assert expected is decide_password(password, id_number=ID_NUMBER)


@given(st.text() | st.text(alphabet="0123456789a²２", min_size=5, max_size=7))
def test_whatever_is_typed_that_is_not_six_digits_is_refused_as_that(password: str) -> None:
    is_six_digits = re.fullmatch("[0-9]{6}", password) is not None
    answer = decide_password(password, id_number=ID_NUMBER)

    assert is_six_digits is (answer is not Reason.PASSWORD_IS_NOT_SIX_DIGITS)


@pytest.mark.anyio
async def test_after_six_wrong_attempts_even_the_right_password_is_refused(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_card_holder()
        await world.with_e_card(resident)

        wrong = [await world.proved(resident, "000001") for _ in range(FAILURES_MAX)]
        locked = await world.proved(resident)

        assert [Reason.PASSWORD_IS_WRONG] * 6 == [it.reason for it in wrong if isinstance(it, Refused)]
        assert isinstance(locked, Refused)
        assert Reason.PASSWORD_IS_LOCKED is locked.reason
        await cards.set_password(conn, **key_of(resident), password="582914", vault=world.vault)
        assert isinstance(await world.proved(resident, "582914"), ECard)


@pytest.mark.anyio
@pytest.mark.parametrize("wrong_attempts", [0, FAILURES_MAX])
async def test_a_password_is_not_changed_to_itself_even_to_unlock_it(db: Database, wrong_attempts: int) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_card_holder()
        await world.with_e_card(resident)
        for _ in range(wrong_attempts):
            await world.proved(resident, "000001")
        with pytest.raises(Refused, match="PASSWORD_IS_THE_SAME_AS_BEFORE"):
            await cards.set_password(conn, **key_of(resident), password=PASSWORD, vault=world.vault)

        e_card = await cards.get_e_card(conn, **key_of(resident))
        assert wrong_attempts == e_card.password_failures


@pytest.mark.anyio
async def test_a_right_password_forgets_the_wrong_ones_before_it(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_card_holder()
        await world.with_e_card(resident)
        for password in ["000001"] * 5 + [PASSWORD] + ["000001"] * 5:
            await world.proved(resident, password)
        proved = await world.proved(resident)

    assert isinstance(proved, ECard)


@pytest.mark.anyio
async def test_an_e_card_is_not_issued_with_a_password_from_the_id_number(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await world.a_card_holder()
        person = await cards.view_person(conn, **key_of(resident), vault=world.vault)
        with pytest.raises(Refused, match="PASSWORD_IS_TAKEN_FROM_ID_NUMBER"):
            await world.with_e_card(resident, password=person.id_number[8:14])
