"""Claims follow what payouts tells of their rosters and payments, by events, each exactly once.

A roster that is made public publishes its claims, an objection that is upheld rejects one, a final roster approves them
and gets their money, a bank's answers pay them or give them back. What a claim cannot follow is kept for a person; its
neighbours go on.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import psycopg
from msgspec import structs

from yikatong.kernel.ids import ResidentId, bucket_of
from yikatong.kernel.outcomes import Refused
from yikatong.ledger.model import digest_id
from yikatong.payouts import service as payouts
from yikatong.payouts.model import LinesMoved, LineState, MovedLine, PaymentState, RosterMoved, RosterState
from yikatong.plumbing import outbox
from yikatong.trade_in.model import (
    Act,
    Acted,
    Actor,
    ClaimState,
    Deed,
    KeptClaim,
    Order,
    PaymentAtOdds,
    Reason,
    Rostered,
    RosterPage,
    Told,
)
from yikatong.trade_in.service.acting import act
from yikatong.trade_in.service.handing import send_to_payouts
from yikatong.trade_in.service.looking import get_claim
from yikatong.trade_in.service.offices import Office
from yikatong.trade_in.service.reporting import under_of
from yikatong.trade_in.service.rostering import SCHEME, hand_over, handing_of, take_back
from yikatong.trade_in.store import paying as store

Conn = psycopg.AsyncConnection[Any]
Do = Callable[[], Awaitable[Acted | Refused]]

ROSTER_PAGE = "trade_in.roster_page"
"""Outbox topic: `RosterPage`; some claims follow their roster."""

PAYMENTS_PAGE = "trade_in.payments_page"
"""Outbox topic: payouts' `LinesMoved`, of few lines; some claims follow their payments."""

PAGE = 200
"""Claims that follow in one transaction."""

_FIRST = UUID(int=0)


class News(NamedTuple):
    """What payouts tells a claim: of which roster, what, and about which roster or transfer."""

    roster_id: UUID
    told: Told
    about: UUID


async def hear_roster(conn: Conn, *, moved: RosterMoved, under: Office) -> None:
    """Hear that a roster moved: a line that was taken off at once, everything else page by page."""
    if moved.scheme != SCHEME:
        return
    if moved.reference is not None:
        await _leave_roster(conn, moved, claim_id=moved.reference, under=under)
        return
    for bucket in range(under.chain.bucket_count):
        await _publish_page(conn, RosterPage(moved=moved, bucket=bucket, after=_FIRST), under=under)


async def _publish_page(conn: Conn, page: RosterPage, *, under: Office) -> None:
    payload = msgspec.to_builtins(page)
    await outbox.publish(conn, id=under.ids.new(), topic=ROSTER_PAGE, payload=payload, now=under.now)


async def _leave_roster(conn: Conn, moved: RosterMoved, *, claim_id: UUID, under: Office) -> None:
    bucket = bucket_of(claim_id, under.chain.bucket_count)
    left = await store.delete_rostered(conn, bucket=bucket, claim_id=claim_id, roster_id=moved.roster_id)
    if left and moved.was_objected:
        deed = Deed(act=Act.REJECT, actor=Actor.COMMERCE, by=moved.by, on=under.today)
        await _do(conn, deed, claim_id, News(moved.roster_id, Told.OBJECTED, moved.roster_id), under=under)


def read_page(payload: Any) -> RosterPage:
    """The claims of an event of ROSTER_PAGE."""
    return msgspec.convert(payload, RosterPage)


async def follow_roster(conn: Conn, *, page: RosterPage, under: Office) -> None:
    """Let the next claims follow their roster; the page after them is published with it."""
    moved = page.moved
    claims = await store.list_rostered(
        conn, bucket=page.bucket, roster_id=moved.roster_id, after=page.after, limit=PAGE
    )
    if len(claims) == PAGE:
        await _publish_page(conn, structs.replace(page, after=claims[-1].claim_id), under=under)
    if moved.state is RosterState.WITHDRAWN:
        for claim in claims:
            await _withdraw(conn, moved, claim, under=under)
        return
    roster = await payouts.get_roster(conn, roster_id=moved.roster_id)
    if roster.state is not RosterState.WITHDRAWN:
        # One that was withdrawn meanwhile has pages of its own, which come after these.
        await _go_on(conn, page, claims, under=under)


