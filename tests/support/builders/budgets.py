"""A programme's budget and the claims that want something of it, for tests."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from tests.support.world import NOON, SeededIds
from yikatong.kernel.ids import TransferId
from yikatong.kernel.outcomes import Change, Refused
from yikatong.ledger import service
from yikatong.ledger.model import AccountName, BudgetState, Reason, Taking, name_budget, name_claim
from yikatong.plumbing.database import Database

IDS = SeededIds()


class BudgetWorld(msgspec.Struct, frozen=True):
    """A budget that nobody else knows, over so many buckets."""

    db: Database
    budget: AccountName
    bucket_count: int

    async def funded(self, fen: int) -> "BudgetWorld":
        """The same with more money in it."""
        async with self.db.transaction() as conn:
            await service.fund_budget(
                conn,
                budget=self.budget,
                amount_fen=fen,
                transfer_id=TransferId(IDS.new()),
                reference=IDS.new(),
                now=NOON,
                bucket_count=self.bucket_count,
            )
        return self

    async def state(self) -> BudgetState:
        """How it stands."""
        async with self.db.transaction() as conn:
            found = await service.find_budget(conn, budget=self.budget, bucket_count=self.bucket_count)
        assert found is not None
        return found

    async def left(self) -> int | None:
        """The cheap look."""
        async with self.db.transaction() as conn:
            return await service.find_budget_left(conn, budget=self.budget, bucket_count=self.bucket_count)

    async def lease(self, bucket: int, need_fen: int, *, wanted_fen: int = 0) -> Change | Reason:
        """A lease in a transaction of its own."""
        try:
            async with self.db.transaction() as conn:
                return await service.lease_slice(
                    conn,
                    budget=self.budget,
                    bucket=bucket,
                    need_fen=need_fen,
                    wanted_fen=wanted_fen,
                    now=NOON,
                    ids=IDS,
                    bucket_count=self.bucket_count,
                )
        except Refused as refused:
            assert isinstance(refused.reason, Reason)
            return refused.reason

    async def take(self, bucket: int, takings: Sequence[Taking]) -> tuple[Change | Reason, ...]:
        """Claims take in one transaction, with accounts of theirs."""
        async with self.db.transaction() as conn:
            await service.open_many_accounts(conn, accounts=[(bucket, taking.account) for taking in takings], now=NOON)
            return await service.take_from_budget(conn, bucket=bucket, budget=self.budget, takings=takings, now=NOON)

    async def claim(self, bucket: int, taking: Taking) -> Change | Reason:
        """What a claim does: take, and where the slice is too small lease and take again, until won or refused."""
        while True:
            outcome = (await self.take(bucket, [taking]))[0]
            if outcome is not Reason.BUDGET_SLICE_IS_TOO_SMALL:
                return outcome
            leased = await self.lease(bucket, taking.amount_fen)
            if isinstance(leased, Reason):
                return leased

    async def release(self, bucket: int, taking: Taking, *, transfer_id: UUID | None = None) -> Change:
        """A claim gives back all that it took."""
        async with self.db.transaction() as conn:
            return await service.release_to_budget(
                conn,
                bucket=bucket,
                budget=self.budget,
                account=taking.account,
                amount_fen=taking.amount_fen,
                transfer_id=TransferId(transfer_id or IDS.new()),
                reference=taking.reference,
                now=NOON,
            )


def a_budget(db: Database, *, bucket_count: int) -> BudgetWorld:
    """A budget without money."""
    return BudgetWorld(db, name_budget(f"trade_in:{IDS.new().hex}"), bucket_count)


def a_taking(fen: int) -> Taking:
    """A claim of a resident whom nobody else knows, for so much."""
    claim_id = IDS.new()
    return Taking(TransferId(IDS.new()), claim_id, name_claim(IDS.new(), claim_id), fen)
