"""What is deleted of e-cards when their term is over."""

from datetime import datetime

from yikatong.cards.store.statements import STATEMENTS
from yikatong.plumbing.rows import Conn


async def forget_e_cards(conn: Conn, *, bucket: int, before: datetime, limit: int) -> int:
    """Delete e-cards cancelled before an instant, and what hung on them; how many there were."""
    gone = await STATEMENTS.run(conn, "forget_e_cards", bucket=bucket, before=before, limit=limit)
    e_card_ids = [row["id"] for row in gone]
    await STATEMENTS.run(conn, "forget_associations", bucket=bucket, e_card_ids=e_card_ids)
    resident_ids = [row["resident_id"] for row in gone]
    await STATEMENTS.run(conn, "forget_devices", bucket=bucket, resident_ids=resident_ids, e_card_ids=e_card_ids)
    await STATEMENTS.run(conn, "forget_last_bindings", bucket=bucket, resident_ids=resident_ids)
    return len(gone)


async def forget_bank_bindings(conn: Conn, *, bucket: int, before: datetime, limit: int) -> int:
    """Delete bank accounts whose binding ended before an instant; how many there were."""
    return len(await STATEMENTS.run(conn, "forget_bank_bindings", bucket=bucket, before=before, limit=limit))
