"""The rules of the goods chain, by noun."""

from yikatong.trade_in.rules.claims import decide_move, find_overnight, resume
from yikatong.trade_in.rules.money import split_return, verify_conserved
from yikatong.trade_in.rules.vehicles import list_spendings, uses_chance, verify_free

__all__ = [
    "decide_move",
    "find_overnight",
    "list_spendings",
    "resume",
    "split_return",
    "uses_chance",
    "verify_conserved",
    "verify_free",
]
