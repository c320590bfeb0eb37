"""Cash paid into a purse at the counter: an item of the list that the desk serves, recorded with its rule."""

from typing import Any

import pytest

from tests.support.builders.cards import CardWorld, key_of
from tests.support.builders.catalogue import an_item, item_terms
from tests.support.builders.places import a_region
from yikatong.cards import service as cards
from yikatong.cards.model import Registered, ResidentStatus
from yikatong.catalogue import service as catalogue
from yikatong.catalogue.seeds import read_item_list
from yikatong.desk import service as desk
from yikatong.desk.audit import audit
from yikatong.desk.model import Claimant, PurseToppedUp, Reason
from yikatong.desk.rules import LINE, PURSE_FEN_MAX, TOP_UP_ITEM, verify_claim, verify_top_up, verify_top_up_item
from yikatong.kernel.ids import OperatorId
from yikatong.kernel.outcomes import Refused
from yikatong.ledger import service as ledger
from yikatong.ledger.model import bank_clearing
from yikatong.plumbing.database import Connection, Database

pytestmark = pytest.mark.anyio

LIST = "tests-top-ups 1"


async def topped_up(world: CardWorld, resident: Registered, amount_fen: int) -> PurseToppedUp:
    """Cash counted by an operator."""
    return await desk.top_up_purse(
        world.conn,
        resident=await cards.get_resident(world.conn, **key_of(resident)),
        amount_fen=amount_fen,
        operator_id=OperatorId(world.ids.new()),
        now=world.now,
        ids=world.ids,
    )


async def top_up(world: CardWorld, resident: Registered, amount_fen: int) -> int:
    """The same; what the purse can pay then."""
    return (await topped_up(world, resident, amount_fen)).available_fen


async def a_world(conn: Connection, **terms: Any) -> CardWorld:
    """A region whose counters take cash, by an entry of its own."""
    world = CardWorld(conn, region=await a_region(conn))
    entry = {"code": TOP_UP_ITEM, "line": LINE, "funding": ("bank",), "amount_fen_max": 100_000, "list_version": LIST}
    await catalogue.publish_item(
        conn,
        terms=item_terms(world.region, **{**entry, "confirm_above_fen": None, "clause": "cash is counted", **terms}),
    )
    return world


async def a_holder_with_purse(world: CardWorld) -> Registered:
    """A card holder whose purse is open, as it is once the card was handed out at the counter."""
    resident = await world.a_card_holder()
    await ledger.open_account(
        world.conn, bucket=resident.bucket, account=desk.purse_of(resident.resident_id), now=world.now
    )
    return resident


async def test_cash_is_in_the_purse_at_once_and_the_cards_bank_owes_it(db: Database) -> None:
    async with db.transaction() as conn:
        world = await a_world(conn)
        resident = await a_holder_with_purse(world)
        await top_up(world, resident, 5_000)
        done = await topped_up(world, resident, 1_200)

        assert 6_200 == done.available_fen
        (transfer,) = (
            await ledger.find_transfers(conn, bucket=resident.bucket, transfer_ids=[done.top_up.transfer_id])
        ).values()
        purse = desk.purse_of(resident.resident_id)
        assert {purse.id: 1_200, bank_clearing("102").id: -1_200} == dict(
            zip(transfer.accounts, transfer.legs, strict=True)
        )


async def test_a_top_up_is_recorded_with_its_item_and_rule(db: Database) -> None:
    async with db.transaction() as conn:
        world = await a_world(conn)
        resident = await a_holder_with_purse(world)
        written = (await topped_up(world, resident, 1_200)).top_up
        cursor = await conn.execute(
            "SELECT item, list_version, rule, amount_fen, operator_id FROM desk.top_up"
            " WHERE bucket = %s AND transfer_id = %s",
            [resident.bucket, written.transfer_id],
        )

        assert [(TOP_UP_ITEM, LIST, "cash is counted", 1_200, written.operator_id)] == await cursor.fetchall()


async def test_the_audit_names_a_top_up_that_the_ledger_does_not_have(db: Database) -> None:
    async with db.owner_transaction() as conn:
        world = await a_world(conn)
        resident = await a_holder_with_purse(world)
        written = (await topped_up(world, resident, 1_200)).top_up

        async def about_ours() -> list[str]:
            return [line for line in await audit(conn) if written.transfer_id.hex in line]

        assert [] == await about_ours()
        await conn.execute("UPDATE desk.top_up SET amount_fen = 1_300 WHERE transfer_id = %s", [written.transfer_id])
        (named,) = await about_ours()
        await conn.execute("UPDATE desk.top_up SET amount_fen = 1_200 WHERE transfer_id = %s", [written.transfer_id])

    assert "moved 1300 fen" in named
    assert "moved 1200" in named


