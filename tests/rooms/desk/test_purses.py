"""Cash paid into a purse at the counter."""

import pytest

from tests.support.builders.cards import CardWorld, key_of
from yikatong.cards.model import Registered
from yikatong.desk import service as desk
from yikatong.desk.model import Reason
from yikatong.desk.rules import PURSE_FEN_MAX, verify_top_up
from yikatong.kernel.outcomes import Refused
from yikatong.ledger import service as ledger
from yikatong.ledger.model import bank_clearing
from yikatong.plumbing.database import Connection, Database

pytestmark = pytest.mark.anyio


async def top_up(conn: Connection, world: CardWorld, resident: Registered, amount_fen: int) -> int:
    done = await desk.top_up_purse(conn, **key_of(resident), amount_fen=amount_fen, now=world.now, ids=world.ids)
    return done.available_fen


async def a_holder_with_purse(world: CardWorld) -> Registered:
    """A card holder whose purse is open, as it is once the card was handed out at the counter."""
    resident = await world.a_card_holder()
    await ledger.open_account(
        world.conn, bucket=resident.bucket, account=desk.purse_of(resident.resident_id), now=world.now
    )
    return resident


async def test_cash_is_in_the_purse_at_once_and_the_cards_bank_owes_it(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await a_holder_with_purse(world)
        await top_up(conn, world, resident, 5_000)

        done = await desk.top_up_purse(conn, **key_of(resident), amount_fen=1_200, now=world.now, ids=world.ids)

        assert 6_200 == done.available_fen
        (transfer,) = (
            await ledger.find_transfers(conn, bucket=resident.bucket, transfer_ids=[done.transfer_id])
        ).values()
        purse = desk.purse_of(resident.resident_id)
        assert {purse.id: 1_200, bank_clearing("102").id: -1_200} == dict(
            zip(transfer.accounts, transfer.legs, strict=True)
        )


async def test_a_card_reported_lost_takes_no_cash(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await a_holder_with_purse(world)
        await desk.report_loss(conn, **key_of(resident), formal=False, **world.step())

        with pytest.raises(Refused, match="CARD_IS_TEMPORARILY_REPORTED_LOST"):
            await top_up(conn, world, resident, 100)


async def test_a_purse_takes_no_more_than_it_may_hold(db: Database) -> None:
    async with db.transaction() as conn:
        world = CardWorld(conn)
        resident = await a_holder_with_purse(world)
        await top_up(conn, world, resident, PURSE_FEN_MAX - 1)

        with pytest.raises(Refused, match="PURSE_WOULD_HOLD_TOO_MUCH"):
            await top_up(conn, world, resident, 2)
        assert PURSE_FEN_MAX == await top_up(conn, world, resident, 1)


@pytest.mark.parametrize("posted_fen", [0, 1, PURSE_FEN_MAX])
def test_the_limit_counts_what_the_purse_holds_already(posted_fen: int) -> None:
    assert PURSE_FEN_MAX - posted_fen == verify_top_up(PURSE_FEN_MAX - posted_fen, posted_fen=posted_fen)
    with pytest.raises(Refused) as refused:
        verify_top_up(PURSE_FEN_MAX - posted_fen + 1, posted_fen=posted_fen)
    assert Reason.PURSE_WOULD_HOLD_TOO_MUCH is refused.value.reason
