"""What proving one's presence needs."""

from tests.support.builders.catalogue import an_item
from tests.support.builders.taps import a_presentation, a_tap
from yikatong.codes.model import Strength
from yikatong.lines.model import Admit, Reason, Refuse
from yikatong.presence.rules import decide_presence

ENTRY = an_item(line="presence", amount_required=False, amount_fen_max=0, least_strength=1, funding=())
COUNTER = an_item(line="presence", amount_required=False, amount_fen_max=0, least_strength=2, funding=())
SHOWN = a_presentation(strength=Strength.SHOWN)


def test_a_shown_code_proves_presence_and_costs_nothing() -> None:
    assert Admit() == decide_presence(a_tap(item=ENTRY, amount_fen=None, presented=SHOWN))


def test_an_item_that_asks_for_an_answer_refuses_a_bare_code() -> None:
    decision = decide_presence(a_tap(item=COUNTER, amount_fen=None, presented=SHOWN))

    assert isinstance(decision, Refuse)
    assert Reason.STRENGTH_IS_TOO_LOW is decision.reason


def test_an_amount_is_refused_before_the_strength_is_looked_at() -> None:
    decision = decide_presence(a_tap(item=COUNTER, amount_fen=100, presented=SHOWN))

    assert isinstance(decision, Refuse)
    assert Reason.AMOUNT_IS_NOT_ALLOWED is decision.reason
