"""The life of a card: every command in every state, replacement, and what becomes of the money."""

from datetime import date, timedelta

import msgspec
import pytest

from tests.support.world import NOON
from yikatong.cards.model import (
    OFFICIAL_CODE,
    BalanceGoes,
    CancellationReason,
    Card,
    CardCommand,
    CardState,
    Reason,
    RegionRule,
    ReplacementReason,
)
from yikatong.cards.rules.life import (
    LIFE,
    add_months,
    decide_balance,
    decide_card,
    decide_replacement,
    verify_command,
)
from yikatong.kernel.ids import CardId, ResidentId
from yikatong.kernel.outcomes import Change, Refused

STRICT = RegionRule(formal_loss_can_be_released=False)
LENIENT = RegionRule(formal_loss_can_be_released=True)

# One line a state; "=" is already so, a state in small letters is the new one, capitals are the reason (REASONS).
COLUMNS = [
    "seal",
    "activate",
    "report_temporary_loss",
    "report_formal_loss",
    "release_loss",
    "lock",
    "unlock",
    "replace",
    "cancel",
]
TABLE = """
making            sealed  BEING   BEING             BEING   BEING   BEING   BEING   BEING      cancelled
sealed            =       active  NOT               NOT     NOT     NOT     NOT     cancelled  cancelled
active            MADE    =       temporarily_lost  lost    =       locked  =       cancelled  cancelled
temporarily_lost  MADE    TEMP    =                 lost    active  TEMP    TEMP    TEMP       cancelled
lost              MADE    LOST    =                 =       active  LOST    LOST    cancelled  cancelled
locked            MADE    LOCKED  LOCKED            LOCKED  LOCKED  =       active  cancelled  cancelled
cancelled         ENDED   ENDED   ENDED             ENDED   ENDED   ENDED   ENDED   ENDED      =
"""
REASONS = {
    "BEING": Reason.CARD_IS_BEING_MADE,
    "NOT": Reason.CARD_IS_NOT_ACTIVE,
    "MADE": Reason.CARD_IS_ALREADY_MADE,
    "TEMP": Reason.CARD_IS_TEMPORARILY_REPORTED_LOST,
    "LOST": Reason.CARD_IS_REPORTED_LOST,
    "LOCKED": Reason.CARD_IS_LOCKED,
    "ENDED": Reason.CARD_IS_CANCELLED,
}
CASES = [
    (state, command, cell)
    for state, *cells in (line.split() for line in TABLE.strip().splitlines())
    for command, cell in zip(COLUMNS, cells, strict=True)
]


def a_card(state: CardState, *, issued_on: date | None = date(2026, 1, 15), years: int = 10) -> Card:
    """A card in a state."""
    return Card(
        bucket=0,
        id=CardId(NOON_ID),
        resident_id=ResidentId(NOON_ID),
        region="990101",
        bank_code="102",
        batch_id=None,
        card_number="A12345678",
        state=state,
        state_version=3,
        state_at=NOON,
        chip_algorithm=None,
        chip_public_key=None,
        issued_on=issued_on,
        expires_on=None if issued_on is None else issued_on.replace(year=issued_on.year + years),
        photo_on_file=True,
        replaces_card_id=None,
        made_at=NOON,
    )


NOON_ID = msgspec.convert("01890000-0000-7000-8000-0000000000ff", CardId)


@pytest.mark.parametrize(("state", "command", "cell"), CASES)
def test_every_command_in_every_state_does_what_the_table_says(state: str, command: str, cell: str) -> None:
    expected = Change.ALREADY_SO if cell == "=" else REASONS.get(cell) or CardState(cell)

    assert expected is decide_card(CardState(state), CardCommand(command), rule=LENIENT)


def test_the_table_of_the_code_has_every_state_and_every_command_but_make() -> None:
    assert set(CardState) == set(LIFE)
    assert all(set(CardCommand) - {CardCommand.MAKE} == set(commands) for commands in LIFE.values())
    assert len(CASES) == len(CardState) * (len(CardCommand) - 1)


def test_a_strict_region_differs_in_one_cell_only() -> None:
    differing = [
        (state, command)
        for state in CardState
        for command in LIFE[state]
        if decide_card(state, command, rule=STRICT) is not decide_card(state, command, rule=LENIENT)
    ]

    assert [(CardState.LOST, CardCommand.RELEASE_LOSS)] == differing
    assert Reason.FORMAL_LOSS_CANNOT_BE_UNDONE is decide_card(CardState.LOST, CardCommand.RELEASE_LOSS, rule=STRICT)


