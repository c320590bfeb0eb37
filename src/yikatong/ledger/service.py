"""What the house asks of the ledger: open, post, hold, freeze, close, read. Each inside the caller's transaction."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from msgspec import structs
from psycopg.errors import UniqueViolation

from yikatong.kernel.ids import AccountId, HoldId
from yikatong.kernel.outcomes import Change, Refused
from yikatong.ledger import store
from yikatong.ledger.batch import (
    load_holds,
    load_open_totals,
    load_pending_holds,
    lock_accounts_of,
    lock_open_gates,
    verify_won,
    write_book,
)
from yikatong.ledger.model import (
    Account,
    AccountKind,
    AccountName,
    AccountStatement,
    Balance,
    DayChange,
    DayTotal,
    Hold,
    HoldDraft,
    HoldStatus,
    Reason,
    Transfer,
    TransferDraft,
    TrialLine,
    name_account,
)
from yikatong.ledger.rules import Book
from yikatong.plumbing.pipeline import BEGIN, COMMIT, ROLLBACK, BatchConnection
from yikatong.plumbing.statements import BatchMustRerun, run_in_order

__all__ = [
    "BatchMustRerun",
    "Book",
    "accounts_of",
    "close_account",
    "day_changes",
    "day_totals",
    "find_account",
    "freeze_account",
    "get_balance",
    "hold",
    "load_holds",
    "load_open_totals",
    "load_pending_holds",
    "lock_accounts_of",
    "lock_open_gates",
    "open_account",
    "open_balance",
    "open_many_accounts",
    "post",
    "post_batch",
    "post_hold",
    "post_pipelined",
    "run_in_order",
    "statement_of",
    "tidy_holds",
    "trial_balance",
    "unfreeze_account",
    "verify_won",
    "void_hold",
    "write_book",
]

Conn = psycopg.AsyncConnection[Any]
Outcome = Change | Reason
Result = TypeVar("Result")

_STATEMENT_DAYS_MAX = 366
_TRIES_MAX = 5


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


async def post_batch(
    conn: Conn, *, bucket: int, writer: int, drafts: Sequence[TransferDraft], now: datetime
) -> tuple[Outcome, ...]:
    """Post transfers of one bucket in the order given; each is done, already so, or refused for a reason.

    The same id again is ALREADY_SO if kind, reference, accounts and legs are the same, else TRANSFER_ID_IS_USED;
    the other reasons and their order are those of `Book.post`. A refused transfer does not touch its neighbours.
    """
    owners = _owners_of(drafts)

    async def attempt() -> tuple[Outcome, ...]:
        book, _ = await _read_book(conn, bucket=bucket, owner_ids=owners, now=now)
        ids = [draft.id for draft in drafts]
        results = await run_in_order(conn, [store.load_transfers(bucket=bucket, transfer_ids=ids)])
        posted: dict[UUID, Transfer] = {row.id: row for row in results[0].rows}
        outcomes = tuple(_post_once(book, draft, posted) for draft in drafts)
        await _write(conn, book, bucket=bucket, writer=writer)
        return outcomes

    return await _until_won(conn, attempt)


async def post_pipelined(
    conn: BatchConnection, *, bucket: int, writer: int, drafts: Sequence[TransferDraft], now: datetime
) -> tuple[Outcome, ...]:
    """As `post_batch`, in a transaction of its own on a pipelined connection: for thousands of transfers a second.

    Ids are looked up only after one was found to be used, since nearly all are new. Raises BatchMustRerun when
    others were first five times in a row.
    """
    owners = _owners_of(drafts)
    ids: list[UUID] = []
    for _ in range(_TRIES_MAX):
        try:
            accounts, holds, known = (
                await conn.run(
                    [
                        BEGIN,
                        lock_accounts_of(bucket=bucket, owner_ids=owners),
                        load_pending_holds(bucket=bucket, owner_ids=owners),
                        store.load_transfers(bucket=bucket, transfer_ids=ids),
                    ]
                )
            )[1:]
            posted: dict[UUID, Transfer] = {row.id: row for row in known.rows}
            book = Book(accounts=accounts.rows, holds=holds.rows, now=now)
            outcomes = tuple(_post_once(book, draft, posted) for draft in drafts)
            statements = write_book(bucket=bucket, writer=writer, book_writes=book.writes)
            verify_won(statements, await conn.run(statements))
            await conn.run([COMMIT])
        except (BatchMustRerun, UniqueViolation):
            await conn.run([ROLLBACK])
            ids = [draft.id for draft in drafts]
        else:
            return outcomes
    raise BatchMustRerun("others were first in every try")


async def post(conn: Conn, *, bucket: int, writer: int, draft: TransferDraft, now: datetime) -> Change:
    """Post one transfer, once. Refuses as `post_batch`."""
    outcome = (await post_batch(conn, bucket=bucket, writer=writer, drafts=[draft], now=now))[0]
    return _raise_or_give(outcome)


async def hold(conn: Conn, *, bucket: int, draft: HoldDraft, now: datetime) -> Change:
    """Set an amount aside, once: the same id and content again is ALREADY_SO, even when the hold has ended.

    Refuses HOLD_ID_IS_USED when the id has another content, then as `Book.hold`.
    """

    def decide(book: Book, known: Hold | None) -> Outcome:
        if known is not None:
            is_same = (known.account_id, known.amount_fen, known.reference) == (
                draft.account.id, draft.amount_fen, draft.reference,
            )  # fmt: skip
            return Change.ALREADY_SO if is_same else Reason.HOLD_ID_IS_USED
        return book.hold(draft) or Change.DONE

    owners = [draft.account.owner_id]
    return await _with_hold(conn, bucket=bucket, writer=0, hold_id=draft.id, owners=owners, now=now, decide=decide)


async def post_hold(
    conn: Conn, *, bucket: int, writer: int, hold_id: HoldId, draft: TransferDraft, now: datetime
) -> Change:
    """Post a transfer out of a hold, once: ALREADY_SO when this transfer already ended this hold.

    Refuses as `Book.post_hold`.
    """

    def decide(book: Book, known: Hold | None) -> Outcome:
        if known is not None and known.status is HoldStatus.POSTED and known.transfer_id == draft.id:
            return Change.ALREADY_SO
        return book.post_hold(hold_id, draft) or Change.DONE

    owners = _owners_of([draft])
    return await _with_hold(conn, bucket=bucket, writer=writer, hold_id=hold_id, owners=owners, now=now, decide=decide)


async def void_hold(conn: Conn, *, bucket: int, hold_id: HoldId, now: datetime) -> Change:
    """Give a held amount free again, once. Refuses as `Book.void_hold`."""

    def decide(book: Book, known: Hold | None) -> Outcome:
        if known is not None and known.status is HoldStatus.VOIDED:
            return Change.ALREADY_SO
        return book.void_hold(hold_id) or Change.DONE

    return await _with_hold(conn, bucket=bucket, writer=0, hold_id=hold_id, owners=[], now=now, decide=decide)


async def tidy_holds(conn: Conn, *, bucket: int, now: datetime, owner_count_max: int = 500) -> int:
    """Record as expired the holds of one bucket that are past their end; returns how many owners were tidied.

    Only tidiness depends on it: every use judges the end itself.
    """
    owners = await store.list_owners_with_due_holds(conn, bucket=bucket, now=now, limit=owner_count_max)
    if owners:
        book, _ = await _read_book(conn, bucket=bucket, owner_ids=owners, now=now)
        book.expire_due_holds()
        await _write(conn, book, bucket=bucket, writer=0)
    return len(owners)


async def close_account(
    conn: Conn, *, bucket: int, writer: int, account: AccountName, closing: TransferDraft | None, now: datetime
) -> Change:
    """Close an account, after `closing` has paid out the whole rest (None when there is none).

    Refuses, in this order:
        ACCOUNT_IS_UNKNOWN, ACCOUNT_IS_FROZEN
        ACCOUNT_HAS_HOLDS      amounts are set aside and their holds are not past their end
        the reasons of `post` for the closing transfer
        ACCOUNT_HAS_BALANCE    something is left after it
    """
    book, holds = await _read_book(conn, bucket=bucket, owner_ids=[account.owner_id], now=now)
    row = book.find_account(account.id)
    if row is None:
        raise Refused(Reason.ACCOUNT_IS_UNKNOWN)
    if row.closed_at is not None:
        return Change.ALREADY_SO
    if row.frozen_at is not None:
        raise Refused(Reason.ACCOUNT_IS_FROZEN)
    if any(each.account_id == account.id and each.expires_at > now for each in holds):
        raise Refused(Reason.ACCOUNT_HAS_HOLDS)
    book.expire_due_holds()
    await _write(conn, book, bucket=bucket, writer=writer)
    if closing is not None:
        await post(conn, bucket=bucket, writer=writer, draft=closing, now=now)
    if not await store.close_account(conn, bucket=bucket, account=account, now=now):
        raise Refused(Reason.ACCOUNT_HAS_BALANCE)
    return Change.DONE


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


async def day_totals(
    conn: Conn, *, kind: AccountKind, day: date, account: AccountName | None = None
) -> tuple[DayTotal, ...]:
    """What a Shanghai day did to every account of a kind without a floor, or to one, by bucket.

    Accounts without entries on that day are there too. One statement reads balances and entries, so that they
    belong together however much is posted meanwhile.
    """
    rows = await store.list_day_totals(conn, kind=kind, day=day, account_id=None if account is None else account.id)
    totals: dict[tuple[AccountId, int], DayTotal] = {}
    for bucket, account_id, owner_id, label, closing_fen, settled_later_fen, transfer_kind, count, sum_fen in rows:
        name = name_account(owner_id, kind, label)
        total = totals.get((account_id, bucket)) or DayTotal(
            bucket, name, closing_fen, closing_fen, settled_later_fen, {}, {}
        )
        if transfer_kind is not None:
            total = structs.replace(
                total,
                opening_fen=total.opening_fen - sum_fen,
                counts={**total.counts, transfer_kind: count},
                sums_fen={**total.sums_fen, transfer_kind: sum_fen},
            )
        totals[account_id, bucket] = total
    return tuple(totals.values())


async def day_changes(conn: Conn, *, kind: AccountKind) -> tuple[DayChange, ...]:
    """Every day of every account of a kind without a floor, by owner and day, for recomputing."""
    return tuple(await store.list_day_changes(conn, kind=kind))


async def trial_balance(conn: Conn) -> tuple[TrialLine, ...]:
    """All balances by kind of account; over all lines they sum to zero."""
    return tuple(await store.list_trial_lines(conn))


def _owners_of(drafts: Sequence[TransferDraft]) -> list[UUID]:
    return [leg.account.owner_id for draft in drafts for leg in draft.legs if leg.account.has_floor]


def _post_once(book: Book, draft: TransferDraft, posted: dict[UUID, Transfer]) -> Outcome:
    before = posted.get(draft.id)
    if before is None:
        return book.post(draft) or Change.DONE
    is_same = (before.kind, before.reference, before.accounts, before.legs) == (
        draft.kind, draft.reference, [leg.account.id for leg in draft.legs], [leg.amount_fen for leg in draft.legs],
    )  # fmt: skip
    return Change.ALREADY_SO if is_same else Reason.TRANSFER_ID_IS_USED


def _raise_or_give(outcome: Outcome) -> Change:
    if isinstance(outcome, Reason):
        raise Refused(outcome)
    return outcome


async def _change_of_known(conn: Conn, changed: bool, *, bucket: int, account: AccountName) -> Change:
    if not changed and await find_account(conn, bucket=bucket, account=account) is None:
        raise Refused(Reason.ACCOUNT_IS_UNKNOWN)
    return Change.of(changed)


async def _read_book(
    conn: Conn, *, bucket: int, owner_ids: Sequence[UUID], now: datetime, hold_ids: Sequence[UUID] = ()
) -> tuple[Book, list[Hold]]:
    """Lock the owners' accounts, then read their pending holds and the named holds, and lay them out as a book."""
    accounts, pending, named = await run_in_order(
        conn,
        [
            lock_accounts_of(bucket=bucket, owner_ids=owner_ids),
            load_pending_holds(bucket=bucket, owner_ids=owner_ids),
            load_holds(bucket=bucket, hold_ids=hold_ids),
        ],
    )
    holds: dict[UUID, Hold] = {each.id: each for each in (*pending.rows, *named.rows)}
    return Book(accounts=accounts.rows, holds=holds.values(), now=now), list(holds.values())


