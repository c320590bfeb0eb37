"""What proving one's presence needs."""

from yikatong.lines.model import Admit, Decision, TapInHand
from yikatong.lines.rules import decide_amount, decide_presence_strength


def decide_presence(tap: TapInHand) -> Decision:
    """Decide an identity tap. Refuses AMOUNT_IS_NOT_ALLOWED, then STRENGTH_IS_TOO_LOW."""
    return decide_amount(tap) or decide_presence_strength(tap) or Admit()
