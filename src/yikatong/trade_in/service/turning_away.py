"""A crowd that comes too late is turned away by one cheap look, before anything costly is done for it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import psycopg

from yikatong.kernel.outcomes import Refused
from yikatong.ledger import service as ledger
from yikatong.ledger.model import AccountKind, name_budget, name_of_budget
from yikatong.trade_in.model import Application, ChainTerms
from yikatong.trade_in.rules.keeping import claim_id_of
from yikatong.trade_in.service.applying import count_late, used_up
from yikatong.trade_in.service.drafting import Wish, wish_of
from yikatong.trade_in.store import deeds as deed_store
from yikatong.trade_in.store import vehicles as vehicle_store

Conn = psycopg.AsyncConnection[Any]

Placed = tuple[int, Application]
"""An application with its place among those that came together."""


async def turn_away(
    conn: Conn, *, bucket: int, applications: Sequence[Application], chain: ChainTerms, now: datetime, writer: int = 0
) -> dict[int, Refused]:
    """Refuse, by their places, the applications of one bucket that come too late for their budgets; counts them.

    Refuses BUDGET_IS_USED_UP where nothing is left, or less than an application would get as far as it says itself.
    """
    placed = list(enumerate(applications))
    wishes = wishes_of(applications, chain=chain, now=now)
    late: dict[int, Refused] = {}
    for code in sorted({wish.budget for wish in wishes.values()}):
        left = await find_left(conn, code, bucket=bucket, bucket_count=chain.bucket_count)
        group = [one for one in placed if one[0] in wishes and wishes[one[0]].budget == code]
        late |= await late_among(conn, group, wishes, left_fen=left.fen, bucket=bucket, chain=chain)
    if late:
        refused = [(applications[place], end) for place, end in late.items()]
        await count_late(conn, late=refused, now=now, writer=writer)
    return late


def wishes_of(applications: Sequence[Application], *, chain: ChainTerms, now: datetime) -> dict[int, Wish]:
    """What each application would have, by its place; who says the same has the same, so it is reckoned once."""
    known: dict[tuple[str, frozenset[tuple[str, str]]], Wish | None] = {}
    wishes = {}
    for place, one in enumerate(applications):
        says = (one.place, frozenset(one.facts.items()))
        if says not in known:
            try:
                known[says] = wish_of(one, chain=chain, now=now)
            except Refused:
                known[says] = None  # it is refused in its turn, by name
        wish = known[says]
        if wish is not None:
            wishes[place] = wish
    return wishes


class Left(NamedTuple):
    """What is left of a budget anywhere, and in one bucket's slice."""

    fen: int
    sliced_fen: int


async def find_left(conn: Conn, code: str, *, bucket: int, bucket_count: int) -> Left:
    """What is left of a budget, 0 of one that there is not; locks nothing."""
    budget = name_budget(code)
    fen = await ledger.find_budget_left(conn, budget=budget, bucket_count=bucket_count) or 0
    share = name_of_budget(budget, AccountKind.BUDGET_SLICE)
    return Left(fen, await ledger.open_balance(conn, buckets=[bucket], account=share))


async def late_among(
    conn: Conn,
    group: Sequence[Placed],
    wishes: Mapping[int, Wish],
    *,
    left_fen: int,
    bucket: int,
    chain: ChainTerms,
) -> dict[int, Refused]:
    """What applications are refused with for which too little is left of their budget; the others are not in it.

    One whose request was heard before is not late. Who goes on with a bike that was handed in before may have bought,
    and need less: they are decided.
    """
    late = [(place, one) for place, one in group if left_fen <= 0 or wishes[place].fen > left_fen]
    if not late:
        return {}
    claim_ids = [claim_id_of(one) for _, one in late]
    heard = await deed_store.list_first_deeds(conn, bucket=bucket, claim_ids=claim_ids)
    held: frozenset[str] = frozenset()
    if left_fen > 0:
        held = await vehicle_store.list_codes(conn, codes=[one.old_code for _, one in late])
    return {
        place: used_up(chain, budget=wishes[place].budget, needed_fen=wishes[place].fen, left_fen=left_fen)
        for place, one in late
        if claim_id_of(one) not in heard and one.old_code not in held
    }
