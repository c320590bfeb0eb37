"""What runs by itself in the goods chain; each claim in a transaction of its own, so that one holds up no other."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from uuid import UUID

import structlog

from yikatong.cards.model import Vault
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.database import Connection
from yikatong.plumbing.jobs import Job, JobCall, every
from yikatong.trade_in import service
from yikatong.trade_in.model import ChainTerms

log = structlog.get_logger("yikatong.trade_in")

OFTEN = timedelta(minutes=1)
AT_ONCE = 500
"""So many of one kind and bucket are dealt with in one run; the rest waits for the next."""

Listing = Callable[[Connection, int], Awaitable[Sequence[UUID]]]
Doing = Callable[[Connection, UUID], Awaitable[object]]


def jobs(*, chain: ChainTerms, vault: Vault) -> tuple[Job, ...]:
    """Qualifications that nobody used end; sales that nobody paid are taken back; rests go back into their budgets;
    codes that no claim counts become free."""
    chores = _Chores(chain, vault)
    return (
        Job(name="trade_in.expire", schedule=every(timedelta(minutes=10)), run=chores.expire),
        Job(name="trade_in.drop_sales", schedule=every(timedelta(minutes=10)), run=chores.drop_sales),
        Job(name="trade_in.release_rests", schedule=every(OFTEN), run=chores.release_rests),
        Job(name="trade_in.settle_codes", schedule=every(OFTEN), run=chores.settle_codes),
    )


class _Chores:
    """The chores, under the sheets and keys of this worker."""

    def __init__(self, chain: ChainTerms, vault: Vault) -> None:
        self._chain = chain
        self._vault = vault

    async def expire(self, call: JobCall) -> None:
        """End qualifications whose last day has passed."""
        now = call.clock.now()
        today = day_of(now)

        async def list_due(conn: Connection, bucket: int) -> Sequence[UUID]:
            return await service.list_ended(conn, bucket=bucket, today=today, chain=self._chain, limit=AT_ONCE)

        async def end(conn: Connection, claim_id: UUID) -> object:
            return await service.expire(
                conn, claim_id=claim_id, chain=self._chain, vault=self._vault, now=now, ids=call.ids
            )

        await self._each(call, list_due, end)

    async def drop_sales(self, call: JobCall) -> None:
        """Take back sales that were entered before yesterday and not paid."""
        now = call.clock.now()
        before = day_of(now) - timedelta(days=1)

        async def list_due(conn: Connection, bucket: int) -> Sequence[UUID]:
            return await service.list_stale_sales(conn, bucket=bucket, before=before, limit=AT_ONCE)

        async def drop(conn: Connection, claim_id: UUID) -> object:
            return await service.drop_stale_sale(
                conn,
                claim_id=claim_id,
                before=before,
                chain=self._chain,
                vault=self._vault,
                now=now,
                ids=call.ids,
            )

        await self._each(call, list_due, drop)

    async def release_rests(self, call: JobCall) -> None:
        """Give what purchases at the till left of their reserves back into the budgets."""
        now = call.clock.now()

        async def list_due(conn: Connection, bucket: int) -> Sequence[UUID]:
            return await service.list_to_release(conn, bucket=bucket, limit=AT_ONCE)

        async def release(conn: Connection, claim_id: UUID) -> object:
            return await service.release_rest(
                conn, claim_id=claim_id, chain=self._chain, vault=self._vault, now=now, ids=call.ids
            )

        await self._each(call, list_due, release)

    async def settle_codes(self, call: JobCall) -> None:
        """Ask the claims of codes past their term, and free those that none counts."""
        now = call.clock.now()
        async with call.database.transaction() as conn:
            stale = await service.list_stale_codes(conn, now=now, limit=AT_ONCE)
        for spending in stale:
            async with call.database.transaction() as conn:
                await service.settle_code(
                    conn, spending=spending, chain=self._chain, vault=self._vault, now=now, ids=call.ids
                )

    async def _each(self, call: JobCall, list_due: Listing, do: Doing) -> None:
        """Do what is due in every bucket; what is refused meanwhile was done by somebody else, or is not due."""
        for bucket in range(self._chain.bucket_count):
            async with call.database.transaction() as conn:
                due = await list_due(conn, bucket)
            for claim_id in due:
                try:
                    async with call.database.transaction() as conn:
                        await do(conn, claim_id)
                except Refused as refused:
                    log.info("passed over", claim=str(claim_id), reason=refused.reason.name)