def test_verifying_gives_the_state_or_none_or_raises() -> None:
    assert CardState.ACTIVE is verify_command(CardState.SEALED, CardCommand.ACTIVATE, rule=STRICT)
    assert verify_command(CardState.ACTIVE, CardCommand.ACTIVATE, rule=STRICT) is None
    with pytest.raises(Refused, match="CARD_IS_CANCELLED"):
        verify_command(CardState.CANCELLED, CardCommand.ACTIVATE, rule=STRICT)


def test_every_state_has_the_official_code_of_the_published_table() -> None:
    # Application status codes (社会保障卡应用状态) as a regional system exchanges them.
    published = {"sealed": "0", "active": "1", "lost": "2", "locked": "3", "temporarily_lost": "4", "cancelled": "9"}

    assert published | {"making": "99"} == {state.value: code for state, code in OFFICIAL_CODE.items()}


@pytest.mark.parametrize(
    ("state", "why", "on", "expected"),
    [
        ("active", "1", date(2026, 7, 14), Reason.REPLACEMENT_IS_TOO_SOON),
        ("active", "1", date(2026, 7, 15), None),
        ("sealed", "7", date(2026, 7, 14), Reason.REPLACEMENT_IS_TOO_SOON),
        ("locked", "5", date(2026, 7, 15), None),
        ("lost", "5", date(2026, 1, 16), None),
        ("temporarily_lost", "5", date(2027, 1, 1), Reason.CARD_IS_TEMPORARILY_REPORTED_LOST),
        ("making", "1", date(2027, 1, 1), Reason.CARD_IS_BEING_MADE),
        ("cancelled", "1", date(2027, 1, 1), Reason.CARD_IS_CANCELLED),
        ("active", "6", date(2035, 11, 15), Reason.CARD_IS_NOT_NEAR_EXPIRY),
        ("active", "6", date(2035, 11, 16), None),
        ("active", "6", date(2026, 2, 1), Reason.REPLACEMENT_IS_TOO_SOON),
    ],
)
def test_a_card_is_replaced_after_six_months_or_when_formally_lost(
    state: str, why: str, on: date, expected: Reason | None
) -> None:
    answer = decide_replacement(a_card(CardState(state)), why=ReplacementReason(why), on=on, rule=STRICT)

    assert expected is answer


@pytest.mark.parametrize(
    ("ending", "has_account", "expected"),
    [
        (CancellationReason.DEATH, True, BalanceGoes.TO_THE_HEIR),
        (CancellationReason.DEATH, False, BalanceGoes.TO_THE_HEIR),
        (CancellationReason.LEFT_THE_COUNTRY, True, BalanceGoes.TO_THE_BOUND_BANK_ACCOUNT),
        (CancellationReason.LEFT_THE_COUNTRY, False, BalanceGoes.KEPT_UNTIL_CLAIMED),
        (CancellationReason.OTHER, True, BalanceGoes.TO_THE_BOUND_BANK_ACCOUNT),
        (CancellationReason.OTHER, False, BalanceGoes.KEPT_UNTIL_CLAIMED),
    ],
)
def test_money_goes_where_the_end_of_the_card_sends_it(
    ending: CancellationReason, has_account: bool, expected: BalanceGoes
) -> None:
    assert expected is decide_balance(ending, has_bound_account=has_account)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)),
        (date(2026, 12, 1), 1, date(2027, 1, 1)),
        (date(2026, 6, 30), 0, date(2026, 6, 30)),
        (date(2026, 11, 30), 60, date(2031, 11, 30)),
    ],
)
def test_months_later_is_the_same_day_or_the_last_of_a_shorter_month(day: date, months: int, expected: date) -> None:
    assert expected == add_months(day, months)


def test_expiry_can_be_renewed_sixty_days_before() -> None:
    card = a_card(CardState.ACTIVE)
    assert card.expires_on is not None
    first_day = card.expires_on - timedelta(days=60)

    assert decide_replacement(card, why=ReplacementReason.EXPIRED, on=first_day, rule=STRICT) is None
