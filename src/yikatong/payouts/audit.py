"""What `yikatong audit` recomputes of payouts: statements from the ledger, what is on its way, every batch's money."""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from yikatong.kernel.ids import show_id
from yikatong.ledger import service as ledger
from yikatong.ledger.model import AccountKind, DayChange, DayTotal, name_account
from yikatong.payouts.model import (
    BalancePayout,
    BalanceStatus,
    BankRequest,
    Batch,
    BatchState,
    PaymentState,
    ProviderStatement,
    RequestKind,
    RequestState,
)
from yikatong.payouts.rules.settling import digest_statement, leaf_of_statement, state_day
from yikatong.payouts.store import batches as batch_store
from yikatong.payouts.store import settling as store
from yikatong.sealing.model import Leaf


async def audit(conn: AsyncConnection[Any]) -> list[str]:
    """Name statements that the ledger does not give, then debts of which more was taken than there was, then whose
    payout clearing is not what is due, then balances of ended cards that are not as their requests to banks are, then
    batches whose sums, transfers or corrections are not those of their lines.
    """
    statements: defaultdict[UUID, list[tuple[ProviderStatement, bytes]]] = defaultdict(list)
    for statement, digest, _ in await store.list_statements(conn):
        statements[statement.provider_id].append((statement, digest))
    changes: defaultdict[UUID, list[DayChange]] = defaultdict(list)
    for change in await ledger.day_changes(conn, kind=AccountKind.PROVIDER_RECEIVABLE):
        changes[change.owner_id].append(change)
    found = [line for owner_id, made in statements.items() for line in _recompute(made, changes[owner_id])]
    balances = await store.list_balances(conn)
    batches = await batch_store.list_every_batch(conn)
    found += await _verify_debts(conn)
    found += await _compare_clearing(conn, balances=balances, batches=batches, providers=changes.keys())
    requests = {one.id: one for one in await store.list_requests(conn, ids=[one.request_id for one in balances])}
    found += [line for one in balances for line in _compare_request(one, requests.get(one.request_id))]
    return found + await _compare_batches(conn, batches)


async def list_leaves(conn: AsyncConnection[Any]) -> AsyncIterator[list[Leaf]]:
    """The leaves of every statement as it stands now, for the audit of the sealed log."""
    yield [
        leaf_of_statement(statement, digest=digest, made_at=made_at)
        for statement, digest, made_at in await store.list_statements(conn)
    ]


def _recompute(made: Sequence[tuple[ProviderStatement, bytes]], changes: Sequence[DayChange]) -> list[str]:
    """Compare a provider's statements, in order of day, with those its entries give."""
    found = []
    for statement, digest in made:
        expected = state_day(statement.provider_id, statement.day_on, [_total(statement, changes)])
        about = f"payouts: the statement of {show_id('provider', statement.provider_id)} on {statement.day_on}"
        found += [
            f"{about} has {field} {getattr(statement, field)}, the ledger gives {getattr(expected, field)}"
            for field in ProviderStatement.__struct_fields__
            if getattr(statement, field) != getattr(expected, field)
        ]
        if digest != digest_statement(statement):
            found.append(f"{about} does not have the digest of its own figures")
    return found


def _total(statement: ProviderStatement, changes: Sequence[DayChange]) -> DayTotal:
    opening_fen = sum(change.sum_fen for change in changes if change.day_on < statement.day_on)
    of_day = [change for change in changes if change.day_on == statement.day_on]
    return DayTotal(
        bucket=0,
        account=name_account(statement.provider_id, AccountKind.PROVIDER_RECEIVABLE),
        opening_fen=opening_fen,
        closing_fen=opening_fen + sum(change.sum_fen for change in of_day),
        settled_later_fen=0,
        counts={change.kind.value: change.entry_count for change in of_day},
        sums_fen={change.kind.value: change.sum_fen for change in of_day},
    )


async def _verify_debts(conn: AsyncConnection[Any]) -> list[str]:
    """A debt is what a provider owes, so that its account is never above zero."""
    owed: defaultdict[UUID, int] = defaultdict(int)
    for change in await ledger.day_changes(conn, kind=AccountKind.PROVIDER_DEBT):
        owed[change.owner_id] -= change.sum_fen
    return [
        f"payouts: {-fen} fen more than its debt was taken of {show_id('provider', owner_id)}"
        for owner_id, fen in sorted(owed.items())
        if fen < 0
    ]


