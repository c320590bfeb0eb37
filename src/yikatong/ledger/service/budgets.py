"""Budgets of programmes: funded into one row, leased to buckets in slices, taken for claims, and given back.

A claim takes from the slice of its own bucket, in its own commit. A bucket that runs dry is leased more out of the
main row by a step of its own, and when that has not enough, what lies idle in other buckets' slices is called back
first: so nobody is refused while as much as they need is left anywhere, and single places go to one winner each.

Locks: a taking locks the slice of its bucket, after everything else that it locks. A lease locks the main row, then
slices in the order of their buckets; it locks nothing that a taking holds while that waits, so none waits in a circle.
Who takes from several budgets in one transaction takes in the order of the budgets' ids.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from yikatong.kernel.ids import AccountId, TransferId, bucket_of
from yikatong.kernel.outcomes import Change, Refused
from yikatong.ledger import store
from yikatong.ledger.batch import lock_accounts_of
from yikatong.ledger.model import (
    AccountKind,
    AccountName,
    BudgetState,
    Leg,
    Reason,
    Taking,
    TransferDraft,
    TransferKind,
    name_of_budget,
)
from yikatong.ledger.rules import decide_takings, find_account_fault, plan_lease
from yikatong.ledger.service.accounts import open_account, open_balance
from yikatong.ledger.service.posting import post, post_batch
from yikatong.ledger.service.working import COMMANDS, Outcome, read_book
from yikatong.plumbing.ids import Ids
from yikatong.plumbing.statements import run_in_order

Conn = psycopg.AsyncConnection[Any]


async def open_budget(conn: Conn, *, budget: AccountName, now: datetime, bucket_count: int) -> Change:
    """Open a budget's main row; ALREADY_SO when it is open."""
    return await open_account(conn, bucket=bucket_of(budget.owner_id, bucket_count), account=budget, now=now)


async def fund_budget(
    conn: Conn,
    *,
    budget: AccountName,
    amount_fen: int,
    transfer_id: TransferId,
    reference: UUID,
    now: datetime,
    bucket_count: int,
) -> Change:
    """Put money into a budget, once per transfer id, opening it if need be. Refuses as `post`.

    `reference` is the command of whoever funds it. What they still owe us for it stands in the budget's funding.
    """
    await open_budget(conn, budget=budget, now=now, bucket_count=bucket_count)
    funding = name_of_budget(budget, AccountKind.FUNDING)
    legs = (Leg(funding, -amount_fen), Leg(budget, amount_fen))
    draft = TransferDraft(transfer_id, TransferKind.GRANT, reference, legs)
    bucket = bucket_of(budget.owner_id, bucket_count)
    return await post(conn, bucket=bucket, writer=COMMANDS, draft=draft, now=now)


async def find_budget_left(conn: Conn, *, budget: AccountName, bucket_count: int) -> int | None:
    """What claims may still get of a budget: its main row and all slices, locking nothing; None without a budget.

    One cheap look, with which a crowd that comes too late is turned away before anything is written. On a cluster it
    may miss a lease that is being committed at this moment; `lease_slice`, which locks, is exact there too.
    """
    found = await store.find_budget_left(
        conn,
        bucket=bucket_of(budget.owner_id, bucket_count),
        budget=budget,
        slice_id=_slice_of(budget).id,
        buckets=range(bucket_count),
    )
    return None if found is None else sum(found)


async def find_budget(conn: Conn, *, budget: AccountName, bucket_count: int) -> BudgetState | None:
    """How a budget stands, for reports; None when there is none. Locks nothing."""
    buckets = range(bucket_count)
    found = await store.find_budget_left(
        conn,
        bucket=bucket_of(budget.owner_id, bucket_count),
        budget=budget,
        slice_id=_slice_of(budget).id,
        buckets=buckets,
    )
    if found is None:
        return None
    funding = await open_balance(conn, buckets=buckets, account=name_of_budget(budget, AccountKind.FUNDING))
    reclaimed = await open_balance(conn, buckets=buckets, account=name_of_budget(budget, AccountKind.RECLAIMED))
    return BudgetState(funded_fen=-funding, main_fen=found[0], sliced_fen=found[1], reclaimed_fen=reclaimed)


async def lock_slice(conn: Conn, *, bucket: int, budget: AccountName) -> int:
    """What a bucket's slice of a budget holds, locked: for who decides over several before taking from any.

    Several are locked in the order of the budgets' ids.
    """
    return await store.lock_slice(conn, bucket=bucket, account_id=_slice_of(budget).id)


async def take_from_budget(
    conn: Conn, *, bucket: int, budget: AccountName, takings: Sequence[Taking], now: datetime
) -> tuple[Outcome, ...]:
    """Move fen from a bucket's slice into claims' accounts, each once per transfer id, in the order given.

    Each is done, already so, or refused: BUDGET_SLICE_IS_TOO_SMALL when the slice holds less (the caller rolls back,
    leases more in a transaction of its own, and comes again), else as `post_batch`. A refused one does not touch its
    neighbours. The claims' accounts are open already.
    """
    ids = [taking.transfer_id for taking in takings]
    owners = [taking.account.owner_id for taking in takings]
    await run_in_order(conn, [lock_accounts_of(bucket=bucket, owner_ids=owners)])
    left_fen = await store.lock_slice(conn, bucket=bucket, account_id=_slice_of(budget).id)
    found = await run_in_order(conn, [store.load_transfers(bucket=bucket, transfer_ids=ids)])
    known = {row.id for row in found[0].rows}
    new = [taking for taking in takings if taking.transfer_id not in known]
    fits = dict(zip([t.transfer_id for t in new], decide_takings(left_fen, [t.amount_fen for t in new]), strict=True))
    drafts = [_taking_draft(budget, taking) for taking in takings if fits.get(taking.transfer_id, True)]
    posted = await post_batch(conn, bucket=bucket, writer=COMMANDS, drafts=drafts, now=now)
    outcomes: dict[UUID, Outcome] = {draft.id: outcome for draft, outcome in zip(drafts, posted, strict=True)}
    return tuple(outcomes.get(id, Reason.BUDGET_SLICE_IS_TOO_SMALL) for id in ids)


