"""May this card be used now: one order of refusals, whatever else is wrong at the same time."""

from datetime import date
from uuid import UUID

import pytest

from tests.support.world import NOON
from yikatong.cards.model import CardState, Gate, Holder, Reason, ResidentStatus
from yikatong.cards.rules.holder import decide_freeze, decide_holder, decide_shown_payment, shown_spent_on
from yikatong.kernel.ids import CardId, ECardId, ResidentId

TODAY = date(2026, 11, 25)
CARD = CardId(UUID("01890000-0000-7000-8000-000000000001"))
OTHER_CARD = CardId(UUID("01890000-0000-7000-8000-000000000002"))
GOOD = Holder(
    resident_id=ResidentId(UUID("01890000-0000-7000-8000-00000000000a")),
    on=TODAY,
    region="990101",
    status=ResidentStatus.ALIVE,
    card_id=CARD,
    card_state=CardState.ACTIVE,
    card_number="A12345678",
    card_expires_on=date(2036, 1, 1),
    card_state_version=4,
    chip_algorithm=None,
    chip_public_key=None,
    e_card_id=ECardId(UUID("01890000-0000-7000-8000-000000000003")),
    e_card_card_id=CARD,
    e_card_level=1,
    e_card_valid_until=date(2031, 1, 1),
    e_card_associated_version=5,
    channels=("wallet",),
    bank_code=None,
    bank_token=None,
    concessions=(),
)

# Each wrong thing with its reason, in the order in which they are told.
WRONGS: list[tuple[Reason, dict[str, object]]] = [
    (Reason.RESIDENT_IS_DECEASED, {"status": ResidentStatus.DEAD}),
    (Reason.RESIDENT_HAS_NO_CARD, {"card_id": None, "card_state": None}),
    (Reason.CARD_IS_CANCELLED, {"card_state": CardState.CANCELLED}),
    (Reason.CARD_IS_REPORTED_LOST, {"card_state": CardState.LOST}),
    (Reason.CARD_IS_TEMPORARILY_REPORTED_LOST, {"card_state": CardState.TEMPORARILY_LOST}),
    (Reason.CARD_IS_LOCKED, {"card_state": CardState.LOCKED}),
    (Reason.CARD_IS_NOT_ACTIVE, {"card_state": CardState.SEALED}),
    (Reason.CARD_IS_NOT_ACTIVE, {"card_state": CardState.MAKING}),
    (Reason.CARD_HAS_EXPIRED, {"card_expires_on": date(2026, 11, 24)}),
    (Reason.ECARD_IS_NOT_ISSUED, {"e_card_id": None, "e_card_associated_version": None}),
    (Reason.ECARD_IS_SUSPENDED, {"e_card_associated_version": 3}),
    (Reason.ECARD_HAS_EXPIRED, {"e_card_valid_until": TODAY}),
    (Reason.ECARD_IS_UNLINKED, {"channels": ()}),
]


def test_a_good_holder_is_not_refused() -> None:
    assert decide_holder(GOOD, with_e_card=True, card_id=CARD, channel="wallet") is None
    assert decide_holder(GOOD, with_e_card=False) is None


@pytest.mark.parametrize(("reason", "changes"), WRONGS)
def test_each_wrong_thing_alone_has_its_reason(reason: Reason, changes: dict[str, object]) -> None:
    assert reason is decide_holder(GOOD._replace(**changes), with_e_card=True)  # type: ignore[arg-type]


@pytest.mark.parametrize("first", range(len(WRONGS)))
def test_of_all_wrong_things_at_once_the_first_in_order_is_told(first: int) -> None:
    changes: dict[str, object] = {}
    for _, wrong in reversed(WRONGS[first:]):
        changes |= wrong

    assert WRONGS[first][0] is decide_holder(GOOD._replace(**changes), with_e_card=True)  # type: ignore[arg-type]


def test_the_plastic_card_does_not_ask_for_an_e_card() -> None:
    without = GOOD._replace(e_card_id=None, e_card_associated_version=None, channels=())

    assert decide_holder(without, with_e_card=False) is None


def test_a_card_that_was_replaced_is_cancelled_though_the_new_one_is_good() -> None:
    assert Reason.CARD_IS_CANCELLED is decide_holder(GOOD, with_e_card=False, card_id=OTHER_CARD)


def test_an_e_card_of_the_card_before_is_suspended() -> None:
    assert Reason.ECARD_IS_SUSPENDED is decide_holder(GOOD._replace(e_card_card_id=OTHER_CARD), with_e_card=True)


def test_a_channel_that_was_closed_is_refused_while_others_are_open() -> None:
    assert Reason.ECARD_IS_UNLINKED is decide_holder(GOOD, with_e_card=True, channel="bank_app")


def test_the_last_day_of_a_card_is_a_day_of_use() -> None:
    assert decide_holder(GOOD._replace(card_expires_on=TODAY), with_e_card=False) is None


GATE = Gate(GOOD.resident_id, 7, 5_000, 8_000, TODAY, 6_000, False, None)


@pytest.mark.parametrize(
    ("gate", "amount_fen", "unknown", "expected"),
    [
        (GATE, 2_000, False, None),
        (GATE, 2_001, False, Reason.SMALL_PAYMENT_DAY_LIMIT_IS_EXCEEDED),
        (GATE, 5_001, False, Reason.SMALL_PAYMENT_LIMIT_IS_EXCEEDED),
        (GATE, 1, True, Reason.SMALL_PAYMENTS_ARE_NOT_ALLOWED),
        (GATE._replace(unknown_posture_allowed=True), 1, True, None),
        (GATE._replace(shown_limit_fen=0), 1, False, Reason.SMALL_PAYMENTS_ARE_NOT_ALLOWED),
        (GATE._replace(payments_frozen_at=NOON, shown_limit_fen=0), 1, True, Reason.PAYMENTS_ARE_FROZEN),
        (GATE._replace(shown_on=date(2026, 11, 24)), 5_000, False, None),
    ],
)
def test_a_shown_code_pays_within_its_limits(
    gate: Gate, amount_fen: int, unknown: bool, expected: Reason | None
) -> None:
    answer = decide_shown_payment(
        gate, amount_fen=amount_fen, spent_fen=shown_spent_on(gate, on=TODAY), posture_is_unknown=unknown
    )

    assert expected is answer


def test_a_freeze_is_told_by_itself() -> None:
    assert decide_freeze(GATE) is None
    assert Reason.PAYMENTS_ARE_FROZEN is decide_freeze(GATE._replace(payments_frozen_at=NOON))
