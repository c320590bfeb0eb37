"""A refusal carries its reason and its words; a repeated command says that things were already so."""

import pickle

import pytest

from yikatong.kernel import outcomes
from yikatong.kernel.outcomes import Change, ReasonText, Refused


class Reason(outcomes.Reason):
    """Two refusals of a shop that exists only here."""

    SHOP_IS_SHUT = ReasonText(409, "The shop is shut.", "商店已关门。", "Come back tomorrow.", "请明天再来。")
    SHELF_IS_EMPTY = ReasonText(409, "The shelf is empty.", "货架已空。", "Ask at the counter.", "请询问柜台。")


def test_a_refusal_says_which_reason_and_what_it_is_about() -> None:
    with pytest.raises(Refused) as refusal:
        raise Refused(Reason.SHOP_IS_SHUT, shop="canteen", opens_in_hours=3)

    assert Reason.SHOP_IS_SHUT is refusal.value.reason
    assert {"shop": "canteen", "opens_in_hours": 3} == refusal.value.about
    assert (409, "The shop is shut.") == refusal.value.reason.text[:2]


def test_a_refusal_is_the_same_in_another_process() -> None:
    there = pickle.loads(pickle.dumps(Refused(Reason.SHOP_IS_SHUT, shop="canteen")))  # noqa: S301  our own bytes

    assert (Reason.SHOP_IS_SHUT, {"shop": "canteen"}, "SHOP_IS_SHUT") == (there.reason, there.about, str(there))


def test_two_reasons_with_the_same_words_are_a_fault_of_the_program() -> None:
    words = ReasonText(409, "It is so.", "如此。", "Wait.", "请等待。")

    with pytest.raises(ValueError, match="SECOND_REASON"):

        class Reason(outcomes.Reason):
            FIRST_REASON = words
            SECOND_REASON = words


@pytest.mark.parametrize(("changed", "expected"), [(True, Change.DONE), (False, Change.ALREADY_SO)])
def test_a_command_either_changed_something_or_found_it_so(changed: bool, expected: Change) -> None:
    assert expected is Change.of(changed)
