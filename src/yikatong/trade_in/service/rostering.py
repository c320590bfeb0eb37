"""Claims that are paid later go onto rosters of payouts, whose publicity is theirs, and are stopped there."""

from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from msgspec import structs

from yikatong.cards import service as cards
from yikatong.cards.model import Vault
from yikatong.kernel.ids import bucket_of
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Change, Refused
from yikatong.ledger import service as ledger
from yikatong.ledger.model import AccountKind, AccountName, Leg, TransferDraft, TransferKind, name_account
from yikatong.payouts import service as payouts
from yikatong.payouts.model import NewRoster, OncePer, Roster, RosterEntry
from yikatong.plumbing.ids import Ids
from yikatong.trade_in.model import Act, Acted, ChainTerms, Order, Reason, Rosterable
from yikatong.trade_in.rules.keeping import digest_order
from yikatong.trade_in.service.acting import act
from yikatong.trade_in.service.looking import get_claim
from yikatong.trade_in.service.moving_money import transfer_id_of
from yikatong.trade_in.service.offices import Office, lock_claim
from yikatong.trade_in.store import deeds as deed_store
from yikatong.trade_in.store import paying as store

Conn = psycopg.AsyncConnection[Any]

SCHEME = "trade-in"
"""What payouts calls the rosters of claims."""

CLAIMS_MAX = 20_000
"""Claims of one roster, so that it is made in one request."""

LABEL = "trade-in"
_PAGE = 1_000
_FIRST = UUID(int=0)


def source_of(roster_id: UUID) -> AccountName:
    """The budget of one roster: what its claims hold, once they are approved. It pays the roster's batches."""
    return name_account(roster_id, AccountKind.BUDGET, LABEL)


def handing_of(roster_id: UUID) -> AccountName:
    """What is handed over between a claim's bucket and that of its roster's budget; nothing stays in it."""
    return name_account(roster_id, AccountKind.PAYOUT_CLEARING, LABEL)


async def roster_claims(
    conn: Conn,
    *,
    place: str,
    region: str,
    division: str,
    title: str,
    by: UUID,
    chain: ChainTerms,
    now: datetime,
    ids: Ids,
    claims_max: int = CLAIMS_MAX,
) -> Roster | None:
    """Put the checked claims of a place that stand on no roster onto one, for residents of one region; None for none.

    From there on everything is payouts': the check, the publicity with its objections, the batch. A claim is one line,
    its reference the claim, its amount what was decided. Refuses as payouts' `add_lines`.
    """
    roster_id = ids.new()
    taken: list[Rosterable] = []
    for bucket in range(chain.bucket_count):
        taken += await _take(
            conn,
            bucket=bucket,
            place=place,
            region=region,
            roster_id=roster_id,
            now=now,
            room=claims_max - len(taken),
        )
    if not taken:
        return None
    new = NewRoster(
        region=region,
        division=division,
        scheme=SCHEME,
        period=day_of(now).isoformat(),
        title=title,
        budget=source_of(roster_id),
        once_per=OncePer.REFERENCE,
    )
    entries = [
        RosterEntry(resident_id=one.resident_id, reference=one.claim_id, amount_fen=one.amount_fen) for one in taken
    ]
    await payouts.open_roster(conn, new=new, by=by, now=now, ids=ids, roster_id=roster_id)
    await payouts.add_lines(conn, roster_id=roster_id, entries=entries, by=by, bucket_count=chain.bucket_count)
    return await payouts.get_roster(conn, roster_id=roster_id)


async def _take(
    conn: Conn, *, bucket: int, place: str, region: str, roster_id: UUID, now: datetime, room: int
) -> list[Rosterable]:
    """Take claims of one bucket onto a roster, at most as many as it has room for."""
    taken: list[Rosterable] = []
    after = _FIRST
    while len(taken) < room:
        page = await store.list_rosterable(
            conn, bucket=bucket, place=place, after=after, limit=min(_PAGE, room - len(taken))
        )
        if not page:
            break
        after = page[-1].claim_id
        payees = await cards.list_payees(conn, bucket=bucket, resident_ids=[one.resident_id for one in page])
        ours = [one for one in page if one.resident_id in payees and payees[one.resident_id].region == region]
        won = await store.insert_rostered(conn, bucket=bucket, roster_id=roster_id, claims=ours, now=now)
        taken += [one for one in ours if one.claim_id in won]
    return taken


