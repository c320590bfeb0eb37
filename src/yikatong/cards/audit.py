"""What `yikatong audit` recomputes of cards, each check in one statement and so on one state of the tables."""

from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from yikatong.cards.model import CardCommand, CardState
from yikatong.cards.rules.life import LIFE
from yikatong.cards.store.differences import list_differences
from yikatong.kernel.ids import show_id


async def audit(conn: AsyncConnection[Any]) -> list[str]:
    """Name every difference: states against events, one card and e-card a person, marks, numbers, levels."""
    found = await _audit_life(conn)
    for resident_id, what in await list_differences(conn, query="audit_two_cards"):
        found.append(f"{show_id('resident', resident_id)} holds more than one {what}")
    for e_card_id, level, of_own_card, has_account in await list_differences(conn, query="audit_e_cards"):
        why = f"is of level {level} {'with' if has_account else 'without'} a bound account"
        found.append(f"{show_id('e_card', e_card_id)} {why if of_own_card else 'is of no card of its holder'}")
    found += await _audit_residents(conn)
    for card_id, other in await list_differences(conn, query="audit_card_numbers"):
        whose = "nobody's" if other is None else f"that of {show_id('card', other)}"
        found.append(f"the number of {show_id('card', card_id)} is {whose}")
    return [f"cards: {difference}" for difference in found]


async def _audit_life(conn: AsyncConnection[Any]) -> list[str]:
    found = []
    for card_id, state, last in await list_differences(conn, query="audit_card_states"):
        found.append(f"{show_id('card', card_id)} is {state}, its last event says {last or 'nothing'}")
    for card_id, version, ended, begins in await list_differences(conn, query="audit_card_events"):
        says = f"event {version} of {show_id('card', card_id)} begins at {begins}, the one before ended at {ended}"
        found.append(says)
    for command, before, after, card_id in await list_differences(conn, query="audit_steps"):
        if not _is_a_step(command, before, after):
            found.append(_no_step(card_id, command=command, before=before, after=after))
    return found


def _is_a_step(command: str, before: str | None, after: str) -> bool:
    """Whether the table of life knows a step; a card begins by MAKE alone."""
    if before is None:
        return (command, after) == (CardCommand.MAKE.value, CardState.MAKING.value)
    return LIFE[CardState(before)].get(CardCommand(command)) is CardState(after)


def _no_step(card_id: UUID, *, command: str, before: str | None, after: str) -> str:
    return f"{show_id('card', card_id)} went from {before} to {after} by {command}, which no rule allows"


async def _audit_residents(conn: AsyncConnection[Any]) -> list[str]:
    found = []
    for resident_id, has_gate, has_person, erased, marks in await list_differences(conn, query="audit_residents"):
        resident = show_id("resident", resident_id)
        if not has_gate:
            found.append(f"{resident} has no gate")
        if not has_person:
            found.append(f"{resident} has no personal row")
        if marks != (0 if erased else 1):
            found.append(f"{resident} has {marks} ID marks")
    for (resident_id,) in await list_differences(conn, query="audit_marks"):
        found.append(f"a mark names {show_id('resident', resident_id)}, who is not registered")
    return found
