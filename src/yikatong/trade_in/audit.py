"""What `yikatong audit` recomputes of the goods chain: money, deeds, counts, vehicles and lists from the claims."""

from collections.abc import AsyncIterator, Iterator, Mapping
from itertools import groupby, pairwise
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from yikatong.kernel.ids import show_id
from yikatong.ledger import service as ledger
from yikatong.ledger.model import AccountKind, name_claim
from yikatong.sealing.model import Leaf
from yikatong.trade_in.model import DeedRow, KeptClaim, Spending, VehicleRole
from yikatong.trade_in.rules.claims import find_lithium_in_store
from yikatong.trade_in.rules.keeping import states_of
from yikatong.trade_in.rules.leaves import leaf_of_coupon_use, leaf_of_decision, leaf_of_deed
from yikatong.trade_in.rules.vehicles import list_spendings, uses_chance
from yikatong.trade_in.service.placing import place_of
from yikatong.trade_in.service.rostering import list_unequal_rosters
from yikatong.trade_in.store import claims as claim_store
from yikatong.trade_in.store import coupons as coupon_store
from yikatong.trade_in.store import deeds as deed_store
from yikatong.trade_in.store import sales as sale_store
from yikatong.trade_in.store import vehicles as vehicle_store

_PAGE = 2_000
_ZERO = UUID(int=0)


async def audit(conn: AsyncConnection[Any]) -> list[str]:
    """Name claims whose accounts hold other money or places than they say, then those whose deeds do not lead to where
    they stand or whose decisions are gone, then persons whose claims are not as many as counted, vehicles that count
    for two claims, for another or for none, lithium bikes that are on no list, or on one though they have left, and
    rosters that have other money of their claims than was handed over.
    """
    found: list[str] = []
    balances = await ledger.list_balances_of_kind(conn, kind=AccountKind.CLAIM)
    counted: dict[str, Spending] = {}
    in_stores: set[UUID] = set()
    stands: dict[UUID, tuple[int, tuple[str, ...]]] = {}
    async for kept in _each_claim(conn):
        account = name_claim(kept.claim.resident_id, kept.claim.claim_id)
        found += _compare_money(kept, balances.pop(account.id, 0))
        place = place_of(kept.claim.resident_id, kept.claim.claim_id)
        found += _compare_place(kept, balances.pop(place.id, 0))
        found += _count_vehicles(kept, counted)
        stands[kept.claim.claim_id] = (kept.version, states_of(kept.claim))
        if find_lithium_in_store(kept.claim) is not None:
            in_stores.add(kept.claim.claim_id)
    found += [
        f"trade_in: account {show_id('account', account_id)} holds {fen} fen of no claim"
        for account_id, fen in sorted(balances.items())
    ]
    found += [line async for line in _compare_deeds(conn, stands)]
    found += [
        f"trade_in: deed {number} of {show_id('claim', claim_id)} was decided by a decision that is not there"
        for claim_id, number in await deed_store.list_missing_decisions(conn)
    ]
    found += [
        f"trade_in: a bank took the coupon of {show_id('claim', claim_id)}, which is not there for its resident"
        for claim_id in await coupon_store.list_uses_of_no_claim(conn)
    ]
    for _, resident_id, count_key, expected, actual in await claim_store.list_count_differences(conn):
        about = f"{show_id('resident', resident_id)} under {count_key}"
        found.append(f"trade_in: {expected} claims count for {about}, {actual} are counted")
    for code, claim_id in await sale_store.list_waiting_codes(conn):
        counted.setdefault(code, Spending(code, VehicleRole.NEW, claim_id))
    found += [line async for line in _compare_vehicles(conn, counted)]
    found += await _compare_overnight(conn, in_stores)
    return found + await _compare_rosters(conn)


async def list_leaves(conn: AsyncConnection[Any]) -> AsyncIterator[list[Leaf]]:
    """The leaves of every deed, decision and coupon's use as they stand now, for the audit of the sealed log."""
    bucket, claim_id, number = -1, _ZERO, 0
    while deeds := await deed_store.page_deeds(conn, bucket=bucket, claim_id=claim_id, number=number, limit=_PAGE):
        bucket, claim_id, number = deeds[-1].bucket, deeds[-1].claim_id, deeds[-1].number
        yield [leaf_of_deed(deed) for deed in deeds]
    bucket, decision_id = -1, _ZERO
    while decisions := await deed_store.page_decisions(conn, bucket=bucket, decision_id=decision_id, limit=_PAGE):
        bucket, decision_id = decisions[-1].bucket, decisions[-1].decision_id
        yield [leaf_of_decision(decision) for decision in decisions]
    bucket, claim_id = -1, _ZERO
    while uses := await coupon_store.page_coupon_uses(conn, bucket=bucket, claim_id=claim_id, limit=_PAGE):
        bucket, claim_id = uses[-1].bucket, uses[-1].claim_id
        yield [leaf_of_coupon_use(row) for row in uses]


