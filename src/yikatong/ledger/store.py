"""The ledger's statements, typed: those of a batch as values, the others as calls."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import psycopg

from yikatong.kernel.ids import AccountId, HoldId, TransferId
from yikatong.ledger.model import (
    Account,
    AccountKind,
    AccountName,
    AccountWrite,
    Balance,
    DayChange,
    Hold,
    HoldStatus,
    Leg,
    OpenTotal,
    StatementLine,
    Transfer,
    TransferDraft,
    TransferKind,
    TrialLine,
)
from yikatong.plumbing import wire
from yikatong.plumbing.pipeline import Statement, as_tuple
from yikatong.plumbing.queries import load_queries

_Q = load_queries(__package__)
_KINDS = {kind.value: kind for kind in AccountKind}
_TRANSFER_KINDS = {kind.value: kind for kind in TransferKind}
_STATUSES = {status.value: status for status in HoldStatus}

Conn = psycopg.AsyncConnection[Any]


def _account(owner_id: UUID, account_id: UUID, kind: str, *rest: Any) -> Account:
    return Account(owner_id, AccountId(account_id), _KINDS[kind], *rest)


def _hold(hold_id: UUID, owner_id: UUID, account_id: UUID, amount_fen: int, status: str, *rest: Any) -> Hold:
    return Hold(HoldId(hold_id), owner_id, AccountId(account_id), amount_fen, _STATUSES[status], *rest)


def _transfer(transfer_id: UUID, kind: str, *rest: Any) -> Transfer:
    return Transfer(TransferId(transfer_id), _TRANSFER_KINDS[kind], *rest)


def lock_accounts(*, bucket: int, owner_ids: Sequence[UUID]) -> Statement[Account]:
    """Lock every floored account of these owners, in key order."""
    return Statement(_Q["lock_accounts"], (wire.int2(bucket), wire.uuid_array(owner_ids)), _account)


def load_pending_holds(*, bucket: int, owner_ids: Sequence[UUID]) -> Statement[Hold]:
    """Read every pending hold on the accounts of these owners."""
    return Statement(_Q["load_pending_holds"], (wire.int2(bucket), wire.uuid_array(owner_ids)), _hold)


def load_holds(*, bucket: int, hold_ids: Sequence[UUID]) -> Statement[Hold]:
    """Read holds by id, whatever their status."""
    return Statement(_Q["load_holds"], (wire.int2(bucket), wire.uuid_array(hold_ids)), _hold)


def load_transfers(*, bucket: int, transfer_ids: Sequence[UUID]) -> Statement[Transfer]:
    """Read transfers by id."""
    return Statement(_Q["load_transfers"], (wire.int2(bucket), wire.uuid_array(transfer_ids)), _transfer)


def lock_open_gates(*, bucket: int, accounts: Sequence[AccountName]) -> Statement[tuple[Any, ...]]:
    """Lock the gate rows of accounts without a floor; `accounts` are in order of their id, each once."""
    params = (
        wire.int2(bucket),
        wire.uuid_array([account.id for account in accounts]),
        wire.text_array([account.kind for account in accounts]),
        wire.uuid_array([account.owner_id for account in accounts]),
        wire.text_array([account.label for account in accounts]),
    )
    return Statement(_Q["lock_open_gates"], params, as_tuple)


def load_open_totals(*, bucket: int, accounts: Sequence[AccountName]) -> Statement[OpenTotal]:
    """Read the balances of accounts without a floor in this bucket, over all writers."""
    params = (wire.int2(bucket), wire.uuid_array([account.id for account in accounts]))
    return Statement(_Q["load_open_totals"], params, OpenTotal)


def insert_transfers(*, bucket: int, transfers: Sequence[TransferDraft], now: datetime) -> Statement[tuple[Any, ...]]:
    """Write transfers; a used id is a UniqueViolation."""
    firsts: list[int] = []
    lasts: list[int] = []
    legs = [leg for transfer in transfers for leg in transfer.legs]
    count = 0
    for transfer in transfers:
        firsts.append(count + 1)
        count += len(transfer.legs)
        lasts.append(count)
    params = (
        wire.int2(bucket),
        wire.uuid_array([leg.account.id for leg in legs]),
        wire.int8_array([leg.amount_fen for leg in legs]),
        wire.instant(now),
        wire.uuid_array([transfer.id for transfer in transfers]),
        wire.text_array([transfer.kind for transfer in transfers]),
        wire.uuid_array([transfer.reference for transfer in transfers]),
        wire.int4_array(firsts),
        wire.int4_array(lasts),
    )
    return Statement(_Q["insert_transfers"], params, as_tuple)


def insert_entries(*, bucket: int, transfers: Sequence[TransferDraft], posted_on: date) -> Statement[tuple[Any, ...]]:
    """Write the entries of transfers, one per leg."""
    legs = [leg for transfer in transfers for leg in transfer.legs]
    params = (
        wire.int2(bucket),
        wire.day(posted_on),
        wire.uuid_array([leg.account.id for leg in legs]),
        wire.uuid_array([transfer.id for transfer in transfers for _ in transfer.legs]),
        wire.int2_array([ordinal for transfer in transfers for ordinal in range(len(transfer.legs))]),
        wire.int8_array([leg.amount_fen for leg in legs]),
    )
    return Statement(_Q["insert_entries"], params, as_tuple)


def update_accounts(*, bucket: int, writes: Sequence[AccountWrite]) -> Statement[tuple[Any, ...]]:
    """Set balances; fails with BatchMustRerun unless every version is still the one that was read."""
    params = (
        wire.int2(bucket),
        wire.uuid_array([write.owner_id for write in writes]),
        wire.uuid_array([write.id for write in writes]),
        wire.int8_array([write.version for write in writes]),
        wire.int8_array([write.posted_fen for write in writes]),
        wire.int8_array([write.held_fen for write in writes]),
    )
    return Statement(_Q["update_accounts"], (*params, wire.int8(len(writes))), as_tuple)


def add_to_open_accounts(*, bucket: int, writer: int, changes: Sequence[Leg]) -> Statement[tuple[Any, ...]]:
    """Add to this writer's rows; `changes` are in order of account id, each account once."""
    params = (
        wire.int2(bucket),
        wire.int2(writer),
        wire.uuid_array([leg.account.id for leg in changes]),
        wire.text_array([leg.account.kind for leg in changes]),
        wire.uuid_array([leg.account.owner_id for leg in changes]),
        wire.text_array([leg.account.label for leg in changes]),
        wire.int8_array([leg.amount_fen for leg in changes]),
    )
    return Statement(_Q["add_to_open_accounts"], params, as_tuple)


