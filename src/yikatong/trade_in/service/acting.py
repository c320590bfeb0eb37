"""Moving a claim: every deed but the application and the tap at the till, in one commit each."""

from datetime import datetime
from typing import Any

import psycopg
from msgspec import structs

from yikatong.cards.model import Applicant, Vault
from yikatong.kernel.instants import show_moment
from yikatong.kernel.money import show_yuan
from yikatong.kernel.outcomes import Change, Refused
from yikatong.ledger import service as ledger
from yikatong.ledger.model import name_claim
from yikatong.plumbing.ids import Ids
from yikatong.programmes import service as programmes
from yikatong.programmes.model import Asking, Decision
from yikatong.programmes.service import Shelf
from yikatong.trade_in.model import (
    PROGRAMME,
    Act,
    Acted,
    Actor,
    ChainTerms,
    Claim,
    DecisionRow,
    Deed,
    KeptClaim,
    Mode,
    Order,
    Reason,
)
from yikatong.trade_in.rules.claims import decide_move, give_term_to_mend
from yikatong.trade_in.rules.facts import (
    OF_ONE_SALE,
    effective_day,
    facts_of_claim,
    facts_of_deed,
    verify_code,
    verify_stated,
)
from yikatong.trade_in.rules.keeping import deed_row, digest_order, overnight_of
from yikatong.trade_in.rules.sheets import end_of_claiming, open_facts_of
from yikatong.trade_in.rules.vehicles import list_spendings, uses_chance
from yikatong.trade_in.service.counting import count_code, verify_scheme
from yikatong.trade_in.service.coupons import verify_not_taken
from yikatong.trade_in.service.leaving import leave_roster
from yikatong.trade_in.service.moving_money import move_money
from yikatong.trade_in.service.offices import (
    Office,
    age_of,
    get_applicant,
    keep_decision,
    lock_claim,
    refusal_of,
    write_down,
)
from yikatong.trade_in.service.placing import give_place_back
from yikatong.trade_in.service.pledges import facts_of_party
from yikatong.trade_in.store import claims as claim_store
from yikatong.trade_in.store import deeds as deed_store
from yikatong.trade_in.store import sales as sale_store
from yikatong.trade_in.store import vehicles as vehicle_store

Conn = psycopg.AsyncConnection[Any]

DECIDED = frozenset({Act.RECEIVE_OLD, Act.SELL, Act.SUBMIT, Act.CHECK})
"""Deeds that the formula decides with the facts so far. What the police or a recycler saw is a fact all the same, and
shows when the claim is checked."""

MENDING = frozenset({Act.REJECT, Act.STOP})
"""Deeds that give a claim a term to be mended in."""

_PROOF_BYTES = 32


async def act(conn: Conn, *, order: Order, chain: ChainTerms, vault: Vault, now: datetime, ids: Ids) -> Acted | Refused:
    """Do a deed to a claim: states, money, codes and count move together.

    A refusal that is returned is the formula's; its decision was kept, so commit it. The same request again is
    ALREADY_SO. A deduction at the till is none of these: its sale is prepared, then paid by a tap.

    Refuses, in this order:
        CLAIM_IS_UNKNOWN
        DEED_IS_ANOTHER                         the request's id was used for something else
        SALE_IS_NOT_PREPARED                    for QUALIFY and DEDUCT, which have ways of their own
        FACT_IS_NOT_FOR_THIS_PARTY, FACT_IS_UNKNOWN, FACT_IS_NOT_READABLE, FACT_IS_OUT_OF_BOUNDS
        VEHICLE_CODE_IS_NOT_VALID, PROOF_IS_MISSING
        GOODS_COME_BACK_BY_THEIR_TAP            for RETURN_GOODS of what was paid by a tap
        as `decide_move`, but for the amount
        COUPON_WAS_USED                         for WITHDRAW and EXPIRE, while the sale may still be entered
        the formula's reasons, for RECEIVE_OLD, SELL, SUBMIT and CHECK
        SALE_IS_UNDER_ANOTHER_SCHEME            the day of the purchase has another count or budget than the claim
        MENDING_HAS_NO_TERM                     for REJECT and STOP
        AMOUNT_IS_ABOVE_THE_PRICE, AMOUNT_IS_ABOVE_THE_RESERVE
        VEHICLE_IS_COUNTED_ALREADY
        SALE_IS_BEING_PAID                      a waiting tap has set aside what the claim holds
        as payouts' `give_payment_up`           for what leaves a roster
        MONEY_IS_NOT_WITH_PAYOUTS, SOURCE_IS_MISSING, then as the ledger's `post`
    """
    office = Office(chain, vault, now, ids)
    kept = await lock_claim(conn, claim_id=order.claim_id, office=office)
    digest = digest_order(order)
    if await _is_done(conn, order, digest, kept=kept):
        return Acted(kept, Change.ALREADY_SO)
    _verify_order(order, shelf=chain.shelf)
    if order.deed.act is Act.RETURN_GOODS and kept.claim.terms.mode is Mode.DEDUCT_AT_SALE:
        raise Refused(Reason.GOODS_COME_BACK_BY_THEIR_TAP)
    verify_possible(kept.claim, order.deed, office=office)
    await verify_not_taken(conn, kept=kept, act=order.deed.act, office=office)
    stated = await state_facts(conn, order, kept=kept, office=office)
    deed, row = order.deed, None
    if deed.act in DECIDED:
        decision, row = await decide_order(conn, order, kept=kept, stated=stated, office=office)
        if decision.reason is not None:
            await write_down(conn, deeds=[], decisions=[row], office=office)
            return refusal_of(decision, office=office)
        deed = complete(deed, kept=kept, decision=decision, office=office)
    elif deed.act in MENDING:
        deed = give_term_to_mend(deed, today=office.today, term=office.chain.claim_term)
    claim = decide_move(kept.claim, deed, today=office.today)
    after = await _move(conn, order, deed, kept=kept, claim=claim, stated=stated, office=office)
    await _write(conn, order, deed, digest, row=row, before=kept, after=after, office=office)
    return Acted(after, Change.DONE)


