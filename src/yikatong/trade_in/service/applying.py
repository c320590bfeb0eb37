"""Qualifying: an application becomes a claim with its money reserved, in one commit, or is refused for a reason.

Two commits in all: first the code of the old vehicle is claimed (`claim_old_codes`), because it lies on another shard;
then everything else. Who dies in between leaves a code that no claim counts, and a job gives it back.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from msgspec import structs

from yikatong.cards import service as cards
from yikatong.cards.model import Vault
from yikatong.kernel.ids import TransferId
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Change, Refused
from yikatong.ledger import service as ledger
from yikatong.ledger.model import Taking, digest_id, name_budget, name_claim
from yikatong.plumbing.ids import Ids
from yikatong.plumbing.statements import run_in_order
from yikatong.programmes.model import Reason as ProgrammeReason
from yikatong.trade_in.model import (
    PROGRAMME,
    Application,
    Applied,
    BudgetIsShort,
    ChainTerms,
    DecisionRow,
    KeptClaim,
    Qualified,
    Reason,
    Spending,
    VehicleRole,
)
from yikatong.trade_in.rules.facts import verify_code
from yikatong.trade_in.rules.keeping import claim_id_of, digest_application, overnight_of
from yikatong.trade_in.rules.sheets import is_places
from yikatong.trade_in.rules.vehicles import list_spendings
from yikatong.trade_in.service.drafting import Draft, Refusal, draft_claim, find_ended
from yikatong.trade_in.service.offices import Office, write_down
from yikatong.trade_in.service.placing import keep_those_with_places, take_places
from yikatong.trade_in.store import claims as claim_store
from yikatong.trade_in.store import deeds as deed_store
from yikatong.trade_in.store import vehicles as vehicle_store

Conn = psycopg.AsyncConnection[Any]


async def claim_old_codes(conn: Conn, *, applications: Sequence[Application], chain: ChainTerms, now: datetime) -> None:
    """Claim the codes of old vehicles for their applications, where nobody holds them; in a commit of its own.

    Of several for one vehicle the first has it. Codes that are none are passed over: their applications are refused.
    """
    wanted = _wanted(applications)
    if wanted:
        await vehicle_store.claim_old_codes(conn, wanted=sorted(wanted.items()), held_until=now + chain.code_term)


def _wanted(applications: Sequence[Application]) -> dict[str, UUID]:
    """The codes of old vehicles, each with the claim of the first application for it."""
    wanted: dict[str, UUID] = {}
    for one in applications:
        if _is_code(one.old_code):
            wanted.setdefault(one.old_code, claim_id_of(one))
    return wanted


async def give_codes_back(conn: Conn, *, applications: Sequence[Application]) -> None:
    """Give back the codes that were claimed for applications of which no claim came."""
    held = sorted((one.old_code, claim_id_of(one)) for one in applications if _is_code(one.old_code))
    await vehicle_store.give_held_codes_back(conn, held=held)


def used_up(chain: ChainTerms, *, budget: str, needed_fen: int, left_fen: int) -> Refused:
    """What an application is refused with when its budget has too little left: the formula's own reason, or no place.

    It says all that it rests on, for no decision is kept: the budget, what the claim needs, what is left.
    """
    if is_places(budget):
        return Refused(Reason.PLACES_ARE_USED_UP, places=budget)
    order = chain.shelf.newest_formula(PROGRAMME).order
    reason = next(reason for reason in order if reason.name == "BUDGET_IS_USED_UP")
    return Refused(reason, budget=budget, needed_fen=needed_fen, left_fen=left_fen)


async def count_late(conn: Conn, *, late: Sequence[tuple[Application, Refused]], now: datetime, writer: int) -> None:
    """Count applications that were refused by a look at their budget alone, and give back codes claimed for them."""
    refused = Counter((one.place, end.reason.name) for one, end in late)
    await deed_store.count_refusals(conn, on=day_of(now), writer=writer, refused=refused)
    await give_codes_back(conn, applications=[one for one, _ in late])


async def qualify(
    conn: Conn, *, application: Application, chain: ChainTerms, vault: Vault, now: datetime, ids: Ids, writer: int = 0
) -> Applied:
    """Qualify one application; as `qualify_many`."""
    bucket = Office(chain, vault, now, ids).bucket_of(application.resident_id)
    applied = await qualify_many(
        conn,
        bucket=bucket,
        applications=[application],
        chain=chain,
        vault=vault,
        now=now,
        ids=ids,
        writer=writer,
    )
    return applied[0]


async def qualify_many(
    conn: Conn,
    *,
    bucket: int,
    applications: Sequence[Application],
    chain: ChainTerms,
    vault: Vault,
    now: datetime,
    ids: Ids,
    writer: int = 0,
) -> list[Applied]:
    """Qualify applications of one bucket in the order given, each whole or not at all; an end for each.

    BudgetIsShort changed nothing: lease more for the bucket in a transaction of its own, and ask again. A refusal has
    been counted, and its decision kept, so it is returned and committed.

    Refuses each, in this order:
        DEED_IS_ANOTHER                 this resident used the request's id for something else
        RESIDENT_IS_NOT_KNOWN, APPLICANT_IS_DECEASED
        FACT_IS_NOT_FOR_THIS_PARTY, VEHICLE_CODE_IS_NOT_VALID
        FACT_IS_NOT_READABLE, PROGRAMME_IS_NOT_IN_FORCE, then what the formula cannot read
        COUPON_IS_NOT_GIVEN_OUT_NOW
        VEHICLE_IS_COUNTED_ALREADY
        the formula's reasons, CLAIMS_ARE_USED_UP among them; then as `decide_move`
    `writer` numbers who counts refusals.
    """
    office = Office(chain, vault, now, ids)
    ends: dict[int, Applied] = {}
    waiting = list(enumerate(applications))
    while waiting:
        first, waiting = _first_of_each(waiting)
        ended = await _qualify_round(conn, [one for _, one in first], bucket=bucket, office=office, writer=writer)
        ends |= {place: ended[claim_id_of(one)] for place, one in first}
    return [ends[place] for place in range(len(applications))]


_Placed = tuple[int, Application]


def _first_of_each(applications: Sequence[_Placed]) -> tuple[list[_Placed], list[_Placed]]:
    """The first application of every resident, and the others, whose turn comes when those have ended."""
    first: dict[UUID, _Placed] = {}
    others = []
    for placed in applications:
        if placed[1].resident_id in first:
            others.append(placed)
        else:
            first[placed[1].resident_id] = placed
    return list(first.values()), others


async def _qualify_round(
    conn: Conn, applications: Sequence[Application], *, bucket: int, office: Office, writer: int
) -> dict[UUID, Applied]:
    """Qualify applications of which each is another resident's, by the ids of their claims."""
    resident_ids = [one.resident_id for one in applications]
    await run_in_order(conn, [cards.lock_gates(bucket=bucket, resident_ids=sorted(resident_ids))])
    ends, fresh = await _known(conn, applications, bucket=bucket)
    applicants = await cards.open_applicants(conn, bucket=bucket, resident_ids=resident_ids, vault=office.vault)
    counts = await claim_store.list_counts(conn, bucket=bucket, resident_ids=resident_ids)
    holders = await _lock_codes(conn, fresh, office=office)
    ended = await find_ended(conn, fresh, holders, bucket=bucket)
    drafts: list[Draft] = []
    decisions: list[DecisionRow] = []
    for one in fresh:
        claim_id = claim_id_of(one)
        try:
            drafted = draft_claim(
                one,
                applicants.get(one.resident_id),
                counts=counts,
                holder=holders.get(one.old_code),
                ended=ended.get(claim_id),
                office=office,
            )
        except Refused as refused:
            ends[claim_id] = refused
            continue
        decisions.append(drafted.decision)
        if isinstance(drafted, Refusal):
            ends[claim_id] = drafted.refused
        else:
            drafts.append(drafted)
    won = await _take(conn, drafts, bucket=bucket, ends=ends, office=office)
    lost = {one.decision.decision_id for one in drafts} - {one.decision.decision_id for one in won}
    await _write(conn, won, [one for one in decisions if one.decision_id not in lost], bucket=bucket, office=office)
    ends |= {one.kept.claim.claim_id: Qualified(one.kept, Change.DONE) for one in won}
    failed = [one for one in fresh if isinstance(ends[claim_id_of(one)], Refused)]
    await give_codes_back(conn, applications=failed)
    await _count_refusals(conn, failed, ends, office=office, writer=writer)
    return ends


