"""The whole way of an application, over several commits: a cheap look, the code, then all the rest, with its lease.

A crowd that comes after the last fen was given is turned away by a look for all of them together. While something is
left, as many are tried as it is enough for, in the order in which they came: they claim the codes of their old
vehicles, the bucket's slice of the budget is made large enough in a commit of its own, and they qualify in one commit.
Whoever was behind them looks again at what is left then.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, NamedTuple

import psycopg

from yikatong.cards.model import Vault
from yikatong.kernel.ids import bucket_of
from yikatong.kernel.outcomes import Refused
from yikatong.ledger import service as ledger
from yikatong.ledger.model import AccountKind, name_budget, name_of_budget
from yikatong.ledger.model import Reason as LedgerReason
from yikatong.plumbing.ids import Ids
from yikatong.trade_in.model import Application, BudgetIsShort, ChainTerms, Qualified
from yikatong.trade_in.rules.keeping import claim_id_of
from yikatong.trade_in.service.applying import (
    claim_old_codes,
    count_used_up,
    qualify_many,
    used_up,
)
from yikatong.trade_in.service.drafting import Wish, wish_of
from yikatong.trade_in.store import deeds as deed_store
from yikatong.trade_in.store import vehicles as vehicle_store

Conn = psycopg.AsyncConnection[Any]

OwnCommit = Callable[[], AbstractAsyncContextManager[psycopg.AsyncConnection[Any]]]
"""Opens a transaction of its own on another connection."""

_LEASE_AHEAD = 4
"""So many times what waits now is leased if it is there, so that the next ones find it."""


class _Way(NamedTuple):
    """One bucket's applications on their way, and under what they are decided."""

    own_commit: OwnCommit
    bucket: int
    chain: ChainTerms
    vault: Vault
    now: datetime
    ids: Ids
    writer: int


async def admit(
    own_commit: OwnCommit,
    *,
    application: Application,
    chain: ChainTerms,
    vault: Vault,
    now: datetime,
    ids: Ids,
    writer: int = 0,
) -> Qualified | Refused:
    """Bring one application to its end; as `admit_many`."""
    bucket = bucket_of(application.resident_id, chain.bucket_count)
    ends = await admit_many(
        own_commit,
        bucket=bucket,
        applications=[application],
        chain=chain,
        vault=vault,
        now=now,
        ids=ids,
        writer=writer,
    )
    return ends[0]


async def admit_many(
    own_commit: OwnCommit,
    *,
    bucket: int,
    applications: Sequence[Application],
    chain: ChainTerms,
    vault: Vault,
    now: datetime,
    ids: Ids,
    writer: int = 0,
) -> list[Qualified | Refused]:
    """Bring applications of one bucket to their ends, in the order given; everything is committed when this returns.

    BUDGET_IS_USED_UP comes first where nothing is left, or less than one would get as far as the application says;
    then all reasons of `qualify_many`; then the same where others were first.
    """
    way = _Way(own_commit, bucket, chain, vault, now, ids, writer)
    wishes = _wishes(way, applications)
    ends: _Ends = {}
    waiting = list(enumerate(applications))
    while waiting:
        look = await _look(way, waiting, wishes, ends)
        waiting = [placed for placed in waiting if placed[0] not in ends]
        trying = [placed for placed in waiting if placed[0] in look.able]
        if trying:
            async with own_commit() as conn:
                await claim_old_codes(conn, applications=[one for _, one in trying], chain=chain, now=now)
            for code, needs in look.short.items():
                await _lease_for(way, code, needs)
            await _try(way, trying, ends)
        waiting = [placed for placed in waiting if placed[0] not in ends]
    return [ends[place] for place in range(len(applications))]


_Placed = tuple[int, Application]
_Ends = dict[int, Qualified | Refused]


class _Look(NamedTuple):
    """Which applications what is left is enough for, and of which budgets the bucket's slice is short for them."""

    able: frozenset[int]
    short: dict[str, list[int]]


def _wishes(way: _Way, applications: Sequence[Application]) -> dict[int, Wish]:
    """What each application would have; who says the same has the same, so it is reckoned once."""
    known: dict[tuple[str, frozenset[tuple[str, str]]], Wish | None] = {}
    wishes = {}
    for place, one in enumerate(applications):
        says = (one.place, frozenset(one.facts.items()))
        if says not in known:
            try:
                known[says] = wish_of(one, chain=way.chain, now=way.now)
            except Refused:
                known[says] = None  # it is refused in its turn, by name
        wish = known[says]
        if wish is not None:
            wishes[place] = wish
    return wishes


