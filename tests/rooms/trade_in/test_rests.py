"""What a purchase at the till leaves of a claim's reserve goes back into its budget afterwards, once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from msgspec import structs

from tests.support.builders.follow_ups import reversed_by
from tests.support.builders.programmes import a_sheet, a_sheet_text, a_shelf
from tests.support.builders.subsidised import BUDGET_FEN, BikeStore, a_bike_store
from yikatong.kernel.ids import show_id
from yikatong.kernel.outcomes import Refused
from yikatong.ledger import service as ledger
from yikatong.plumbing.database import Database
from yikatong.taps.model import Outcome
from yikatong.trade_in import service
from yikatong.trade_in.audit import audit
from yikatong.trade_in.model import ClaimState

pytestmark = pytest.mark.anyio

RESERVED, GIVEN, PURSE, DEAR = 50_000, 40_000, 200_000, 290_000
A_SHARE = {"base": "{kind: percent, percent: 20, cap: 500, clause: notice}"}


async def released(store: BikeStore, claim_id: object) -> int:
    """What the chore gave back of a claim."""
    async with store.world.db.transaction() as conn:
        due = await service.list_to_release(conn, bucket=0, limit=10_000)
        if claim_id not in due:
            return 0
        return await service.release_rest(
            conn,
            claim_id=next(one for one in due if one == claim_id),
            chain=store.chain,
            vault=store.world.vault,
            now=store.world.clock.now(),
            ids=store.world.ids,
        )


@asynccontextmanager
async def a_store_of_shares(db: Database, *, budget_fen: int = BUDGET_FEN) -> AsyncIterator[BikeStore]:
    """A store where the subsidy is a share of the price, so that a sale may leave some of the reserve."""
    async with a_bike_store(db, budget_fen=budget_fen) as store:
        text = a_sheet_text(
            A_SHARE, place=store.place, valid_from="2026-01-01", valid_until="2028-01-01", known_from="2026-01-01"
        )
        shelf = a_shelf(a_sheet(text, name=f"{store.place}-2026-01-01"))
        store.chain = structs.replace(store.chain, shelf=shelf)
        yield store


async def test_the_rest_of_a_reserve_is_given_back_once(db: Database) -> None:
    async with a_store_of_shares(db) as store:
        buyer = await store.a_buyer(purse_fen=PURSE)
        await store.enters(buyer)
        receipt = await store.world.tap(store.tap(buyer))
        sold = await store.claim(buyer)

        gave = [await released(store, buyer.claim_id), await released(store, buyer.claim_id)]

        after = await store.claim(buyer)
        async with db.transaction() as conn:
            left = await ledger.find_budget_left(conn, budget=store.budget, bucket_count=1)
    assert Outcome.ADMITTED is receipt.outcome
    assert (ClaimState.PAID, GIVEN, RESERVED - GIVEN) == (
        sold.claim.state, sold.claim.money.paid_fen, sold.to_release_fen,
    )  # fmt: skip
    assert [RESERVED - GIVEN, 0] == gave
    assert 0 == after.to_release_fen
    assert BUDGET_FEN - GIVEN == left


@pytest.mark.parametrize("was_released", [False, True])
async def test_a_sale_that_was_entered_too_low_and_taken_back_is_entered_again_with_its_whole_subsidy(
    db: Database, was_released: bool
) -> None:
    async with a_store_of_shares(db) as store:
        buyer = await store.a_buyer(purse_fen=2 * PURSE)
        await store.enters(buyer)
        wrong = store.tap(buyer)
        await store.world.tap(wrong)
        gave = await released(store, buyer.claim_id) if was_released else 0
        await reversed_by(store.world, wrong)
        between = await store.claim(buyer)

        sale = await store.enters(buyer, price_fen=DEAR)
        receipt = await store.world.tap(store.tap(buyer, price_fen=DEAR))

        after = await store.claim(buyer)
        async with db.transaction() as conn:
            left = await ledger.find_budget_left(conn, budget=store.budget, bucket_count=1)
            told = [line for line in await audit(conn) if show_id("claim", buyer.claim_id) in line]
    assert (RESERVED - gave, 0) == (between.claim.money.held_fen, between.to_release_fen)
    assert RESERVED == sale.subsidy_fen
    assert Outcome.ADMITTED is receipt.outcome
    assert (RESERVED, 0, 0) == (after.claim.money.paid_fen, after.claim.money.released_fen, after.to_release_fen)
    assert BUDGET_FEN - RESERVED == left
    assert [] == told


async def test_what_others_got_meanwhile_is_not_reserved_again(db: Database) -> None:
    async with a_store_of_shares(db, budget_fen=GIVEN + RESERVED) as store:
        buyer = await store.a_buyer(purse_fen=2 * PURSE)
        await store.enters(buyer)
        wrong = store.tap(buyer)
        await store.world.tap(wrong)
        await released(store, buyer.claim_id)
        await reversed_by(store.world, wrong)
        await store.a_buyer()

        with pytest.raises(Refused) as refused:
            await store.enters(buyer, price_fen=DEAR)
        receipt = await store.world.tap(store.tap(buyer))

    assert "BUDGET_IS_USED_UP" == refused.value.reason.name
    assert Outcome.ADMITTED is receipt.outcome