async def _is_done(conn: Conn, order: Order, digest: bytes, *, kept: KeptClaim) -> bool:
    """Whether the request was heard before. Refuses DEED_IS_ANOTHER."""
    deed = await deed_store.find_deed(conn, bucket=kept.bucket, claim_id=order.claim_id, request_id=order.request_id)
    if deed is not None and deed.digest != digest:
        raise Refused(Reason.DEED_IS_ANOTHER)
    return deed is not None


def verify_possible(claim: Claim, deed: Deed, *, office: Office) -> Deed:
    """A deed that could be done if the formula gave a fen for it: what is wrong besides is told before it is asked.

    Refuses as `decide_move`.
    """
    decide_move(claim, structs.replace(deed, fen=deed.fen or 1), today=office.today)
    return deed


def _verify_order(order: Order, *, shelf: Shelf) -> None:
    """What is wrong with an order whatever the claim.

    A fact that no decision could read would stand in the way of each that follows, so it is refused where it is stated.
    """
    deed = order.deed
    if deed.act in (Act.QUALIFY, Act.DEDUCT):
        raise Refused(Reason.SALE_IS_NOT_PREPARED)
    verify_stated(order.facts, besides=("reference_price",) if deed.actor is Actor.COMMERCE else ())
    programmes.verify_readable(shelf, programme=PROGRAMME, given=order.facts)
    if deed.new_code:
        verify_code(deed.new_code)
    if deed.act is Act.DISMANTLE and len(order.proof) != _PROOF_BYTES:
        raise Refused(Reason.PROOF_IS_MISSING)


async def state_facts(conn: Conn, order: Order, *, kept: KeptClaim, office: Office) -> dict[str, str]:
    """What has been stated of a claim with this order, and what the lists of its place say of who gives it.

    What was said of a sale that another entry replaces says nothing of this one.
    """
    of_before = kept.facts
    if order.deed.act in (Act.SELL, Act.DEDUCT):
        of_before = {name: fact for name, fact in of_before.items() if name not in OF_ONE_SALE}
    stated = dict(of_before) | dict(order.facts)
    stated |= await facts_of_party(conn, order=order, place=kept.place)
    if order.deed.act in (Act.SUBMIT, Act.DEDUCT):
        stated["claimed_at"] = show_moment(office.now)
    return stated


async def decide_order(
    conn: Conn, order: Order, *, kept: KeptClaim, stated: dict[str, str], office: Office
) -> tuple[Decision, DecisionRow]:
    """Ask the formula with everything that is known so far.

    Before there is a price the best that may come counts; a check asks for every fact that the sheet needs.
    """
    applicant = await get_applicant(conn, kept=kept, office=office)
    facts = await facts_now(conn, order, kept=kept, stated=stated, applicant=applicant, office=office)
    on = effective_day(facts, today=office.today)
    shelf = office.chain.shelf
    sheet = programmes.get_sheet(shelf, programme=PROGRAMME, place=kept.place, on=on, known_on=office.today)
    if order.deed.act is Act.RECEIVE_OLD and "price" not in facts:
        decision = programmes.decide_most(
            shelf,
            programme=PROGRAMME,
            place=kept.place,
            on=on,
            known_on=office.today,
            given=facts,
            open_facts=open_facts_of(sheet),
        )
    else:
        decision = programmes.decide(
            shelf,
            programme=PROGRAMME,
            place=kept.place,
            on=on,
            known_on=office.today,
            given=facts,
            asking=Asking.CLAIM if order.deed.act is Act.CHECK else Asking.ESTIMATE,
        )
    row = keep_decision(
        decision,
        applicant=applicant,
        claim_id=kept.claim.claim_id,
        resident_id=kept.claim.resident_id,
        request_id=order.request_id,
        act=order.deed.act.value,
        assumed=tuple(name for name in open_facts_of(sheet) if name not in facts),
        office=office,
    )
    return decision, row


