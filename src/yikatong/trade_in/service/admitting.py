"""The whole way of an application, over several commits: a cheap look, the code, then all the rest, with its lease.

A crowd that comes after the last fen was given is turned away by a look for all of them together. While something is
left, as many are tried as it is enough for, in the order in which they came: they claim the codes of their old
vehicles, the bucket's slice of the budget is made large enough in a commit of its own, and they qualify in one commit.
Whoever was behind them looks again at what is left then.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
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
from yikatong.trade_in.service.applying import claim_old_codes, count_late, qualify_many, used_up
from yikatong.trade_in.service.drafting import Wish
from yikatong.trade_in.service.turning_away import Placed, find_left, late_among, wishes_of

Conn = psycopg.AsyncConnection[Any]

OwnCommit = Callable[[], AbstractAsyncContextManager[psycopg.AsyncConnection[Any]]]
"""Opens a transaction of its own on another connection."""

Ends = Mapping[int, Qualified | Refused]
"""Ends of applications by their places among those that were given."""

Beside = Callable[[Conn, Ends], Awaitable[None]]
"""Writes what must be committed together with ends, in their own transaction."""


async def nothing_beside(conn: Conn, ends: Ends) -> None:
    """Write nothing beside ends."""


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
    beside: Beside


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

    Refuses as `admit_in_turn`.
    """
    ends: dict[int, Qualified | Refused] = {}
    async for some in admit_in_turn(
        own_commit,
        bucket=bucket,
        applications=applications,
        chain=chain,
        vault=vault,
        now=now,
        ids=ids,
        writer=writer,
    ):
        ends |= some
    return [ends[place] for place in range(len(applications))]


async def admit_in_turn(
    own_commit: OwnCommit,
    *,
    bucket: int,
    applications: Sequence[Application],
    chain: ChainTerms,
    vault: Vault,
    now: datetime,
    ids: Ids,
    writer: int = 0,
    beside: Beside = nothing_beside,
) -> AsyncIterator[Ends]:
    """Bring applications of one bucket to their ends, in the order given; gives ends as soon as they are committed.

    `beside` writes in the commit of each end; what it raises leaves the ends of that commit undone, and is raised.

    BUDGET_IS_USED_UP comes first where nothing is left, or less than one would get as far as the application says;
    then all reasons of `qualify_many`; then the same where others were first.
    """
    way = _Way(own_commit, bucket, chain, vault, now, ids, writer, beside)
    wishes = wishes_of(applications, chain=chain, now=now)
    waiting = dict(enumerate(applications))
    while waiting:
        async with own_commit() as conn:
            look = await _look(conn, way, list(waiting.items()), wishes)
        if look.late:
            yield look.late
        waiting = {place: one for place, one in waiting.items() if place not in look.late}
        trying = [placed for placed in waiting.items() if placed[0] in look.able]
        if trying:
            async with own_commit() as conn:
                await claim_old_codes(conn, applications=[one for _, one in trying], chain=chain, now=now)
            for code, needs in look.short.items():
                await _lease_for(way, code, needs)
            async for some in _try(way, trying):
                yield some
                waiting = {place: one for place, one in waiting.items() if place not in some}


class _Look(NamedTuple):
    """Who came too late; which others what is left is enough for; of which budgets the bucket's slice is short."""

    late: Ends
    able: frozenset[int]
    short: dict[str, list[int]]


async def _look(conn: Conn, way: _Way, waiting: Sequence[Placed], wishes: Mapping[int, Wish]) -> _Look:
    """Look what is left; turn away those for whom it is too little, and say for whom it is enough."""
    budgets = sorted({wishes[place].budget for place, _ in waiting if place in wishes})
    able = {place for place, _ in waiting if place not in wishes}
    late: dict[int, Refused] = {}
    short: dict[str, list[int]] = {}
    for code in budgets:
        left = await find_left(conn, code, bucket=way.bucket, bucket_count=way.chain.bucket_count)
        group = [placed for placed in waiting if placed[0] in wishes and wishes[placed[0]].budget == code]
        late |= await late_among(conn, group, wishes, left_fen=left.fen, bucket=way.bucket, chain=way.chain)
        wanted = {place: wishes[place].fen for place, _ in group if place not in late}
        enough = _share(wanted, left_fen=left.fen)
        able |= enough
        if sum(wanted[place] for place in enough) > left.sliced_fen:
            short[code] = [wanted[place] for place in enough]
    if late:
        await _turn_away(conn, way, dict(waiting), late)
    return _Look(late, frozenset(able), short)


async def _turn_away(
    conn: Conn, way: _Way, applications: Mapping[int, Application], late: Mapping[int, Refused]
) -> None:
    """Count who came too late for money, or for places; give back their codes, and write beside them."""
    refused = [(applications[place], end) for place, end in late.items()]
    await count_late(conn, late=refused, now=way.now, writer=way.writer)
    await way.beside(conn, late)


def _share(wanted: dict[int, int], *, left_fen: int) -> set[int]:
    """Whom what is left is enough for, in the order in which they came; the first of them in any case."""
    enough: set[int] = set()
    for place, fen in wanted.items():
        if fen <= left_fen or not enough:
            enough.add(place)
            left_fen -= fen
    return enough


async def _try(way: _Way, trying: Sequence[Placed]) -> AsyncIterator[Ends]:
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
        found = {place: end for (place, _), end in zip(trying, applied, strict=True)}
        ends = {place: end for place, end in found.items() if not isinstance(end, BudgetIsShort)}
        if ends:
            await way.beside(conn, ends)
    yield ends
    short: defaultdict[str, list[tuple[Placed, int]]] = defaultdict(list)
    for placed in trying:
        end = found[placed[0]]
        if isinstance(end, BudgetIsShort):
            short[end.budget].append((placed, end.need_fen))
    for code, group in short.items():
        yield await _lease(way, code, group)


async def _lease(way: _Way, code: str, group: Sequence[tuple[Placed, int]]) -> Ends:
    """Lease for applications of one budget; who needs more than is left anywhere is refused."""
    left_fen = await _lease_for(way, code, [need_fen for _, need_fen in group])
    lost: dict[int, Refused] = {
        place: used_up(way.chain, budget=code, needed_fen=need_fen, left_fen=left_fen)
        for (place, _), need_fen in group
        if need_fen > left_fen
    }
    if lost:
        async with way.own_commit() as conn:
            await _turn_away(conn, way, dict(placed for placed, _ in group), lost)
    return lost


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