async def _compare_clearing(
    conn: AsyncConnection[Any],
    *,
    balances: Sequence[BalancePayout],
    batches: Sequence[Batch],
    providers: Collection[UUID],
) -> list[str]:
    """Compare what is on its way to providers, to holders of ended cards and by batches with their payout clearing."""
    cleared: defaultdict[UUID, int] = defaultdict(int)
    for change in await ledger.day_changes(conn, kind=AccountKind.PAYOUT_CLEARING):
        cleared[change.owner_id] += change.sum_fen
    unpaid = await store.list_unpaid_sums(conn)
    due = defaultdict(int, unpaid)
    for balance in balances:
        if balance.status is BalanceStatus.PREPARED:
            due[balance.resident_id] += balance.amount_fen
    for batch in batches:
        if batch.state in _SET_ASIDE:
            due[batch.id] += batch.sums.open_fen
    kinds = dict.fromkeys((*providers, *unpaid), "provider") | dict.fromkeys(
        (one.id for one in batches), "payout_batch"
    )
    return [
        f"payouts: {due[owner_id]} fen are on their way to"
        f" {show_id(kinds.get(owner_id, 'resident'), owner_id)}, its payout clearing holds"
        f" {cleared[owner_id]}"
        for owner_id in sorted({*cleared, *due})
        if cleared[owner_id] != due[owner_id]
    ]


_ENDS = {
    BalanceStatus.PREPARED: frozenset(RequestState),
    BalanceStatus.PAID: frozenset({RequestState.DONE}),
    BalanceStatus.KEPT: frozenset({RequestState.REFUSED, RequestState.REVERSED}),
}


def _compare_request(balance: BalancePayout, request: BankRequest | None) -> list[str]:
    """Compare a balance with what its bank was asked under the same id."""
    about = f"payouts: balance {balance.request_id} of {show_id('resident', balance.resident_id)}"
    if request is None:
        return [f"{about} has no request to a bank"]
    asked = (request.kind, request.bank_code, request.amount_fen)
    if asked != (RequestKind.CREDIT, balance.bank_code, balance.amount_fen):
        return [f"{about} is {balance.amount_fen} fen for bank {balance.bank_code}, its request is another"]
    if request.state not in _ENDS[balance.status]:
        return [f"{about} is {balance.status.value}, its request is {request.state.value}"]
    return []


_SET_ASIDE = frozenset({BatchState.APPLIED, BatchState.SENDING, BatchState.SENT})


async def _compare_batches(conn: AsyncConnection[Any], batches: Sequence[Batch]) -> list[str]:
    """Compare each batch with its lines, each transfer with the lines that name it, each correction with its source."""
    found = []
    by_state = await batch_store.list_line_sums(conn)
    for batch in batches:
        sums = batch.sums
        kept = {
            PaymentState.ISSUED: (sums.open_count, sums.open_fen),
            PaymentState.PAID: (sums.paid_count, sums.paid_fen),
            PaymentState.RETURNED: (sums.returned_count, sums.returned_fen),
            PaymentState.STOPPED: (sums.stopped_count, sums.stopped_fen),
        }
        found += [
            f"payouts: batch {show_id('payout_batch', batch.id)} has {said} lines and fen {state.value}, its lines give"
            f" {by_state.get((batch.id, state.value), (0, 0))}"
            for state, said in kept.items()
            if said != by_state.get((batch.id, state.value), (0, 0))
        ]
    found += await _compare_transfers(conn)
    found += [
        f"payouts: line {line} of batch {show_id('payout_batch', batch_id)} of {source_fen} fen is corrected by"
        f" {corrected_fen}"
        for batch_id, line, source_fen, corrected_fen in await batch_store.list_wrong_corrections(conn)
    ]
    return found


async def _compare_transfers(conn: AsyncConnection[Any]) -> list[str]:
    """Compare what the lines of each batch say that a transfer moved with the transfer."""
    said = await batch_store.list_line_transfers(conn)
    moved = await ledger.sum_transfers(conn, transfer_ids=[transfer_id for _, transfer_id, _ in said])
    return [
        f"payouts: lines of batch {show_id('payout_batch', batch_id)} name {fen} fen moved by"
        f" {show_id('transfer', transfer_id)}, the ledger has {moved.get(transfer_id, 0)}"
        for batch_id, transfer_id, fen in said
        if moved.get(transfer_id, 0) != fen
    ]
