"""A place whose claims are paid by rosters and bank files, on a platform of its own whose clock stands in 2024."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from simulator.bank_files import FileBank
from tests.crash.offices import Officers, Offices
from tests.crash.serving import Platform
from tests.support.builders.access import Known, an_operator
from tests.support.builders.benefits import handle_of
from yikatong.access import service as access
from yikatong.app.bench.people import enrol, generate_grown_ups
from yikatong.app.worker import Worker
from yikatong.cards import bulk_enrolment
from yikatong.cards.bulk_enrolment import Binding, EnrolledAtOnce
from yikatong.kernel.ids import TransferId, show_id
from yikatong.kernel.instants import day_of
from yikatong.ledger import service as ledger
from yikatong.ledger.model import name_budget
from yikatong.plumbing.clock import clock_of
from yikatong.plumbing.http import CallerKind
from yikatong.trade_in import service as trade_in
from yikatong.trade_in.model import Act, Acted, Actor, Application, Deed, Order, Qualified

PLACE, BANK = "440000", "102"
DAY = datetime(2024, 11, 4, 4, 0, tzinfo=UTC)
"""A day on which the place's published sheet, which pays 500 yuan to the card's account, was in force."""
PUBLIC_FOR = timedelta(days=14)
"""Longer than seven working days."""
SUBSIDY_FEN = 50_000
BUDGET = f"trade_in:{PLACE}:{DAY.year}"
PRICE_FEN = 200_000
CLAIMS = 40
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
    """Who works there, and the claims that wait to be checked."""

    officers: Officers
    claims: list[str]


@asynccontextmanager
async def a_claims_town(folder: Path, *, bank_files: Path) -> AsyncIterator[Town]:
    """Prepare the town and serve it until the end of the block."""
    shift = round((DAY - datetime.now(UTC)) / timedelta(seconds=1))
    platform = Platform(folder, bank_files=bank_files, region=PLACE, clock_shift_seconds=shift)
    people = await asyncio.to_thread(platform.populate, _let_in)
    offices = Offices(
        place=PLACE,
        claims=people.claims,
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


async def let_the_term_pass(town: Town) -> None:
    """Go on after the publicity of every roster; the officers sign in anew."""

    async def sign_in(worker: Worker) -> Officers:
        house = worker.house
        async with house.database.transaction() as conn:
            anew = []
            for one in town.offices.officers:
                session = await access.open_session(
                    conn,
                    kind=CallerKind.OPERATOR,
                    subject_id=one.caller.id,
                    region=PLACE,
                    now=house.clock.now(),
                    ids=house.ids,
                )
                anew.append(Known(session.token, one.caller))
        return Officers(*anew)

    await asyncio.to_thread(town.platform.stop)
    town.platform.let_pass(PUBLIC_FOR)
    town.offices.officers = await asyncio.to_thread(town.platform.populate, sign_in)
    await asyncio.to_thread(town.platform.start)


async def _let_in(worker: Worker) -> _People:
    """Officers; residents with cards and bound accounts, each of whom has submitted a claim; money in the budget."""
    house = worker.house
    now, buckets = house.clock.now(), house.settings.bucket_count
    people = [one._replace(division=PLACE) for one in generate_grown_ups(worker, CLAIMS)]
    enrolled = await enrol(worker, [(0, people)], {})
    async with house.database.transaction() as conn:
        officers = Officers(*[await an_operator(conn, region=PLACE, now=now) for _ in Officers._fields])
        bindings = [Binding(one.resident_id, BANK, handle_of(one.resident_id), "0000") for one in enrolled]
        await bulk_enrolment.bind_many(conn, bindings, bucket_count=buckets, now=now, ids=house.ids)
        await ledger.fund_budget(
            conn,
            budget=name_budget(BUDGET),
            amount_fen=CLAIMS * SUBSIDY_FEN,
            transfer_id=TransferId(house.ids.new()),
            reference=house.ids.new(),
            now=now,
            bucket_count=buckets,
        )
    return _People(officers, await _submitted(worker, enrolled))


async def _submitted(worker: Worker, enrolled: Sequence[EnrolledAtOnce]) -> list[str]:
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
            now=house.clock.now(),
            ids=house.ids,
        )
        assert isinstance(end, Qualified), end
        await _go_through(worker, end, number)
        claims.append(show_id("claim", end.kept.claim.claim_id))
    return claims


async def _go_through(worker: Worker, qualified: Qualified, number: int) -> None:
    house, claim = worker.house, qualified.kept.claim
    sale: dict[str, Any] = {"price_fen": PRICE_FEN, "new_code": str(_NEW_FROM + number)}
    async with house.database.transaction() as conn:
        for act, actor in _STEPS:
            by = claim.resident_id if actor is Actor.RESIDENT else house.ids.new()
            deed = Deed(act=act, actor=actor, by=by, on=day_of(house.clock.now()), **sale if act is Act.SELL else {})
            order = Order(request_id=house.ids.new(), claim_id=claim.claim_id, deed=deed, facts=_STATED.get(act, {}))
            acted = await trade_in.act(
                conn, order=order, chain=worker.chain, vault=worker.vault, now=house.clock.now(), ids=house.ids
            )
            assert isinstance(acted, Acted), acted
