"""A store that sells e-bikes with the subsidy taken off, its buyers and their claims, at a counter at work."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date, timedelta
from itertools import count
from random import SystemRandom
from uuid import UUID

import msgspec

from tests.support.builders.catalogue import a_code, item_terms
from tests.support.builders.counter import BUCKET, CounterWorld, Phone, a_counter_world
from tests.support.builders.programmes import a_sheet, a_sheet_text, a_shelf
from tests.support.builders.taps import PROVIDER, RESIDENT
from tests.support.builders.trade_in import NEW_CODE, a_claim, a_deed, some_chain_terms
from tests.support.world import NOON
from yikatong.catalogue import service as catalogue
from yikatong.catalogue.model import Item
from yikatong.kernel.ids import ProviderId, ResidentId, TransferId
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Change, Refused
from yikatong.ledger import service as ledger
from yikatong.ledger.model import (
    AccountKind,
    AccountName,
    BudgetState,
    name_account,
    name_budget,
    name_claim,
    name_of_budget,
)
from yikatong.payouts import service as payouts
from yikatong.payouts.model import ProviderStatement
from yikatong.plumbing.database import Connection, Database
from yikatong.taps.model import Receipt, TapBody
from yikatong.taps.service import Tapping
from yikatong.trade_in import service as trade_in
from yikatong.trade_in.model import (
    Act,
    Acted,
    Actor,
    Application,
    Deed,
    DeedRow,
    KeptClaim,
    Mode,
    Order,
    PreparedSale,
    Qualified,
    SaleAtTill,
)
from yikatong.trade_in.rules import decide_move

PRICE_FEN = 200_000
SUBSIDY_FEN = 50_000
OWN_FEN = PRICE_FEN - SUBSIDY_FEN
CONFIRM_ABOVE_FEN = 300_000
BUDGET_FEN = 100_000_000
_codes = count(SystemRandom().randrange(10**14))


class Buyer(msgspec.Struct, frozen=True, kw_only=True):
    """A resident with a wallet and a claim that was qualified."""

    phone: Phone
    claim_id: UUID


class BikeStore:
    """The counter's provider as a store of e-bikes, in a place with a sheet and a budget of its own."""

    item: Item

    def __init__(self, world: CounterWorld, *, budget_fen: int = BUDGET_FEN) -> None:
        self.world, self.budget_fen = world, budget_fen
        self.place = world.region
        today = day_of(world.clock.now())
        text = a_sheet_text(
            place=self.place, valid_from="2026-01-01", valid_until="2028-01-01", known_from="2026-01-01"
        )
        shelf = a_shelf(a_sheet(text, name=f"{self.place}-2026-01-01"))
        self.chain = some_chain_terms(shelf, bucket_count=1)
        self.budget = name_budget(f"trade_in:{self.place}:{today.year}")

    async def open(self) -> None:
        """The item is on the list, and money in the budget."""
        world = self.world
        async with world.db.transaction() as conn:
            terms = item_terms(
                self.place,
                code=a_code(world.ids),
                line="subsidised",
                least_strength=2,
                funding=("purse", "bank"),
                amount_fen_max=1_000_000,
                confirm_above_fen=CONFIRM_ABOVE_FEN,
            )
            self.item = (await catalogue.publish_item(conn, terms=terms)).item
            now = world.clock.now()
            await ledger.fund_budget(
                conn,
                budget=self.budget,
                amount_fen=self.budget_fen,
                transfer_id=TransferId(world.ids.new()),
                reference=world.ids.new(),
                now=now,
                bucket_count=1,
            )
            await ledger.lease_slice(
                conn,
                budget=self.budget,
                bucket=BUCKET,
                need_fen=self.budget_fen,
                now=now,
                ids=world.ids,
                bucket_count=1,
            )

    async def a_buyer(self, *, purse_fen: int = 0, with_bank: bool = False) -> Buyer:
        """Somebody with money and a claim."""
        phone = await self.world.a_phone(purse_fen=purse_fen, with_bank=with_bank)
        return Buyer(phone=phone, claim_id=(await self.qualified(phone)).claim.claim_id)

    async def qualified(self, phone: Phone) -> KeptClaim:
        """A resident's claim for one more old bike."""
        application = Application(
            request_id=self.world.ids.new(),
            resident_id=phone.resident.resident_id,
            place=self.place,
            old_code=a_bike_code(),
            facts={"old_battery": "lithium", "old_is_plated": "yes"},
        )
        async with self.world.db.transaction() as conn:
            end = await trade_in.qualify(
                conn,
                application=application,
                chain=self.chain,
                vault=self.world.vault,
                now=self.world.clock.now(),
                ids=self.world.ids,
            )
        assert isinstance(end, Qualified), end
        return end.kept

    def a_sale(self, buyer: Buyer, *, price_fen: int = PRICE_FEN, by: UUID | None = None) -> Order:
        """What the store enters."""
        deed = Deed(
            act=Act.DEDUCT,
            actor=Actor.STORE,
            by=by or self.world.provider.id,
            on=day_of(self.world.clock.now()),
            price_fen=price_fen,
            new_code=a_bike_code(),
        )
        facts = {
            "new_battery": "lead_acid",
            "old_owner_is_applicant": "yes",
            "old_is_plated": "yes",
            "new_is_certified": "yes",
            "store_is_listed": "yes",
            "invoice_names_applicant": "yes",
        }
        return Order(request_id=self.world.ids.new(), claim_id=buyer.claim_id, deed=deed, facts=facts)

    async def enters(self, buyer: Buyer, *, price_fen: int = PRICE_FEN, by: UUID | None = None) -> PreparedSale:
        """The store enters a sale."""
        async with self.world.db.transaction() as conn:
            sale = await trade_in.prepare_sale(
                conn,
                order=self.a_sale(buyer, price_fen=price_fen, by=by),
                chain=self.chain,
                vault=self.world.vault,
                now=self.world.clock.now(),
                ids=self.world.ids,
            )
        assert not isinstance(sale, Refused), sale
        return sale

    async def takes_back_the_entry(self, buyer: Buyer) -> Change:
        """The store takes back a sale that was not paid."""
        async with self.world.db.transaction() as conn:
            return await trade_in.cancel_sale(
                conn,
                claim_id=buyer.claim_id,
                provider_id=self.world.provider.id,
                chain=self.chain,
                vault=self.world.vault,
                now=self.world.clock.now(),
                ids=self.world.ids,
            )

    def tap(self, buyer: Buyer, *, price_fen: int = PRICE_FEN) -> TapBody:
        """The buyer's wallet answers the till."""
        return self.world.answered(buyer.phone, amount_fen=price_fen, item=self.item)

    async def claim(self, buyer: Buyer) -> KeptClaim:
        """The claim as it stands."""
        async with self.world.db.transaction() as conn:
            return await trade_in.get_claim(conn, claim_id=buyer.claim_id, bucket_count=1)

    async def in_claim(self, buyer: Buyer) -> int:
        """What lies in the claim's account and could be taken now."""
        account = name_claim(buyer.phone.resident.resident_id, buyer.claim_id)
        async with self.world.db.transaction() as conn:
            found = await ledger.get_balance(conn, bucket=BUCKET, account=account, now=self.world.clock.now())
        return found.available_fen

    async def clawed_back(self, buyer: Buyer) -> Acted | Refused:
        """Commerce claws a claim back."""
        return await self._does(buyer, Act.RECLAIM, Actor.COMMERCE, by=self.world.ids.new())

    async def returns_without_its_tap(self, buyer: Buyer) -> Acted | Refused:
        """The store books a return of goods though their tap was not refunded."""
        return await self._does(buyer, Act.RETURN_GOODS, Actor.STORE, by=self.world.provider.id)

    async def _does(self, buyer: Buyer, act: Act, actor: Actor, *, by: UUID) -> Acted | Refused:
        deed = Deed(act=act, actor=actor, by=by, on=day_of(self.world.clock.now()))
        order = Order(request_id=self.world.ids.new(), claim_id=buyer.claim_id, deed=deed)
        async with self.world.db.transaction() as conn:
            return await trade_in.act(
                conn, order=order, chain=self.chain, vault=self.world.vault, now=self.world.clock.now(),
                ids=self.world.ids,
            )  # fmt: skip

    async def pays_back(self, buyer: Buyer, fen: int, *, request_id: UUID) -> Acted:
        """Finance takes what is owed back out of what the store is owed."""
        async with self.world.db.transaction() as conn:
            return await trade_in.claw_back_from_store(
                conn, claim_id=buyer.claim_id, fen=fen, request_id=request_id, by=self.world.provider.id,
                chain=self.chain, vault=self.world.vault, now=self.world.clock.now(), ids=self.world.ids,
            )  # fmt: skip

    async def deeds(self, conn: Connection, buyer: Buyer) -> Sequence[DeedRow]:
        """What was done to a claim."""
        return await trade_in.list_deeds(conn, claim_id=buyer.claim_id, bucket_count=1)

    async def settled(self) -> int:
        """The day ends, and its receivable is settled; gives how much was."""
        day, later = day_of(self.world.clock.now()), self.world.clock.now() + timedelta(days=1)
        provider_id = ProviderId(self.world.provider.id)
        async with self.world.db.transaction() as conn:
            await payouts.make_statements(conn, day=day, now=later)
            settled = await payouts.settle_provider(conn, provider_id=provider_id, day=day, term_days=30, now=later)
        return 0 if settled is None else settled.amount_fen

    async def statement(self) -> ProviderStatement:
        """The store's statement of today, once the day has been made."""
        async with self.world.db.transaction() as conn:
            statement, is_final = await payouts.get_statement(
                conn, provider_id=ProviderId(self.world.provider.id), day=day_of(self.world.clock.now()),
                now=self.world.clock.now(),
            )  # fmt: skip
        assert is_final
        return statement

    async def at_once(self, taps: Sequence[tuple[TapBody, Tapping | None]]) -> list[Receipt]:
        """Taps that come at the same moment, each to its worker."""
        return await asyncio.gather(*(self.world.tap(body, at=at) for body, at in taps))

    async def debt(self) -> int:
        """What the store owes beyond its receivable (negative)."""
        return await self._open(name_account(self.world.provider.id, AccountKind.PROVIDER_DEBT))

    async def reclaimed(self) -> int:
        """What came back to the treasury."""
        return await self._open(name_of_budget(self.budget, AccountKind.RECLAIMED))

    async def budget_state(self) -> BudgetState:
        """How the budget stands."""
        async with self.world.db.transaction() as conn:
            found = await ledger.find_budget(conn, budget=self.budget, bucket_count=1)
        assert found is not None
        return found

    async def _open(self, account: AccountName) -> int:
        async with self.world.db.transaction() as conn:
            return await ledger.open_balance(conn, buckets=[BUCKET], account=account)