def lower_slices(*, bucket: int, changes: Sequence[Leg]) -> Statement[tuple[Any, ...]]:
    """Lower slices of budgets by what `changes` say; fails with BatchMustRerun unless each holds that much."""
    params = (
        wire.int2(bucket),
        wire.uuid_array([leg.account.id for leg in changes]),
        wire.int8_array([leg.amount_fen for leg in changes]),
        wire.int8(len(changes)),
    )
    return Statement(_Q["lower_slices"], params, as_tuple)


def insert_holds(*, bucket: int, holds: Sequence[Hold], now: datetime) -> Statement[tuple[Any, ...]]:
    """Write holds made at `now`."""
    params = (
        wire.int2(bucket),
        wire.instant(now),
        wire.uuid_array([hold.id for hold in holds]),
        wire.uuid_array([hold.owner_id for hold in holds]),
        wire.uuid_array([hold.account_id for hold in holds]),
        wire.int8_array([hold.amount_fen for hold in holds]),
        wire.text_array([hold.status for hold in holds]),
        wire.uuid_array([hold.reference for hold in holds]),
        wire.instant_array([hold.expires_at for hold in holds]),
        wire.instant_array([hold.ended_at for hold in holds]),
        wire.uuid_array([hold.transfer_id for hold in holds]),
    )
    return Statement(_Q["insert_holds"], params, as_tuple)


def end_holds(*, bucket: int, holds: Sequence[Hold], now: datetime) -> Statement[tuple[Any, ...]]:
    """End holds; fails with BatchMustRerun unless all of them are still pending."""
    params = (
        wire.int2(bucket),
        wire.instant(now),
        wire.uuid_array([hold.id for hold in holds]),
        wire.text_array([hold.status for hold in holds]),
        wire.uuid_array([hold.transfer_id for hold in holds]),
    )
    return Statement(_Q["end_holds"], (*params, wire.int8(len(holds))), as_tuple)


async def insert_account(conn: Conn, *, bucket: int, account: AccountName, floor_fen: int, now: datetime) -> bool:
    """Open an account; False when it was open."""
    cursor = await conn.execute(
        _Q["insert_account"],
        {
            "bucket": bucket,
            "owner_id": account.owner_id,
            "id": account.id,
            "kind": account.kind.value,
            "label": account.label,
            "floor_fen": floor_fen,
            "now": now,
        },
    )
    return await cursor.fetchone() is not None