async def facts_now(
    conn: Conn,
    order: Order,
    *,
    kept: KeptClaim,
    stated: dict[str, str],
    applicant: Applicant,
    office: Office,
) -> dict[str, str]:
    """The facts of a claim as they stand with this order: its person's age and count, and the money it may get.

    At the till that is also what an earlier sale had left, which was taken back.
    """
    facts = facts_of_claim(kept.claim, stated) | facts_of_deed(order.deed)
    used = await claim_store.find_count(
        conn, bucket=kept.bucket, resident_id=kept.claim.resident_id, count_key=kept.count_key
    )
    earlier = used - int(uses_chance(kept.claim))
    facts |= {
        "age_years": age_of(applicant, on=effective_day(facts, today=office.today)),
        "earlier_claims": str(max(0, earlier)),
    }
    if order.deed.act in (Act.CHECK, Act.DEDUCT):
        money = kept.claim.money
        facts["budget_left"] = show_yuan(money.held_fen + (money.released_fen if order.deed.act is Act.DEDUCT else 0))
    return facts


def complete(deed: Deed, *, kept: KeptClaim, decision: Decision, office: Office) -> Deed:
    """A deed with what the sheet gives it: an amount to check, a term after the sale."""
    if deed.act is Act.CHECK:
        return structs.replace(deed, fen=decision.amount_fen)
    if deed.act is Act.SELL:
        sheet = verify_scheme(kept, decision, office=office)
        return structs.replace(deed, until=end_of_claiming(sheet, bought_on=deed.on, days=office.chain.claim_days))
    return deed


async def _move(
    conn: Conn,
    order: Order,
    deed: Deed,
    *,
    kept: KeptClaim,
    claim: Claim,
    stated: dict[str, str],
    office: Office,
) -> KeptClaim:
    """Move what a deed moves besides the claim's row: codes, count, lists, roster, money. Gives the row after it."""
    await _move_codes(conn, kept, claim, office=office)
    if uses_chance(kept.claim) and not uses_chance(claim):
        await claim_store.give_chance_back(
            conn, bucket=kept.bucket, resident_id=claim.resident_id, count_key=kept.count_key
        )
        await give_place_back(conn, kept=kept, about=order.request_id, office=office)
    await _move_lithium(conn, kept, claim)
    await leave_roster(conn, kept=kept, claim=claim, office=office)
    sent_fen = await move_money(conn, order, kept=kept, claim=claim, office=office)
    return structs.replace(
        kept,
        version=kept.version + 1,
        facts=stated,
        claim=claim,
        sent_fen=sent_fen,
        proof=order.proof if deed.act is Act.DISMANTLE else kept.proof,
        changed_at=office.now,
    )


async def _move_codes(conn: Conn, kept: KeptClaim, claim: Claim, *, office: Office) -> None:
    """Count the code of a new bike that is sold, give back what counts no more. Refuses VEHICLE_IS_COUNTED_ALREADY."""
    before, after = set(list_spendings(kept.claim)), set(list_spendings(claim))
    for spending in sorted(after - before):
        await count_code(conn, spending=spending, office=office)
    gone = sorted((one.code, one.claim_id) for one in before - after)
    if kept.claim.state is not claim.state:
        await verify_not_being_paid(conn, kept=kept, now=office.now)
        waiting = await sale_store.delete_prepared_sale(conn, bucket=kept.bucket, claim_id=claim.claim_id)
        gone += [] if waiting is None else [(waiting, claim.claim_id)]
    await vehicle_store.give_codes_back(conn, held=gone)


async def verify_not_being_paid(conn: Conn, *, kept: KeptClaim, now: datetime) -> None:
    """Go on unless a waiting tap has set aside what this claim holds. Refuses SALE_IS_BEING_PAID."""
    account = name_claim(kept.claim.resident_id, kept.claim.claim_id)
    balance = await ledger.get_balance(conn, bucket=kept.bucket, account=account, now=now)
    if balance.held_fen:
        raise Refused(Reason.SALE_IS_BEING_PAID)


async def _move_lithium(conn: Conn, kept: KeptClaim, claim: Claim) -> None:
    """Keep the list of lithium bikes in stores."""
    before, after = overnight_of(kept.claim, place=kept.place), overnight_of(claim, place=kept.place)
    if before is not None and after is None:
        await vehicle_store.leave_overnight(conn, store_id=before.store_id, claim_id=claim.claim_id)
    elif before is None and after is not None:
        await vehicle_store.enter_overnight(conn, bike=after)


async def _write(
    conn: Conn,
    order: Order,
    deed: Deed,
    digest: bytes,
    *,
    row: DecisionRow | None,
    before: KeptClaim,
    after: KeptClaim,
    office: Office,
) -> None:
    """Write the claim as it stands now, the deed and its decision."""
    won = await claim_store.update_claim(conn, kept=after, version_before=before.version)
    assert won, "the claim is locked"
    told = deed_row(
        deed,
        request_id=order.request_id,
        digest=digest,
        before=before.claim,
        after=after,
        decision_id=None if row is None else row.decision_id,
    )
    await write_down(conn, deeds=[told], decisions=[] if row is None else [row], office=office)
