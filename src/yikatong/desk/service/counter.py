"""At the counter: what happens to a card, and with it to its codes and its holder's money."""

from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from yikatong.access import service as access
from yikatong.cards import service as cards
from yikatong.cards.model import Actor, BalanceGoes, CancellationReason, Replaced, ReplacementReason
from yikatong.codes import service as codes
from yikatong.desk.model import CardEnded
from yikatong.kernel.ids import ResidentId, TransferId, show_id
from yikatong.kernel.outcomes import Change
from yikatong.ledger import service as ledger
from yikatong.ledger.model import AccountKind, AccountName, Leg, TransferDraft, TransferKind, name_account
from yikatong.payouts import service as payouts
from yikatong.plumbing import outbox
from yikatong.plumbing.ids import Ids

Conn = psycopg.AsyncConnection[Any]

CARD_ENDED = "desk.card_ended"
"""Outbox topic: {resident_id, card_id, balance, amount_fen}; a card ended, what was moved out of its purse, perhaps
nothing, and where it goes; the money itself is moved and asked of the bank in the transaction that tells this.
"""

WRITER = 0
"""The writer under which desk posts; its transfers are few."""


async def hand_out_and_activate(
    conn: Conn, *, bucket: int, resident_id: ResidentId, by: Actor, now: datetime, ids: Ids
) -> Change:
    """Hand a card out, activate it, and open its holder's purse.

    Refuses as `cards.activate`. An active card is ALREADY_SO.
    """
    change = await cards.activate(conn, bucket=bucket, resident_id=resident_id, by=by, now=now, ids=ids)
    await ledger.open_account(conn, bucket=bucket, account=purse_of(resident_id), now=now)
    return change


def purse_of(resident_id: UUID) -> AccountName:
    """The purse of a resident; it is named after the resident, so a replaced card keeps it."""
    return name_account(resident_id, AccountKind.PURSE)


async def report_loss(
    conn: Conn,
    *,
    bucket: int,
    resident_id: ResidentId,
    formal: bool,
    by: Actor,
    now: datetime,
    ids: Ids,
) -> Change:
    """Report a card lost and stop its codes, at once and together.

    Refuses as `cards.report_temporary_loss` or `cards.report_formal_loss`. Codes are stopped even when the card was
    reported before, so that a repeated report mends whatever an earlier one may have left.
    """
    report = cards.report_formal_loss if formal else cards.report_temporary_loss
    change = await report(conn, bucket=bucket, resident_id=resident_id, by=by, now=now, ids=ids)
    await codes.suspend_certificates(conn, bucket=bucket, resident_id=resident_id, now=now)
    return change


async def release(conn: Conn, *, bucket: int, resident_id: ResidentId, by: Actor, now: datetime, ids: Ids) -> Change:
    """Release a loss report and bring the chip's certificates back; codes rest until the e-card is associated again.

    Refuses as `cards.release_loss`.
    """
    change = await cards.release_loss(conn, bucket=bucket, resident_id=resident_id, by=by, now=now, ids=ids)
    await codes.restore_chip_certificates(conn, bucket=bucket, resident_id=resident_id, now=now)
    return change


async def unlock(
    conn: Conn, *, bucket: int, resident_id: ResidentId, reason: str, by: Actor, now: datetime, ids: Ids
) -> Change:
    """Unlock a card and bring the chip's certificates back. Refuses as `cards.unlock_card`."""
    change = await cards.unlock_card(
        conn, bucket=bucket, resident_id=resident_id, reason=reason, by=by, now=now, ids=ids
    )
    await codes.restore_chip_certificates(conn, bucket=bucket, resident_id=resident_id, now=now)
    return change


async def lock(
    conn: Conn, *, bucket: int, resident_id: ResidentId, reason: str, by: Actor, now: datetime, ids: Ids
) -> Change:
    """Lock a card and stop its codes. Refuses as `cards.lock_card`."""
    change = await cards.lock_card(conn, bucket=bucket, resident_id=resident_id, reason=reason, by=by, now=now, ids=ids)
    await codes.suspend_certificates(conn, bucket=bucket, resident_id=resident_id, now=now)
    return change


