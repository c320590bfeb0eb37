"""What operators attest stays within their limits; at minors they look with an approval in force."""

import asyncio
from datetime import date, timedelta
from uuid import UUID

import pytest

from tests.support.builders.access import a_wallet, an_operator
from tests.support.world import NOON, SeededIds
from yikatong.access import service
from yikatong.access.audit import audit
from yikatong.access.model import Reason
from yikatong.kernel.outcomes import Change, Refused
from yikatong.plumbing.database import Connection, Database

pytestmark = pytest.mark.anyio

TODAY = date(2026, 11, 25)


async def attest(conn: Connection, operator_id: UUID, amount_fen: int, *, tap: UUID | None = None) -> None:
    """Claim an attested tap on an ordinary day."""
    tap_request = tap or SeededIds().new()
    await service.claim_attestation(
        conn, operator_id=operator_id, day=TODAY, tap_request=tap_request, amount_fen=amount_fen, now=NOON
    )


async def test_taps_count_up_to_the_limit_of_the_day_and_not_a_fen_more(db: Database) -> None:
    async with db.transaction() as conn:
        operator_id = (await an_operator(conn, tap_max_fen=300, day_max_fen=500)).caller.id
        await attest(conn, operator_id, 300)
        await attest(conn, operator_id, 200)

    with pytest.raises(Refused) as refused:
        async with db.transaction() as conn:
            await attest(conn, operator_id, 1)
    assert Reason.OPERATOR_DAY_LIMIT_EXCEEDED is refused.value.reason


async def test_a_tap_above_the_limit_of_a_tap_is_refused_before_the_day_is_looked_at(db: Database) -> None:
    async with db.transaction() as conn:
        operator_id = (await an_operator(conn, tap_max_fen=300, day_max_fen=300)).caller.id
        await attest(conn, operator_id, 300)
        with pytest.raises(Refused) as refused:
            await attest(conn, operator_id, 301)

    assert Reason.OPERATOR_TAP_LIMIT_EXCEEDED is refused.value.reason


async def test_the_same_tap_counts_once_and_with_another_amount_is_refused(db: Database) -> None:
    tap = SeededIds().new()
    async with db.transaction() as conn:
        operator_id = (await an_operator(conn, tap_max_fen=300, day_max_fen=300)).caller.id
        for _ in range(3):
            await attest(conn, operator_id, 300, tap=tap)
        with pytest.raises(Refused) as refused:
            await attest(conn, operator_id, 299, tap=tap)

    assert Reason.ATTESTATION_IS_ANOTHER is refused.value.reason


async def test_a_released_tap_gives_its_amount_back_once_and_may_be_claimed_again(db: Database) -> None:
    tap = SeededIds().new()
    async with db.transaction() as conn:
        operator_id = (await an_operator(conn, tap_max_fen=300, day_max_fen=300)).caller.id
        await attest(conn, operator_id, 300, tap=tap)
        first = await service.release_attestation(conn, operator_id=operator_id, tap_request=tap, now=NOON)
        second = await service.release_attestation(conn, operator_id=operator_id, tap_request=tap, now=NOON)
        await attest(conn, operator_id, 100, tap=tap)
        await attest(conn, operator_id, 200)

        assert (Change.DONE, Change.ALREADY_SO) == (first, second)


async def test_claims_at_once_never_exceed_the_day(db: Database) -> None:
    async with db.transaction() as conn:
        operator_id = (await an_operator(conn, tap_max_fen=100, day_max_fen=500)).caller.id

    async def one() -> bool:
        try:
            async with db.transaction() as conn:
                await attest(conn, operator_id, 100)
        except Refused:
            return False
        return True

    won = await asyncio.gather(*(one() for _ in range(12)))
    assert 5 == sum(won)


async def test_an_unknown_and_a_suspended_operator_attest_nothing(db: Database) -> None:
    async with db.transaction() as conn:
        known = await an_operator(conn)
        await service.set_operator_suspended(
            conn, operator_id=known.caller.id, region=known.caller.region, suspended=True, now=NOON
        )
        for operator_id in (known.caller.id, SeededIds().new()):
            with pytest.raises(Refused) as refused:
                await attest(conn, operator_id, 0)
            assert Reason.OPERATOR_MAY_NOT_ATTEST is refused.value.reason


async def test_an_operator_looks_at_a_minor_only_while_an_agreed_look_lasts(db: Database) -> None:
    resident_id = SeededIds().new()
    async with db.transaction() as conn:
        known = await an_operator(conn)
        agreed = await service.agree_minor_look(
            conn, resident_id=resident_id, operator_id=known.caller.id, purpose="补卡", now=NOON, bucket_count=1
        )

        async def look(later: timedelta) -> None:
            await service.verify_minor_look(
                conn, caller=known.caller, resident_id=resident_id, now=NOON + later, bucket_count=1
            )

        await look(timedelta(hours=7, minutes=59))
        assert NOON + timedelta(hours=8) == agreed
        with pytest.raises(Refused) as refused:
            await look(timedelta(hours=8))
        assert Reason.MINOR_LOOK_NEEDS_APPROVAL is refused.value.reason


async def test_an_agreed_look_is_for_one_operator_and_one_minor(db: Database) -> None:
    resident_id = SeededIds().new()
    async with db.transaction() as conn:
        known, other = await an_operator(conn), await an_operator(conn)
        await service.agree_minor_look(
            conn, resident_id=resident_id, operator_id=known.caller.id, purpose="补卡", now=NOON, bucket_count=1
        )
        for caller, minor in [(other.caller, resident_id), (known.caller, SeededIds().new())]:
            with pytest.raises(Refused):
                await service.verify_minor_look(conn, caller=caller, resident_id=minor, now=NOON, bucket_count=1)


async def test_whether_a_wallet_may_look_is_not_decided_here(db: Database) -> None:
    async with db.transaction() as conn:
        wallet = await a_wallet(conn)
        admitted = await service.verify_minor_look(
            conn, caller=wallet.caller, resident_id=SeededIds().new(), now=NOON, bucket_count=1
        )

    assert wallet.caller is admitted


async def test_the_audit_names_a_day_that_is_not_the_sum_of_its_claims(db: Database) -> None:
    async with db.transaction() as conn:
        operator_id = (await an_operator(conn)).caller.id
        await attest(conn, operator_id, 300)
        assert not [line for line in await audit(conn) if str(operator_id) in line]
        await conn.execute("UPDATE access.attestation_day SET attested_fen = 301 WHERE operator_id = %s", [operator_id])

        assert [f"access: operator {operator_id} attested 300 fen on 2026-11-25, the day says 301"] == [
            line for line in await audit(conn) if str(operator_id) in line
        ]
        await conn.execute("UPDATE access.attestation_day SET attested_fen = 300 WHERE operator_id = %s", [operator_id])
