"""What a subsidised sale needs, who pays it, and what becomes of its claim."""

from collections.abc import Callable, Sequence
from uuid import UUID

from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Reason as KernelReason
from yikatong.kernel.outcomes import Refused
from yikatong.ledger.model import AccountKind, name_budget, name_of_budget
from yikatong.ledger.model import Reason as LedgerReason
from yikatong.lines.model import (
    Admit,
    Balances,
    Decision,
    Facts,
    Part,
    Payment,
    Refuse,
    Returned,
    Step,
    TapInHand,
    Wait,
    WaitsFor,
)
from yikatong.lines.rules import (
    CLAIM,
    claim_of_source,
    claim_source,
    decide_amount,
    decide_value_strength,
    needs_confirmation,
    price_parts,
)
from yikatong.subsidised.model import Reason
from yikatong.trade_in.model import ClaimState, SaleAtTill
from yikatong.trade_in.model import Reason as ChainReason
from yikatong.trade_in.service import return_sale, sell, undo_sale


def decide_sale(tap: TapInHand, sales: Sequence[SaleAtTill], balances: Balances) -> Decision:
    """Decide a tap that pays a subsidised sale: admit it with who pays what, let it wait, or refuse it.

    Refuses, in this order:
        the amount's reasons, then the strength's (not asked when the item makes the resident confirm anyway)
        SALE_IS_NOT_PREPARED               this provider entered no sale for this resident that still waits
        PRICE_IS_NOT_THE_ENTERED_ONE       the amount is not its full price
        SALE_WAS_ENTERED_ON_ANOTHER_DAY    its amount was decided for another day
        the chain's reasons                as `trade_in.rules.decide_move` for a deduction
        BALANCE_IS_TOO_LOW                 the resident's own sources do not cover their share
    Waits for the resident's confirmation first, then for the bank when the bound account pays a part.
    """
    refusal = decide_amount(tap)
    if refusal is not None:
        return refusal
    confirm = needs_confirmation(tap)
    if not confirm:
        refusal = decide_value_strength(tap)
        if refusal is not None:
            return refusal
    found = find_sale(tap, sales)
    if isinstance(found, Refuse):
        return found
    try:
        sell(found, tap_id=tap.tap_id, today=day_of(tap.now), now=tap.now)
    except Refused as refused:
        return Refuse(refused.reason, dict(refused.about))
    parts = _split_price(tap, found, balances)
    if parts is None:
        return Refuse(LedgerReason.BALANCE_IS_TOO_LOW)
    steps = _steps_of(found, parts)
    if confirm:
        return Wait(WaitsFor.CONFIRMATION, parts, steps)
    if any(part.account is None for part in parts):
        return Wait(WaitsFor.BANK, parts, steps)
    return Admit(parts, steps)


def find_sale(tap: TapInHand, sales: Sequence[SaleAtTill]) -> SaleAtTill | Refuse:
    """The entered sale that a tap means: this resident's at this provider for this price, the earliest entered."""
    waiting = [
        one
        for one in sales
        if one.sale.tap_id is None
        and one.sale.resident_id == tap.holder.resident_id
        and one.sale.provider_id == tap.provider.id
    ]
    if not waiting:
        return Refuse(ChainReason.SALE_IS_NOT_PREPARED)
    of_price = [one for one in waiting if one.sale.price_fen == tap.amount_fen]
    if not of_price:
        return Refuse(Reason.PRICE_IS_NOT_THE_ENTERED_ONE, {"price_fen": waiting[0].sale.price_fen})
    today = day_of(tap.now)
    of_today = [one for one in of_price if one.sale.bought_on == today]
    if not of_today:
        return Refuse(Reason.SALE_WAS_ENTERED_ON_ANOTHER_DAY, {"entered_for": of_price[0].sale.bought_on.isoformat()})
    return of_today[0]