async def _look(way: _Way, waiting: Sequence[_Placed], wishes: dict[int, Wish], ends: _Ends) -> _Look:
    """Look what is left; turn away those for whom it is too little, and say for whom it is enough."""
    budgets = sorted({wishes[place].budget for place, _ in waiting if place in wishes})
    able = {place for place, _ in waiting if place not in wishes}
    short: dict[str, list[int]] = {}
    async with way.own_commit() as conn:
        for code in budgets:
            left = await _left_of(conn, code, way=way)
            group = [placed for placed in waiting if placed[0] in wishes and wishes[placed[0]].budget == code]
            late = await _find_late(conn, group, wishes, left_fen=left.fen, way=way)
            if late:
                refused = [one for place, one in group if place in late]
                await count_used_up(conn, applications=refused, chain=way.chain, now=way.now, writer=way.writer)
                ends |= {place: used_up(way.chain) for place in late}
            wanted = {place: wishes[place].fen for place, _ in group if place not in late}
            enough = _share(wanted, left_fen=left.fen)
            able |= enough
            if sum(wanted[place] for place in enough) > left.sliced_fen:
                short[code] = [wanted[place] for place in enough]
    return _Look(frozenset(able), short)


class _Left(NamedTuple):
    """What is left of a budget anywhere, and in this bucket's slice."""

    fen: int
    sliced_fen: int


async def _left_of(conn: Conn, code: str, *, way: _Way) -> _Left:
    budget = name_budget(code)
    fen = await ledger.find_budget_left(conn, budget=budget, bucket_count=way.chain.bucket_count) or 0
    share = name_of_budget(budget, AccountKind.BUDGET_SLICE)
    return _Left(fen, await ledger.open_balance(conn, buckets=[way.bucket], account=share))


async def _find_late(
    conn: Conn, group: Sequence[_Placed], wishes: dict[int, Wish], *, left_fen: int, way: _Way
) -> frozenset[int]:
    """For which applications too little is left, whose request was never heard.

    Who goes on with a bike that was handed in before may have bought, and need less: they are decided.
    """
    late = [(place, one) for place, one in group if left_fen <= 0 or wishes[place].fen > left_fen]
    if not late:
        return frozenset()
    claim_ids = [claim_id_of(one) for _, one in late]
    heard = await deed_store.list_first_deeds(conn, bucket=way.bucket, claim_ids=claim_ids)
    held: frozenset[str] = frozenset()
    if left_fen > 0:
        held = await vehicle_store.list_codes(conn, codes=[one.old_code for _, one in late])
    return frozenset(place for place, one in late if claim_id_of(one) not in heard and one.old_code not in held)


def _share(wanted: dict[int, int], *, left_fen: int) -> set[int]:
    """Whom what is left is enough for, in the order in which they came; the first of them in any case."""
    enough: set[int] = set()
    for place, fen in wanted.items():
        if fen <= left_fen or not enough:
            enough.add(place)
            left_fen -= fen
    return enough


async def _try(way: _Way, trying: Sequence[_Placed], ends: _Ends) -> None:
    """Qualify what can be; lease for those that were short all the same, who come again unless too little is left."""
    async with way.own_commit() as conn:
        applied = await qualify_many(
            conn,
            bucket=way.bucket,
            applications=[one for _, one in trying],
            chain=way.chain,
            vault=way.vault,
            now=way.now,
            ids=way.ids,
            writer=way.writer,
        )
    short: defaultdict[str, list[tuple[_Placed, int]]] = defaultdict(list)
    for placed, end in zip(trying, applied, strict=True):
        if isinstance(end, BudgetIsShort):
            short[end.budget].append((placed, end.need_fen))
        else:
            ends[placed[0]] = end
    for code, group in short.items():
        await _lease(way, code, group, ends)


async def _lease(way: _Way, code: str, group: Sequence[tuple[_Placed, int]], ends: _Ends) -> None:
    """Lease for applications of one budget; who needs more than is left anywhere is refused."""
    left_fen = await _lease_for(way, code, [need_fen for _, need_fen in group])
    lost = [placed for placed, need_fen in group if need_fen > left_fen]
    if lost:
        async with way.own_commit() as conn:
            await count_used_up(
                conn,
                applications=[one for _, one in lost],
                chain=way.chain,
                now=way.now,
                writer=way.writer,
                budget=code,
            )
        ends |= {place: used_up(way.chain, budget=code) for place, _ in lost}


async def _lease_for(way: _Way, code: str, needs: Sequence[int]) -> int:
    """Lease what the smallest need asks, and more if it is there; gives what is left of the budget anywhere."""
    budget, bucket_count = name_budget(code), way.chain.bucket_count
    try:
        async with way.own_commit() as conn:
            await ledger.lease_slice(
                conn,
                budget=budget,
                bucket=way.bucket,
                need_fen=min(needs),
                wanted_fen=_LEASE_AHEAD * sum(needs),
                now=way.now,
                ids=way.ids,
                bucket_count=bucket_count,
            )
            return await ledger.find_budget_left(conn, budget=budget, bucket_count=bucket_count) or 0
    except Refused as refused:
        if refused.reason in (LedgerReason.BUDGET_HAS_TOO_LITTLE, LedgerReason.ACCOUNT_IS_UNKNOWN):
            return 0
        raise
