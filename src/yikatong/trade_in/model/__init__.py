"""What the goods chain is made of, and why it refuses."""

from yikatong.trade_in.model.claims import (
    Battery,
    Claim,
    Days,
    Deed,
    Money,
    Spending,
    Step,
    Terms,
    VehicleRole,
)
from yikatong.trade_in.model.moves import MOVES, Act, Actor, Move
from yikatong.trade_in.model.states import ClaimState, Mode, NewState, OldState, PlateState
from yikatong.trade_in.reasons import Reason

__all__ = [
    "MOVES",
    "Act",
    "Actor",
    "Battery",
    "Claim",
    "ClaimState",
    "Days",
    "Deed",
    "Mode",
    "Money",
    "Move",
    "NewState",
    "OldState",
    "PlateState",
    "Reason",
    "Spending",
    "Step",
    "Terms",
    "VehicleRole",
]
