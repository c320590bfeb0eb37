"""Money of approved claims on its way to payouts: handed over once, to be paid, sent back or stopped."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from yikatong.cards.model import Vault
from yikatong.kernel.outcomes import Change, Refused
from yikatong.ledger import service as ledger
from yikatong.ledger.model import AccountName, Leg, TransferDraft, TransferKind, name_claim
from yikatong.plumbing.ids import Ids
from yikatong.trade_in.model import ChainTerms, ClaimState, Reason
from yikatong.trade_in.service.moving_money import transfer_id_of
from yikatong.trade_in.service.offices import Office, lock_claim
from yikatong.trade_in.store import claims as claim_store

Conn = psycopg.AsyncConnection[Any]


async def send_to_payouts(
    conn: Conn,
    *,
    claim_ids: Sequence[UUID],
    to: AccountName,
    about: UUID,
    chain: ChainTerms,
    vault: Vault,
    now: datetime,
    ids: Ids,
) -> Change:
    """Hand the amounts of approved claims of one bucket over to an account of payouts; `about` says for which roster.

    ALREADY_SO when all of them were. Claims are locked in the order of their ids.

    Refuses, for the first claim that cannot be handed over: CLAIM_IS_UNKNOWN, CLAIM_IS_IN_ANOTHER_STATE,
    MONEY_IS_NOT_WITH_PAYOUTS (another amount lies there), then as the ledger's `post_batch`.
    """
    office = Office(chain, vault, now, ids)
    drafts = []
    bucket = 0
    for claim_id in sorted(set(claim_ids)):
        kept = await lock_claim(conn, claim_id=claim_id, office=office)
        claim, bucket = kept.claim, kept.bucket
        if claim.state is not ClaimState.APPROVED:
            raise Refused(Reason.CLAIM_IS_IN_ANOTHER_STATE, state=claim.state.value, needs=ClaimState.APPROVED.value)
        if kept.sent_fen == claim.amount_fen:
            continue
        if kept.sent_fen:
            raise Refused(Reason.MONEY_IS_NOT_WITH_PAYOUTS, sent_fen=kept.sent_fen)
        won = await claim_store.mark_claim_sent(
            conn, bucket=bucket, claim_id=claim_id, sent_fen=claim.amount_fen, sent_before_fen=0
        )
        assert won, "the claim is locked"
        account = name_claim(claim.resident_id, claim_id)
        version = UUID(int=kept.version)
        drafts.append(
            TransferDraft(
                transfer_id_of(b"send", claim_id, UUID(int=about.int ^ version.int)),
                TransferKind.PAYOUT,
                claim_id,
                (Leg(account, -claim.amount_fen), Leg(to, claim.amount_fen)),
            )
        )
    for outcome in await ledger.post_batch(conn, bucket=bucket, writer=ledger.COMMANDS, drafts=drafts, now=now):
        if not isinstance(outcome, Change):
            raise Refused(outcome)
    return Change.of(bool(drafts))
