"""A place whose claims are paid by rosters and bank files, on a platform of its own whose clock stands in 2024."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from simulator.bank_files import FileBank
from tests.crash.bike_town import KILLS
from tests.crash.offices import SEEN, TITLE, Officers, Offices, Rostered
from tests.crash.serving import Platform
from tests.support.builders.access import an_operator
from tests.support.builders.benefits import handle_of
from tests.support.world import FixedClock
from yikatong.app.bench.people import enrol, generate_grown_ups
from yikatong.app.subscribers import Subscribers
from yikatong.app.worker import Worker
from yikatong.cards import bulk_enrolment
from yikatong.cards.bulk_enrolment import Binding, EnrolledAtOnce
from yikatong.kernel.ids import TransferId, show_id
from yikatong.kernel.instants import day_of
from yikatong.ledger import service as ledger
from yikatong.ledger.model import name_budget
from yikatong.payouts import service as payouts
from yikatong.payouts.model import Roster
from yikatong.plumbing.clock import clock_of
from yikatong.plumbing.outbox import Relay
from yikatong.sealing import service as sealing
from yikatong.trade_in import service as trade_in
from yikatong.trade_in.model import Act, Acted, Actor, Application, Deed, Order, Qualified

PLACE, BANK = "440000", "102"
DAY = datetime(2024, 11, 25, 4, 0, tzinfo=UTC)
"""A day on which the place's published sheet, which pays 500 yuan to the card's account, was in force."""
CLAIMED_AT, PUBLIC_FOR = DAY - timedelta(days=20), timedelta(days=14)
"""When all claims were submitted and some put onto rosters, which were public for longer than seven working days."""
SUBSIDY_FEN = 50_000
BUDGET = f"trade_in:{PLACE}:{DAY.year}"
PRICE_FEN = 200_000
FINAL = 6 + 6 * KILLS
CLAIMS = FINAL + 8 + 8 * KILLS
"""So many claims, and so many of them on final rosters, each on one of its own."""
_OLD_FROM, _NEW_FROM = 440_000_000_000_000, 450_000_000_000_000
_PAPERS = ("old_licence", "recovery_proof", "new_invoice", "new_certificate", "bank_card")
_STATED: dict[Act, dict[str, str]] = {
    Act.RECEIVE_OLD: {"recycler_is_listed": "yes"},
    Act.SELL: {
        "new_battery": "lead_acid",
        "new_is_certified": "yes",
        "invoice_names_applicant": "yes",
        "store_is_listed": "yes",
    },
    Act.SUBMIT: {"evidence": ",".join(_PAPERS)},
    Act.CHECK: SEEN,
}
_STEPS = (
    (Act.RECEIVE_OLD, Actor.RECYCLER),
    (Act.SELL, Actor.STORE),
    (Act.SUBMIT, Actor.RESIDENT),
)


class Town(NamedTuple):
    """A platform, its offices, and the bank that reads and leaves files."""

    platform: Platform
    offices: Offices


class _People(NamedTuple):
    """Who works there, the claims that wait to be checked, and final rosters, each with its claim."""

    officers: Officers
    claims: list[str]
    final: list[tuple[str, Rostered]]


@asynccontextmanager
async def a_claims_town(folder: Path, *, bank_files: Path) -> AsyncIterator[Town]:
    """Prepare the town and serve it until the end of the block."""
    shift = round((DAY - datetime.now(UTC)) / timedelta(seconds=1))
    platform = Platform(folder, bank_files=bank_files, region=PLACE, clock_shift_seconds=shift)
    people = await asyncio.to_thread(platform.populate, _let_in)
    offices = Offices(
        place=PLACE,
        claims=people.claims,
        final=people.final,
        officers=people.officers,
        bank=FileBank(bank_files / BANK, clock=clock_of(platform.settings)),
        folder=bank_files / BANK,
        url=platform.url,
    )
    try:
        await asyncio.to_thread(platform.start)
        yield Town(platform, offices)
    finally:
        await asyncio.to_thread(platform.stop)


async def _let_in(worker: Worker) -> _People:
    """Officers; residents with cards and bound accounts, each of whom has submitted a claim; money in the budget."""
    house = worker.house
    buckets = house.settings.bucket_count
    people = [one._replace(division=PLACE) for one in generate_grown_ups(worker, CLAIMS)]
    enrolled = await enrol(worker, [(0, people)], {})
    async with house.database.transaction() as conn:
        officers = Officers(*[await an_operator(conn, region=PLACE, now=house.clock.now()) for _ in Officers._fields])
        bindings = [Binding(one.resident_id, BANK, handle_of(one.resident_id), "0000") for one in enrolled]
        await bulk_enrolment.bind_many(conn, bindings, bucket_count=buckets, now=CLAIMED_AT, ids=house.ids)
        await ledger.fund_budget(
            conn,
            budget=name_budget(BUDGET),
            amount_fen=CLAIMS * SUBSIDY_FEN,
            transfer_id=TransferId(house.ids.new()),
            reference=house.ids.new(),
            now=CLAIMED_AT,
            bucket_count=buckets,
        )
    claims = await _submitted(worker, enrolled)
    final = await _made_final(worker, claims[:FINAL], officers)
    # What was done weeks ago has had its seal for long.
    await sealing.Sealer(worker.keys, ids=house.ids).run_once(house.database, now=house.clock.now())
    return _People(officers, [show_id("claim", claim) for claim in claims[FINAL:]], final)


async def _submitted(worker: Worker, enrolled: Sequence[EnrolledAtOnce]) -> list[UUID]:
    """A claim of each that was submitted, with its old bike handed in and its new one bought."""
    house = worker.house
    claims = []
    for number, one in enumerate(enrolled):
        application = Application(
            request_id=house.ids.new(),
            resident_id=one.resident_id,
            place=PLACE,
            old_code=str(_OLD_FROM + number),
            facts={"old_battery": "lithium", "old_is_plated": "yes", "old_owner_is_applicant": "yes"},
        )
        end = await trade_in.admit(
            house.database.transaction,
            application=application,
            chain=worker.chain,
            vault=worker.vault,
            now=CLAIMED_AT,
            ids=house.ids,
        )
        assert isinstance(end, Qualified), end
        claim = end.kept.claim
        sale: dict[str, Any] = {"price_fen": PRICE_FEN, "new_code": str(_NEW_FROM + number)}
        steps = [_deed(act, actor, by=claim.resident_id, **sale if act is Act.SELL else {}) for act, actor in _STEPS]
        await _do(worker, claim.claim_id, steps)
        claims.append(claim.claim_id)
    return claims


async def _made_final(worker: Worker, claims: Sequence[UUID], officers: Officers) -> list[tuple[str, Rostered]]:
    """Put each of some claims onto a roster that was public and is final, and let the claims follow."""
    house, buckets = worker.house, worker.house.settings.bucket_count
    clerk, reviewer = officers.clerk.caller.id, officers.reviewer.caller.id
    clock = FixedClock(CLAIMED_AT)
    made: list[Roster] = []
    for claim in claims:
        await _do(worker, claim, [_deed(Act.CHECK, Actor.COMMERCE, by=clerk)])
        async with house.database.transaction() as conn:
            roster = await trade_in.roster_claims(
                conn, place=PLACE, region=PLACE, division=PLACE, title=TITLE, by=clerk,
                chain=worker.chain, now=CLAIMED_AT, ids=house.ids,
            )  # fmt: skip
            assert roster is not None
            await payouts.examine_roster(conn, roster_id=roster.id, by=clerk, now=CLAIMED_AT, bucket_count=buckets)
            await payouts.publish_roster(conn, roster_id=roster.id, by=reviewer, now=CLAIMED_AT, ids=house.ids)
        made.append(roster)
    await _relayed(worker, clock)
    clock.advance(PUBLIC_FOR)
    for roster in made:
        async with house.database.transaction() as conn:
            await payouts.finalise_roster(
                conn, roster_id=roster.id, by=reviewer, now=clock.now(), ids=house.ids, bucket_count=buckets
            )
    await _relayed(worker, clock)
    return [
        (show_id("claim", claim), Rostered(show_id("roster", roster.id), roster.line_count, roster.amount_fen))
        for claim, roster in zip(claims, made, strict=True)
    ]


async def _relayed(worker: Worker, clock: FixedClock) -> None:
    """Let claims hear of their rosters at once."""
    house = worker.house
    subscribers = Subscribers(
        ids=house.ids,
        bucket_count=house.settings.bucket_count,
        caches=worker.caches,
        chain=worker.chain,
        vault=worker.vault,
    )
    relay = Relay(house.database, clock=clock, subscribers=subscribers.by_topic())
    while await relay.run_once():
        pass


def _deed(act: Act, actor: Actor, *, by: UUID, **more: Any) -> Deed:
    return Deed(act=act, actor=actor, by=by, on=day_of(CLAIMED_AT), **more)


async def _do(worker: Worker, claim_id: UUID, deeds: Sequence[Deed]) -> None:
    house = worker.house
    async with house.database.transaction() as conn:
        for deed in deeds:
            order = Order(request_id=house.ids.new(), claim_id=claim_id, deed=deed, facts=_STATED.get(deed.act, {}))
            acted = await trade_in.act(
                conn, order=order, chain=worker.chain, vault=worker.vault, now=CLAIMED_AT, ids=house.ids
            )
            assert isinstance(acted, Acted), acted