async def _known(
    conn: Conn, applications: Sequence[Application], *, bucket: int
) -> tuple[dict[UUID, Applied], list[Application]]:
    """The ends of applications whose requests were heard before, and the others."""
    by_id = {claim_id_of(one): one for one in applications}
    deeds = await deed_store.list_first_deeds(conn, bucket=bucket, claim_ids=list(by_id))
    same = [claim_id for claim_id, deed in deeds.items() if deed.digest == digest_application(by_id[claim_id])]
    ends: dict[UUID, Applied] = {claim_id: Refused(Reason.DEED_IS_ANOTHER) for claim_id in deeds}
    if same:
        found = await claim_store.list_claims_by_ids(conn, bucket=bucket, claim_ids=same)
        assert len(found) == len(same), "a deed has its claim"
        ends |= {kept.claim.claim_id: Qualified(kept, Change.ALREADY_SO) for kept in found}
    return ends, [one for claim_id, one in by_id.items() if claim_id not in deeds]


async def _lock_codes(conn: Conn, applications: Sequence[Application], *, office: Office) -> Mapping[str, Spending]:
    """Who holds the codes of old vehicles; those that nobody claimed, or that were given back, are claimed now."""
    wanted = [Spending(code, VehicleRole.OLD, claim_id) for code, claim_id in _wanted(applications).items()]
    if not wanted:
        return {}
    return await vehicle_store.claim_codes(conn, wanted=wanted, held_until=office.now + office.chain.code_term)


