"""A sale at the till: the store enters it, then the resident pays it by a tap; until then it may be taken back."""

from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from msgspec import structs

from yikatong.cards.model import Vault
from yikatong.kernel.ids import ResidentId
from yikatong.kernel.outcomes import Change, Refused
from yikatong.plumbing.ids import Ids
from yikatong.trade_in.model import (
    Act,
    ChainTerms,
    Deed,
    KeptClaim,
    NewState,
    Order,
    PreparedSale,
    Reason,
    Spending,
    VehicleRole,
)
from yikatong.trade_in.rules.claims import decide_move
from yikatong.trade_in.rules.facts import AFTER_A_SALE, verify_code, verify_known, verify_stated
from yikatong.trade_in.rules.keeping import clause_of
from yikatong.trade_in.rules.money import price_lacking
from yikatong.trade_in.service.acting import (
    decide_order,
    state_facts,
    verify_not_being_paid,
    verify_possible,
)
from yikatong.trade_in.service.counting import count_code, verify_scheme
from yikatong.trade_in.service.offices import Office, lock_claim, refusal_of, write_down
from yikatong.trade_in.service.pledges import has_pledged
from yikatong.trade_in.service.reserving import hold_lacking, reserve_again
from yikatong.trade_in.store import claims as claim_store
from yikatong.trade_in.store import sales as sale_store
from yikatong.trade_in.store import vehicles as vehicle_store

Conn = psycopg.AsyncConnection[Any]


async def prepare_sale(
    conn: Conn, *, order: Order, chain: ChainTerms, vault: Vault, now: datetime, ids: Ids
) -> PreparedSale | Refused:
    """Enter a sale whose subsidy the till takes off; another of the same claim that was not paid is taken back.

    The order's deed is DEDUCT by the store, dated today, with price and new code. A refusal that is returned is the
    formula's; its decision was kept, so commit it. The same request again gives the same sale.

    Refuses, in this order:
        CLAIM_IS_UNKNOWN
        DEED_IS_ANOTHER         the request's id entered another sale, which waits
        FACT_IS_NOT_FOR_THIS_PARTY, VEHICLE_CODE_IS_NOT_VALID
        as `decide_move`, but for the amount
        the formula's reasons
        SALE_IS_UNDER_ANOTHER_SCHEME
        FACT_IS_NOT_GIVEN       for what can be known before the sale, and for a model of which a store that pledged
                                prices pledged none
        AMOUNT_IS_ABOVE_THE_PRICE, AMOUNT_IS_ABOVE_THE_RESERVE
        SALE_IS_BEING_PAID      an earlier entry waits for its resident or the bank
        VEHICLE_IS_COUNTED_ALREADY
        BUDGET_IS_USED_UP       for what a sale that was taken back had released, and this one needs
    """
    office = Office(chain, vault, now, ids)
    kept = await lock_claim(conn, claim_id=order.claim_id, office=office)
    waiting = await sale_store.find_prepared_sale(conn, bucket=kept.bucket, claim_id=order.claim_id)
    if waiting is not None and waiting.request_id == order.request_id:
        return _verify_same(waiting, order)
    deed = _verify_sale(order)
    verify_possible(kept.claim, deed, office=office)
    stated = await state_facts(conn, order, kept=kept, office=office)
    decision, row = await decide_order(conn, order, kept=kept, stated=stated, office=office)
    if decision.reason is not None:
        await write_down(conn, deeds=[], decisions=[row], office=office)
        return refusal_of(decision, office=office)
    verify_scheme(kept, decision, office=office)
    verify_known(decision, later=await _later_facts(conn, order, kept=kept))
    deed = structs.replace(deed, fen=decision.amount_fen)
    lacking_fen = price_lacking(kept.claim.money, deed.fen)
    kept = hold_lacking(kept, lacking_fen)
    decide_move(kept.claim, deed, today=office.today)
    await cancel_waiting(conn, kept=kept, now=now)
    await count_code(conn, spending=Spending(deed.new_code, VehicleRole.NEW, order.claim_id), office=office)
    sale = PreparedSale(
        bucket=kept.bucket,
        claim_id=order.claim_id,
        resident_id=ResidentId(kept.claim.resident_id),
        request_id=order.request_id,
        decision_id=row.decision_id,
        provider_id=deed.by,
        price_fen=deed.price_fen,
        subsidy_fen=deed.fen,
        new_code=deed.new_code,
        model=order.model,
        clause=clause_of(decision),
        bought_on=deed.on,
        prepared_at=now,
    )
    await sale_store.insert_prepared_sale(conn, sale=sale)
    if lacking_fen:
        await reserve_again(conn, kept=kept, fen=lacking_fen, about=order.request_id, office=office)
    told = structs.replace(kept, facts=stated, changed_at=now)
    won = await claim_store.update_claim(conn, kept=told, version_before=kept.version)
    assert won, "the claim is locked"
    await write_down(conn, deeds=[], decisions=[row], office=office)
    return sale


