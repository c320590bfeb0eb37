"""Statements about providers' days, requests to banks and balances of ended cards, typed."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import psycopg
from msgspec import structs
from psycopg.rows import class_row, kwargs_row

from yikatong.kernel.ids import ProviderId
from yikatong.payouts.model import (
    BalancePayout,
    BalanceStatus,
    BankRefusal,
    BankRequest,
    DebitRequest,
    ProviderStatement,
    RequestKind,
    RequestState,
    Settlement,
    SettlementStatus,
)
from yikatong.plumbing.queries import load_queries

_Q = load_queries("yikatong.payouts")

Conn = psycopg.AsyncConnection[Any]


def _settlement(*, status: str, **columns: Any) -> Settlement:
    return Settlement(status=SettlementStatus(status), **columns)


def _request(*, kind: str, state: str, refusal: str | None, **columns: Any) -> BankRequest:
    return BankRequest(
        kind=RequestKind(kind),
        state=RequestState(state),
        refusal=None if refusal is None else BankRefusal(refusal),
        **columns,
    )


def _balance(*, status: str, **columns: Any) -> BalancePayout:
    return BalancePayout(status=BalanceStatus(status), **columns)


_BALANCE = kwargs_row(_balance)
_SETTLEMENT = kwargs_row(_settlement)
_REQUEST = kwargs_row(_request)
_STATEMENT = class_row(ProviderStatement)


async def insert_statements(
    conn: Conn, *, day: date, statements: Sequence[ProviderStatement], digests: Sequence[bytes], now: datetime
) -> set[UUID]:
    """Write the statements of one day that are not there yet; returns whose."""
    cursor = await conn.execute(
        _Q["insert_statements"],
        {
            "day": day,
            "now": now,
            "provider_ids": [each.provider_id for each in statements],
            "opening_fens": [each.opening_fen for each in statements],
            "sales_counts": [each.sales_count for each in statements],
            "sales_fens": [each.sales_fen for each in statements],
            "refunds_counts": [each.refunds_count for each in statements],
            "refunds_fens": [each.refunds_fen for each in statements],
            "reversals_counts": [each.reversals_count for each in statements],
            "reversals_fens": [each.reversals_fen for each in statements],
            "settled_fens": [each.settled_fen for each in statements],
            "netted_fens": [each.netted_fen for each in statements],
            "other_fens": [each.other_fen for each in statements],
            "closing_fens": [each.closing_fen for each in statements],
            "digests": list(digests),
        },
    )
    return {row[0] for row in await cursor.fetchall()}


async def find_statement(conn: Conn, *, provider_id: ProviderId, day: date) -> ProviderStatement | None:
    """One provider's statement of one day."""
    async with conn.cursor(row_factory=_STATEMENT) as cursor:
        await cursor.execute(_Q["find_statement"], {"provider_id": provider_id, "day": day})
        return await cursor.fetchone()


async def list_statements(conn: Conn) -> list[tuple[ProviderStatement, bytes, datetime]]:
    """Every statement with its digest and the instant at which it was made."""
    cursor = await conn.execute(_Q["list_statements"])
    fields = ProviderStatement.__struct_fields__
    return [
        (ProviderStatement(**dict(zip(fields, row[:-2], strict=True))), bytes(row[-2]), row[-1])
        for row in await cursor.fetchall()
    ]


async def list_last_closings(conn: Conn, *, provider_id: ProviderId, day: date, after: date) -> list[int]:
    """The closing balances of a provider's last days until a day, newest first."""
    cursor = await conn.execute(_Q["list_last_closings"], {"provider_id": provider_id, "day": day, "after": after})
    return [row[0] for row in await cursor.fetchall()]


async def find_last_day(conn: Conn) -> date | None:
    """The last day of which any statement was made."""
    row = await (await conn.execute(_Q["find_last_day"])).fetchone()
    assert row is not None
    last: date | None = row[0]
    return last


async def list_providers_of_day(conn: Conn, *, day: date) -> list[ProviderId]:
    """Providers whose statement of a day closes above or below zero."""
    cursor = await conn.execute(_Q["list_providers_of_day"], {"day": day})
    return [row[0] for row in await cursor.fetchall()]


async def insert_settlement(
    conn: Conn, *, provider_id: ProviderId, day: date, request_id: UUID, amount_fen: int, now: datetime
) -> bool:
    """Prepare a settlement; False when the day was settled."""
    return await _changed(
        conn,
        "insert_settlement",
        provider_id=provider_id,
        day=day,
        request_id=request_id,
        amount_fen=amount_fen,
        now=now,
    )


async def find_settlement(conn: Conn, *, provider_id: ProviderId, day: date) -> Settlement | None:
    """One settlement."""
    async with conn.cursor(row_factory=_SETTLEMENT) as cursor:
        await cursor.execute(_Q["find_settlement"], {"provider_id": provider_id, "day": day})
        return await cursor.fetchone()


async def list_settlements_under_way(conn: Conn, *, limit: int) -> list[Settlement]:
    """Settlements that are prepared or sent, oldest first."""
    async with conn.cursor(row_factory=_SETTLEMENT) as cursor:
        await cursor.execute(_Q["list_settlements_under_way"], {"limit": limit})
        return await cursor.fetchall()


