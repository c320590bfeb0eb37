"""The e-card: issued on a card in order, suspended with it, back only when it is associated again.

Levels and steps follow the published issuing rules: level 1 needs a card in order, level 2 also a bound account.
"""

from yikatong.cards.model import CardState, ECardCommand, ECardState, Reason
from yikatong.kernel.outcomes import Change, Refused

ECardAnswer = ECardState | Change | Reason
"""The new state, or ALREADY_SO, or why not."""

E_CARD_YEARS = 5
"""Years for which an e-card is signed; associating it again signs it anew."""

_SO = Change.ALREADY_SO
_C = ECardCommand
_S = ECardState

E_CARD_LIFE: dict[ECardState, dict[ECardCommand, ECardAnswer]] = {
    _S.NONE: {
        _C.ISSUE: _S.SIGNED_L1,
        _C.BIND_BANK: Reason.ECARD_IS_NOT_ISSUED,
        _C.ASSOCIATE: Reason.ECARD_IS_NOT_ISSUED,
    },
    _S.SIGNED_L1: {
        _C.ISSUE: _SO,
        _C.BIND_BANK: _S.SIGNED_L2,
        _C.ASSOCIATE: _SO,
    },
    _S.SIGNED_L2: {
        _C.ISSUE: _SO,
        _C.BIND_BANK: _S.SIGNED_L2,
        _C.ASSOCIATE: _SO,
    },
    _S.SUSPENDED: {
        _C.ISSUE: Reason.ECARD_IS_SUSPENDED,
        _C.BIND_BANK: Reason.ECARD_IS_SUSPENDED,
        _C.ASSOCIATE: _S.SIGNED_L1,
    },
}
"""Every state, every command. ASSOCIATE from SUSPENDED keeps the level that was signed (SIGNED_L1 stands for both)."""


def is_suspended(
    *, card_is_the_e_cards: bool, card_state: CardState | None, card_state_version: int | None, associated_version: int
) -> bool:
    """Say whether an e-card is suspended: its card is another one, or not active, or was not active in between.

    Versions are those of the resident's gate: an association counts only if it was made after the card last
    became active. So nothing needs to be copied when a card is reported lost, and nothing comes back by itself.
    """
    if card_state_version is None or not card_is_the_e_cards or card_state is not CardState.ACTIVE:
        return True
    return associated_version < card_state_version


def e_card_state(*, level: int | None, suspended: bool) -> ECardState:
    """Tell an e-card's state; `level` is None when there is no e-card."""
    if level is None:
        return ECardState.NONE
    if suspended:
        return ECardState.SUSPENDED
    return ECardState.SIGNED_L2 if level == 2 else ECardState.SIGNED_L1


def verify_e_card_command(state: ECardState, command: ECardCommand) -> ECardState | None:
    """Give the new state, or None when it is already so; raise Refused with the table's reason."""
    answer = E_CARD_LIFE[state][command]
    if isinstance(answer, Reason):
        raise Refused(answer)
    return answer if isinstance(answer, ECardState) else None
