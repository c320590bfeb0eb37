"""Statements of desk, one typed function each."""

from yikatong.desk.model import KeptPayout, TopUp
from yikatong.plumbing.rows import Conn, NamedStatements, columns_of

_STATEMENTS = NamedStatements(__package__)


async def insert_top_up(conn: Conn, *, top_up: TopUp) -> None:
    """Write that cash was paid in."""
    await _STATEMENTS.run(conn, "insert_top_up", **columns_of(top_up))


async def list_top_ups(conn: Conn) -> tuple[TopUp, ...]:
    """Everything that was paid in at counters, by bucket and transfer."""
    return await _STATEMENTS.list_all(conn, "list_top_ups", TopUp)


async def insert_kept_payout(conn: Conn, *, payout: KeptPayout) -> None:
    """Write that what was kept was handed out."""
    await _STATEMENTS.run(conn, "insert_kept_payout", **columns_of(payout))


async def list_kept_payouts(conn: Conn) -> tuple[KeptPayout, ...]:
    """Everything kept that was handed out at counters, by bucket and transfer."""
    return await _STATEMENTS.list_all(conn, "list_kept_payouts", KeptPayout)
