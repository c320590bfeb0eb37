"""What the house asks of payouts: a provider's day, its settlement, the journal of what banks are asked."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from msgspec import structs

from yikatong.kernel.ids import ProviderId, ResidentId, TransferId, show_id
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Change, Refused
from yikatong.ledger import service as ledger
from yikatong.ledger.model import (
    AccountKind,
    AccountName,
    DayTotal,
    Leg,
    TransferDraft,
    TransferKind,
    bank_clearing,
    name_account,
)
from yikatong.payouts.model import (
    BalancePayout,
    BalanceStatus,
    BankDifference,
    BankRequest,
    BankStanding,
    DayLine,
    DebitRequest,
    ProviderStatement,
    Reason,
    RequestKind,
    RequestState,
    Settlement,
    SettlementStatus,
)
from yikatong.payouts.rules.settling import (
    apply_standing,
    balance_request_id_of,
    balance_transfer_id_of,
    compare_day,
    decide_debt,
    digest_statement,
    is_same_request,
    leaf_of_statement,
    price_payable,
    state_day,
    transfer_id_of,
    verify_day_has_ended,
)
from yikatong.payouts.service.netting import debt_of, take_debt
from yikatong.payouts.store import settling as store
from yikatong.plumbing import outbox
from yikatong.plumbing.ids import Ids
from yikatong.sealing import service as sealing

Conn = psycopg.AsyncConnection[Any]

WRITER = 0
"""Commands and jobs write the gate rows of open accounts, which they lock anyway."""

BALANCE_ENDED = "payouts.balance_ended"
"""Outbox topic: {resident_id, amount_fen, is_paid}; a bank credited a balance, or did not and it is kept."""

BALANCE_PAYEE = "社会保障卡钱包余额退回"
"""What the holder of the account reads on the bank's statement."""


def receivable_of(provider_id: UUID) -> AccountName:
    """What we owe a provider for taps (positive), or the provider us after refunds (negative)."""
    return name_account(provider_id, AccountKind.PROVIDER_RECEIVABLE)


def payout_clearing_of(owner_id: UUID) -> AccountName:
    """What is on its way to a provider or a resident: set aside, and not yet known to be paid."""
    return name_account(owner_id, AccountKind.PAYOUT_CLEARING)


async def get_statement(
    conn: Conn, *, provider_id: ProviderId, day: date, now: datetime
) -> tuple[ProviderStatement, bool]:
    """A provider's statement of a Shanghai day, and whether it is final; until then it is drafted from the ledger.

    Refuses STATEMENT_DAY_HAS_NOT_BEGUN.
    """
    if day > day_of(now):
        raise Refused(Reason.STATEMENT_DAY_HAS_NOT_BEGUN, day=day.isoformat())
    made = await store.find_statement(conn, provider_id=provider_id, day=day)
    if made is not None:
        return made, True
    account = receivable_of(provider_id)
    totals = await ledger.day_totals(conn, kind=account.kind, day=day, account=account)
    return state_day(provider_id, day, totals), False


async def make_statements(conn: Conn, *, day: date, now: datetime) -> int:
    """Make the statement of a day for every provider that has a receivable, once; returns how many were made now.

    Refuses STATEMENT_DAY_HAS_NOT_ENDED.
    """
    verify_day_has_ended(day, now=now)
    totals: defaultdict[UUID, list[DayTotal]] = defaultdict(list)
    for total in await ledger.day_totals(conn, kind=AccountKind.PROVIDER_RECEIVABLE, day=day):
        totals[total.account.owner_id].append(total)
    statements = [state_day(ProviderId(owner_id), day, every) for owner_id, every in totals.items()]
    digests = [digest_statement(statement) for statement in statements]
    made = await store.insert_statements(conn, day=day, statements=statements, digests=digests, now=now)
    leaves = [
        leaf_of_statement(statement, digest=digest, made_at=now)
        for statement, digest in zip(statements, digests, strict=True)
        if statement.provider_id in made
    ]
    if leaves:
        await ledger.run_in_order(conn, [sealing.leaving(leaves, now=now)])
    return len(made)


async def list_providers_to_settle(conn: Conn, *, day: date) -> list[ProviderId]:
    """Providers whose statement of a day does not close at zero."""
    return await store.list_providers_of_day(conn, day=day)


async def find_last_statement_day(conn: Conn) -> date | None:
    """The last day of which statements were made."""
    return await store.find_last_day(conn)


