"""Pure decisions about rosters: who may be paid, how long a roster is public, who may move it."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from uuid import UUID

from yikatong.cards.model import CardState, Payee, ResidentStatus
from yikatong.kernel.outcomes import Refused
from yikatong.ledger.model import digest_id
from yikatong.payouts.model import Finding, OncePer, Reason, Roster, RosterCommand, RosterEntry, RosterState

PUBLIC_WORKING_DAYS_MIN = 7
"""The shortest publicity term that provinces describe; Shaanxi asks a month, which a roster may name."""

LINES_MAX = 2_000_000
"""Lines of one roster, so that a line's number and every sum of a batch stay small."""

_SATURDAY = 5

NEEDS: Mapping[RosterCommand, frozenset[RosterState]] = {
    RosterCommand.ADD: frozenset({RosterState.OPEN, RosterState.CHECKED}),
    RosterCommand.CHECK: frozenset({RosterState.OPEN, RosterState.CHECKED}),
    RosterCommand.PUBLISH: frozenset({RosterState.CHECKED}),
    RosterCommand.OBJECT: frozenset({RosterState.PUBLISHED}),
    RosterCommand.FINALISE: frozenset({RosterState.PUBLISHED}),
    RosterCommand.ISSUE: frozenset({RosterState.FINAL}),
    RosterCommand.WITHDRAW: frozenset(
        {RosterState.OPEN, RosterState.CHECKED, RosterState.PUBLISHED, RosterState.FINAL}
    ),
}
"""The states in which each command is possible; nothing else moves a roster."""

REVIEWS = frozenset({RosterCommand.PUBLISH, RosterCommand.FINALISE})
"""Commands of whoever reviews, who is not whoever opened the roster."""


def verify_command(roster: Roster, command: RosterCommand, *, by: UUID) -> Roster:
    """The roster, if a command is possible as it stands, by this operator.

    Refuses, in this order: ROSTER_IS_IN_ANOTHER_STATE, ROSTER_IS_REVIEWED_BY_ANOTHER_PERSON.
    """
    if roster.state not in NEEDS[command] or (command is RosterCommand.WITHDRAW and roster.batch_id is not None):
        needs = ", ".join(sorted(state.value for state in NEEDS[command]))
        raise Refused(Reason.ROSTER_IS_IN_ANOTHER_STATE, state=roster.state.value, needs=needs)
    if command in REVIEWS and by == roster.opened_by:
        raise Refused(Reason.ROSTER_IS_REVIEWED_BY_ANOTHER_PERSON)
    return roster


def verify_room(roster: Roster, entries: Sequence[RosterEntry]) -> None:
    """Go on if so many lines still fit on a roster; refuses ROSTER_HAS_TOO_MANY_LINES."""
    if roster.last_line + len(entries) > LINES_MAX:
        raise Refused(Reason.ROSTER_HAS_TOO_MANY_LINES)


def once_key_of(roster: Roster, *, resident_id: UUID, reference: UUID) -> UUID:
    """What a line claims: the person under scheme and period, or the reference under the scheme."""
    if roster.once_per is OncePer.REFERENCE:
        return digest_id(b"paid once", roster.region.encode(), roster.scheme.encode(), reference.bytes)
    parts = (roster.region, roster.scheme, roster.period)
    return digest_id(b"paid once", *(part.encode() for part in parts), resident_id.bytes)


def find_finding(
    payee: Payee | None, *, region: str, divisions_under: str, name_differs: bool, is_duplicate: bool
) -> Finding | None:
    """Why a person cannot be paid as things stand, or None; the first of these counts.

    PERSON_IS_UNKNOWN, PERSON_IS_DECEASED, PERSON_HAS_LEFT, PERSON_IS_OF_ANOTHER_DIVISION (than the roster's, by the
    digits that its places share), NAME_DIFFERS, IS_DUPLICATE, CARD_IS_NOT_NORMAL, ACCOUNT_IS_NOT_BOUND.
    """
    if payee is None:
        return Finding.PERSON_IS_UNKNOWN
    if payee.status is ResidentStatus.DEAD:
        return Finding.PERSON_IS_DECEASED
    if payee.status is ResidentStatus.LEFT:
        return Finding.PERSON_HAS_LEFT
    if payee.region != region or not payee.division.startswith(divisions_under):
        return Finding.PERSON_IS_OF_ANOTHER_DIVISION
    if name_differs:
        return Finding.NAME_DIFFERS
    if is_duplicate:
        return Finding.IS_DUPLICATE
    return find_card_finding(payee)


def find_card_finding(payee: Payee) -> Finding | None:
    """What is wrong with card or account: CARD_IS_NOT_NORMAL (none, or not active), ACCOUNT_IS_NOT_BOUND."""
    if payee.card_state is not CardState.ACTIVE:
        return Finding.CARD_IS_NOT_NORMAL
    return Finding.ACCOUNT_IS_NOT_BOUND if payee.bank_token is None else None


def divisions_under(division: str) -> str:
    """The digits that a division and every place in it share: zeros of a whole are left out."""
    whole, inside = division[:6], division[6:]
    if inside.strip("0"):
        # Three digits of the town, three of the village.
        return division[:9] if not inside[3:].strip("0") else division
    if whole.endswith("0000"):
        return whole[:2]
    return whole[:4] if whole.endswith("00") else whole


def public_until(public_from: date, *, working_days: int) -> date:
    """The day on which a term of so many working days is over; Saturdays and Sundays do not count.

    Public holidays are not known here: whoever publishes over one names a longer term.
    """
    day, left = public_from, working_days
    while left > 0:
        left -= day.weekday() < _SATURDAY
        day += timedelta(days=1)
    return day


def verify_term(public_from: date, until: date | None) -> date:
    """The day until which (exclusive) a roster is public; the shortest term where none is named.

    Refuses PUBLICITY_TERM_IS_TOO_SHORT: less than seven working days.
    """
    shortest = public_until(public_from, working_days=PUBLIC_WORKING_DAYS_MIN)
    if until is not None and until < shortest:
        raise Refused(Reason.PUBLICITY_TERM_IS_TOO_SHORT, earliest=shortest.isoformat())
    return until or shortest


def verify_is_public(roster: Roster, *, today: date) -> None:
    """Go on if a published roster is still public today; refuses PUBLICITY_TERM_HAS_ENDED."""
    assert roster.public_until is not None
    if today >= roster.public_until:
        raise Refused(Reason.PUBLICITY_TERM_HAS_ENDED, until=roster.public_until.isoformat())


def verify_was_public(roster: Roster, *, today: date) -> None:
    """Go on if the term of a published roster is over; refuses PUBLICITY_TERM_HAS_NOT_ENDED."""
    assert roster.public_until is not None
    if today < roster.public_until:
        raise Refused(Reason.PUBLICITY_TERM_HAS_NOT_ENDED, until=roster.public_until.isoformat())


def verify_has_somebody(roster: Roster) -> None:
    """Go on if a roster has a line that can be paid; refuses ROSTER_HAS_NO_LINES, then ROSTER_HAS_NOBODY_TO_PAY."""
    if roster.line_count == 0:
        raise Refused(Reason.ROSTER_HAS_NO_LINES)
    if roster.clear_count == 0:
        raise Refused(Reason.ROSTER_HAS_NOBODY_TO_PAY)
