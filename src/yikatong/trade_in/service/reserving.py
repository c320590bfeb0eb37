"""What a sale that was taken back had given into the budget already is reserved anew when a dearer one is entered."""

from typing import Any
from uuid import UUID

import psycopg
from msgspec import structs

from yikatong.kernel.outcomes import Change, Refused
from yikatong.ledger import service as ledger
from yikatong.ledger.model import Reason as LedgerReason
from yikatong.ledger.model import Taking, name_budget, name_claim
from yikatong.trade_in.model import KeptClaim
from yikatong.trade_in.rules.money import hold_again
from yikatong.trade_in.service.applying import used_up
from yikatong.trade_in.service.moving_money import transfer_id_of
from yikatong.trade_in.service.offices import Office

Conn = psycopg.AsyncConnection[Any]


def hold_lacking(kept: KeptClaim, fen: int) -> KeptClaim:
    """A claim as it will be with so much of what was released held again."""
    claim = structs.replace(kept.claim, money=hold_again(kept.claim.money, fen))
    return structs.replace(kept, claim=claim)


async def reserve_again(conn: Conn, *, kept: KeptClaim, fen: int, about: UUID, office: Office) -> None:
    """Bring what is to be held again out of the budget into the claim's account, once for what it is about.

    The claim is locked, and nothing is locked after this. Refuses BUDGET_IS_USED_UP.
    """
    budget, claim = name_budget(kept.budget), kept.claim
    taking = Taking(
        transfer_id_of(b"reserve again", claim.claim_id, about),
        claim.claim_id,
        name_claim(claim.resident_id, claim.claim_id),
        fen,
    )
    try:
        await ledger.lease_slice(
            conn,
            budget=budget,
            bucket=kept.bucket,
            need_fen=fen,
            now=office.now,
            ids=office.ids,
            bucket_count=office.chain.bucket_count,
        )
    except Refused as refused:
        if refused.reason is LedgerReason.BUDGET_HAS_TOO_LITTLE:
            left_fen = await ledger.find_budget_left(conn, budget=budget, bucket_count=office.chain.bucket_count) or 0
            raise used_up(office.chain, budget=kept.budget, needed_fen=fen, left_fen=left_fen) from None
        raise
    outcomes = await ledger.take_from_budget(conn, bucket=kept.bucket, budget=budget, takings=[taking], now=office.now)
    assert outcomes == (Change.DONE,), "its slice is locked and holds enough"
