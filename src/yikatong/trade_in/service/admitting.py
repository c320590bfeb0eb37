"""The whole way of an application, over several commits: a cheap look, the code, then all the rest, with its lease.

A crowd that comes after the last fen was given is turned away by two looks for all of them together. Who comes while
something is left claims the code of the old vehicle, and qualifies in one commit; where the bucket's slice of the
budget is too small more is leased in a commit of its own, and the application is decided again.
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
from yikatong.ledger.model import Reason as LedgerReason
from yikatong.ledger.model import name_budget
from yikatong.plumbing.ids import Ids
from yikatong.trade_in.model import Application, BudgetIsShort, ChainTerms, Qualified
from yikatong.trade_in.rules.keeping import claim_id_of
from yikatong.trade_in.service.applying import budget_of, claim_old_codes, count_used_up, qualify_many, used_up
from yikatong.trade_in.store import deeds as deed_store

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

    BUDGET_IS_USED_UP comes first where nothing at all is left, and last where too little is left for one; between them
    all reasons of `qualify_many`.
    """
    way = _Way(own_commit, bucket, chain, vault, now, ids, writer)
    placed = list(enumerate(applications))
    late = await _turn_away(way, placed)
    ends: _Ends = dict.fromkeys(late, used_up(chain))
    waiting = [(place, one) for place, one in placed if place not in ends]
    if waiting:
        async with own_commit() as conn:
            await claim_old_codes(conn, applications=[one for _, one in waiting], chain=chain, now=now)
    while waiting:
        waiting = await _try(way, waiting, ends)
    return [ends[place] for place in range(len(applications))]


_Placed = tuple[int, Application]
_Ends = dict[int, Qualified | Refused]


async def _turn_away(way: _Way, applications: Sequence[_Placed]) -> list[int]:
    """Which applications' budget has nothing left and whose request was never heard; they are counted."""
    # One sheet speaks for all applications of a place and day, so it is looked for once.
    alike: defaultdict[tuple[str, str | None], list[_Placed]] = defaultdict(list)
    for placed in applications:
        alike[(placed[1].place, placed[1].facts.get("bought_on"))].append(placed)
    by_budget: defaultdict[str, list[_Placed]] = defaultdict(list)
    for group in alike.values():
        try:
            by_budget[budget_of(group[0][1], chain=way.chain, now=way.now)] += group
        except Refused:
            continue  # each is refused in its turn
    late: list[_Placed] = []
    async with way.own_commit() as conn:
        for code, group in by_budget.items():
            left = await ledger.find_budget_left(conn, budget=name_budget(code), bucket_count=way.chain.bucket_count)
            late += [] if left else group
        claim_ids = [claim_id_of(one) for _, one in late]
        heard = await deed_store.list_first_deeds(conn, bucket=way.bucket, claim_ids=claim_ids) if late else {}
        late = [(place, one) for place, one in late if claim_id_of(one) not in heard]
        if late:
            await count_used_up(
                conn, applications=[one for _, one in late], chain=way.chain, now=way.now, writer=way.writer
            )
    return [place for place, _ in late]


async def _try(way: _Way, applications: Sequence[_Placed], ends: _Ends) -> list[_Placed]:
    """Qualify what can be; lease for those that were short, and give those that are to be tried again."""
    async with way.own_commit() as conn:
        applied = await qualify_many(
            conn,
            bucket=way.bucket,
            applications=[one for _, one in applications],
            chain=way.chain,
            vault=way.vault,
            now=way.now,
            ids=way.ids,
            writer=way.writer,
        )
    short: defaultdict[str, list[tuple[_Placed, int]]] = defaultdict(list)
    for (place, one), end in zip(applications, applied, strict=True):
        if isinstance(end, BudgetIsShort):
            short[end.budget].append(((place, one), end.need_fen))
        else:
            ends[place] = end
    again: list[_Placed] = []
    for code, group in short.items():
        again += await _lease(way, code, group, ends)
    return sorted(again, key=lambda placed: placed[0])


async def _lease(way: _Way, code: str, group: Sequence[tuple[_Placed, int]], ends: _Ends) -> list[_Placed]:
    """Lease for applications of one budget; who needs more than is left anywhere is refused, the others come again."""
    left_fen = await _lease_for(way, code, [need_fen for _, need_fen in group])
    lost = [placed for placed, need_fen in group if need_fen > left_fen]
    if lost:
        async with way.own_commit() as conn:
            await count_used_up(
                conn, applications=[one for _, one in lost], chain=way.chain, now=way.now, writer=way.writer
            )
        ends |= {place: used_up(way.chain) for place, _ in lost}
    return [placed for placed, need_fen in group if need_fen <= left_fen]


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