async def lease_slice(
    conn: Conn,
    *,
    budget: AccountName,
    bucket: int,
    need_fen: int,
    now: datetime,
    ids: Ids,
    bucket_count: int,
    wanted_fen: int = 0,
) -> Change:
    """Make a bucket's slice hold `need_fen` at least, in a transaction of its own; ALREADY_SO when it does.

    `wanted_fen` is what would be welcome, as for all claims that wait; it is given as far as the main row has it.

    Refuses, in this order:
        ACCOUNT_IS_UNKNOWN, ACCOUNT_IS_CLOSED, ACCOUNT_IS_FROZEN    the budget's main row
        BUDGET_HAS_TOO_LITTLE    main row and all slices together hold less than `need_fen`; seen under locks
    """
    home = bucket_of(budget.owner_id, bucket_count)
    book, _ = await read_book(conn, bucket=home, owner_ids=[budget.owner_id], now=now)
    fault = find_account_fault([book.find_account(budget.id)])
    if fault is not None:
        raise Refused(fault)
    main_fen = book.available(budget.id)
    share = _slice_of(budget)
    own_fen = await store.lock_slice(conn, bucket=bucket, account_id=share.id)
    if main_fen + own_fen < need_fen:
        others = await _lock_others(conn, account_id=share.id, bucket=bucket, bucket_count=bucket_count)
        left_fen = main_fen + own_fen + sum(others.values())
        if left_fen < need_fen:
            raise Refused(Reason.BUDGET_HAS_TOO_LITTLE, left_fen=left_fen, need_fen=need_fen)
        for other, fen in others.items():
            await _move(conn, budget=budget, bucket=other, fen=-fen, now=now, ids=ids, home=home)
        main_fen = left_fen - own_fen
    leased_fen = plan_lease(
        main_fen=main_fen, slice_fen=own_fen, need_fen=need_fen, wanted_fen=wanted_fen, bucket_count=bucket_count
    )
    if leased_fen == 0:
        return Change.ALREADY_SO
    return await _move(conn, budget=budget, bucket=bucket, fen=leased_fen, now=now, ids=ids, home=home)


async def release_to_budget(
    conn: Conn,
    *,
    bucket: int,
    budget: AccountName,
    account: AccountName,
    amount_fen: int,
    transfer_id: TransferId,
    reference: UUID,
    now: datetime,
) -> Change:
    """Give back what a claim's account does not need, into the slice of its bucket, once. Refuses as `post`."""
    legs = (Leg(account, -amount_fen), Leg(_slice_of(budget), amount_fen))
    draft = TransferDraft(transfer_id, TransferKind.RELEASE, reference, legs)
    return await post(conn, bucket=bucket, writer=COMMANDS, draft=draft, now=now)


def _slice_of(budget: AccountName) -> AccountName:
    return name_of_budget(budget, AccountKind.BUDGET_SLICE)


def _taking_draft(budget: AccountName, taking: Taking) -> TransferDraft:
    legs = (Leg(_slice_of(budget), -taking.amount_fen), Leg(taking.account, taking.amount_fen))
    return TransferDraft(taking.transfer_id, TransferKind.SET_ASIDE, taking.reference, legs)


async def _lock_others(conn: Conn, *, account_id: AccountId, bucket: int, bucket_count: int) -> dict[int, int]:
    """What the other buckets' slices hold, locked in the order of their buckets; those that are empty are left out."""
    seen = await store.list_slices(conn, buckets=range(bucket_count), account_id=account_id)
    locked = {
        each: await store.lock_slice(conn, bucket=each, account_id=account_id) for each, _ in seen if each != bucket
    }
    return {each: fen for each, fen in locked.items() if fen > 0}


async def _move(
    conn: Conn, *, budget: AccountName, bucket: int, fen: int, now: datetime, ids: Ids, home: int
) -> Change:
    """Lease fen to a bucket's slice, or (below zero) call them back: two transfers by way of the leases, or one."""
    share, leases = _slice_of(budget), name_of_budget(budget, AccountKind.BUDGET_LEASES)
    reference = ids.new()
    if bucket == home:
        legs = {home: (Leg(budget, -fen), Leg(share, fen))}
    else:
        legs = {home: (Leg(budget, -fen), Leg(leases, fen)), bucket: (Leg(leases, -fen), Leg(share, fen))}
    for each, sides in legs.items():
        draft = TransferDraft(TransferId(ids.new()), TransferKind.LEASE, reference, sides)
        await post(conn, bucket=each, writer=COMMANDS, draft=draft, now=now)
    return Change.DONE
