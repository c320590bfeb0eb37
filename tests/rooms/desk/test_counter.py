"""At the counter: a card's codes, sessions and money follow it in the same transaction."""

from datetime import timedelta

import pytest

from simulator.wallet import Wallet
from tests.support.builders.cards import key_of
from tests.support.builders.codes import CodeWorld
from tests.support.builders.ledger import open_with
from tests.support.world import NOON
from yikatong.access import service as access
from yikatong.cards import service as cards
from yikatong.cards.model import BalanceGoes, CancellationReason, Registered, ReplacementReason
from yikatong.desk import service as desk
from yikatong.kernel.outcomes import Change, Refused
from yikatong.ledger import service as ledger
from yikatong.ledger.model import AccountKind, name_account
from yikatong.plumbing.database import Connection, Database

pytestmark = pytest.mark.anyio


async def states_of_codes(conn: Connection, resident: Registered) -> list[str]:
    """The states of a resident's certificates."""
    cursor = await conn.execute(
        "SELECT DISTINCT state FROM codes.certificate WHERE bucket = %s AND resident_id = %s",
        [resident.bucket, resident.resident_id],
    )
    return sorted(str(row[0]) for row in await cursor.fetchall())


async def session_of(world: CodeWorld, resident: Registered, wallet: Wallet) -> str:
    """Open a session of a wallet by its device's signature; gives the token."""
    assert wallet.device_id is not None
    made_at = world.now + timedelta(seconds=1)
    message = cards.session_message(resident_id=resident.resident_id, device_id=wallet.device_id, made_at=made_at)
    opened = await desk.open_again(
        world.conn,
        **key_of(resident),
        device_id=wallet.device_id,
        made_at=made_at,
        signature=wallet.enrolment_key.sign(message),
        now=world.now,
        ids=world.ids,
    )
    return opened.token


async def test_a_reported_loss_stops_the_codes_and_only_association_brings_them_back(db: Database) -> None:
    async with db.transaction() as conn:
        world = CodeWorld(conn)
        resident = await world.a_card_holder()
        await world.a_filled_wallet(resident)
        assert ["active"] == await states_of_codes(conn, resident)

        first = await desk.report_loss(conn, **key_of(resident), formal=False, **world.step())
        second = await desk.report_loss(conn, **key_of(resident), formal=False, **world.step())
        assert [Change.DONE, Change.ALREADY_SO] == [first, second]
        assert ["suspended"] == await states_of_codes(conn, resident)

        await cards.release_loss(conn, **key_of(resident), **world.step())
        assert ["suspended"] == await states_of_codes(conn, resident)

        assert Change.DONE is await desk.associate(conn, **key_of(resident), now=world.now)
        assert ["active"] == await states_of_codes(conn, resident)


async def test_a_locked_card_has_no_codes_until_it_is_unlocked_and_associated(db: Database) -> None:
    async with db.transaction() as conn:
        world = CodeWorld(conn)
        resident = await world.a_card_holder()
        await world.a_filled_wallet(resident)
        await desk.lock(conn, **key_of(resident), reason="test", **world.step())
        assert ["suspended"] == await states_of_codes(conn, resident)
        with pytest.raises(Refused, match="CARD_IS_LOCKED"):
            await desk.associate(conn, **key_of(resident), now=world.now)
        await cards.unlock_card(conn, **key_of(resident), reason="test", **world.step())
        await desk.associate(conn, **key_of(resident), now=world.now)
        assert ["active"] == await states_of_codes(conn, resident)


async def test_a_loss_that_is_rolled_back_leaves_the_codes_as_they_were(db: Database) -> None:
    async with db.transaction() as conn:
        world = CodeWorld(conn)
        resident = await world.a_card_holder()
        await world.a_filled_wallet(resident)
    with pytest.raises(ZeroDivisionError):
        async with db.transaction() as conn:
            await desk.report_loss(conn, **key_of(resident), formal=True, **world.step())
            raise ZeroDivisionError
    async with db.transaction() as conn:
        assert ["active"] == await states_of_codes(conn, resident)


async def test_a_replaced_card_ends_its_codes_and_keeps_the_purse(db: Database) -> None:
    async with db.transaction() as conn:
        world = CodeWorld(conn)
        resident = await world.a_card_holder()
        await world.a_filled_wallet(resident)
        purse = desk.purse_of(resident.resident_id)
        await open_with(conn, purse, fen=8_800, bucket=resident.bucket)
        await desk.report_loss(conn, **key_of(resident), formal=True, **world.step())
        await desk.replace(
            conn,
            **key_of(resident),
            why=ReplacementReason.OTHER,
            has_photo=False,
            bank_code=None,
            **world.step(),
        )
        await world.made()
        await desk.hand_out_and_activate(conn, **key_of(resident), **world.step())
        await desk.associate(conn, **key_of(resident), now=world.now)
        balance = await ledger.get_balance(conn, bucket=resident.bucket, account=purse, now=NOON)

        assert ["revoked"] == await states_of_codes(conn, resident)
        assert 8_800 == balance.available_fen


