"""What a store owes back for a claim, taken out of what it is owed."""

from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from yikatong.cards.model import Vault
from yikatong.catalogue import service as catalogue
from yikatong.kernel.ids import ProviderId
from yikatong.kernel.outcomes import Change, Refused
from yikatong.ledger import service as ledger
from yikatong.payouts import service as payouts
from yikatong.plumbing.ids import Ids
from yikatong.trade_in.model import Act, Acted, Actor, ChainTerms, Deed, Order, Reason
from yikatong.trade_in.service.acting import act
from yikatong.trade_in.service.moving_money import transfer_id_of
from yikatong.trade_in.service.offices import Office, lock_claim

Conn = psycopg.AsyncConnection[Any]


async def claw_back_from_store(
    conn: Conn,
    *,
    claim_id: UUID,
    fen: int,
    request_id: UUID,
    by: UUID,
    chain: ChainTerms,
    vault: Vault,
    now: datetime,
    ids: Ids,
) -> Acted:
    """Let the store of a claim pay back what it owes of a subsidy, in parts if need be, once per request.

    It becomes a debt of the store, and is at once taken out of the store's receivable as far as that may fall: what is
    left stays a debt. `by` is the finance officer.

    Refuses, in this order: CLAIM_IS_UNKNOWN, CLAIM_HAS_NO_STORE, then as `act`.
    """
    office = Office(chain, vault, now, ids)
    kept = await lock_claim(conn, claim_id=claim_id, office=office)
    store_id = kept.claim.store_id
    provider = None if store_id is None else await catalogue.find_provider(conn, provider_id=ProviderId(store_id))
    if store_id is None or provider is None:
        raise Refused(Reason.CLAIM_HAS_NO_STORE)
    deed = Deed(act=Act.PAY_BACK, actor=Actor.FINANCE, by=by, on=office.today, fen=fen)
    order = Order(request_id=request_id, claim_id=claim_id, deed=deed, source=payouts.debt_of(store_id))
    acted = await act(conn, order=order, chain=chain, vault=vault, now=now, ids=ids)
    assert isinstance(acted, Acted), "no formula is asked"
    if acted.change is Change.DONE:
        await ledger.net_debt(
            conn,
            bucket=kept.bucket,
            receivable=payouts.receivable_of(store_id),
            debt=payouts.debt_of(store_id),
            amount_fen=fen,
            limit_fen=provider.receivable_limit_fen,
            transfer_id=transfer_id_of(b"net", claim_id, request_id),
            reference=claim_id,
            now=now,
        )
    return acted
