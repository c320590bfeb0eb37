"""What each act changes besides the states: days, parties, terms and money."""

from collections.abc import Callable, Mapping

from msgspec import structs

from yikatong.kernel.outcomes import Refused
from yikatong.trade_in.model import (
    Act,
    Actor,
    Claim,
    Deed,
    NewState,
    OldState,
    PlateState,
    Reason,
    Step,
)
from yikatong.trade_in.rules import money
from yikatong.trade_in.rules.vehicles import verify_new_code


def steps_taken(claim: Claim) -> frozenset[Step]:
    """The steps of which something is recorded."""
    is_taken = {
        Step.HAND_IN: claim.old is not OldState.OWNED,
        Step.DISMANTLING: claim.old is OldState.DISMANTLED,
        Step.PLATE_CANCELLATION: claim.plate is not PlateState.REGISTERED,
        Step.PURCHASE: claim.new is not NewState.NOT_BOUGHT,
        Step.NEW_REGISTRATION: claim.new is NewState.REGISTERED,
    }
    return frozenset(step for step, taken in is_taken.items() if taken)


def verify_steps(claim: Claim, *, besides: frozenset[Step] = frozenset()) -> Claim:
    """The claim, if every step that its place wants was taken; `besides` are taken by the deed itself.

    Refuses CLAIM_LACKS_A_STEP and names those that are missing.
    """
    taken = steps_taken(claim)
    missing = [step.value for step in Step if step in claim.terms.needs - besides - taken]
    if missing:
        raise Refused(Reason.CLAIM_LACKS_A_STEP, missing=", ".join(missing))
    return claim


def _qualify(claim: Claim, deed: Deed) -> Claim:
    return structs.replace(claim, money=money.reserve(deed.fen), valid_until=deed.until)


def _end(claim: Claim, _: Deed) -> Claim:
    return structs.replace(claim, money=money.undo(claim.money))


def _receive(claim: Claim, deed: Deed) -> Claim:
    days = structs.replace(claim.days, received_on=deed.on)
    if deed.actor is Actor.STORE:
        return structs.replace(claim, days=days, old_store_id=deed.by)
    return structs.replace(claim, days=days, recycler_id=deed.by)


def _collect(claim: Claim, deed: Deed) -> Claim:
    return structs.replace(claim, days=structs.replace(claim.days, collected_on=deed.on), recycler_id=deed.by)


def _dismantle(claim: Claim, deed: Deed) -> Claim:
    return structs.replace(claim, days=structs.replace(claim.days, dismantled_on=deed.on))


def _cancel_plate(claim: Claim, deed: Deed) -> Claim:
    return structs.replace(claim, days=structs.replace(claim.days, cancelled_on=deed.on))


def _sell(claim: Claim, deed: Deed) -> Claim:
    verify_new_code(claim, deed.new_code)
    return structs.replace(
        claim,
        days=structs.replace(claim.days, bought_on=deed.on),
        new_code=deed.new_code,
        price_fen=money.verify_price(deed.price_fen, mode=claim.terms.mode, fen=deed.fen),
        store_id=deed.by,
        valid_until=deed.until,
    )


def _deduct(claim: Claim, deed: Deed) -> Claim:
    verify_steps(claim, besides=frozenset({Step.PURCHASE, Step.NEW_REGISTRATION}))
    sold = _sell(claim, deed)
    return structs.replace(sold, amount_fen=deed.fen, money=money.pay(claim.money, deed.fen))


def _undo_deduction(claim: Claim, _: Deed) -> Claim:
    """The tap is taken back as if it had not been; whoever takes it back also holds again what the sale had left."""
    return structs.replace(
        claim,
        days=structs.replace(claim.days, bought_on=None),
        new_code="",
        price_fen=0,
        amount_fen=0,
        store_id=None,
        money=money.take_back(claim.money),
    )


def _register(claim: Claim, deed: Deed) -> Claim:
    return structs.replace(claim, days=structs.replace(claim.days, registered_on=deed.on))


def _submit(claim: Claim, _: Deed) -> Claim:
    return verify_steps(claim)


def _examine(claim: Claim, deed: Deed) -> Claim:
    if claim.new is not NewState.NOT_BOUGHT and deed.fen > claim.price_fen:
        raise Refused(Reason.AMOUNT_IS_ABOVE_THE_PRICE, fen=deed.fen, price_fen=claim.price_fen)
    return structs.replace(claim, amount_fen=money.verify_amount(deed.fen, most_fen=claim.money.held_fen))


def _reject(claim: Claim, deed: Deed) -> Claim:
    return structs.replace(claim, amount_fen=0, valid_until=deed.until, public_until=None)


def _publish(claim: Claim, deed: Deed) -> Claim:
    if deed.until is None or deed.until <= deed.on:
        raise Refused(Reason.PUBLICITY_HAS_NO_TERM, on=deed.on.isoformat())
    return structs.replace(claim, public_until=deed.until)


def _approve(claim: Claim, deed: Deed) -> Claim:
    if claim.public_until is None or deed.on < claim.public_until:
        raise Refused(Reason.PUBLICITY_IS_NOT_OVER, until=str(claim.public_until or ""))
    return claim


def _pay(claim: Claim, _: Deed) -> Claim:
    return structs.replace(claim, money=money.pay(claim.money, claim.amount_fen))


def _bank_returns(claim: Claim, _: Deed) -> Claim:
    return structs.replace(claim, money=money.take_back(claim.money))


def _return_goods(claim: Claim, deed: Deed) -> Claim:
    days = structs.replace(claim.days, returned_on=deed.on)
    return structs.replace(claim, days=days, money=money.undo(claim.money))


def _pay_back(claim: Claim, deed: Deed) -> Claim:
    return structs.replace(claim, money=money.pay_back(claim.money, deed.fen))


EFFECTS: Mapping[Act, Callable[[Claim, Deed], Claim]] = {
    Act.QUALIFY: _qualify,
    Act.WITHDRAW: _end,
    Act.EXPIRE: _end,
    Act.RECEIVE_OLD: _receive,
    Act.COLLECT_OLD: _collect,
    Act.DISMANTLE: _dismantle,
    Act.CANCEL_PLATE: _cancel_plate,
    Act.SELL: _sell,
    Act.DEDUCT: _deduct,
    Act.UNDO_DEDUCTION: _undo_deduction,
    Act.REGISTER_NEW: _register,
    Act.SUBMIT: _submit,
    Act.CHECK: _examine,
    Act.REJECT: _reject,
    Act.STOP: _reject,
    Act.PUBLISH: _publish,
    Act.APPROVE: _approve,
    Act.PAY: _pay,
    Act.BANK_RETURNS: _bank_returns,
    Act.RETURN_GOODS: _return_goods,
    Act.RECLAIM: _end,
    Act.PAY_BACK: _pay_back,
}
"""What an act changes besides the states."""