async def settle_provider(
    conn: Conn, *, provider_id: ProviderId, day: date, term_days: int, now: datetime
) -> Settlement | None:
    """Move what is owed at a day's end out of the receivable, once: to its debt, the rest to be paid out.

    What the provider owes as a debt by now is taken first. A receivable below zero waits for later sales; after
    `term_days` days below zero it becomes a debt. Returns the settlement, or None when nothing is to be paid. Refuses
    STATEMENT_DAY_HAS_NOT_ENDED.
    """
    verify_day_has_ended(day, now=now)
    account = receivable_of(provider_id)
    for bucket in sorted({total.bucket for total in await _totals(conn, account, day)}):
        await ledger.run_in_order(conn, [ledger.lock_open_gates(bucket=bucket, accounts=[account])])
    payable = await take_debt(conn, account, price_payable(await _totals(conn, account, day)), day, now)
    amount_fen = sum(payable.values())
    if amount_fen > 0:
        request_id = transfer_id_of(provider_id, day, bucket=0, kind=TransferKind.PAYOUT)
        prepared = await store.insert_settlement(
            conn, provider_id=provider_id, day=day, request_id=request_id, amount_fen=amount_fen, now=now
        )
        if prepared:
            await _empty(conn, account, payout_clearing_of(provider_id), payable, TransferKind.SETTLEMENT, day, now)
    elif amount_fen < 0:
        after = day - timedelta(days=term_days)
        closings = await store.list_last_closings(conn, provider_id=provider_id, day=day, after=after)
        if decide_debt(closings, term_days=term_days):
            await _empty(conn, account, debt_of(provider_id), payable, TransferKind.DEBT, day, now)
    return await store.find_settlement(conn, provider_id=provider_id, day=day)


async def find_settlement(conn: Conn, *, provider_id: ProviderId, day: date) -> Settlement | None:
    """The settlement of a provider's day, or None when nothing was to be paid."""
    return await store.find_settlement(conn, provider_id=provider_id, day=day)


async def list_settlements_under_way(conn: Conn, *, limit: int = 1_000) -> list[Settlement]:
    """Settlements that are prepared or sent, oldest first."""
    return await store.list_settlements_under_way(conn, limit=limit)


async def send_settlement(conn: Conn, *, settlement: Settlement, now: datetime) -> Change:
    """Mark a settlement as sent, before the bank is asked."""
    sent = await store.send_settlement(conn, provider_id=settlement.provider_id, day=settlement.day_on, now=now)
    return Change.of(sent)


async def end_settlement(conn: Conn, *, settlement: Settlement, bank_code: str, is_paid: bool, now: datetime) -> Change:
    """Post that the bank paid a settlement, or that it came back to the receivable, once."""
    provider_id = settlement.provider_id
    status = SettlementStatus.PAID if is_paid else SettlementStatus.RETURNED
    ended = await store.end_settlement(conn, provider_id=provider_id, day=settlement.day_on, status=status, now=now)
    if not ended:
        return Change.ALREADY_SO
    target = bank_clearing(bank_code) if is_paid else receivable_of(provider_id)
    kind = TransferKind.PAYOUT if is_paid else TransferKind.RETURN
    draft = TransferDraft(
        id=transfer_id_of(provider_id, settlement.day_on, bucket=0, kind=kind),
        kind=kind,
        reference=settlement.request_id,
        legs=(Leg(payout_clearing_of(provider_id), -settlement.amount_fen), Leg(target, settlement.amount_fen)),
    )
    return await ledger.post(conn, bucket=0, writer=WRITER, draft=draft, now=now)


async def pay_balance_out(
    conn: Conn,
    *,
    bucket: int,
    resident_id: ResidentId,
    transfer_id: TransferId,
    bank_code: str,
    bank_token: str,
    amount_fen: int,
    now: datetime,
) -> Change:
    """Bring what a transfer moved into a resident's payout clearing to a bank account, once for each transfer.

    Called in the transaction of that transfer: the request is journalled in it, and a job sends it. Refuses
    BANK_REQUEST_ID_IS_USED when the same transfer was to go to another account or with another amount.
    """
    request = DebitRequest(
        id=balance_request_id_of(transfer_id),
        kind=RequestKind.CREDIT,
        bank_code=bank_code,
        bank_token=bank_token,
        amount_fen=amount_fen,
        payee=BALANCE_PAYEE,
        memo=show_id("transfer", transfer_id),
    )
    await ask_bank(conn, request=request, now=now)
    prepared = await store.insert_balance_payout(
        conn,
        bucket=bucket,
        request_id=request.id,
        resident_id=resident_id,
        bank_code=bank_code,
        amount_fen=amount_fen,
        now=now,
    )
    return Change.of(prepared)


async def list_balances_under_way(conn: Conn, *, bucket: int, limit: int = 1_000) -> list[BalancePayout]:
    """Balances of a bucket that are on their way to banks, oldest first."""
    return await store.list_balances_under_way(conn, bucket=bucket, limit=limit)


