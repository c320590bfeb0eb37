"""The e-card: every command in every state, and how it follows its card."""

import pytest

from yikatong.cards.model import CardState, ECardCommand, ECardState, Reason
from yikatong.cards.rules.e_cards import E_CARD_LIFE, e_card_state, is_suspended, verify_e_card_command
from yikatong.kernel.outcomes import Change, Refused

COLUMNS = ["issue", "bind_bank", "associate"]
TABLE = """
none       signed_l1  NOT_ISSUED  NOT_ISSUED
signed_l1  =          signed_l2   =
signed_l2  =          signed_l2   =
suspended  SUSPENDED  SUSPENDED   signed_l1
"""
REASONS = {
    "NOT_ISSUED": Reason.ECARD_IS_NOT_ISSUED,
    "SUSPENDED": Reason.ECARD_IS_SUSPENDED,
}
CASES = [
    (state, command, cell)
    for state, *cells in (line.split() for line in TABLE.strip().splitlines())
    for command, cell in zip(COLUMNS, cells, strict=True)
]


@pytest.mark.parametrize(("state", "command", "cell"), CASES)
def test_every_command_in_every_state_does_what_the_table_says(state: str, command: str, cell: str) -> None:
    expected = Change.ALREADY_SO if cell == "=" else REASONS.get(cell) or ECardState(cell)

    assert expected is E_CARD_LIFE[ECardState(state)][ECardCommand(command)]


def test_the_table_of_the_code_has_every_state_and_command() -> None:
    assert len(ECardState) * len(ECardCommand) == len(CASES)
    assert len(CASES) == sum(len(commands) for commands in E_CARD_LIFE.values())


def test_verifying_raises_the_reason_of_the_table() -> None:
    assert verify_e_card_command(ECardState.SIGNED_L1, ECardCommand.ISSUE) is None
    with pytest.raises(Refused, match="ECARD_IS_SUSPENDED"):
        verify_e_card_command(ECardState.SUSPENDED, ECardCommand.BIND_BANK)


@pytest.mark.parametrize("state", list(CardState))
def test_an_e_card_is_good_only_beside_an_active_card(state: CardState) -> None:
    suspended = is_suspended(card_is_the_e_cards=True, card_state=state, card_state_version=4, associated_version=5)

    assert (state is not CardState.ACTIVE) is suspended


@pytest.mark.parametrize(
    ("own_card", "card_version", "associated", "expected"),
    [
        (True, 4, 5, False),
        (True, 4, 4, False),
        (True, 6, 5, True),
        (False, 4, 5, True),
        (True, None, 5, True),
    ],
)
def test_it_must_be_associated_since_its_own_card_became_active(
    own_card: bool, card_version: int | None, associated: int, expected: bool
) -> None:
    suspended = is_suspended(
        card_is_the_e_cards=own_card,
        card_state=CardState.ACTIVE,
        card_state_version=card_version,
        associated_version=associated,
    )

    assert expected is suspended


def test_the_state_is_told_from_level_and_suspension() -> None:
    assert ECardState.NONE is e_card_state(level=None, suspended=True)
    assert ECardState.SUSPENDED is e_card_state(level=2, suspended=True)
    assert ECardState.SIGNED_L2 is e_card_state(level=2, suspended=False)
    assert ECardState.SIGNED_L1 is e_card_state(level=1, suspended=False)