async def replace(
    conn: Conn,
    *,
    bucket: int,
    resident_id: ResidentId,
    why: ReplacementReason,
    has_photo: bool,
    bank_code: str | None,
    by: Actor,
    now: datetime,
    ids: Ids,
) -> Replaced:
    """Cancel a card, have another made, and end the codes of the old one for ever; the purse stays the resident's.

    Refuses as `cards.replace_card`.
    """
    replaced = await cards.replace_card(
        conn,
        bucket=bucket,
        resident_id=resident_id,
        why=why,
        has_photo=has_photo,
        bank_code=bank_code,
        by=by,
        now=now,
        ids=ids,
    )
    await codes.revoke_certificates(conn, bucket=bucket, resident_id=resident_id, now=now)
    return replaced


async def cancel(
    conn: Conn,
    *,
    bucket: int,
    resident_id: ResidentId,
    why: CancellationReason,
    by: Actor,
    now: datetime,
    ids: Ids,
) -> CardEnded:
    """End a card, its e-card, codes and sessions, and move what is in the purse to where `decide_balance` says.

    What goes to the bound bank account is journalled for its bank here and sent by a job of payouts; if the bank does
    not take it, it is kept until it is claimed. Refuses as `cards.cancel_card`. A frozen purse is left as it is:
    whoever froze it decides.
    """
    ended = await cards.cancel_card(conn, bucket=bucket, resident_id=resident_id, why=why, by=by, now=now, ids=ids)
    await codes.revoke_certificates(conn, bucket=bucket, resident_id=resident_id, now=now)
    for device in await cards.list_devices(conn, bucket=bucket, resident_id=resident_id):
        await access.end_sessions_of(conn, subject_id=device.id, now=now)
    moved_fen = await _empty_purse(
        conn, bucket=bucket, resident_id=resident_id, card_id=ended.card_id, to=ended.balance, now=now, ids=ids
    )
    if moved_fen or ended.change is Change.DONE:
        payload = {
            "resident_id": show_id("resident", resident_id),
            "card_id": show_id("card", ended.card_id),
            "balance": ended.balance.value,
            "amount_fen": moved_fen,
        }
        await outbox.publish(conn, id=ids.new(), topic=CARD_ENDED, payload=payload, now=now)
    return CardEnded(change=ended.change, card_id=ended.card_id, balance=ended.balance, moved_fen=moved_fen)


async def _empty_purse(
    conn: Conn, *, bucket: int, resident_id: ResidentId, card_id: UUID, to: BalanceGoes, now: datetime, ids: Ids
) -> int:
    """Move what is available in the purse to what we owe the bank account, or to what we keep for heir or claimant.

    What a waiting tap holds stays until that tap ends; cancelling again moves what came back meanwhile.
    """
    purse = purse_of(resident_id)
    account = await ledger.find_account(conn, bucket=bucket, account=purse)
    if account is None or account.frozen_at is not None or account.closed_at is not None:
        return 0
    balance = await ledger.get_balance(conn, bucket=bucket, account=purse, now=now)
    if balance.available_fen <= 0:
        return 0
    to_the_bank = to is BalanceGoes.TO_THE_BOUND_BANK_ACCOUNT
    kind = AccountKind.PAYOUT_CLEARING if to_the_bank else AccountKind.ESCHEAT
    draft = TransferDraft(
        id=TransferId(ids.new()),
        kind=TransferKind.CLOSING,
        reference=card_id,
        legs=(
            Leg(purse, -balance.available_fen),
            Leg(name_account(resident_id, kind), balance.available_fen),
        ),
    )
    await ledger.post(conn, bucket=bucket, writer=WRITER, draft=draft, now=now)
    if to_the_bank:
        binding = await cards.find_bank_binding(conn, bucket=bucket, resident_id=resident_id)
        assert binding is not None, "a balance goes to a bank account only where one is bound"
        await payouts.pay_balance_out(
            conn,
            bucket=bucket,
            resident_id=resident_id,
            transfer_id=draft.id,
            bank_code=binding.bank_code,
            bank_token=binding.token,
            amount_fen=balance.available_fen,
            now=now,
        )
    return balance.available_fen
