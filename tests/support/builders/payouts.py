"""Providers' days and requests to banks, for tests."""

import random
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

import psycopg

from tests.support.builders.catalogue import a_credit_code
from tests.support.builders.ledger import IDS, a_benefit, a_receivable, a_transfer, open_with
from tests.support.builders.places import a_region
from tests.support.world import NOON
from yikatong.catalogue import service as catalogue
from yikatong.catalogue.model import ProviderKind
from yikatong.kernel.ids import ProviderId
from yikatong.kernel.instants import start_of
from yikatong.ledger import service as ledger
from yikatong.ledger.model import DayTotal, TransferKind
from yikatong.payouts.outside import DebitRequest, RequestKind

BUCKETS = (7_300, 7_301)
_FIRST_DAY = date(2001, 1, 1)
_DAYS_COUNT = 9_000


def a_past_day() -> date:
    """A day long ago on which no other test lets anything happen."""
    return _FIRST_DAY + timedelta(days=random.SystemRandom().randrange(_DAYS_COUNT))


def noon_of(day: date) -> datetime:
    """Noon of a day in Shanghai."""
    return start_of(day) + timedelta(hours=12)


def morning_after(day: date) -> datetime:
    """Ten minutes after a day's end."""
    return start_of(day + timedelta(days=1)) + timedelta(minutes=10)


def a_provider_id() -> ProviderId:
    """A provider whom nobody else knows."""
    return ProviderId(IDS.new())


async def a_registered_provider(conn: psycopg.AsyncConnection[Any], *, bank_reference: str | None) -> ProviderId:
    """A provider in a region of its own, with this bank reference."""
    registered = await catalogue.register_provider(
        conn,
        region=await a_region(conn),
        credit_code=a_credit_code(IDS),
        name_zh="亭亭食堂",
        name_en="Tingting canteen",
        kind=ProviderKind.CANTEEN,
        receivable_limit_fen=100_000,
        bank_reference=bank_reference,
        now=NOON,
        ids=IDS,
    )
    return registered.provider.id


async def sell(
    conn: psycopg.AsyncConnection[Any],
    provider_id: ProviderId,
    day: date,
    sales: Sequence[int],
    *,
    refunds: Sequence[int] = (),
    bucket: int = BUCKETS[0],
) -> None:
    """Let a resident pay these amounts at a provider at noon, and get those back."""
    meals, shop, noon = a_benefit(), a_receivable(provider_id), noon_of(day)
    await open_with(conn, meals, fen=sum(sales) or 1, bucket=bucket, now=noon)
    drafts = [a_transfer(meals, shop, fen) for fen in sales]
    drafts += [a_transfer(shop, meals, fen, kind=TransferKind.REFUND) for fen in refunds]
    await ledger.post_batch(conn, bucket=bucket, writer=1, drafts=drafts, now=noon)


def a_total(
    sums: Mapping[str, tuple[int, int]] = MappingProxyType({}),
    *,
    bucket: int = 0,
    opening: int = 0,
    closing: int = 0,
    settled_later: int = 0,
) -> DayTotal:
    """One bucket's day; each kind of transfer by count and sum."""
    counts = {kind: count for kind, (count, _) in sums.items()}
    fens = {kind: fen for kind, (_, fen) in sums.items()}
    return DayTotal(bucket, a_receivable(), opening, closing, settled_later, counts, fens)


def a_debit(
    account: str = "act_1",
    amount_fen: int = 500,
    *,
    kind: RequestKind = RequestKind.DEBIT,
    request_id: UUID | None = None,
) -> DebitRequest:
    """A request that no bank has heard of."""
    return DebitRequest(
        id=request_id or IDS.new(),
        kind=kind,
        bank_code="102",
        bank_token=account,
        amount_fen=amount_fen,
        payee="亭亭食堂",
        memo="午餐",
    )
