"""The goods chain on the real database: a place of its own with its sheet and budget, residents, and their orders."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from itertools import count
from random import SystemRandom
from typing import Any, Self
from uuid import UUID

import psycopg
from msgspec import structs

from tests.support.builders.cards import CardWorld
from tests.support.builders.ledger import IDS
from tests.support.builders.programmes import a_sheet, a_sheet_text, a_shelf
from tests.support.builders.trade_in import some_chain_terms
from tests.support.world import NOON, a_region_code
from yikatong.cards.model import Registered
from yikatong.kernel.ids import TransferId
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Refused
from yikatong.ledger import service as ledger
from yikatong.ledger.model import name_budget, name_claim
from yikatong.plumbing.database import Database
from yikatong.trade_in import service
from yikatong.trade_in.model import (
    MOVES,
    Act,
    Acted,
    Actor,
    Application,
    Deed,
    KeptClaim,
    Order,
    PreparedSale,
    Qualified,
)

Conn = psycopg.AsyncConnection[Any]

STORE, OTHER_STORE, RECYCLER, OFFICE = (UUID(int=n) for n in range(101, 105))
PROOF = bytes(range(32))
BUCKETS = 4
_codes = count(SystemRandom().randrange(10**14))

STATED = {
    Act.SELL: {"new_battery": "lead_acid"},
    Act.DEDUCT: {
        "new_battery": "lead_acid",
        "old_owner_is_applicant": "yes",
        "old_is_plated": "yes",
        "new_is_certified": "yes",
        "store_is_listed": "yes",
        "invoice_names_applicant": "yes",
    },
    Act.CHECK: {
        "old_owner_is_applicant": "yes",
        "new_owner_is_applicant": "yes",
        "invoice_names_applicant": "yes",
        "old_is_plated": "yes",
        "new_is_certified": "yes",
        "recycler_is_listed": "yes",
        "store_is_listed": "yes",
    },
}
"""What a party states with its deed where nothing stands in the way."""


def a_code() -> str:
    """A whole-vehicle code that no other test uses."""
    return f"{next(_codes) % 10**15:015d}"


class Place:
    """A place with a sheet and a budget of its own, at a time."""

    def __init__(
        self,
        db: Database,
        *,
        now: datetime = NOON,
        terms: Mapping[str, str] | None = None,
        windows: Mapping[str, str] | None = None,
        bucket_count: int = BUCKETS,
    ) -> None:
        self.db = db
        self.now = now
        self.code = a_region_code()
        text = a_sheet_text(
            terms, place=self.code, valid_from="2026-01-01", valid_until="2028-01-01", known_from="2026-01-01",
            windows=windows,
        )  # fmt: skip
        shelf = a_shelf(a_sheet(text, name=f"{self.code}-2026-01-01"))
        self.chain = some_chain_terms(shelf, bucket_count=bucket_count)
        self.budget = name_budget(f"trade_in:{self.code}:{day_of(now).year}")
        self.world = CardWorld(None, now=now)  # type: ignore[arg-type]  # given with each step
        self.vault = self.world.vault
        self.ids = IDS
        self.world.terms = structs.replace(self.world.terms, bucket_count=bucket_count)

    def own_commit(self) -> AbstractAsyncContextManager[Conn]:
        """A transaction of its own."""
        return self.db.transaction()

    async def funded(self, fen: int) -> Self:
        """Put money into the place's budget."""
        async with self.db.transaction() as conn:
            await ledger.fund_budget(
                conn,
                budget=self.budget,
                amount_fen=fen,
                transfer_id=TransferId(IDS.new()),
                reference=IDS.new(),
                now=self.now,
                bucket_count=self.chain.bucket_count,
            )
        return self

    async def left(self) -> int:
        """What claims may still get."""
        async with self.db.transaction() as conn:
            left = await ledger.find_budget_left(conn, budget=self.budget, bucket_count=self.chain.bucket_count)
        return left or 0

    async def a_resident(self, **more: Any) -> Registered:
        """A grown-up resident, unless said otherwise."""
        async with self.db.transaction() as conn:
            self.world.conn = conn
            return await self.world.a_resident(**more)

    def an_application(
        self, resident: Registered, *, old_code: str | None = None, request_id: UUID | None = None, **facts: str
    ) -> Application:
        """Ask to be qualified with an old lithium bike that has a plate."""
        return Application(
            request_id=request_id or IDS.new(),
            resident_id=resident.resident_id,
            place=self.code,
            old_code=a_code() if old_code is None else old_code,
            facts={"old_battery": "lithium", "old_is_plated": "yes"} | facts,
        )

    async def admit(
        self, application: Application, *, own_commit: service.OwnCommit | None = None
    ) -> Qualified | Refused:
        """Bring an application to its end, in commits of the database's or of a connection's own."""
        return await service.admit(
            own_commit or self.own_commit,
            application=application,
            chain=self.chain,
            vault=self.vault,
            now=self.now,
            ids=self.ids,
        )

    async def qualified(self, **facts: Any) -> KeptClaim:
        """A new resident's claim that was qualified."""
        end = await self.admit(self.an_application(await self.a_resident(), **facts))
        assert isinstance(end, Qualified), end
        return end.kept

    def an_order(
        self, kept: KeptClaim, act: Act, *, actor: Actor | None = None, request_id: UUID | None = None, **more: Any
    ) -> Order:
        """A deed of today by the first party that may do it, with what it states; `more` are fields of the deed."""
        who = actor or next(allowed for known, allowed in MOVES if known is act)
        by = {
            Actor.RESIDENT: kept.claim.resident_id,
            Actor.STORE: STORE,
            Actor.RECYCLER: RECYCLER,
        }.get(who, OFFICE)
        facts = more.pop("facts", STATED.get(act, {}))
        source = more.pop("source", None)
        sale = {"price_fen": 200_000, "new_code": a_code()} if act in (Act.SELL, Act.DEDUCT) else {}
        fields: dict[str, Any] = {"by": by, "on": day_of(self.now)} | sale | more
        return Order(
            request_id=request_id or IDS.new(),
            claim_id=kept.claim.claim_id,
            deed=Deed(act=act, actor=who, **fields),
            facts=facts,
            proof=PROOF if act is Act.DISMANTLE else b"",
            source=source,
        )

    async def act(self, order: Order) -> Acted | Refused:
        """Do a deed in a commit of its own."""
        async with self.db.transaction() as conn:
            return await service.act(conn, order=order, chain=self.chain, vault=self.vault, now=self.now, ids=self.ids)

    async def done(self, kept: KeptClaim, *acts: Act, **more: Any) -> KeptClaim:
        """The claim after these acts."""
        for act in acts:
            acted = await self.act(self.an_order(kept, act, **more))
            assert isinstance(acted, Acted), acted
            kept = acted.kept
        return kept

    async def prepared(self, order: Order) -> PreparedSale | Refused:
        """Let a store enter a sale."""
        async with self.db.transaction() as conn:
            return await service.prepare_sale(
                conn, order=order, chain=self.chain, vault=self.vault, now=self.now, ids=self.ids
            )

    async def claim(self, claim_id: UUID) -> KeptClaim:
        """A claim as it stands."""
        async with self.db.transaction() as conn:
            return await service.get_claim(conn, claim_id=claim_id, bucket_count=self.chain.bucket_count)

    async def account_fen(self, kept: KeptClaim) -> int:
        """What lies in a claim's account."""
        account = name_claim(kept.claim.resident_id, kept.claim.claim_id)
        async with self.db.transaction() as conn:
            balance = await ledger.get_balance(conn, bucket=kept.bucket, account=account, now=self.now)
        return balance.posted_fen
