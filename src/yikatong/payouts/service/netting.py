"""A provider's debt is taken out of what is due to it, before anything of that is paid out."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import psycopg

from yikatong.kernel.ids import ProviderId
from yikatong.kernel.instants import day_of
from yikatong.ledger import service as ledger
from yikatong.ledger.model import AccountKind, AccountName, Leg, TransferDraft, TransferKind, name_account
from yikatong.payouts.rules.settling import netting_id_of, split_netting, transfer_id_of

Conn = psycopg.AsyncConnection[Any]


def debt_of(provider_id: UUID) -> AccountName:
    """What a provider owes us (negative): below zero for longer than the term, or clawed back beyond its limit."""
    return name_account(provider_id, AccountKind.PROVIDER_DEBT)


async def take_debt(
    conn: Conn, account: AccountName, payable: dict[int, int], day: date, now: datetime
) -> dict[int, int]:
    """Take what a provider owes as a debt out of what is payable to it, once for a day; gives what is left of that.

    The receivable's gates are locked, so no other settlement takes the same debt; it may only have grown meanwhile.
    """
    provider_id = ProviderId(account.owner_id)
    debt = debt_of(provider_id)
    debts = await ledger.day_totals(conn, kind=debt.kind, day=day_of(now), account=debt)
    netted = split_netting(payable, debt_fen=-sum(total.closing_fen for total in debts))
    reference = transfer_id_of(provider_id, day, bucket=0, kind=TransferKind.PAYOUT)
    drafts = {
        bucket: TransferDraft(
            id=netting_id_of(provider_id, day, bucket=bucket),
            kind=TransferKind.DEBT,
            reference=reference,
            legs=(Leg(account, -fen), Leg(debt, fen)),
        )
        for bucket, fen in netted.items()
    }
    left = dict(payable)
    for bucket, draft in drafts.items():
        known = await ledger.find_transfers(conn, bucket=bucket, transfer_ids=[draft.id])
        if not known:
            await ledger.post(conn, bucket=bucket, writer=ledger.COMMANDS, draft=draft, now=now)
            left[bucket] -= netted[bucket]
    return {bucket: fen for bucket, fen in left.items() if fen}