async def _each_claim(conn: AsyncConnection[Any]) -> AsyncIterator[KeptClaim]:
    bucket, claim_id = -1, _ZERO
    while claims := await claim_store.page_claims(conn, bucket=bucket, claim_id=claim_id, limit=_PAGE):
        bucket, claim_id = claims[-1].bucket, claims[-1].claim.claim_id
        for kept in claims:
            yield kept


def _count_vehicles(kept: KeptClaim, counted: dict[str, Spending]) -> Iterator[str]:
    """Note the vehicles that a claim counts, and name those that an earlier one counts too."""
    for spending in list_spendings(kept.claim):
        first = counted.setdefault(spending.code, spending)
        if first != spending:
            both = (show_id("claim", first.claim_id), show_id("claim", spending.claim_id))
            yield f"trade_in: vehicle {spending.code} is counted by {both[0]} and by {both[1]}"


def _compare_money(kept: KeptClaim, lies_fen: int) -> Iterator[str]:
    if kept.account_fen != lies_fen:
        about = show_id("claim", kept.claim.claim_id)
        yield f"trade_in: {about} should have {kept.account_fen} fen in its account, {lies_fen} lie there"


def _compare_place(kept: KeptClaim, lie: int) -> Iterator[str]:
    due = int(bool(kept.places) and uses_chance(kept.claim))
    if lie != due:
        yield f"trade_in: {show_id('claim', kept.claim.claim_id)} should have {due} places, {lie} are taken for it"


async def _compare_deeds(
    conn: AsyncConnection[Any], stands: Mapping[UUID, tuple[int, tuple[str, ...]]]
) -> AsyncIterator[str]:
    """Follow each claim's deeds from its beginning to where it stands."""
    waiting = dict(stands)
    carried: list[DeedRow] = []
    bucket, claim_id, number = -1, _ZERO, 0
    while deeds := await deed_store.page_deeds(conn, bucket=bucket, claim_id=claim_id, number=number, limit=_PAGE):
        bucket, claim_id, number = deeds[-1].bucket, deeds[-1].claim_id, deeds[-1].number
        groups = [list(group) for _, group in groupby([*carried, *deeds], key=lambda deed: deed.claim_id)]
        carried = groups.pop()
        for group in groups:
            for line in _follow(group, waiting.pop(group[0].claim_id, None)):
                yield line
    if carried:
        for line in _follow(carried, waiting.pop(carried[0].claim_id, None)):
            yield line
    for claim_id in sorted(waiting):
        yield f"trade_in: {show_id('claim', claim_id)} has no deed that began it"


def _follow(deeds: list[DeedRow], stands: tuple[int, tuple[str, ...]] | None) -> Iterator[str]:
    about = show_id("claim", deeds[0].claim_id)
    if stands is None:
        yield f"trade_in: there are deeds of {about}, which there is not"
        return
    version, states = stands
    if [deed.number for deed in deeds] != list(range(1, version + 1)):
        yield f"trade_in: the deeds of {about} are not numbered from 1 to {version}"
    for before, after in pairwise(deeds):
        if before.states_after != after.states_before:
            yield f"trade_in: deed {after.number} of {about} does not begin where the one before it ended"
    if deeds[-1].states_after != states:
        yield f"trade_in: {about} does not stand where its last deed took it"


async def _compare_vehicles(conn: AsyncConnection[Any], counted: Mapping[str, Spending]) -> AsyncIterator[str]:
    """Hold the codes that count against the claims that count them."""
    missing, after = dict(counted), ""
    while held := await vehicle_store.page_codes(conn, after=after, limit=_PAGE):
        after = held[-1].code
        for spending in held:
            if missing.pop(spending.code, None) != spending:
                about = show_id("claim", spending.claim_id)
                yield f"trade_in: vehicle {spending.code} counts for {about}, which does not count it"
    for spending in missing.values():
        yield f"trade_in: {show_id('claim', spending.claim_id)} counts vehicle {spending.code}, not held for it"


async def _compare_rosters(conn: AsyncConnection[Any]) -> list[str]:
    """Hold what claims handed to payouts against what is there for them."""
    return [
        f"trade_in: claims handed {handed} fen to {show_id('roster', roster_id)}, it has and paid {there}"
        for roster_id, handed, there in await list_unequal_rosters(conn)
    ]


async def _compare_overnight(conn: AsyncConnection[Any], in_stores: set[UUID]) -> list[str]:
    listed = {bike.claim_id for bike in await vehicle_store.list_every_overnight(conn)}
    return [
        f"trade_in: the lithium bike of {show_id('claim', claim_id)} is in a store and on no list"
        for claim_id in sorted(in_stores - listed)
    ] + [
        f"trade_in: the lithium bike of {show_id('claim', claim_id)} is listed in a store, where it is not"
        for claim_id in sorted(listed - in_stores)
    ]