@pytest.mark.parametrize(
    ("why", "with_bank", "balance", "kind"),
    [
        (CancellationReason.DEATH, True, BalanceGoes.TO_THE_HEIR, AccountKind.ESCHEAT),
        (
            CancellationReason.LEFT_THE_COUNTRY,
            True,
            BalanceGoes.TO_THE_BOUND_BANK_ACCOUNT,
            AccountKind.PAYOUT_CLEARING,
        ),
        (CancellationReason.OTHER, False, BalanceGoes.KEPT_UNTIL_CLAIMED, AccountKind.ESCHEAT),
    ],
)
async def test_a_card_that_ends_moves_the_purse_to_where_it_belongs(
    db: Database, why: CancellationReason, with_bank: bool, balance: BalanceGoes, kind: AccountKind
) -> None:
    async with db.transaction() as conn:
        world = CodeWorld(conn)
        resident = await world.a_card_holder()
        await world.a_filled_wallet(resident)
        if with_bank:
            await world.with_bank(resident)
        purse = desk.purse_of(resident.resident_id)
        await open_with(conn, purse, fen=8_800, bucket=resident.bucket)
        ended = await desk.cancel(conn, **key_of(resident), why=why, **world.step())
        again = await desk.cancel(conn, **key_of(resident), why=why, **world.step())
        left = await ledger.get_balance(conn, bucket=resident.bucket, account=purse, now=NOON)
        owed = await ledger.open_balance(
            conn, buckets=[resident.bucket], account=name_account(resident.resident_id, kind)
        )

        assert (Change.DONE, balance, 8_800) == (ended.change, ended.balance, ended.moved_fen)
        assert (Change.ALREADY_SO, 0) == (again.change, again.moved_fen)
        assert (0, 8_800) == (left.posted_fen, owed)
        assert ["revoked"] == await states_of_codes(conn, resident)


async def test_a_card_that_ends_closes_the_wallets_it_was_in(db: Database) -> None:
    async with db.transaction() as conn:
        world = CodeWorld(conn)
        resident = await world.a_card_holder()
        wallet = await world.a_filled_wallet(resident)
        token = await session_of(world, resident, wallet)
        await access.authenticate(conn, token=token, now=world.now)
        await desk.cancel(conn, **key_of(resident), why=CancellationReason.OTHER, **world.step())

        with pytest.raises(Refused, match="SESSION_HAS_ENDED"):
            await access.authenticate(conn, token=token, now=world.now)


async def test_a_frozen_purse_stays_where_it_is(db: Database) -> None:
    async with db.transaction() as conn:
        world = CodeWorld(conn)
        resident = await world.a_card_holder()
        purse = desk.purse_of(resident.resident_id)
        await open_with(conn, purse, fen=500, bucket=resident.bucket)
        await ledger.freeze_account(conn, bucket=resident.bucket, account=purse, now=NOON)
        ended = await desk.cancel(conn, **key_of(resident), why=CancellationReason.DEATH, **world.step())

        assert (Change.DONE, 0) == (ended.change, ended.moved_fen)


async def test_activation_opens_a_purse_once(db: Database) -> None:
    async with db.transaction() as conn:
        world = CodeWorld(conn)
        resident = await world.a_resident()
        await world.applied(resident)
        await world.made()
        answers = [await desk.hand_out_and_activate(conn, **key_of(resident), **world.step()) for _ in range(2)]
        purse = await ledger.find_account(conn, bucket=resident.bucket, account=desk.purse_of(resident.resident_id))

    assert [Change.DONE, Change.ALREADY_SO] == answers
    assert purse is not None
    assert 0 == purse.posted_fen


async def test_a_revoked_device_loses_codes_and_sessions_and_another_keeps_them(db: Database) -> None:
    async with db.transaction() as conn:
        world = CodeWorld(conn)
        resident = await world.a_card_holder()
        lost, kept = await world.a_filled_wallet(resident), await world.a_filled_wallet(resident)
        assert lost.device_id is not None
        assert kept.device_id is not None
        tokens = {wallet.device_id: await session_of(world, resident, wallet) for wallet in (lost, kept)}
        await desk.revoke_device(conn, **key_of(resident), device_id=lost.device_id, now=world.now, ids=world.ids)

        assert ["active", "revoked"] == await states_of_codes(conn, resident)
        with pytest.raises(Refused, match="SESSION_HAS_ENDED"):
            await access.authenticate(conn, token=tokens[lost.device_id], now=world.now)
        caller = await access.authenticate(conn, token=tokens[kept.device_id], now=world.now)
        assert (resident.resident_id, kept.device_id) == (caller.resident_id, caller.device_id)
