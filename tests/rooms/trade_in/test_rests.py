"""What a purchase at the till leaves of a claim's reserve goes back into its budget afterwards, once."""

import pytest
from msgspec import structs

from tests.support.builders.programmes import a_sheet, a_sheet_text, a_shelf
from tests.support.builders.subsidised import BUDGET_FEN, BikeStore, a_bike_store
from yikatong.ledger import service as ledger
from yikatong.plumbing.database import Database
from yikatong.taps.model import Outcome
from yikatong.trade_in import service
from yikatong.trade_in.model import ClaimState

pytestmark = pytest.mark.anyio

RESERVED, GIVEN, PURSE = 50_000, 40_000, 200_000
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


async def test_the_rest_of_a_reserve_is_given_back_once(db: Database) -> None:
    async with a_bike_store(db) as store:
        text = a_sheet_text(
            A_SHARE, place=store.place, valid_from="2026-01-01", valid_until="2028-01-01", known_from="2026-01-01"
        )
        shelf = a_shelf(a_sheet(text, name=f"{store.place}-2026-01-01"))
        store.chain = structs.replace(store.chain, shelf=shelf)
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