async def _take(
    conn: Conn, drafts: Sequence[Draft], *, bucket: int, ends: dict[UUID, Applied], office: Office
) -> list[Draft]:
    """Reserve money and place of each draft; those for which there is too little of one are short, and end so."""
    drafts = await keep_those_with_places(conn, drafts, bucket=bucket, ends=ends, office=office)
    by_budget: defaultdict[str, list[Draft]] = defaultdict(list)
    for one in drafts:
        by_budget[one.kept.budget].append(one)
    won: list[Draft] = []
    for code in sorted(by_budget, key=lambda code: name_budget(code).id):
        won += await _take_from(conn, code, by_budget[code], bucket=bucket, ends=ends, office=office)
    await take_places(conn, won, bucket=bucket, office=office)
    return won


async def _take_from(
    conn: Conn, code: str, drafts: Sequence[Draft], *, bucket: int, ends: dict[UUID, Applied], office: Office
) -> list[Draft]:
    budget = name_budget(code)
    left_fen = await ledger.find_budget_left(conn, budget=budget, bucket_count=office.chain.bucket_count) or 0
    able: list[Draft] = []
    for one in drafts:
        need_fen = one.kept.claim.money.reserved_fen
        if need_fen <= left_fen:
            left_fen -= need_fen
            able.append(one)
        else:
            ends[one.kept.claim.claim_id] = BudgetIsShort(code, need_fen)
    if not able:
        return []
    accounts = [name_claim(one.application.resident_id, one.kept.claim.claim_id) for one in able]
    await ledger.open_many_accounts(conn, accounts=[(bucket, name) for name in accounts], now=office.now)
    takings = [
        Taking(
            TransferId(digest_id(b"trade-in reserve", one.kept.claim.claim_id.bytes, time_of=one.kept.claim.claim_id)),
            one.kept.claim.claim_id,
            account,
            one.kept.claim.money.reserved_fen,
        )
        for one, account in zip(able, accounts, strict=True)
    ]
    outcomes = await ledger.take_from_budget(conn, bucket=bucket, budget=budget, takings=takings, now=office.now)
    won = []
    for one, outcome in zip(able, outcomes, strict=True):
        if outcome is Change.DONE:
            won.append(one)
        else:
            ends[one.kept.claim.claim_id] = BudgetIsShort(code, one.kept.claim.money.reserved_fen)
    return won


async def _write(
    conn: Conn, won: Sequence[Draft], decisions: Sequence[DecisionRow], *, bucket: int, office: Office
) -> None:
    """Write the claims that have their money, what counts for them, and every decision that stands."""
    await write_down(conn, deeds=[one.deed for one in won], decisions=decisions, office=office)
    if not won:
        return
    held = sorted((one.application.old_code, one.kept.claim.claim_id) for one in won if one.ended is None)
    await vehicle_store.count_codes(conn, held=held)
    for one in won:
        if one.ended is not None:
            await _take_over(conn, one.ended, to=one.kept)
    await claim_store.insert_claims(conn, kept=[one.kept for one in won])
    used = [(one.application.resident_id, one.kept.count_key, one.allowed) for one in won]
    await claim_store.use_chances(conn, bucket=bucket, used=used)


async def _take_over(conn: Conn, ended: KeptClaim, *, to: KeptClaim) -> None:
    """Let the goods of a claim that ended count for the one that takes them over."""
    claim_id = ended.claim.claim_id
    won = await claim_store.mark_claim_resumed(conn, bucket=ended.bucket, claim_id=claim_id)
    assert won, "its gate is locked"
    for spending in sorted(list_spendings(ended.claim)):
        won = await vehicle_store.pass_code_on(conn, spending=spending, to=to.claim.claim_id)
        assert won, "a claim has its codes"
    bike = overnight_of(ended.claim, place=to.place)
    if bike is not None:
        await vehicle_store.leave_overnight(conn, store_id=bike.store_id, claim_id=claim_id)
        await vehicle_store.enter_overnight(conn, bike=structs.replace(bike, claim_id=to.claim.claim_id))


async def _count_refusals(
    conn: Conn, applications: Sequence[Application], ends: dict[UUID, Applied], *, office: Office, writer: int
) -> None:
    """Count what was refused at places that there are."""
    refused: Counter[tuple[str, str]] = Counter()
    for one in applications:
        end = ends[claim_id_of(one)]
        if isinstance(end, Refused) and end.reason is not ProgrammeReason.PROGRAMME_IS_NOT_IN_FORCE:
            refused[(one.place, end.reason.name)] += 1
    if refused:
        await deed_store.count_refusals(conn, on=office.today, writer=writer, refused=refused)


def _is_code(code: str) -> bool:
    try:
        verify_code(code)
    except Refused:
        return False
    return True