async def list_unpaid_sums(conn: Conn) -> dict[UUID, int]:
    """What is prepared or sent, by provider."""
    cursor = await conn.execute(_Q["list_unpaid_sums"])
    return {row[0]: row[1] for row in await cursor.fetchall()}


async def send_settlement(conn: Conn, *, provider_id: ProviderId, day: date, now: datetime) -> bool:
    """Mark a prepared settlement as sent; False when it was."""
    return await _changed(conn, "send_settlement", provider_id=provider_id, day=day, now=now)


async def end_settlement(
    conn: Conn, *, provider_id: ProviderId, day: date, status: SettlementStatus, now: datetime
) -> bool:
    """End a sent settlement; False when it was ended, or not sent yet."""
    return await _changed(conn, "end_settlement", provider_id=provider_id, day=day, status=status.value, now=now)


async def insert_request(conn: Conn, *, request: DebitRequest, now: datetime) -> bool:
    """Journal a request; False when its id is known."""
    columns = structs.asdict(request) | {"kind": request.kind.value, "state": RequestState.ASKED.value}
    return await _changed(conn, "insert_request", now=now, **columns)


async def insert_reversal(conn: Conn, *, request_id: UUID, kind: RequestKind, now: datetime) -> bool:
    """Journal a reversal before its request; False when the id is known."""
    return await _changed(
        conn,
        "insert_request",
        id=request_id,
        kind=kind.value,
        bank_code=None,
        bank_token=None,
        amount_fen=None,
        payee=None,
        memo=None,
        state=RequestState.REVERSED.value,
        now=now,
    )


async def find_request(conn: Conn, *, request_id: UUID, locked: bool = False) -> BankRequest | None:
    """One request, locked if asked."""
    async with conn.cursor(row_factory=_REQUEST) as cursor:
        await cursor.execute(_Q["lock_request" if locked else "find_request"], {"id": request_id})
        return await cursor.fetchone()


async def update_request(conn: Conn, *, request: BankRequest) -> None:
    """Write how a locked request stands now."""
    await conn.execute(
        _Q["update_request"],
        {
            "id": request.id,
            "state": request.state.value,
            "refusal": None if request.refusal is None else request.refusal.value,
            "bank_reference": request.bank_reference,
            "booked_on": request.booked_on,
            "reversed_on": request.reversed_on,
            "changed_at": request.changed_at,
        },
    )


async def list_unresolved(conn: Conn, *, before: datetime, limit: int) -> list[BankRequest]:
    """Requests that have to be found out or undone."""
    async with conn.cursor(row_factory=_REQUEST) as cursor:
        await cursor.execute(_Q["list_unresolved"], {"before": before, "limit": limit})
        return await cursor.fetchall()


async def list_requests_of_day(conn: Conn, *, bank_code: str, day: date) -> list[BankRequest]:
    """Requests that one bank booked or reversed on a day."""
    async with conn.cursor(row_factory=_REQUEST) as cursor:
        await cursor.execute(_Q["list_requests_of_day"], {"bank_code": bank_code, "day": day})
        return await cursor.fetchall()


async def insert_balance_payout(
    conn: Conn, *, bucket: int, request_id: UUID, resident_id: UUID, bank_code: str, amount_fen: int, now: datetime
) -> bool:
    """Prepare a payout of a balance; False when its id is known."""
    return await _changed(
        conn,
        "insert_balance_payout",
        bucket=bucket,
        request_id=request_id,
        resident_id=resident_id,
        bank_code=bank_code,
        amount_fen=amount_fen,
        now=now,
    )


async def list_balances_under_way(conn: Conn, *, bucket: int, limit: int) -> list[BalancePayout]:
    """Payouts of balances that have not ended, oldest first."""
    async with conn.cursor(row_factory=_BALANCE) as cursor:
        await cursor.execute(_Q["list_balances_under_way"], {"bucket": bucket, "limit": limit})
        return await cursor.fetchall()


async def end_balance_payout(
    conn: Conn, *, bucket: int, request_id: UUID, status: BalanceStatus, now: datetime
) -> bool:
    """End a payout of a balance; False when it was ended."""
    return await _changed(
        conn, "end_balance_payout", bucket=bucket, request_id=request_id, status=status.value, now=now
    )


async def list_balances(conn: Conn) -> list[BalancePayout]:
    """Every payout of a balance, by bucket and id."""
    async with conn.cursor(row_factory=_BALANCE) as cursor:
        await cursor.execute(_Q["list_balances"])
        return await cursor.fetchall()


async def list_requests(conn: Conn, *, ids: Sequence[UUID]) -> list[BankRequest]:
    """Requests by their ids."""
    async with conn.cursor(row_factory=_REQUEST) as cursor:
        await cursor.execute(_Q["list_requests"], {"ids": list(ids)})
        return await cursor.fetchall()


async def _changed(conn: Conn, query: str, **params: Any) -> bool:
    cursor = await conn.execute(_Q[query], params)
    return await cursor.fetchone() is not None
