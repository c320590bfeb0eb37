"""Deciding one application: the claim as it will be, or a refusal with its decision; nothing is written here."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from msgspec import structs

from yikatong.cards.model import Applicant
from yikatong.kernel.ids import show_id
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Refused
from yikatong.programmes import service as programmes
from yikatong.programmes.model import Decision, Sheet
from yikatong.trade_in.model import (
    PROGRAMME,
    Act,
    Actor,
    Application,
    ChainTerms,
    Claim,
    DecisionRow,
    Deed,
    DeedRow,
    KeptClaim,
    Mode,
    PlateState,
    Spending,
    Terms,
    VehicleRole,
)
from yikatong.trade_in.rules.claims import decide_move, resume
from yikatong.trade_in.rules.facts import (
    battery_of,
    effective_day,
    facts_of_claim,
    verify_code,
    verify_stated,
)
from yikatong.trade_in.rules.keeping import claim_id_of, deed_row, digest_application
from yikatong.trade_in.rules.sheets import (
    Places,
    allowed_of,
    budget_code_of,
    count_key_of,
    end_of_qualification,
    find_places,
    is_coupon,
    open_facts_of,
    read_terms,
    verify_hours,
)
from yikatong.trade_in.rules.vehicles import ENDED_UNPAID, verify_free
from yikatong.trade_in.service.offices import (
    Office,
    age_of,
    keep_decision,
    refusal_of,
    verify_applicant,
)
from yikatong.trade_in.store import claims as claim_store

Conn = psycopg.AsyncConnection[Any]


class Wish(NamedTuple):
    """What an application would have of which budget, if nothing stands in its way; 0 when something does."""

    budget: str
    fen: int


def wish_of(application: Application, *, chain: ChainTerms, now: datetime) -> Wish:
    """What an application would have, as far as it says itself, for the cheap look before anything is written.

    Refuses as `programmes.decide_most`, and FACT_IS_NOT_READABLE.
    """
    today = day_of(now)
    on = effective_day(application.facts, today=today)
    sheet = programmes.get_sheet(chain.shelf, programme=PROGRAMME, place=application.place, on=on, known_on=today)
    decision = programmes.decide_most(
        chain.shelf,
        programme=PROGRAMME,
        place=application.place,
        on=on,
        known_on=today,
        given=dict(application.facts),
        open_facts=open_facts_of(sheet),
    )
    return Wish(budget_code_of(sheet, on=on), decision.amount_fen)


class Draft(NamedTuple):
    """An application that the formula admits: its claim as it will be, and what goes with it.

    `ended` is the claim whose goods it takes over; `places` are those of which it needs one.
    """

    application: Application
    ended: KeptClaim | None
    kept: KeptClaim
    allowed: int | None
    places: Places | None
    decision: DecisionRow
    deed: DeedRow


class Refusal(NamedTuple):
    """An application that the formula refuses, and its decision, which is found by the claim that the refusal names."""

    refused: Refused
    decision: DecisionRow


async def find_ended(
    conn: Conn, applications: Sequence[Application], holders: Mapping[str, Spending], *, bucket: int
) -> dict[UUID, KeptClaim]:
    """Claims of the same residents that ended unpaid and still hold the old bikes, by the claims that take them over.

    The gates of their residents are locked, so nobody else takes them over meanwhile.
    """
    holding = [
        (one, holders[one.old_code].claim_id)
        for one in applications
        if one.old_code in holders and holders[one.old_code].claim_id != claim_id_of(one)
    ]
    if not holding:
        return {}
    claim_ids = list({claim_id for _, claim_id in holding})
    held = {
        kept.claim.claim_id: kept
        for kept in await claim_store.list_claims_by_ids(conn, bucket=bucket, claim_ids=claim_ids)
    }
    return {
        claim_id_of(one): held[claim_id]
        for one, claim_id in holding
        if claim_id in held and _may_take_over(one, held[claim_id])
    }


def _may_take_over(application: Application, ended: KeptClaim) -> bool:
    """Whether an application goes on with the goods of a claim: its own person's, at the same place.

    What the lists of one place say of a store says nothing for another, so goods do not go from place to place.
    """
    claim = ended.claim
    return (
        claim.resident_id == application.resident_id
        and claim.old_code == application.old_code
        and claim.state in ENDED_UNPAID
        and not claim.was_resumed
        and ended.place == application.place
    )


def _begin(application: Application, facts: Mapping[str, str], *, ended: KeptClaim | None, claim_id: UUID) -> Claim:
    """The claim that an application begins: of a bike that its owner has, or of goods that were moved already."""
    if ended is not None:
        return resume(ended.claim, claim_id=claim_id, terms=ended.claim.terms).draft
    return Claim(
        claim_id=claim_id,
        resident_id=application.resident_id,
        terms=Terms(mode=Mode.CLAIM_LATER),
        old_code=application.old_code,
        old_battery=battery_of(facts),
        plate=PlateState.REGISTERED if facts.get("old_is_plated") in ("yes", "true") else PlateState.NONE,
    )


def draft_claim(
    application: Application,
    applicant: Applicant | None,
    *,
    counts: Mapping[tuple[UUID, str], int],
    holder: Spending | None,
    ended: KeptClaim | None,
    office: Office,
) -> Draft | Refusal:
    """Decide one application; raises what it is refused for before the formula is asked."""
    known = verify_applicant(applicant)
    facts = dict(verify_stated(application.facts)) | dict({} if ended is None else ended.facts)
    code = verify_code(application.old_code)
    claim_id = claim_id_of(application)
    draft = _begin(application, facts, ended=ended, claim_id=claim_id)
    asked = facts_of_claim(draft, facts)
    on = effective_day(asked, today=office.today)
    shelf = office.chain.shelf
    sheet = programmes.get_sheet(shelf, programme=PROGRAMME, place=application.place, on=on, known_on=office.today)
    verify_hours(sheet, now=office.now)
    if is_coupon(sheet):
        facts["coupon_taken_on"] = office.today.isoformat()
    if ended is None:
        verify_free(holder, Spending(code, VehicleRole.OLD, claim_id))
    count_key = count_key_of(sheet, on=on)
    asked |= facts | {
        "age_years": age_of(known, on=on),
        "earlier_claims": str(counts.get((application.resident_id, count_key), 0)),
    }
    decision = programmes.decide_most(
        shelf,
        programme=PROGRAMME,
        place=application.place,
        on=on,
        known_on=office.today,
        given=asked,
        open_facts=open_facts_of(sheet),
    )
    row = keep_decision(
        decision,
        applicant=known,
        claim_id=claim_id,
        resident_id=application.resident_id,
        request_id=application.request_id,
        act=Act.QUALIFY.value,
        assumed=tuple(name for name in open_facts_of(sheet) if name not in asked),
        office=office,
    )
    if decision.reason is not None:
        refused = refusal_of(decision, office=office)
        return Refusal(Refused(refused.reason, **refused.about, claim=show_id("claim", claim_id)), row)
    draft = structs.replace(draft, terms=read_terms(sheet))
    kept, deed = _admit(draft, application, facts, decision, row, sheet=sheet, office=office)
    return Draft(application, ended, kept, allowed_of(sheet), find_places(sheet, on=decision.on), row, deed)


def _admit(
    draft: Claim,
    application: Application,
    facts: Mapping[str, str],
    decision: Decision,
    row: DecisionRow,
    *,
    sheet: Sheet,
    office: Office,
) -> tuple[KeptClaim, DeedRow]:
    """The claim of an application that the formula admits, and the deed that begins it."""
    deed = Deed(
        act=Act.QUALIFY,
        actor=Actor.RESIDENT,
        by=application.resident_id,
        on=office.today,
        fen=decision.amount_fen,
        until=end_of_qualification(sheet, today=office.today, days=office.chain.qualification_days),
    )
    places = find_places(sheet, on=decision.on)
    kept = KeptClaim(
        bucket=row.bucket,
        version=1,
        place=application.place,
        sheet=sheet.name,
        count_key=count_key_of(sheet, on=decision.on),
        budget=budget_code_of(sheet, on=decision.on),
        places="" if places is None else places.code,
        facts=facts,
        claim=decide_move(draft, deed, today=office.today),
        to_release_fen=0,
        sent_fen=0,
        proof=None,
        made_at=office.now,
        changed_at=office.now,
    )
    told = deed_row(
        deed,
        request_id=application.request_id,
        digest=digest_application(application),
        before=draft,
        after=kept,
        decision_id=row.decision_id,
    )
    return kept, told
