"""Signing in with a password: counted, locked, and the same answer for everyone who may not."""

from datetime import datetime, timedelta

import pytest

from tests.support.builders.access import PASSWORD
from tests.support.world import NOON, SeededIds, a_region_code
from yikatong.access import service
from yikatong.access.model import OpenedSession, Reason
from yikatong.kernel import outcomes
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.database import Connection, Database
from yikatong.plumbing.http import CallerKind

pytestmark = pytest.mark.anyio


async def sign_in(
    conn: Connection,
    region: str,
    *,
    login_name: str = "li.na",
    password: str = PASSWORD,
    new_password: str | None = None,
    kind: CallerKind = CallerKind.OPERATOR,
    now: datetime = NOON,
) -> OpenedSession | outcomes.Reason:
    """Sign in; a returned refusal is given as its reason."""
    outcome = await service.sign_in(
        conn,
        kind=kind,
        region=region,
        login_name=login_name,
        password=password,
        new_password=new_password,
        now=now,
        ids=SeededIds(),
    )
    return outcome.reason if isinstance(outcome, Refused) else outcome


async def li_na(conn: Connection, region: str, *, password_is_first: bool = False) -> None:
    """An operator of a region who signs in as li.na."""
    await service.create_operator(
        conn,
        region=region,
        login_name="li.na",
        display_name="李娜",
        password=PASSWORD,
        password_is_first=password_is_first,
        now=NOON,
        ids=SeededIds(),
    )


async def test_an_operator_signs_in_and_calls_with_the_session(db: Database) -> None:
    region = a_region_code()
    async with db.transaction() as conn:
        await li_na(conn, region)
        session = await sign_in(conn, region)

        assert isinstance(session, OpenedSession)
        assert CallerKind.OPERATOR is (await service.authenticate(conn, token=session.token, now=NOON)).kind


async def test_a_member_of_staff_signs_in_with_the_provider_s_rights(db: Database) -> None:
    region, ids = a_region_code(), SeededIds()
    async with db.transaction() as conn:
        provider_id = ids.new()
        await service.create_staff_member(
            conn,
            region=region,
            provider_id=provider_id,
            place_id=None,
            login_name="li.na",
            display_name="李娜",
            permissions=["taps.refund"],
            password=PASSWORD,
            now=NOON,
            ids=ids,
        )
        session = await sign_in(conn, region, kind=CallerKind.STAFF)
        assert isinstance(session, OpenedSession)
        caller = await service.authenticate(conn, token=session.token, now=NOON)

    assert (provider_id, frozenset({"taps.refund"})) == (caller.provider_id, caller.permissions)


async def test_unknown_name_wrong_password_and_suspended_account_are_told_the_same(db: Database) -> None:
    region = a_region_code()
    async with db.transaction() as conn:
        await li_na(conn, region)
        (operator,) = await service.list_operators(conn, region=region, after="", limit=10)

        assert Reason.SIGN_IN_FAILED is await sign_in(conn, region, login_name="nobody")
        assert Reason.SIGN_IN_FAILED is await sign_in(conn, region, password="wrong")
        await service.set_operator_suspended(
            conn, operator_id=operator.operator_id, region=region, suspended=True, now=NOON
        )
        assert Reason.SIGN_IN_FAILED is await sign_in(conn, region)


async def test_five_failures_lock_even_the_right_password_for_fifteen_minutes(db: Database) -> None:
    region = a_region_code()
    async with db.transaction() as conn:
        await li_na(conn, region)
        for _ in range(5):
            assert Reason.SIGN_IN_FAILED is await sign_in(conn, region, password="wrong")

        assert Reason.SIGN_IN_IS_LOCKED is await sign_in(conn, region)
        assert isinstance(await sign_in(conn, region, now=NOON + timedelta(minutes=15)), OpenedSession)


async def test_a_success_begins_the_count_of_failures_anew(db: Database) -> None:
    region = a_region_code()
    async with db.transaction() as conn:
        await li_na(conn, region)
        for _ in range(2):
            for _ in range(4):
                await sign_in(conn, region, password="wrong")
            assert isinstance(await sign_in(conn, region), OpenedSession)


async def test_a_first_password_serves_only_to_choose_another(db: Database) -> None:
    region = a_region_code()
    async with db.transaction() as conn:
        await li_na(conn, region, password_is_first=True)
        with pytest.raises(Refused) as refused:
            await sign_in(conn, region)
        assert Reason.PASSWORD_MUST_BE_CHANGED is refused.value.reason

        assert isinstance(await sign_in(conn, region, new_password="another-long-password"), OpenedSession)
        assert Reason.SIGN_IN_FAILED is await sign_in(conn, region)
        assert isinstance(await sign_in(conn, region, password="another-long-password"), OpenedSession)


@pytest.mark.parametrize("password_is_first", [True, False])
async def test_a_password_is_not_changed_to_itself(db: Database, password_is_first: bool) -> None:
    region = a_region_code()
    async with db.transaction() as conn:
        await li_na(conn, region, password_is_first=password_is_first)
        with pytest.raises(Refused) as refused:
            await sign_in(conn, region, new_password=PASSWORD)
        assert Reason.NEW_PASSWORD_IS_THE_OLD_ONE is refused.value.reason

        (operator,) = await service.list_operators(conn, region=region, after="", limit=10)
        assert password_is_first is operator.password_is_first


async def test_whoever_does_not_know_the_password_is_not_told_that_the_new_one_is_it(db: Database) -> None:
    region = a_region_code()
    async with db.transaction() as conn:
        await li_na(conn, region)

        assert Reason.SIGN_IN_FAILED is await sign_in(conn, region, password="wrong", new_password=PASSWORD)
        assert Reason.SIGN_IN_FAILED is await sign_in(conn, region, password="wrong", new_password="wrong")


async def test_a_member_of_staff_does_not_change_a_password_to_itself(db: Database) -> None:
    region, ids = a_region_code(), SeededIds()
    async with db.transaction() as conn:
        await service.create_staff_member(
            conn,
            region=region,
            provider_id=ids.new(),
            place_id=None,
            login_name="li.na",
            display_name="李娜",
            permissions=[],
            password=PASSWORD,
            password_is_first=True,
            now=NOON,
            ids=ids,
        )
        with pytest.raises(Refused) as refused:
            await sign_in(conn, region, new_password=PASSWORD, kind=CallerKind.STAFF)

    assert Reason.NEW_PASSWORD_IS_THE_OLD_ONE is refused.value.reason


async def test_a_login_name_is_taken_once_in_a_region(db: Database) -> None:
    region = a_region_code()
    async with db.transaction() as conn:
        await li_na(conn, region)
        await li_na(conn, a_region_code())
        with pytest.raises(Refused) as refused:
            await li_na(conn, region)

    assert Reason.LOGIN_NAME_IS_TAKEN is refused.value.reason


async def test_a_region_begins_once_with_a_first_operator_who_may_do_everything(db: Database) -> None:
    region = a_region_code()
    async with db.transaction() as conn:
        first = await service.begin_region(conn, region=region, now=NOON, ids=SeededIds())
        again = await service.begin_region(conn, region=region, now=NOON, ids=SeededIds())

        assert first is not None
        assert again is None
        assert frozenset({"*"}) == (await service.authenticate(conn, token=first.token, now=NOON)).permissions
        session = await sign_in(
            conn, region, login_name=first.login_name, password=first.password, new_password="another-long-password"
        )
        assert isinstance(session, OpenedSession)