async def _go_on(conn: Conn, page: RosterPage, claims: Sequence[Rostered], *, under: Office) -> None:
    """Publish or approve the claims that the roster pays; who is held there may stand on another roster."""
    moved = page.moved
    lines = await payouts.list_lines_of_references(
        conn, bucket=page.bucket, roster_id=moved.roster_id, references=[claim.claim_id for claim in claims]
    )
    clear = {line.reference for line in lines if line.state is LineState.CLEAR}
    approved: list[KeptClaim] = []
    for claim in claims:
        if claim.claim_id not in clear:
            await _leave(conn, page.bucket, claim, roster_id=moved.roster_id)
        elif moved.state is RosterState.PUBLISHED:
            await _publish(conn, moved, claim, under=under)
        else:
            approved += await _approve(conn, page, claim, under=under)
    if approved:
        await _send(conn, moved.roster_id, approved, under=under)


async def _leave(conn: Conn, bucket: int, claim: Rostered, *, roster_id: UUID) -> None:
    await store.delete_rostered(conn, bucket=bucket, claim_id=claim.claim_id, roster_id=roster_id)


async def _publish(conn: Conn, moved: RosterMoved, claim: Rostered, *, under: Office) -> None:
    """Publish a claim with its roster; one that was public with an earlier roster stays so."""
    kept = await get_claim(conn, claim_id=claim.claim_id, bucket_count=under.chain.bucket_count)
    if kept.claim.state is not ClaimState.PUBLISHED:
        deed = Deed(act=Act.PUBLISH, actor=Actor.COMMERCE, by=moved.by, on=under.today, until=moved.public_until)
        await _do(conn, deed, claim.claim_id, News(moved.roster_id, Told.PUBLISHED, moved.roster_id), under=under)


async def _approve(conn: Conn, page: RosterPage, claim: Rostered, *, under: Office) -> list[KeptClaim]:
    """Approve a claim with its final roster; one that cannot be is not paid by it."""
    moved = page.moved
    deed = Deed(act=Act.APPROVE, actor=Actor.FINANCE, by=moved.by, on=under.today)
    kept = await _do(conn, deed, claim.claim_id, News(moved.roster_id, Told.FINAL, moved.roster_id), under=under)
    if kept is not None:
        return [kept]
    await payouts.give_payment_up(
        conn,
        bucket=page.bucket,
        resident_id=claim.resident_id,
        roster_id=moved.roster_id,
        reference=claim.claim_id,
        now=under.now,
        ids=under.ids,
        bucket_count=under.chain.bucket_count,
    )
    await _leave(conn, page.bucket, claim, roster_id=moved.roster_id)
    return []


async def _send(conn: Conn, roster_id: UUID, approved: Sequence[KeptClaim], *, under: Office) -> None:
    """Bring the money of approved claims of one bucket into their roster's budget."""
    await send_to_payouts(
        conn,
        claim_ids=[kept.claim.claim_id for kept in approved],
        to=handing_of(roster_id),
        about=roster_id,
        chain=under.chain,
        vault=under.vault,
        now=under.now,
        ids=under.ids,
    )
    await hand_over(
        conn,
        roster_id=roster_id,
        fen=sum(kept.claim.amount_fen for kept in approved),
        about=approved[0].claim.claim_id,
        is_back=False,
        now=under.now,
        bucket_count=under.chain.bucket_count,
    )


async def _withdraw(conn: Conn, moved: RosterMoved, claim: Rostered, *, under: Office) -> None:
    """Let a claim leave a roster that was withdrawn; one that was approved is stopped, and its money comes back."""
    kept = await get_claim(conn, claim_id=claim.claim_id, bucket_count=under.chain.bucket_count)
    if kept.claim.state is not ClaimState.APPROVED:
        await _leave(conn, kept.bucket, claim, roster_id=moved.roster_id)
        return
    news = News(moved.roster_id, Told.WITHDRAWN, moved.roster_id)
    deed = Deed(act=Act.STOP, actor=Actor.FINANCE, by=moved.by, on=under.today)
    order = _order(deed, claim.claim_id, news)

    async def stop() -> Acted | Refused:
        chain, vault, now, ids = under
        return await take_back(conn, order=order, roster_id=moved.roster_id, chain=chain, vault=vault, now=now, ids=ids)

    await _under_savepoint(conn, stop, kept, news, under=under)


async def hear_payments(conn: Conn, *, moved: LinesMoved, under: Office) -> None:
    """Hear that payments moved, and let their claims follow, few at a time. One that was stopped changes no claim."""
    if moved.scheme != SCHEME or moved.state is PaymentState.STOPPED:
        return
    for first in range(moved.first_line, moved.last_line + 1, PAGE):
        last = min(first + PAGE - 1, moved.last_line)
        few = structs.replace(moved, first_line=first, last_line=last, count=min(moved.count, last - first + 1))
        payload = msgspec.to_builtins(few)
        await outbox.publish(conn, id=under.ids.new(), topic=PAYMENTS_PAGE, payload=payload, now=under.now)


