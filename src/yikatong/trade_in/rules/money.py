"""What becomes of the money that was reserved for a claim."""

from typing import NamedTuple

from msgspec import structs

from yikatong.kernel.outcomes import Refused
from yikatong.trade_in.model import Claim, ClaimState, Mode, Money, Reason


def verify_conserved(money: Money) -> Money:
    """The money, if every reserved fen is held, paid, owed back, released or reclaimed, and none is negative.

    Raises ValueError: money that fails this is a fault of the program, and its transaction must not commit.
    """
    parts = (money.held_fen, money.paid_fen, money.owed_back_fen, money.released_fen, money.reclaimed_fen)
    if min(parts) < 0 or sum(parts) != money.reserved_fen:
        raise ValueError(f"a claim's money is not conserved: {money}")
    return money


def verify_amount(fen: int, *, most_fen: int) -> int:
    """An amount that is something and at most what is there.

    Refuses, in this order: AMOUNT_IS_NOTHING, AMOUNT_IS_ABOVE_THE_RESERVE.
    """
    if fen <= 0:
        raise Refused(Reason.AMOUNT_IS_NOTHING, fen=fen)
    if fen > most_fen:
        raise Refused(Reason.AMOUNT_IS_ABOVE_THE_RESERVE, fen=fen, most_fen=most_fen)
    return fen


def reserve(fen: int) -> Money:
    """Money reserved at qualification; refuses AMOUNT_IS_NOTHING."""
    verify_amount(fen, most_fen=fen)
    return Money(reserved_fen=fen, held_fen=fen)


def pay(money: Money, fen: int) -> Money:
    """An amount paid out of what is held; the rest goes back into the budget. Refuses as `verify_amount`."""
    verify_amount(fen, most_fen=money.held_fen)
    rest = money.held_fen - fen
    return structs.replace(money, held_fen=0, paid_fen=money.paid_fen + fen, released_fen=money.released_fen + rest)


def take_back(money: Money) -> Money:
    """What a bank sent back is held again, so that it can be paid to another account."""
    return structs.replace(money, held_fen=money.held_fen + money.paid_fen, paid_fen=0)


def hold_again(money: Money, fen: int) -> Money:
    """A part of what was released is held again: a sale that had left it was taken back."""
    return structs.replace(money, held_fen=money.held_fen + fen, released_fen=money.released_fen - fen)


def price_lacking(money: Money, fen: int) -> int:
    """What an amount needs beyond what is held, as far as it had been reserved and was released since."""
    return min(max(0, fen - money.held_fen), money.released_fen)


def undo(money: Money) -> Money:
    """What is held goes back into the budget, what was paid is owed back to the treasury."""
    return structs.replace(
        money,
        held_fen=0,
        released_fen=money.released_fen + money.held_fen,
        paid_fen=0,
        owed_back_fen=money.owed_back_fen + money.paid_fen,
    )


def pay_back(money: Money, fen: int) -> Money:
    """A part or all of what is owed has reached the treasury. Refuses as `verify_amount`."""
    verify_amount(fen, most_fen=money.owed_back_fen)
    return structs.replace(money, owed_back_fen=money.owed_back_fen - fen, reclaimed_fen=money.reclaimed_fen + fen)


class ReturnSplit(NamedTuple):
    """What a store gives when goods come back: to the resident their own money, to the treasury the subsidy."""

    to_resident_fen: int
    to_treasury_fen: int


def split_return(claim: Claim) -> ReturnSplit:
    """Split the price of returned goods, as the claim stands before the return; the two sum to the price.

    A resident gets back what they paid themselves. What was paid later to their account was the treasury's too, so the
    store gives back that much less and owes it to the treasury.
    """
    subsidy = claim.money.paid_fen if claim.state is ClaimState.PAID else 0
    return ReturnSplit(claim.price_fen - subsidy, subsidy)


def verify_price(price_fen: int, *, mode: Mode, fen: int) -> int:
    """The price of a sale.

    Refuses, in this order: PRICE_IS_NOTHING, AMOUNT_IS_ABOVE_THE_PRICE (where the amount is taken off at the till).
    """
    if price_fen <= 0:
        raise Refused(Reason.PRICE_IS_NOTHING, price_fen=price_fen)
    if mode is Mode.DEDUCT_AT_SALE and fen > price_fen:
        raise Refused(Reason.AMOUNT_IS_ABOVE_THE_PRICE, fen=fen, price_fen=price_fen)
    return price_fen
