"""The one table of moves: which act, by whom, takes which tracks from where to where."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from yikatong.trade_in.model.states import ClaimState as C
from yikatong.trade_in.model.states import Mode
from yikatong.trade_in.model.states import NewState as N
from yikatong.trade_in.model.states import OldState as O
from yikatong.trade_in.model.states import PlateState as P


class Actor(StrEnum):
    """Who moves a claim."""

    RESIDENT = "resident"
    STORE = "store"
    RECYCLER = "recycler"
    POLICE = "police"
    COMMERCE = "commerce"
    FINANCE = "finance"
    PLATFORM = "platform"


class Act(StrEnum):
    """What is done."""

    QUALIFY = "qualify"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"
    RECEIVE_OLD = "receive_old"
    COLLECT_OLD = "collect_old"
    DISMANTLE = "dismantle"
    CANCEL_PLATE = "cancel_plate"
    SELL = "sell"
    DEDUCT = "deduct"
    UNDO_DEDUCTION = "undo_deduction"
    REGISTER_NEW = "register_new"
    SUBMIT = "submit"
    CHECK = "check"
    REJECT = "reject"
    PUBLISH = "publish"
    APPROVE = "approve"
    STOP = "stop"
    PAY = "pay"
    BANK_RETURNS = "bank_returns"
    RETURN_GOODS = "return_goods"
    RECLAIM = "reclaim"
    PAY_BACK = "pay_back"


class Move(NamedTuple):
    """One row: the states from which it is possible, and the state to which it leads; None stays where it is.

    `mode` is the only way of payment in which the act exists, None both.
    """

    act: Act
    actor: Actor
    claim: frozenset[C]
    to: C | None = None
    old: frozenset[O] = frozenset(O)
    old_to: O | None = None
    plate: frozenset[P] = frozenset(P)
    plate_to: P | None = None
    new: frozenset[N] = frozenset(N)
    new_to: N | None = None
    mode: Mode | None = None


def _of(*states: C) -> frozenset[C]:
    return frozenset(states)


_GATHERING = _of(C.QUALIFIED, C.REJECTED)
_IN_REVIEW = _of(C.SUBMITTED, C.CHECKED, C.PUBLISHED)
_BOUGHT = frozenset({N.SOLD, N.REGISTERED})

_ROWS = (
    Move(Act.QUALIFY, Actor.RESIDENT, _of(C.DRAFT), C.QUALIFIED),
    Move(Act.WITHDRAW, Actor.RESIDENT, _GATHERING | _of(C.DRAFT, C.SUBMITTED), C.WITHDRAWN),
    Move(Act.EXPIRE, Actor.PLATFORM, _GATHERING, C.EXPIRED),
    Move(Act.RECEIVE_OLD, Actor.STORE, _GATHERING | _of(C.PAID), old=frozenset({O.OWNED}), old_to=O.IN_STORE),
    Move(Act.RECEIVE_OLD, Actor.RECYCLER, _GATHERING | _of(C.PAID), old=frozenset({O.OWNED}), old_to=O.AT_RECYCLER),
    Move(Act.COLLECT_OLD, Actor.RECYCLER, frozenset(C), old=frozenset({O.IN_STORE}), old_to=O.AT_RECYCLER),
    Move(Act.DISMANTLE, Actor.RECYCLER, frozenset(C), old=frozenset({O.AT_RECYCLER}), old_to=O.DISMANTLED),
    Move(Act.CANCEL_PLATE, Actor.POLICE, frozenset(C), plate=frozenset({P.REGISTERED}), plate_to=P.CANCELLED),
    Move(Act.SELL, Actor.STORE, _GATHERING, new=frozenset({N.NOT_BOUGHT}), new_to=N.SOLD, mode=Mode.CLAIM_LATER),
    Move(
        Act.DEDUCT,
        Actor.STORE,
        _of(C.QUALIFIED),
        C.PAID,
        new=frozenset({N.NOT_BOUGHT}),
        new_to=N.SOLD,
        mode=Mode.DEDUCT_AT_SALE,
    ),
    Move(
        Act.UNDO_DEDUCTION,
        Actor.PLATFORM,
        _of(C.PAID),
        C.QUALIFIED,
        new=frozenset({N.SOLD}),
        new_to=N.NOT_BOUGHT,
        mode=Mode.DEDUCT_AT_SALE,
    ),
    Move(Act.REGISTER_NEW, Actor.POLICE, frozenset(C), new=frozenset({N.SOLD}), new_to=N.REGISTERED),
    Move(Act.SUBMIT, Actor.RESIDENT, _GATHERING, C.SUBMITTED, mode=Mode.CLAIM_LATER),
    Move(Act.CHECK, Actor.COMMERCE, _of(C.SUBMITTED), C.CHECKED),
    Move(Act.REJECT, Actor.COMMERCE, _IN_REVIEW, C.REJECTED),
    Move(Act.PUBLISH, Actor.COMMERCE, _of(C.CHECKED), C.PUBLISHED),
    Move(Act.APPROVE, Actor.FINANCE, _of(C.PUBLISHED), C.APPROVED),
    Move(Act.STOP, Actor.FINANCE, _of(C.APPROVED), C.REJECTED),
    Move(Act.PAY, Actor.FINANCE, _of(C.APPROVED), C.PAID, mode=Mode.CLAIM_LATER),
    Move(Act.BANK_RETURNS, Actor.FINANCE, _of(C.PAID), C.APPROVED, mode=Mode.CLAIM_LATER),
    Move(
        Act.RETURN_GOODS,
        Actor.STORE,
        _GATHERING | _IN_REVIEW | _of(C.PAID),
        C.REFUNDED,
        new=_BOUGHT,
        new_to=N.RETURNED,
    ),
    Move(Act.RECLAIM, Actor.COMMERCE, _GATHERING | _IN_REVIEW | _of(C.PAID), C.RECLAIMED),
    Move(Act.PAY_BACK, Actor.FINANCE, _of(C.REFUNDED, C.RECLAIMED)),
)

MOVES: Mapping[tuple[Act, Actor], Move] = {(row.act, row.actor): row for row in _ROWS}
"""Every move there is, in the order in which a claim meets them."""