async def insert_many_accounts(
    conn: Conn, *, buckets: Sequence[int], accounts: Sequence[AccountName], now: datetime
) -> int:
    """Open many accounts at once; returns how many were opened now."""
    return await _number(
        conn,
        "insert_many_accounts",
        buckets=list(buckets),
        owner_ids=[account.owner_id for account in accounts],
        ids=[account.id for account in accounts],
        kinds=[account.kind for account in accounts],
        labels=[account.label for account in accounts],
        now=now,
    )


async def freeze_account(conn: Conn, *, bucket: int, account: AccountName, now: datetime) -> bool:
    """Freeze; False when nothing changed."""
    return await _changed(conn, "freeze_account", bucket=bucket, owner_id=account.owner_id, id=account.id, now=now)


async def unfreeze_account(conn: Conn, *, bucket: int, account: AccountName) -> bool:
    """Lift a freeze; False when nothing changed."""
    return await _changed(conn, "unfreeze_account", bucket=bucket, owner_id=account.owner_id, id=account.id)


async def close_account(conn: Conn, *, bucket: int, account: AccountName, now: datetime) -> bool:
    """Close an empty account; False when it is not empty or was closed."""
    return await _changed(conn, "close_account", bucket=bucket, owner_id=account.owner_id, id=account.id, now=now)


async def list_accounts(conn: Conn, *, bucket: int, owner_id: UUID) -> list[Account]:
    """The floored accounts of one owner."""
    cursor = await conn.execute(_Q["list_accounts"], {"bucket": bucket, "owner_id": owner_id})
    return [_account(*row) for row in await cursor.fetchall()]


async def find_open_balance(conn: Conn, *, buckets: Sequence[int], account_id: AccountId) -> int:
    """The balance of an account without a floor over these buckets."""
    return await _number(conn, "find_open_balance", buckets=list(buckets), account_id=account_id)


async def lock_slice(conn: Conn, *, bucket: int, account_id: AccountId) -> int:
    """What a slice holds in one bucket, locked; 0 where it has no row yet."""
    cursor = await conn.execute(_Q["lock_slice"], {"bucket": bucket, "account_id": account_id})
    row = await cursor.fetchone()
    return 0 if row is None else int(row[0])


async def list_slices(conn: Conn, *, buckets: Sequence[int], account_id: AccountId) -> list[tuple[int, int]]:
    """The buckets in which a budget's slice holds something, in order, with how much."""
    cursor = await conn.execute(_Q["list_slices"], {"buckets": list(buckets), "account_id": account_id})
    return await cursor.fetchall()


async def find_budget_left(
    conn: Conn, *, bucket: int, budget: AccountName, slice_id: AccountId, buckets: Sequence[int]
) -> tuple[int, int] | None:
    """What a budget's main row and its slices hold, as of one moment."""
    cursor = await conn.execute(
        _Q["find_budget_left"],
        {
            "bucket": bucket,
            "owner_id": budget.owner_id,
            "id": budget.id,
            "slice_id": slice_id,
            "buckets": list(buckets),
        },
    )
    return await cursor.fetchone()


async def list_owners_with_due_holds(conn: Conn, *, bucket: int, now: datetime, limit: int) -> list[UUID]:
    """Owners who have pending holds past their end."""
    cursor = await conn.execute(_Q["list_owners_with_due_holds"], {"bucket": bucket, "now": now, "limit": limit})
    return [row[0] for row in await cursor.fetchall()]


async def list_statement_lines(
    conn: Conn, *, bucket: int, account_id: AccountId, from_on: date, until_on: date
) -> list[StatementLine]:
    """The entries of one account from a day until another."""
    cursor = await conn.execute(
        _Q["list_statement_lines"],
        {"bucket": bucket, "account_id": account_id, "from_on": from_on, "until_on": until_on},
    )
    return [StatementLine(row[0], _TRANSFER_KINDS[row[1]], *row[2:]) for row in await cursor.fetchall()]


async def find_opening_balance(conn: Conn, *, bucket: int, account: AccountName, from_on: date) -> int | None:
    """The balance of a floored account as a Shanghai day began."""
    cursor = await conn.execute(
        _Q["find_opening_balance"],
        {"bucket": bucket, "owner_id": account.owner_id, "id": account.id, "from_on": from_on},
    )
    row = await cursor.fetchone()
    return None if row is None else row[0]


