"""The ledger's side of a deed: what is released, paid, sent back, stopped or paid back, once for each request."""

from typing import Any
from uuid import UUID

import psycopg

from yikatong.kernel.ids import TransferId
from yikatong.kernel.outcomes import Refused
from yikatong.ledger import service as ledger
from yikatong.ledger.model import (
    AccountKind,
    Leg,
    TransferDraft,
    TransferKind,
    digest_id,
    name_budget,
    name_claim,
    name_of_budget,
)
from yikatong.trade_in.model import (
    Act,
    Claim,
    KeptClaim,
    Order,
    Reason,
)
from yikatong.trade_in.service.offices import (
    Office,
)

Conn = psycopg.AsyncConnection[Any]


async def move_money(conn: Conn, order: Order, *, kept: KeptClaim, claim: Claim, office: Office) -> int:
    """Move the ledger as a deed moves the claim's money; gives how much of it lies with payouts afterwards.

    Refuses, in this order: MONEY_IS_NOT_WITH_PAYOUTS, SOURCE_IS_MISSING, then as the ledger's `post`.
    """
    act, sent_fen = order.deed.act, kept.sent_fen
    if act is Act.PAY:
        if sent_fen != claim.amount_fen:
            raise Refused(Reason.MONEY_IS_NOT_WITH_PAYOUTS, sent_fen=sent_fen)
        sent_fen = 0
    elif act is Act.BANK_RETURNS:
        sent_fen = claim.money.held_fen
    elif act is Act.STOP and sent_fen:
        await _transfer_back(conn, order, fen=sent_fen, to=None, kept=kept, office=office)
        sent_fen = 0
    elif act is Act.PAY_BACK:
        await _transfer_back(conn, order, fen=order.deed.fen, to=AccountKind.RECLAIMED, kept=kept, office=office)
    released_fen = claim.money.released_fen - kept.claim.money.released_fen
    if released_fen:
        await release(conn, kept=kept, fen=released_fen, about=order.request_id, office=office)
    return sent_fen


async def release(conn: Conn, *, kept: KeptClaim, fen: int, about: UUID, office: Office) -> None:
    """Give what a claim does not need back into its budget, once for what it is about."""
    claim = kept.claim
    await ledger.release_to_budget(
        conn,
        bucket=kept.bucket,
        budget=name_budget(kept.budget),
        account=name_claim(claim.resident_id, claim.claim_id),
        amount_fen=fen,
        transfer_id=transfer_id_of(b"release", claim.claim_id, about),
        reference=claim.claim_id,
        now=office.now,
    )


async def _transfer_back(
    conn: Conn, order: Order, *, fen: int, to: AccountKind | None, kept: KeptClaim, office: Office
) -> None:
    """Take money from where it lies into the claim's account, or where a budget keeps what came back."""
    if order.source is None:
        raise Refused(Reason.SOURCE_IS_MISSING)
    claim, budget = kept.claim, name_budget(kept.budget)
    account = name_claim(claim.resident_id, claim.claim_id) if to is None else name_of_budget(budget, to)
    draft = TransferDraft(
        transfer_id_of(b"back", claim.claim_id, order.request_id),
        TransferKind.RETURN if to is None else TransferKind.RECLAIM,
        claim.claim_id,
        (Leg(order.source, -fen), Leg(account, fen)),
    )
    await ledger.post(conn, bucket=kept.bucket, writer=ledger.COMMANDS, draft=draft, now=office.now)


def transfer_id_of(what: bytes, claim_id: UUID, about: UUID) -> TransferId:
    """The id of a transfer: the same for the same claim, and the same of what it is about."""
    return TransferId(digest_id(b"trade-in", what, claim_id.bytes, about.bytes, time_of=about))