async def list_unequal_rosters(conn: Conn) -> list[tuple[UUID, int, int]]:
    """Rosters whose claims handed over another sum than their budget holds and their batches took: audit reads all.

    True at every commit, also while claims have not heard yet what a bank did: paid or returned, the sum is the same.
    """
    handed = await store.sum_rostered(conn)
    taken = await payouts.sum_of_rosters(conn, roster_ids=list(handed))
    held = await ledger.list_balances_of_kind(conn, kind=AccountKind.BUDGET)
    there = {roster_id: held.get(source_of(roster_id).id, 0) + taken.get(roster_id, 0) for roster_id in handed}
    return [(roster_id, fen, there[roster_id]) for roster_id, fen in handed.items() if fen != there[roster_id]]


async def hand_over(
    conn: Conn, *, roster_id: UUID, fen: int, about: UUID, is_back: bool, now: datetime, bucket_count: int
) -> None:
    """Move what is handed over into a roster's budget, in the budget's bucket; or, `is_back`, out of it.

    Refuses as the ledger's `post`.
    """
    source, handing = source_of(roster_id), handing_of(roster_id)
    bucket = bucket_of(roster_id, bucket_count)
    await ledger.open_account(conn, bucket=bucket, account=source, now=now)
    signed = -fen if is_back else fen
    draft = TransferDraft(
        transfer_id_of(b"hand back" if is_back else b"hand over", roster_id, about),
        TransferKind.RETURN if is_back else TransferKind.PAYOUT,
        roster_id,
        (Leg(handing, -signed), Leg(source, signed)),
    )
    await ledger.post(conn, bucket=bucket, writer=ledger.COMMANDS, draft=draft, now=now)


async def stop_payment(
    conn: Conn, *, order: Order, chain: ChainTerms, vault: Vault, now: datetime, ids: Ids
) -> Acted | Refused:
    """Stop an approved claim: its payment is given up, its money comes back, and the claim may be mended.

    The same request again is ALREADY_SO. Refuses, in this order: CLAIM_IS_UNKNOWN, DEED_IS_ANOTHER; as payouts'
    `give_payment_up` (the bank has it, or it was paid); as `act`.
    """
    assert order.deed.act is Act.STOP
    # The claim is locked before its roster, as by everybody who moves it.
    kept = await lock_claim(conn, claim_id=order.claim_id, office=Office(chain, vault, now, ids))
    done = await deed_store.find_deed(conn, bucket=kept.bucket, claim_id=order.claim_id, request_id=order.request_id)
    if done is not None and done.digest != digest_order(order):
        raise Refused(Reason.DEED_IS_ANOTHER)
    if done is not None:
        return Acted(kept, Change.ALREADY_SO)
    roster_id = await store.find_rostered(conn, bucket=kept.bucket, claim_id=order.claim_id)
    if roster_id is None:
        return await act(conn, order=order, chain=chain, vault=vault, now=now, ids=ids)
    await payouts.give_payment_up(
        conn,
        bucket=kept.bucket,
        resident_id=kept.claim.resident_id,
        roster_id=roster_id,
        reference=order.claim_id,
        now=now,
        ids=ids,
        bucket_count=chain.bucket_count,
    )
    return await take_back(conn, order=order, roster_id=roster_id, chain=chain, vault=vault, now=now, ids=ids)


async def take_back(
    conn: Conn, *, order: Order, roster_id: UUID, chain: ChainTerms, vault: Vault, now: datetime, ids: Ids
) -> Acted | Refused:
    """Stop a claim whose payment is given up: its money out of the roster's budget, the claim off the roster."""
    kept = await get_claim(conn, claim_id=order.claim_id, bucket_count=chain.bucket_count)
    if kept.sent_fen:
        await hand_over(
            conn,
            roster_id=roster_id,
            fen=kept.sent_fen,
            about=order.request_id,
            is_back=True,
            now=now,
            bucket_count=chain.bucket_count,
        )
    await store.delete_rostered(conn, bucket=kept.bucket, claim_id=order.claim_id, roster_id=roster_id)
    stopping = structs.replace(order, source=handing_of(roster_id))
    return await act(conn, order=stopping, chain=chain, vault=vault, now=now, ids=ids)