async def follow_payments(conn: Conn, *, moved: LinesMoved, under: Office) -> None:
    """Pay the claims that a bank paid, and take back those whose money came back after that."""
    for line in await payouts.list_moved(conn, moved=moved, bucket_count=under.chain.bucket_count):
        roster_id = await store.find_rostered(conn, bucket=line.bucket, claim_id=line.reference)
        if roster_id == moved.roster_id:
            await _follow_payment(conn, moved, line, under=under)


async def _follow_payment(conn: Conn, moved: LinesMoved, line: MovedLine, *, under: Office) -> None:
    kept = await get_claim(conn, claim_id=line.reference, bucket_count=under.chain.bucket_count)
    is_paid = moved.state is PaymentState.PAID
    if not is_paid and kept.claim.state is ClaimState.APPROVED:
        # It came back before it was ever paid: payouts pays it again under its source, the claim waits.
        return
    news = News(moved.roster_id, Told.PAID if is_paid else Told.RETURNED, moved.transfer_id or moved.batch_id)
    if line.amount_fen != kept.claim.amount_fen:
        await _keep_odds(conn, kept, news, reason=Reason.MONEY_IS_NOT_WITH_PAYOUTS.name, under=under)
        return
    on = min(line.booked_on or under.today, under.today)
    deed = Deed(act=Act.PAY if is_paid else Act.BANK_RETURNS, actor=Actor.FINANCE, by=moved.by, on=on)
    await _do(conn, deed, line.reference, news, under=under)


def _order(deed: Deed, claim_id: UUID, news: News) -> Order:
    """An order under an id of its own, the same for the same news."""
    parts = (news.told.value.encode(), claim_id.bytes, news.about.bytes)
    request_id = digest_id(b"trade-in follows", *parts, time_of=news.about)
    return Order(request_id=request_id, claim_id=claim_id, deed=deed)


async def _do(conn: Conn, deed: Deed, claim_id: UUID, news: News, *, under: Office) -> KeptClaim | None:
    """Do a deed, or keep why the claim cannot follow; the claim after it, or None."""
    chain, vault, now, ids = under
    kept = await get_claim(conn, claim_id=claim_id, bucket_count=chain.bucket_count)
    order = _order(deed, claim_id, news)

    async def do() -> Acted | Refused:
        return await act(conn, order=order, chain=chain, vault=vault, now=now, ids=ids)

    return await _under_savepoint(conn, do, kept, news, under=under)


async def _under_savepoint(conn: Conn, do: Do, kept: KeptClaim, news: News, *, under: Office) -> KeptClaim | None:
    """Do something for one claim, so that what it cannot do leaves its neighbours alone."""
    try:
        async with conn.transaction():
            done = await do()
            if isinstance(done, Refused):
                raise done
            return done.kept
    except Refused as refused:
        await _keep_odds(conn, kept, news, reason=refused.reason.name, under=under)
        return None


async def _keep_odds(conn: Conn, kept: KeptClaim, news: News, *, reason: str, under: Office) -> None:
    odds = PaymentAtOdds(
        bucket=kept.bucket,
        claim_id=kept.claim.claim_id,
        resident_id=ResidentId(kept.claim.resident_id),
        roster_id=news.roster_id,
        told=news.told,
        about=news.about,
        reason=reason,
        found_at=under.now,
    )
    await store.insert_payment_at_odds(conn, odds=odds)


async def list_payments_at_odds(
    conn: Conn, *, place: str, until: datetime, bucket_count: int, limit: int
) -> tuple[list[PaymentAtOdds], datetime | None]:
    """What payouts told of a place's claims, and of those within it, that could not follow, the newest first; and
    before which instant older ones may lie, None where there are none.

    What was found together stays together, so a page may be longer than `limit`.
    """
    found: list[PaymentAtOdds] = []
    is_more = False
    for bucket in range(bucket_count):
        some = await store.list_payments_at_odds(conn, bucket=bucket, under=under_of(place), until=until, limit=limit)
        is_more |= len(some) >= limit
        found += some
    found.sort(key=lambda odds: (odds.found_at, odds.claim_id), reverse=True)
    if len(found) < limit or not found:
        return found, None
    end = found[limit - 1].found_at
    page = [odds for odds in found if odds.found_at >= end]
    return page, end if is_more or len(found) > len(page) else None