async def end_balance(conn: Conn, *, balance: BalancePayout, is_paid: bool, now: datetime, ids: Ids) -> Change:
    """Post that the bank credited a balance, or that it did not and we keep it for whoever claims it, once.

    Publishes BALANCE_ENDED.
    """
    status = BalanceStatus.PAID if is_paid else BalanceStatus.KEPT
    ended = await store.end_balance_payout(
        conn, bucket=balance.bucket, request_id=balance.request_id, status=status, now=now
    )
    if not ended:
        return Change.ALREADY_SO
    kept = name_account(balance.resident_id, AccountKind.ESCHEAT)
    target = bank_clearing(balance.bank_code) if is_paid else kept
    kind = TransferKind.PAYOUT if is_paid else TransferKind.RETURN
    draft = TransferDraft(
        id=balance_transfer_id_of(balance.request_id, kind=kind),
        kind=kind,
        reference=balance.request_id,
        legs=(Leg(payout_clearing_of(balance.resident_id), -balance.amount_fen), Leg(target, balance.amount_fen)),
    )
    payload = {
        "resident_id": show_id("resident", balance.resident_id),
        "amount_fen": balance.amount_fen,
        "is_paid": is_paid,
    }
    await outbox.publish(conn, id=ids.new(), topic=BALANCE_ENDED, payload=payload, now=now)
    return await ledger.post(conn, bucket=balance.bucket, writer=WRITER, draft=draft, now=now)


async def ask_bank(conn: Conn, *, request: DebitRequest, now: datetime) -> BankRequest:
    """Journal a request before the bank is asked; the same id and content again gives it as it stands.

    A request whose reversal came first stands as reversed, and the bank is not to be asked.
    Refuses BANK_REQUEST_ID_IS_USED.
    """
    await store.insert_request(conn, request=request, now=now)
    known = await get_request(conn, request_id=request.id)
    if known.amount_fen is not None and not is_same_request(known, request):
        raise Refused(Reason.BANK_REQUEST_ID_IS_USED)
    return known


async def note_standing(conn: Conn, *, request_id: UUID, standing: BankStanding | None, now: datetime) -> BankRequest:
    """Note what the bank said of a request; None when it did not answer. Refuses BANK_REQUEST_IS_UNKNOWN."""
    known = await store.find_request(conn, request_id=request_id, locked=True)
    if known is None:
        raise Refused(Reason.BANK_REQUEST_IS_UNKNOWN)
    after = apply_standing(known, standing, now=now)
    if after is not known:
        await store.update_request(conn, request=after)
    return after


async def want_back(conn: Conn, *, request_id: UUID, kind: RequestKind, now: datetime) -> BankRequest:
    """Want a request undone, whether or not it happened or was even asked; a job brings it about."""
    await store.insert_reversal(conn, request_id=request_id, kind=kind, now=now)
    known = await store.find_request(conn, request_id=request_id, locked=True)
    assert known is not None
    if known.state in (RequestState.ASKED, RequestState.UNKNOWN, RequestState.DONE):
        known = structs.replace(known, state=RequestState.REVERSING, changed_at=now)
        await store.update_request(conn, request=known)
    return known


async def find_request(conn: Conn, *, request_id: UUID) -> BankRequest | None:
    """A request as the journal has it, or None."""
    return await store.find_request(conn, request_id=request_id)


async def get_request(conn: Conn, *, request_id: UUID) -> BankRequest:
    """A request as the journal has it. Refuses BANK_REQUEST_IS_UNKNOWN."""
    known = await store.find_request(conn, request_id=request_id)
    if known is None:
        raise Refused(Reason.BANK_REQUEST_IS_UNKNOWN)
    return known


async def unresolved(conn: Conn, *, before: datetime, limit: int = 200) -> list[BankRequest]:
    """Requests that have to be found out or undone, and that nobody has touched since an instant."""
    return await store.list_unresolved(conn, before=before, limit=limit)


async def reconcile_bank_day(
    conn: Conn, *, bank_code: str, day: date, lines: Sequence[DayLine]
) -> tuple[BankDifference, ...]:
    """Compare a bank's list of a day with the journal, both ways."""
    ours = await store.list_requests_of_day(conn, bank_code=bank_code, day=day)
    return compare_day(ours, lines, day=day)


async def _totals(conn: Conn, account: AccountName, day: date) -> tuple[DayTotal, ...]:
    return await ledger.day_totals(conn, kind=account.kind, day=day, account=account)


async def _empty(
    conn: Conn,
    account: AccountName,
    target: AccountName,
    payable: dict[int, int],
    kind: TransferKind,
    day: date,
    now: datetime,
) -> None:
    """Move what is payable in each bucket from one account to another."""
    provider_id = ProviderId(account.owner_id)
    reference = transfer_id_of(provider_id, day, bucket=0, kind=TransferKind.PAYOUT)
    for bucket, fen in sorted(payable.items()):
        draft = TransferDraft(
            id=transfer_id_of(provider_id, day, bucket=bucket, kind=kind),
            kind=kind,
            reference=reference,
            legs=(Leg(account, -fen), Leg(target, fen)),
        )
        await ledger.post(conn, bucket=bucket, writer=WRITER, draft=draft, now=now)
