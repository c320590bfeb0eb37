"""Keys and sessions: found by their token, refused by name, gone when revoked."""

from datetime import timedelta

import pytest

from tests.support.builders.access import a_terminal, a_wallet, an_operator
from tests.support.world import NOON, SeededIds, a_region_code
from yikatong.access import service
from yikatong.access.model import Authenticated, Reason
from yikatong.kernel import outcomes
from yikatong.kernel.outcomes import Change, Refused
from yikatong.plumbing import versions
from yikatong.plumbing.database import Connection, Database
from yikatong.plumbing.http import CallerKind

pytestmark = pytest.mark.anyio


async def reason_for(conn: Connection, token: str, *, later: timedelta = timedelta(0)) -> outcomes.Reason:
    """Why a token is refused."""
    with pytest.raises(Refused) as refused:
        await service.authenticate(conn, token=token, now=NOON + later)
    return refused.value.reason


async def test_a_terminal_s_key_stands_for_the_terminal_its_provider_and_its_place(db: Database) -> None:
    provider_id, region = SeededIds().new(), a_region_code()
    async with db.transaction() as conn:
        known = await a_terminal(conn, region=region, provider_id=provider_id)

    assert CallerKind.TERMINAL is known.caller.kind
    assert (region, provider_id) == (known.caller.region, known.caller.provider_id)


async def test_the_table_holds_no_token(db: Database) -> None:
    async with db.transaction() as conn:
        known = await a_terminal(conn)
        secret = known.token.rpartition("_")[2]
        found = await (
            await conn.execute("SELECT count(*) FROM access.credential AS c WHERE c::text LIKE %s", [f"%{secret}%"])
        ).fetchone()

    assert (0,) == found


async def test_another_secret_under_a_known_key_id_is_unknown(db: Database) -> None:
    async with db.transaction() as conn:
        token = (await a_terminal(conn)).token

        assert Reason.KEY_IS_UNKNOWN is await reason_for(conn, token[:-1] + ("A" if token[-1] != "A" else "B"))


async def test_a_key_that_ended_says_so(db: Database) -> None:
    async with db.transaction() as conn:
        known = await a_terminal(conn, expires_at=NOON + timedelta(days=1))

        assert Reason.KEY_HAS_EXPIRED is await reason_for(conn, known.token, later=timedelta(days=1))


async def test_revoking_a_subject_s_keys_counts_at_once_and_moves_the_version_on(db: Database) -> None:
    async with db.transaction() as conn:
        known = await a_terminal(conn)
        before = (await versions.read_all(conn)).get(service.VERSION_SUBJECT, 0)
        revoked = await service.revoke_keys_of(conn, subject_id=known.caller.id, now=NOON)
        after = (await versions.read_all(conn))[service.VERSION_SUBJECT]

        assert (1, before + 1) == (revoked, after)
        assert Reason.KEY_IS_REVOKED is await reason_for(conn, known.token)
        assert 0 == await service.revoke_keys_of(conn, subject_id=known.caller.id, now=NOON)


async def test_a_rotated_key_has_the_old_one_s_rights_and_the_old_one_none(db: Database) -> None:
    async with db.transaction() as conn:
        known = await a_terminal(conn, expires_at=NOON + timedelta(days=30))
        (old,) = await service.list_keys(
            conn, region=known.caller.region, subject_id=known.caller.id, after=None, limit=10
        )
        later = NOON + timedelta(days=10)
        issued = await service.rotate_key(
            conn, key_id=old.key_id, region=known.caller.region, now=later, ids=SeededIds()
        )
        fresh = await service.get_key(conn, key_id=issued.key_id, region=known.caller.region)

        assert known.caller == await service.authenticate(conn, token=issued.token, now=later)
        assert later + timedelta(days=30) == fresh.expires_at
        assert Reason.KEY_IS_REVOKED is await reason_for(conn, known.token)


async def test_a_key_of_another_region_is_unknown_to_whoever_revokes(db: Database) -> None:
    async with db.transaction() as conn:
        known = await a_terminal(conn)
        (key,) = await service.list_keys(conn, region=known.caller.region, subject_id=None, after=None, limit=10)
        with pytest.raises(Refused) as refused:
            await service.revoke_key(conn, key_id=key.key_id, region=a_region_code(), now=NOON)

    assert Reason.ACCESS_KEY_ID_IS_UNKNOWN is refused.value.reason


