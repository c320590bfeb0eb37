"""What a batch of taps asks about sales goes by keys, also by the plan of a connection that saw empty tables."""

import pytest

from tests.support.database import a_fresh_database, build_schema
from yikatong.plumbing.database import Database
from yikatong.trade_in import service

pytestmark = pytest.mark.anyio


async def test_a_batch_reads_only_the_claims_whose_sales_it_found(db: Database) -> None:
    with a_fresh_database(db.address.conninfo) as address:
        build_schema(address.conninfo, over_nodes=False)
        conn = await Database(address, limits=db._limits, pool_size_max=2).connect_owner()
        # As `BatchConnection.over` sets them.
        await conn.execute("SET enable_seqscan = off")
        await conn.execute("SET plan_cache_mode = force_generic_plan")
        statement = service.load_sales(bucket=0, resident_ids=[]).sql.strip().removesuffix(";")
        await conn.execute(f"PREPARE asked (smallint, uuid[]) AS {statement}".encode())
        plan = [line for (line,) in await (await conn.execute("EXPLAIN EXECUTE asked (0, '{}')")).fetchall()]
        await conn.close()

    conditions = [line.strip() for line in plan if "Index Cond" in line]
    assert conditions
    assert all("resident_id = ANY" in one or "claim_id = " in one for one in conditions), "\n".join(plan)