async def find_balance(conn: Conn, *, bucket: int, account: AccountName, now: datetime) -> Balance | None:
    """What a floored account holds at an instant."""
    cursor = await conn.execute(
        _Q["find_balance"], {"bucket": bucket, "owner_id": account.owner_id, "id": account.id, "now": now}
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    posted_fen, floor_fen, held_fen = row
    return Balance(posted_fen, held_fen, posted_fen - held_fen - floor_fen)


async def list_day_totals(
    conn: Conn, *, kind: AccountKind, day: date, account_id: AccountId | None
) -> list[tuple[Any, ...]]:
    """Rows of bucket, account, owner, label, closing, later settlements, and per kind of transfer: kind, count, sum."""
    cursor = await conn.execute(_Q["list_day_totals"], {"kind": kind.value, "day": day, "account_id": account_id})
    return await cursor.fetchall()


async def list_day_changes(conn: Conn, *, kind: AccountKind) -> list[DayChange]:
    """Every day of every account of a kind without a floor."""
    cursor = await conn.execute(_Q["list_day_changes"], {"kind": kind.value})
    return [DayChange(row[0], row[1], row[2], _TRANSFER_KINDS[row[3]], *row[4:]) for row in await cursor.fetchall()]


async def list_differences(conn: Conn, *, query: str) -> list[tuple[int, UUID, int | None, int | None]]:
    """What one check of the audit finds: bucket, the row concerned, what it should be, what it is."""
    cursor = await conn.execute(_Q[query])
    return await cursor.fetchall()


async def page_transfers(conn: Conn, *, bucket: int, id: UUID, limit: int) -> list[tuple[int, Transfer]]:
    """Transfers after one with their buckets, in the order of their keys."""
    cursor = await conn.execute(_Q["page_transfers"], {"bucket": bucket, "id": id, "limit": limit})
    return [(row[0], _transfer(*row[1:])) for row in await cursor.fetchall()]


async def page_holds(conn: Conn, *, bucket: int, id: UUID, limit: int) -> list[tuple[int, Hold]]:
    """Holds after one with their buckets, in the order of their keys."""
    cursor = await conn.execute(_Q["page_holds"], {"bucket": bucket, "id": id, "limit": limit})
    return [(row[0], _hold(*row[1:])) for row in await cursor.fetchall()]


async def each_account_name(conn: Conn) -> AsyncIterator[tuple[int, UUID, UUID, AccountKind, str]]:
    """Every account with a floor: bucket, id, owner, kind, label; read in pieces, for there may be millions."""
    async with conn.cursor(name="account_names") as cursor:
        cursor.itersize = 10_000
        await cursor.execute(_Q["list_account_names"])
        async for bucket, account_id, owner_id, kind, label in cursor:
            yield bucket, account_id, owner_id, _KINDS[kind], label


async def list_balances_of_kind(conn: Conn, *, kind: AccountKind) -> dict[AccountId, int]:
    """What lies in each account of a kind with a floor, over all buckets; empty ones are left out."""
    cursor = await conn.execute(_Q["audit_balances_of_kind"], {"kind": kind.value})
    return {AccountId(account_id): posted_fen for account_id, posted_fen in await cursor.fetchall()}


async def list_trial_lines(conn: Conn) -> list[TrialLine]:
    """Accounts by kind."""
    cursor = await conn.execute(_Q["list_trial_lines"])
    return [TrialLine(_KINDS[kind], count, posted_fen) for kind, count, posted_fen in await cursor.fetchall()]


async def list_moved(conn: Conn, *, transfer_ids: Sequence[UUID]) -> list[tuple[UUID, int]]:
    """What some transfers moved, over all buckets."""
    cursor = await conn.execute(_Q["audit_moved"], {"transfer_ids": list(transfer_ids)})
    return await cursor.fetchall()


async def count_transfers(conn: Conn, *, kind: TransferKind) -> int:
    """How many transfers of a kind there are."""
    return await _number(conn, "count_transfers", kind=kind.value)


async def _changed(conn: Conn, query: str, **params: Any) -> bool:
    cursor = await conn.execute(_Q[query], params)
    return await cursor.fetchone() is not None


async def _number(conn: Conn, query: str, **params: Any) -> int:
    row = await (await conn.execute(_Q[query], params)).fetchone()
    assert row is not None
    number: int = row[0]
    return number
