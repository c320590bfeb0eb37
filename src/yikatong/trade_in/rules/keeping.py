"""How deeds and decisions become rows, and what identifies them."""

from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec

from yikatong.kernel.ids import uuid_of
from yikatong.kernel.instants import day_of
from yikatong.ledger.model import digest_id
from yikatong.programmes.model import AMOUNT, Decision
from yikatong.trade_in.model import Act, Application, Claim, DecisionRow, Deed, DeedRow, KeptClaim, Order, Overnight
from yikatong.trade_in.rules.claims import find_lithium_in_store

_LAST_BITS = 0xFFFF
_DATED_BY_THEIR_PARTY = frozenset(
    {
        Act.RECEIVE_OLD,
        Act.COLLECT_OLD,
        Act.DISMANTLE,
        Act.CANCEL_PLATE,
        Act.SELL,
        Act.DEDUCT,
        Act.REGISTER_NEW,
        Act.RETURN_GOODS,
    }
)
"""Acts of which a party says the day. Of all others it is today, which is tomorrow when the request comes again."""
_encode = msgspec.json.Encoder(order="sorted").encode


def claim_id_of(application: Application) -> UUID:
    """The id of the claim that an application opens: the same request, the same claim.

    Its last 16 bits are its resident's, so that it tells its bucket.
    """
    made = digest_id(
        b"trade-in claim",
        application.resident_id.bytes,
        application.request_id.bytes,
        time_of=application.request_id,
    )
    return uuid_of(made.int & ~_LAST_BITS | application.resident_id.int & _LAST_BITS)


def digest_application(application: Application) -> bytes:
    """SHA-256 over all that an applicant asks; what a register said of it is not asked."""
    stated = application.facts if application.stated is None else application.stated
    return sha256(_encode(msgspec.structs.replace(application, facts=stated, stated=None))).digest()


def digest_order(order: Order) -> bytes:
    """SHA-256 over all that an order asks; what the platform adds of itself, a day or an account, is not asked."""
    asked: dict[str, Any] = msgspec.structs.asdict(order)
    del asked["source"]
    if order.deed.act not in _DATED_BY_THEIR_PARTY:
        asked["deed"] = {**msgspec.structs.asdict(order.deed), "on": None}
    return sha256(_encode(asked)).digest()


def states_of(claim: Claim) -> tuple[str, ...]:
    """Where the four tracks are."""
    return (claim.state.value, claim.old.value, claim.plate.value, claim.new.value)


def deed_row(
    deed: Deed,
    *,
    request_id: UUID,
    digest: bytes,
    before: Claim,
    after: KeptClaim,
    decision_id: UUID | None,
) -> DeedRow:
    """A deed that takes a claim from how it stood to how it stands after."""
    return DeedRow(
        bucket=after.bucket,
        request_id=request_id,
        claim_id=after.claim.claim_id,
        resident_id=after.claim.resident_id,
        number=after.version,
        digest=digest,
        act=deed.act.value,
        actor=deed.actor.value,
        by_id=deed.by,
        done_on=deed.on,
        fen=deed.fen,
        price_fen=deed.price_fen,
        new_code=deed.new_code,
        until_on=deed.until,
        states_before=states_of(before),
        states_after=states_of(after.claim),
        decision_id=decision_id,
        made_at=after.changed_at,
    )


def decision_row(
    decision: Decision,
    *,
    bucket: int,
    decision_id: UUID,
    claim_id: UUID,
    resident_id: UUID,
    request_id: UUID,
    act: str,
    assumed: tuple[str, ...],
    sealed: bytes,
    now: datetime,
) -> DecisionRow:
    """A decision as it is kept."""
    return DecisionRow(
        bucket=bucket,
        decision_id=decision_id,
        claim_id=claim_id,
        resident_id=resident_id,
        request_id=request_id,
        act=act,
        asking=decision.asking.value,
        place=decision.place,
        effective_on=decision.on,
        known_on=decision.known_on,
        decided_on=day_of(now),
        formula=decision.formula,
        formula_digest=bytes.fromhex(decision.formula_digest),
        sheet=decision.sheet,
        sheet_digest=bytes.fromhex(decision.sheet_digest),
        inputs_digest=bytes.fromhex(decision.inputs_digest),
        assumed=assumed,
        amount_fen=decision.amount_fen,
        reason=decision.reason,
        failed=decision.failed,
        steps=_encode(decision.steps).decode(),
        sealed=sealed,
        decided_at=now,
    )


def list_row_differences(row: DecisionRow, decision: Decision) -> tuple[tuple[str, Any, Any], ...]:
    """Where a decision's row says otherwise than the decision that is sealed in it: field, in the row, as sealed.

    Ids, the act, what was assumed and the moment are in the row alone; the sealed log has them.
    """
    sealed = decision_row(
        decision,
        bucket=row.bucket,
        decision_id=row.decision_id,
        claim_id=row.claim_id,
        resident_id=row.resident_id,
        request_id=row.request_id,
        act=row.act,
        assumed=row.assumed,
        sealed=row.sealed,
        now=row.decided_at,
    )
    return tuple(
        (name, getattr(row, name), getattr(sealed, name))
        for name in DecisionRow.__struct_fields__
        if getattr(row, name) != getattr(sealed, name)
    )


def overnight_of(claim: Claim, *, place: str) -> Overnight | None:
    """The old lithium bike of a claim as it is listed while it is in a store; None while it is not."""
    received_on = find_lithium_in_store(claim)
    if received_on is None or claim.old_store_id is None:
        return None
    return Overnight(
        store_id=claim.old_store_id,
        claim_id=claim.claim_id,
        place=place,
        old_code=claim.old_code,
        received_on=received_on,
    )


def encode_decision(decision: Decision) -> bytes:
    """The whole decision as it is sealed."""
    return _encode(decision)


def clause_of(decision: Decision) -> str:
    """The clause of the amount's first step, as a receipt shows it."""
    return next((step.clause for step in decision.steps if step.name != AMOUNT), "")