async def test_an_operator_s_rights_are_those_of_the_roles_held_at_each_call(db: Database) -> None:
    async with db.transaction() as conn:
        known = await an_operator(conn, permissions=["desk.serve"], divisions=("500116",))
        (role,) = await service.list_granted_roles(conn, operator_id=known.caller.id)

        assert (frozenset({"desk.serve"}), ("500116",)) == (known.caller.permissions, known.caller.divisions)

        await service.withdraw_role(conn, operator_id=known.caller.id, region=known.caller.region, name=role.name)
        after = await service.authenticate(conn, token=known.token, now=NOON)
        assert frozenset() == after.permissions


async def test_a_session_that_is_used_outlives_its_idle_time(db: Database) -> None:
    async with db.transaction() as conn:
        known = await an_operator(conn)
        for minutes in (20, 40, 60):
            await service.authenticate(conn, token=known.token, now=NOON + timedelta(minutes=minutes))

        assert Reason.SESSION_HAS_ENDED is await reason_for(conn, known.token, later=timedelta(minutes=90))


async def test_a_session_ends_by_sign_out_and_a_second_sign_out_is_already_so(db: Database) -> None:
    async with db.transaction() as conn:
        known = await a_wallet(conn)

        assert Change.DONE is await service.end_session(conn, caller=known.caller, now=NOON)
        assert Change.ALREADY_SO is await service.end_session(conn, caller=known.caller, now=NOON)
        assert Reason.SESSION_HAS_ENDED is await reason_for(conn, known.token)


async def test_a_suspended_operator_is_out_at_once(db: Database) -> None:
    async with db.transaction() as conn:
        known = await an_operator(conn)
        change = await service.set_operator_suspended(
            conn, operator_id=known.caller.id, region=known.caller.region, suspended=True, now=NOON
        )

        assert Change.DONE is change
        assert Reason.SESSION_HAS_ENDED is await reason_for(conn, known.token)


def cached(known: Authenticated) -> tuple[service.CallerCache, bytes]:
    cache, digest = service.CallerCache(), service.digest_of("token")
    cache.forget_all_if(1)
    cache.put(digest, known, version=1)
    return cache, digest


async def test_the_cache_forgets_everyone_when_the_version_moves_on(db: Database) -> None:
    async with db.transaction() as conn:
        known = await service.authenticate_for_cache(conn, token=(await a_terminal(conn)).token, now=NOON)
    cache, digest = cached(known)

    cache.forget_all_if(1)
    assert known.caller == cache.find(digest, now=NOON)
    cache.forget_all_if(2)
    assert cache.find(digest, now=NOON) is None


async def test_the_cache_does_not_take_a_caller_authenticated_before_the_version_moved_on(db: Database) -> None:
    async with db.transaction() as conn:
        known = await service.authenticate_for_cache(conn, token=(await a_terminal(conn)).token, now=NOON)
    cache, digest = cached(known)

    version_then = cache.version
    cache.forget_all_if(2)
    cache.put(digest, known, version=version_then)
    assert cache.find(digest, now=NOON) is None


async def test_the_cache_keeps_a_key_until_it_expires_and_a_session_not_at_all(db: Database) -> None:
    async with db.transaction() as conn:
        terminal = await a_terminal(conn, expires_at=NOON + timedelta(hours=1))
        key = await service.authenticate_for_cache(conn, token=terminal.token, now=NOON)
        session = await service.authenticate_for_cache(conn, token=(await an_operator(conn)).token, now=NOON)

    cache, digest = cached(key)
    assert cache.find(digest, now=NOON + timedelta(minutes=59)) is not None
    assert cache.find(digest, now=NOON + timedelta(hours=1)) is None
    cache, digest = cached(session)
    assert cache.find(digest, now=NOON) is None


async def test_a_full_cache_makes_room_by_forgetting_those_kept_longest(db: Database) -> None:
    async with db.transaction() as conn:
        known = await service.authenticate_for_cache(conn, token=(await a_terminal(conn)).token, now=NOON)
    cache = service.CallerCache(size_max=4)
    cache.forget_all_if(1)
    for number in range(5):
        cache.put(bytes([number]), known, version=1)

    assert [False, False, True, True, True] == [cache.find(bytes([n]), now=NOON) is not None for n in range(5)]
