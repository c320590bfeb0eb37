"""Accounts with a floor: opened, read, frozen."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import psycopg

from yikatong.kernel.outcomes import Change, Refused
from yikatong.ledger import store
from yikatong.ledger.model import Account, AccountName, AccountStatement, Balance, Reason

Conn = psycopg.AsyncConnection[Any]

_STATEMENT_DAYS_MAX = 366


async def open_account(conn: Conn, *, bucket: int, account: AccountName, now: datetime, floor_fen: int = 0) -> Change:
    """Open an account with a floor in its owner's bucket; ALREADY_SO when it is open or was closed.

    Accounts without a floor need no opening: the first transfer makes their row.
    """
    assert account.has_floor, "an account without a floor opens itself"
    opened = await store.insert_account(conn, bucket=bucket, account=account, floor_fen=floor_fen, now=now)
    return Change.of(opened)


async def open_many_accounts(conn: Conn, *, accounts: Sequence[tuple[int, AccountName]], now: datetime) -> int:
    """Open many accounts, given with their buckets, with a floor of 0; returns how many were not open before."""
    buckets = [bucket for bucket, _ in accounts]
    return await store.insert_many_accounts(conn, buckets=buckets, accounts=[name for _, name in accounts], now=now)


async def accounts_of(conn: Conn, *, bucket: int, owner_id: UUID) -> tuple[Account, ...]:
    """The floored accounts of one owner, closed ones included, by kind and label."""
    return tuple(await store.list_accounts(conn, bucket=bucket, owner_id=owner_id))


async def find_account(conn: Conn, *, bucket: int, account: AccountName) -> Account | None:
    """The row of an account with a floor, or None."""
    rows = await store.list_accounts(conn, bucket=bucket, owner_id=account.owner_id)
    return next((row for row in rows if row.id == account.id), None)


async def get_balance(conn: Conn, *, bucket: int, account: AccountName, now: datetime) -> Balance:
    """What an account with a floor holds at an instant; holds past their end do not count.

    Refuses ACCOUNT_IS_UNKNOWN.
    """
    balance = await store.find_balance(conn, bucket=bucket, account=account, now=now)
    if balance is None:
        raise Refused(Reason.ACCOUNT_IS_UNKNOWN)
    return balance


async def open_balance(conn: Conn, *, buckets: Sequence[int], account: AccountName) -> int:
    """The balance of an account without a floor over these buckets and all their writers; negative: it owes us."""
    return await store.find_open_balance(conn, buckets=buckets, account_id=account.id)


async def freeze_account(conn: Conn, *, bucket: int, account: AccountName, now: datetime) -> Change:
    """Freeze an account: no transfer moves it and no hold is made until the freeze is lifted.

    Refuses ACCOUNT_IS_UNKNOWN. The row's version moves, so a batch decided before the freeze does not commit after it.
    """
    changed = await store.freeze_account(conn, bucket=bucket, account=account, now=now)
    return await _change_of_known(conn, changed, bucket=bucket, account=account)


async def unfreeze_account(conn: Conn, *, bucket: int, account: AccountName) -> Change:
    """Lift an account's freeze. Refuses ACCOUNT_IS_UNKNOWN."""
    changed = await store.unfreeze_account(conn, bucket=bucket, account=account)
    return await _change_of_known(conn, changed, bucket=bucket, account=account)


async def statement_of(
    conn: Conn, *, bucket: int, account: AccountName, from_on: date, until_on: date
) -> AccountStatement:
    """The entries of a floored account from a Shanghai day until another (exclusive), with the balances around them.

    Refuses STATEMENT_RANGE_IS_WRONG (reversed, empty or more than 366 days), then ACCOUNT_IS_UNKNOWN.
    """
    if not 0 < (until_on - from_on).days <= _STATEMENT_DAYS_MAX:
        raise Refused(Reason.STATEMENT_RANGE_IS_WRONG)
    opening_fen = await store.find_opening_balance(conn, bucket=bucket, account=account, from_on=from_on)
    if opening_fen is None:
        raise Refused(Reason.ACCOUNT_IS_UNKNOWN)
    lines = await store.list_statement_lines(
        conn, bucket=bucket, account_id=account.id, from_on=from_on, until_on=until_on
    )
    closing_fen = opening_fen + sum(line.amount_fen for line in lines)
    return AccountStatement(account.id, from_on, until_on, opening_fen, tuple(lines), closing_fen)


async def _change_of_known(conn: Conn, changed: bool, *, bucket: int, account: AccountName) -> Change:
    if not changed and await find_account(conn, bucket=bucket, account=account) is None:
        raise Refused(Reason.ACCOUNT_IS_UNKNOWN)
    return Change.of(changed)
