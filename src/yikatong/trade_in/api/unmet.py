"""What should come before a sale, as a store is shown it."""

from collections.abc import Iterable

from msgspec import Struct

from yikatong.trade_in.model import Step, Unmet


class UnmetAnswer(Struct, frozen=True, kw_only=True):
    """A step that the place wants no later than the purchase and of which nothing is recorded; the clause says where.

    Recorded later with a day after the purchase, the claim gets nothing.
    """

    step: Step
    clause: str


def show_unmet(unmet: Iterable[Unmet]) -> tuple[UnmetAnswer, ...]:
    """What should come first."""
    return tuple(UnmetAnswer(step=one.step, clause=one.clause) for one in unmet)