async def _write(conn: Conn, book: Book, *, bucket: int, writer: int) -> None:
    statements = write_book(bucket=bucket, writer=writer, book_writes=book.writes)
    verify_won(statements, await run_in_order(conn, statements))


async def _until_won(conn: Conn, attempt: Callable[[], Awaitable[Result]]) -> Result:
    """Run an attempt behind a savepoint; when another writer was first, roll it back and decide on fresh facts."""
    for _ in range(_TRIES_MAX - 1):
        try:
            async with conn.transaction():
                return await attempt()
        except (BatchMustRerun, UniqueViolation):
            continue
    return await attempt()


async def _with_hold(
    conn: Conn,
    *,
    bucket: int,
    writer: int,
    hold_id: HoldId,
    owners: Sequence[UUID],
    now: datetime,
    decide: Callable[[Book, Hold | None], Outcome],
) -> Change:
    """Decide about one hold on a book that holds its owner's accounts, and write what was decided."""

    async def attempt() -> Outcome:
        found = (await run_in_order(conn, [load_holds(bucket=bucket, hold_ids=[hold_id])]))[0].rows
        everyone = [*owners, *(each.owner_id for each in found)]
        book, holds = await _read_book(conn, bucket=bucket, owner_ids=everyone, now=now, hold_ids=[hold_id])
        outcome = decide(book, next((each for each in holds if each.id == hold_id), None))
        await _write(conn, book, bucket=bucket, writer=writer)
        return outcome

    return _raise_or_give(await _until_won(conn, attempt))
