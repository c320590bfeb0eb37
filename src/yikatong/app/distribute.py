"""Another number of buckets, and tables over the nodes of a cluster: whole or not at all, checked by the audit."""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from yikatong.app.audits.rooms import CHECKS
from yikatong.ledger import service as ledger
from yikatong.payouts import service as payouts
from yikatong.plumbing import distribution as moving
from yikatong.plumbing import distribution_citus as citus
from yikatong.plumbing.bucketing import find_bucket_count, set_bucket_count
from yikatong.plumbing.clock import Clock
from yikatong.plumbing.database import Connection
from yikatong.plumbing.distribution import Follows, Listed, OwnedBy, Placing, Rule
from yikatong.plumbing.distribution_citus import ClusterError
from yikatong.plumbing.ids import Ids

Tell = Callable[[str], None]

EXCEPTIONS: Mapping[str, Rule | None] = {
    "access.record": OwnedBy("record_id", first_of="resident_ids"),
    "cards.resident": OwnedBy("id"),
    "ledger.account": OwnedBy("owner_id"),
    "ledger.hold": OwnedBy("owner_id"),
    "ledger.open_account": None,
    "ledger.transfer": Listed("id"),
    "ledger.entry": Listed("transfer_id"),
    "taps.second_use": Follows("tap_id", (("taps.tap", "id"),)),
    # Not distributed by bucket; it says in which bucket its tap lies.
    "taps.request": Follows("tap_id", (("taps.tap", "id"), ("taps.waiting", "tap_id"))),
    "offline.dispute_of_provider": Follows("tap_id", (("offline.dispute", "tap_id"),)),
    # The same; one that was refused before its resident was known names none.
    "offline.upload": Follows("tap_id", (("taps.tap", "id"), ("offline.dispute", "tap_id"))),
}
"""Tables with a bucket whose rows are not found by their `resident_id`; None: the ledger makes it anew."""


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked: another number of buckets, or the tables over a cluster's nodes, or both."""

    bucket_count: int | None
    over_nodes: bool
    shard_count: int = citus.SHARD_COUNT


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """What was done: how many rows changed their bucket, and the statements that distributed tables."""

    bucket_count: int
    rows: int
    statements: tuple[str, ...]


async def distribute(
    conn: Connection, move: Move, *, configured: int, clock: Clock, ids: Ids, tell: Tell = lambda _: None
) -> Moved:
    """Move rows and distribute tables in one transaction; `configured` is the settings' number of buckets.

    `conn` is the owner's, in autocommit mode, and nobody else may be connected. The audit runs before and after; what
    it finds, or anything that fails, leaves everything as it was. Raises ClusterError in this order: others are
    connected, the server lacks something, rows of distributed tables cannot be moved any more, the buckets are fewer
    than the shards, the audit found differences before, a row has no bucket, and the audit found differences after.
    """
    await _verify_alone(conn)
    done: frozenset[str] = frozenset()
    if move.over_nodes:
        await verify_cluster(conn)
        await citus.create_extension(conn)
        await verify_cluster(conn)
    if await _is_cluster(conn):
        done = await citus.list_distributed(conn)
    placings = moving.read_placings()
    async with conn.transaction():
        before = await find_bucket_count(conn) or configured
        count = move.bucket_count or before
        if count != before and any(placing.table in done for placing in placings if placing.by == "bucket"):
            raise ClusterError(
                f"表已按{before}个分桶分布，行不能再换分桶。 "
                f"The tables are distributed by {before} buckets already; their rows cannot change buckets any more."
            )
        if move.over_nodes and count < move.shard_count:
            raise ClusterError(
                f"{count}个分桶不够分到{move.shard_count}个分片：请用--buckets给出不少于{move.shard_count}的数。 "
                f"{count} buckets do not fill {move.shard_count} shards: give --buckets, {move.shard_count} or more."
            )
        rows = 0
        if count != before:
            await _lock(conn, placings, tell)
            await _verify_nothing_is_half_sent(conn)
            await _verify_audit(conn, tell, when="之前 before")
            rows = await rebucket(conn, placings, bucket_count=count, clock=clock, ids=ids, tell=tell)
        await set_bucket_count(conn, count)
        statements = citus.plan_statements(placings, done=done, shard_count=move.shard_count) if move.over_nodes else ()
        await _run(conn, placings, statements, tell)
        if rows or statements:
            await _verify_audit(conn, tell, when="之后 after")
    return Moved(bucket_count=count, rows=rows, statements=statements)