def a_sale_at_till(
    *,
    price_fen: int = PRICE_FEN,
    reserved_fen: int = SUBSIDY_FEN,
    resident_id: UUID = RESIDENT,
    provider_id: UUID = PROVIDER,
    bought_on: date | None = None,
    valid_until: date | None = None,
    tap_id: UUID | None = None,
) -> SaleAtTill:
    """An entered sale of 500 yuan subsidy with its claim, in no database."""
    today = day_of(NOON)
    draft = a_claim(mode=Mode.DEDUCT_AT_SALE, resident=resident_id)
    qualified = decide_move(
        draft, a_deed(Act.QUALIFY, by=resident_id, on=today, fen=reserved_fen, until=valid_until), today=today
    )
    kept = KeptClaim(
        bucket=0,
        version=1,
        place="990101",
        sheet="990101-2026-01-01",
        count_key="990101:2026",
        budget="trade_in:990101:2026",
        facts={},
        claim=qualified,
        to_release_fen=0,
        sent_fen=0,
        proof=None,
        made_at=NOON,
        changed_at=NOON,
    )
    sale = PreparedSale(
        bucket=0,
        claim_id=draft.claim_id,
        resident_id=ResidentId(resident_id),
        request_id=UUID(int=31),
        decision_id=UUID(int=32),
        provider_id=provider_id,
        price_fen=price_fen,
        subsidy_fen=SUBSIDY_FEN,
        new_code=NEW_CODE,
        model="",
        clause="notice",
        bought_on=bought_on or today,
        prepared_at=NOON,
        tap_id=tap_id,
    )
    return SaleAtTill(kept=kept, sale=sale, version_read=1)


def a_bike_code() -> str:
    """A whole-vehicle code that no other test has."""
    return f"{next(_codes) % 10**15:015d}"


@asynccontextmanager
async def a_bike_store(db: Database, *, budget_fen: int = BUDGET_FEN) -> AsyncIterator[BikeStore]:
    """A counter in a fresh region, whose provider sells e-bikes."""
    async with a_counter_world(db) as world:
        store = BikeStore(world, budget_fen=budget_fen)
        await store.open()
        yield store
