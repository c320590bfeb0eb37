"""Residents' accounts, transfers between them and holds on them, for tests."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from tests.support.world import NOON, SeededIds
from yikatong.kernel.ids import HoldId, TransferId
from yikatong.ledger import service
from yikatong.ledger.model import (
    Account,
    AccountKind,
    AccountName,
    Hold,
    HoldDraft,
    HoldStatus,
    Leg,
    TransferDraft,
    TransferKind,
    bank_clearing,
    name_account,
)
from yikatong.sealing import service as sealing
from yikatong.trust import service as trust

BANK = bank_clearing("102")
IDS = SeededIds()


def a_purse(owner_id: UUID | None = None) -> AccountName:
    """The purse of a resident whom nobody else knows."""
    return name_account(owner_id or IDS.new(), AccountKind.PURSE)


def a_benefit(owner_id: UUID | None = None, code: str = "elderly-meals") -> AccountName:
    """A benefit account of a resident whom nobody else knows."""
    return name_account(owner_id or IDS.new(), AccountKind.BENEFIT, code)


def a_receivable(provider_id: UUID | None = None) -> AccountName:
    """The receivable of a provider whom nobody else knows."""
    return name_account(provider_id or IDS.new(), AccountKind.PROVIDER_RECEIVABLE)


def a_row(name: AccountName, *, posted_fen: int = 0, held_fen: int = 0, **changes: Any) -> Account:
    """An account's row, open and not frozen."""
    row = Account(name.owner_id, name.id, name.kind, name.label, 0, posted_fen, held_fen, 0, None, None)
    return msgspec.structs.replace(row, **changes)


def a_transfer(
    source: AccountName,
    target: AccountName,
    amount_fen: int,
    *,
    kind: TransferKind = TransferKind.PAYMENT,
    transfer_id: UUID | None = None,
) -> TransferDraft:
    """So much from one account to another."""
    return TransferDraft(
        id=TransferId(transfer_id or IDS.new()),
        kind=kind,
        reference=IDS.new(),
        legs=(Leg(source, -amount_fen), Leg(target, amount_fen)),
    )


def a_hold_draft(account: AccountName, amount_fen: int, *, expires_at: datetime | None = None) -> HoldDraft:
    """So much set aside on an account, for an hour after noon unless said otherwise."""
    return HoldDraft(HoldId(IDS.new()), account, amount_fen, expires_at or NOON + timedelta(hours=1), IDS.new())


def a_hold(account: AccountName, amount_fen: int, **changes: Any) -> Hold:
    """A pending hold as it is read, made an hour before noon and ending an hour after."""
    hold = Hold(
        id=HoldId(IDS.new()),
        owner_id=account.owner_id,
        account_id=account.id,
        amount_fen=amount_fen,
        status=HoldStatus.PENDING,
        reference=IDS.new(),
        made_at=NOON - timedelta(hours=1),
        expires_at=NOON + timedelta(hours=1),
        ended_at=None,
        transfer_id=None,
    )
    return msgspec.structs.replace(hold, **changes)


def a_log_writer(folder: Path) -> sealing.Writer:
    """Someone who writes batches of the sealed log, by a log key made in a folder of its own."""
    ids = SeededIds()
    keys = trust.open_key_folder(
        folder / str(ids.new()), key_encryption_key=b"k" * 32, wanted=sealing.WANTED_KEYS, now=NOON, ids=ids
    )
    return sealing.Writer(keys, ids=ids)


async def open_with(
    conn: psycopg.AsyncConnection[Any], *accounts: AccountName, fen: int, bucket: int = 0, now: datetime = NOON
) -> None:
    """Open accounts and pay this much into each from a bank."""
    for account in accounts:
        await service.open_account(conn, bucket=bucket, account=account, now=now)
        if fen:
            draft = a_transfer(BANK, account, fen, kind=TransferKind.TOP_UP)
            await service.post(conn, bucket=bucket, writer=1, draft=draft, now=now)