async def rebucket(
    conn: Connection, placings: Sequence[Placing], *, bucket_count: int, clock: Clock, ids: Ids, tell: Tell
) -> int:
    """Move every resident's rows to the resident's bucket of so many; gives how many rows moved.

    The order matters: transfers are listed while all rows still lie where they lay; what follows other rows moves
    before those; what belongs to nobody is levelled when the purses have moved. Raises ClusterError when a row does
    not lie where it belongs afterwards.
    """
    columns = {placing.table: await moving.list_columns(conn, placing.table) for placing in placings}
    rules = moving.rules_of(columns, EXCEPTIONS)
    await moving.prepare_moves(conn)
    for table, rule in rules.items():
        if isinstance(rule, OwnedBy) and "transfer_id" in columns[table]:
            await moving.note_transfers(conn, table, rule, bucket_count=bucket_count)
    await ledger.note_transfers(conn, bucket_count=bucket_count)
    rows = 0
    for table, rule in rules.items():
        moved = await moving.move_rows(conn, table, rule, bucket_count=bucket_count)
        rows += moved
        tell(f"{table}: {moved}")
    levelled = await ledger.rebuild_open_accounts(conn, now=clock.now(), ids=ids)
    tell(f"ledger.open_account: {levelled}")
    for table, rule in rules.items():
        misplaced = await moving.count_misplaced(conn, table, rule, bucket_count=bucket_count)
        if misplaced:
            raise ClusterError(
                f"{table}有{misplaced}行不知属于哪个分桶，未作任何改动。 "
                f"{misplaced} rows of {table} belong to no bucket that can be told; nothing was changed."
            )
    return rows


async def _verify_nothing_is_half_sent(conn: Connection) -> None:
    """Raise ClusterError while a payout batch is being sent or a roster worked on: both remember buckets."""
    if count := await payouts.count_half_sent(conn):
        raise ClusterError(
            f"{count}个发放批次或花名册正在处理，请在其处理完毕后再换分桶，未作任何改动。 "
            f"{count} payout batches are being sent or rosters worked on; change the buckets afterwards. "
            "Nothing was changed."
        )


async def verify_cluster(conn: Connection) -> None:
    """Raise ClusterError with everything that the server lacks for a cluster."""
    lacking = citus.list_lacking(await citus.read_facts(conn))
    if lacking:
        lines = "\n".join(f"- {lack}" for lack in lacking)
        raise ClusterError(f"服务器尚不能作为集群使用，未作任何改动。 The server lacks for a cluster:\n{lines}")


async def _run(conn: Connection, placings: Sequence[Placing], statements: Sequence[str], tell: Tell) -> None:
    if not statements:
        return
    await citus.work_in_sequence(conn)
    for statement in statements:
        tell(statement)
        await citus.run_statement(conn, statement)
    await citus.drop_local_copies(conn, placings)
    await citus.let_serving_lock(conn, placings)


async def _lock(conn: Connection, placings: Sequence[Placing], tell: Tell) -> None:
    tell("锁定各表 locking every table")
    await moving.lock_whole(conn, [placing.table for placing in placings])


async def _verify_alone(conn: Connection) -> None:
    """Raise ClusterError while others are connected to the database: a worker would go on with the former buckets."""
    found = await conn.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND backend_type = 'client backend' AND application_name NOT LIKE 'citus%'"
    )
    row = await found.fetchone()
    assert row is not None
    if row[0]:
        raise ClusterError(
            f"还有{row[0]}个连接在使用本数据库。请先停止yikatong serve和其他程序。 "
            f"{row[0]} others are connected to this database. Stop yikatong serve, and whatever else uses it, first."
        )


async def _is_cluster(conn: Connection) -> bool:
    found = await conn.execute("SELECT 1 FROM pg_extension WHERE extname = 'citus'")
    return await found.fetchone() is not None


async def _verify_audit(conn: Connection, tell: Tell, *, when: str) -> None:
    differences: list[str] = []
    for room, check in CHECKS:
        tell(f"审计 audit, {when}: {room}")
        differences += await check(conn)
    if differences:
        raise ClusterError(
            f"审计（{when}）有{len(differences)}处差异，未作任何改动。 The audit {when} finds {len(differences)} "
            f"differences; nothing was changed. The first: {differences[0]}"
        )