async def _later_facts(conn: Conn, order: Order, *, kept: KeptClaim) -> frozenset[str]:
    """What need not be known before a sale.

    A store that pledged prices must have pledged this model's: it would pass over its pledge by another name, or none.
    """
    on = order.deed.on
    if order.credit_code and await has_pledged(conn, place=kept.place, credit_code=order.credit_code, on=on):
        return AFTER_A_SALE - {"reference_price"}
    return AFTER_A_SALE


def _verify_same(waiting: PreparedSale, order: Order) -> PreparedSale:
    """The sale that waits, if this order asks for the same one. Refuses DEED_IS_ANOTHER."""
    deed = order.deed
    asked = (deed.by, deed.on, deed.price_fen, deed.new_code, order.model)
    if asked != (waiting.provider_id, waiting.bought_on, waiting.price_fen, waiting.new_code, waiting.model):
        raise Refused(Reason.DEED_IS_ANOTHER)
    return waiting


def _verify_sale(order: Order) -> Deed:
    deed = order.deed
    if deed.act is not Act.DEDUCT:
        raise Refused(Reason.SALE_IS_NOT_PREPARED)
    verify_stated(order.facts)
    if deed.new_code:
        verify_code(deed.new_code)
    return deed


async def cancel_sale(
    conn: Conn, *, claim_id: UUID, provider_id: UUID, chain: ChainTerms, vault: Vault, now: datetime, ids: Ids
) -> Change:
    """Take back a sale that was not paid; its new bike is free again. ALREADY_SO when none waits and none was paid.

    Refuses, in this order: CLAIM_IS_UNKNOWN, NEW_BIKE_IS_IN_ANOTHER_STATE (it was paid: its tap is refunded),
    CLAIM_IS_WITH_ANOTHER_PARTY, SALE_IS_BEING_PAID.
    """
    office = Office(chain, vault, now, ids)
    kept = await lock_claim(conn, claim_id=claim_id, office=office)
    waiting = await sale_store.find_prepared_sale(conn, bucket=kept.bucket, claim_id=claim_id)
    if waiting is None and kept.claim.new is not NewState.NOT_BOUGHT:
        state, needs = kept.claim.new.value, NewState.NOT_BOUGHT.value
        raise Refused(Reason.NEW_BIKE_IS_IN_ANOTHER_STATE, state=state, needs=needs)
    if waiting is None:
        return Change.ALREADY_SO
    if waiting.provider_id != provider_id:
        raise Refused(Reason.CLAIM_IS_WITH_ANOTHER_PARTY, act=Act.DEDUCT.value)
    await cancel_waiting(conn, kept=kept, now=now)
    return Change.DONE


async def cancel_waiting(conn: Conn, *, kept: KeptClaim, now: datetime) -> None:
    """Take back the sale that waits under a locked claim, if one does. Refuses SALE_IS_BEING_PAID."""
    await verify_not_being_paid(conn, kept=kept, now=now)
    claim_id = kept.claim.claim_id
    code = await sale_store.delete_prepared_sale(conn, bucket=kept.bucket, claim_id=claim_id)
    if code is not None:
        await vehicle_store.give_codes_back(conn, held=[(code, claim_id)])
