"""The audit names a batch whose money was changed behind its back."""

import pytest

from tests.support.builders.benefits import BenefitWorld, a_folder
from yikatong.kernel.ids import show_id
from yikatong.payouts.audit import audit
from yikatong.payouts.model import Batch
from yikatong.plumbing.database import Database

pytestmark = pytest.mark.anyio


class Undone(Exception):  # noqa: N818
    """What was changed is taken back."""


async def audited_after(db: Database, batch: Batch, statement: bytes) -> list[str]:
    """What the audit says of a batch after a change, which is taken back."""
    found: list[str] = []
    with pytest.raises(Undone):
        async with db.owner_transaction() as conn:
            changed = await conn.execute(statement, [batch.id])
            assert changed.rowcount > 0
            found = [line for line in await audit(conn) if show_id("payout_batch", batch.id) in line]
            raise Undone
    return found


async def test_a_batch_that_was_changed_behind_its_back_is_named(db: Database) -> None:
    world = BenefitWorld(db)
    people = await world.populated(2)
    await world.funded()
    batch = await world.applied(await world.issued([(who, 100) for who in people]))
    with a_folder() as root:
        bank = world.bank(root)
        exchange = world.exchange(root)
        await exchange.send_batch(batch.id)
        bank.take_in()
        bank.answer()
        await exchange.fetch_returns()
    changes = {
        "lines": b"UPDATE payouts.batch_line SET amount_fen = amount_fen + 1 WHERE batch_id = %s",
        "named": b"UPDATE payouts.batch_line SET amount_fen = amount_fen - 1 WHERE batch_id = %s AND line = 1",
        "sums": b"UPDATE payouts.batch SET paid_fen = 199, issued_fen = 199 WHERE id = %s",
        "reopened": b"UPDATE payouts.batch SET state = 'sent', ended_at = NULL, open_fen = 100, open_count = 1,"
        b" paid_fen = 100, paid_count = 1 WHERE id = %s",
    }
    for name, statement in changes.items():
        assert await audited_after(db, batch, statement), name
    assert [] == await audited_after(db, batch, b"UPDATE payouts.batch SET title = title WHERE id = %s")