def _split_price(tap: TapInHand, one: SaleAtTill, balances: Balances) -> tuple[Part, ...] | None:
    """The claim pays the subsidy, the resident's own sources the rest; None when one of them does not cover it."""
    sale = one.sale
    if balances.available(one.account.id) < sale.subsidy_fen:
        return None
    own = price_parts(tap, sale.own_fen, balances)
    return None if own is None else (Part(one.account, sale.subsidy_fen, claim_source(sale.claim_id)), *own)


def _steps_of(one: SaleAtTill, parts: Sequence[Part]) -> tuple[Step, ...]:
    sale = one.sale
    return (
        Step("price_fen", str(sale.price_fen)),
        Step("subsidy_fen", str(sale.subsidy_fen)),
        Step("own_share_fen", str(sale.own_fen)),
        Step("subsidy_clause", sale.clause),
        *(Step(f"paid_by_{part.source}", str(part.amount_fen)) for part in parts),
    )


class ClaimSource:
    """The money of claims: what a tap pays out of it sells and pays the claim, and what undoes the tap undoes that.

    Its facts are one list, of `SaleAtTill`.
    """

    word = CLAIM

    def pay(self, facts: Facts, payment: Payment) -> Facts | KernelReason:
        """The sale is sold and paid; refuses as `trade_in.rules.decide_move`."""
        today = day_of(payment.now)
        return _change(facts, payment, lambda one: sell(one, tap_id=payment.tap_id, today=today, now=payment.now))

    def reverse(self, facts: Facts, payment: Payment) -> Facts | KernelReason:
        """The sale waits again; refuses as `trade_in.rules.decide_move`, as when the new bike is registered."""
        if not _is_paid_by(facts, payment):
            return ChainReason.SALE_IS_NOT_PREPARED
        return _change(facts, payment, lambda one: undo_sale(one, today=day_of(payment.now), now=payment.now))

    def give_back(self, facts: Facts, payment: Payment, *, refund_id: UUID, amount_fen: int) -> Returned | KernelReason:
        """The goods are returned, and the subsidy goes to what was reclaimed of the budget.

        After a claw-back the store owes the subsidy already, and gives back what the resident paid, in parts if it
        likes. Refuses SUBSIDY_WAS_CLAWED_BACK, GOODS_COME_BACK_WHOLE, then as `trade_in.rules.decide_move`.
        """
        one, part = _find(facts, payment)
        if one is None or one.sale.tap_id != payment.tap_id:
            return ChainReason.SALE_IS_NOT_PREPARED
        to = name_of_budget(name_budget(one.kept.budget), AccountKind.RECLAIMED)
        if one.kept.claim.state is ClaimState.RECLAIMED:
            within = amount_fen <= one.sale.own_fen
            return Returned(facts=facts, to=to, amount_fen=0) if within else Reason.SUBSIDY_WAS_CLAWED_BACK
        if amount_fen != payment.amount_fen:
            return Reason.GOODS_COME_BACK_WHOLE
        today = day_of(payment.now)
        changed = _change(
            facts, payment, lambda one: return_sale(one, refund_id=refund_id, today=today, now=payment.now)
        )
        if isinstance(changed, KernelReason):
            return changed
        return Returned(facts=changed, to=to, amount_fen=part.amount_fen)


def _change(facts: Facts, payment: Payment, act: Callable[[SaleAtTill], SaleAtTill]) -> Facts | KernelReason:
    one, _ = _find(facts, payment)
    if one is None:
        return ChainReason.SALE_IS_NOT_PREPARED
    try:
        changed = act(one)
    except Refused as refused:
        return refused.reason
    return ([changed if each is one else each for each in facts[0]],)


def _is_paid_by(facts: Facts, payment: Payment) -> bool:
    one, _ = _find(facts, payment)
    return one is not None and one.sale.tap_id == payment.tap_id


def _find(facts: Facts, payment: Payment) -> tuple[SaleAtTill | None, Part]:
    """The sale whose claim paid a part of this payment, and that part."""
    part = next(each for each in payment.parts if each.source.partition(":")[0] == CLAIM)
    claim_id = claim_of_source(part.source)
    sales: Sequence[SaleAtTill] = facts[0]
    return next((one for one in sales if one.sale.claim_id == claim_id), None), part
