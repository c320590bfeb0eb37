"""Places: where a place pays for a number of bikes, each claim takes one, as exactly as it takes its money.

Places are counted as a budget whose fen are places (`ledger`): a row with a floor, leased to the buckets in slices, so
that no bucket waits for another and the last place is found wherever it lies. A claim's place lies in an account of its
own, from qualification on, as long as the claim counts for its person.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg

from yikatong.kernel.ids import TransferId
from yikatong.kernel.outcomes import Change
from yikatong.ledger import service as ledger
from yikatong.ledger.model import AccountKind, AccountName, Taking, digest_id, name_account, name_budget
from yikatong.trade_in.model import Applied, BudgetIsShort, KeptClaim
from yikatong.trade_in.rules.sheets import Places
from yikatong.trade_in.service.drafting import Draft
from yikatong.trade_in.service.moving_money import transfer_id_of
from yikatong.trade_in.service.offices import Office

Conn = psycopg.AsyncConnection[Any]


def place_of(resident_id: UUID, claim_id: UUID) -> AccountName:
    """The account in which a claim has its place: it holds one, or nothing."""
    return name_account(resident_id, AccountKind.CLAIM, f"{claim_id.hex}:place")


async def keep_those_with_places(
    conn: Conn, drafts: Sequence[Draft], *, bucket: int, ends: dict[UUID, Applied], office: Office
) -> Sequence[Draft]:
    """The drafts that need no place, or for which one lies in the bucket's slice; the others end short of one.

    A draft for whose money too little lies there takes no place from those behind it. The slices of places and money
    are locked together, in the order of their ids, so what is decided here holds until the commit.
    """
    wanted = {one.places.code: one.places for one in drafts if one.places is not None}
    if not wanted:
        return drafts
    for places in wanted.values():
        await _open(conn, places, office=office)
    codes = wanted.keys() | {one.kept.budget for one in drafts}
    left = {
        code: await ledger.lock_slice(conn, bucket=bucket, budget=name_budget(code))
        for code in sorted(codes, key=lambda code: name_budget(code).id)
    }
    kept = []
    for one in drafts:
        if one.places is not None and left[one.places.code] < 1:
            ends[one.kept.claim.claim_id] = BudgetIsShort(one.places.code, 1)
            continue
        kept.append(one)
        if one.kept.claim.money.reserved_fen <= left[one.kept.budget]:
            left[one.kept.budget] -= one.kept.claim.money.reserved_fen
            if one.places is not None:
                left[one.places.code] -= 1
    return kept


async def _open(conn: Conn, places: Places, *, office: Office) -> None:
    """Let there be as many places as the sheet says; a later sheet may raise the number, and never lowers it."""
    budget, bucket_count = name_budget(places.code), office.chain.bucket_count
    state = await ledger.find_budget(conn, budget=budget, bucket_count=bucket_count)
    opened = 0 if state is None else state.funded_fen
    if opened < places.bikes:
        await ledger.fund_budget(
            conn,
            budget=budget,
            amount_fen=places.bikes - opened,
            transfer_id=TransferId(digest_id(b"trade-in places", places.code.encode(), places.bikes.to_bytes(8))),
            reference=budget.owner_id,
            now=office.now,
            bucket_count=bucket_count,
        )


async def take_places(conn: Conn, drafts: Sequence[Draft], *, bucket: int, office: Office) -> None:
    """Give each of these its place; `keep_those_with_places` has locked as many as they need."""
    by_code: defaultdict[str, list[Draft]] = defaultdict(list)
    for one in drafts:
        if one.places is not None:
            by_code[one.places.code].append(one)
    for code in sorted(by_code, key=lambda code: name_budget(code).id):
        takings = [_taking(one.kept) for one in by_code[code]]
        await ledger.open_many_accounts(conn, accounts=[(bucket, taking.account) for taking in takings], now=office.now)
        outcomes = await ledger.take_from_budget(
            conn, bucket=bucket, budget=name_budget(code), takings=takings, now=office.now
        )
        assert {*outcomes} == {Change.DONE}, "the slice is locked and holds enough"


def _taking(kept: KeptClaim) -> Taking:
    claim_id = kept.claim.claim_id
    transfer_id = TransferId(digest_id(b"trade-in place", claim_id.bytes, time_of=claim_id))
    return Taking(transfer_id, claim_id, place_of(kept.claim.resident_id, claim_id), 1)


async def give_place_back(conn: Conn, *, kept: KeptClaim, about: UUID, office: Office) -> None:
    """Give the place of a claim that counts no more to whoever comes next, once for what it is about."""
    if not kept.places:
        return
    claim = kept.claim
    await ledger.release_to_budget(
        conn,
        bucket=kept.bucket,
        budget=name_budget(kept.places),
        account=place_of(claim.resident_id, claim.claim_id),
        amount_fen=1,
        transfer_id=transfer_id_of(b"place", claim.claim_id, about),
        reference=claim.claim_id,
        now=office.now,
    )