@pytest.mark.parametrize("line", [None, "retail"])
async def test_where_the_list_does_not_have_it_for_the_desk_no_cash_is_taken(db: Database, line: str | None) -> None:
    async with db.transaction() as conn:
        world = await a_world(conn, line=line)
        resident = await a_holder_with_purse(world)

        with pytest.raises(Refused, match="TOP_UP_IS_NOT_OFFERED"):
            await top_up(world, resident, 100)


async def test_the_item_says_how_much_may_be_paid_in_at_once(db: Database) -> None:
    async with db.transaction() as conn:
        world = await a_world(conn, amount_fen_max=5_000)
        resident = await a_holder_with_purse(world)

        with pytest.raises(Refused, match="TOP_UP_IS_OVER_THE_ITEM_MAXIMUM"):
            await top_up(world, resident, 5_001)
        assert 5_000 == await top_up(world, resident, 5_000)


def test_the_item_of_the_list_is_the_one_that_the_desk_serves() -> None:
    (entry,) = [item for item in read_item_list().items if item.code == TOP_UP_ITEM]

    assert entry is verify_top_up_item(entry, amount_fen=PURSE_FEN_MAX)
    assert ("000000", "desk", PURSE_FEN_MAX) == (entry.region, entry.line, entry.amount_fen_max)
    assert "现金" in entry.scenario_zh
    assert "cash" in entry.clause


def test_whether_it_is_offered_is_asked_before_how_much() -> None:
    for item in (None, an_item(line=None, amount_fen_max=1)):
        with pytest.raises(Refused) as refused:
            verify_top_up_item(item, amount_fen=2)
        assert Reason.TOP_UP_IS_NOT_OFFERED is refused.value.reason


async def test_a_card_reported_lost_takes_no_cash(db: Database) -> None:
    async with db.transaction() as conn:
        world = await a_world(conn)
        resident = await a_holder_with_purse(world)
        await desk.report_loss(conn, **key_of(resident), formal=False, **world.step())

        with pytest.raises(Refused, match="CARD_IS_TEMPORARILY_REPORTED_LOST"):
            await top_up(world, resident, 100)


async def test_a_purse_takes_no_more_than_it_may_hold(db: Database) -> None:
    async with db.transaction() as conn:
        world = await a_world(conn)
        resident = await a_holder_with_purse(world)
        await top_up(world, resident, PURSE_FEN_MAX - 1)

        with pytest.raises(Refused, match="PURSE_WOULD_HOLD_TOO_MUCH"):
            await top_up(world, resident, 2)
        assert PURSE_FEN_MAX == await top_up(world, resident, 1)


@pytest.mark.parametrize("posted_fen", [0, 1, PURSE_FEN_MAX])
def test_the_limit_counts_what_the_purse_holds_already(posted_fen: int) -> None:
    assert PURSE_FEN_MAX - posted_fen == verify_top_up(PURSE_FEN_MAX - posted_fen, posted_fen=posted_fen)
    with pytest.raises(Refused) as refused:
        verify_top_up(PURSE_FEN_MAX - posted_fen + 1, posted_fen=posted_fen)
    assert Reason.PURSE_WOULD_HOLD_TOO_MUCH is refused.value.reason


@pytest.mark.parametrize(
    ("claimant", "status", "fits"),
    [
        (Claimant.HOLDER, ResidentStatus.ALIVE, True),
        (Claimant.HOLDER, ResidentStatus.LEFT, True),
        (Claimant.HOLDER, ResidentStatus.DEAD, False),
        (Claimant.HEIR, ResidentStatus.DEAD, True),
        (Claimant.HEIR, ResidentStatus.ALIVE, False),
        (Claimant.HEIR, ResidentStatus.LEFT, False),
    ],
)
def test_the_living_claim_in_person_and_the_dead_by_their_heirs(
    claimant: Claimant, status: ResidentStatus, fits: bool
) -> None:
    if fits:
        assert 500 == verify_claim(500, claimant=claimant, status=status)
    else:
        with pytest.raises(Refused) as refused:
            verify_claim(500, claimant=claimant, status=status)
        assert Reason.CLAIMANT_DOES_NOT_FIT is refused.value.reason
    with pytest.raises(Refused) as nothing:
        verify_claim(0, claimant=claimant, status=status)
    assert Reason.NOTHING_IS_KEPT is nothing.value.reason
