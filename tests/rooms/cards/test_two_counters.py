"""Two counters serve one resident at once: the card ends as if one command came after the other."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.builders.cards import PASSWORD, CardWorld, key_of
from tests.support.builders.cards_model import COMMANDS, ReferenceCard
from tests.support.world import a_region_code
from yikatong.cards import audit
from yikatong.cards import service as cards
from yikatong.cards.model import (
    CancellationReason,
    ECardState,
    RegionRule,
    Registered,
    ReplacementReason,
)
from yikatong.kernel.ids import show_id
from yikatong.kernel.outcomes import Change, Refused
from yikatong.plumbing.database import Database

pytestmark = pytest.mark.anyio

E_CARD_STATE = {
    "none": ECardState.NONE,
    "good": ECardState.SIGNED_L1,
    "rests": ECardState.SUSPENDED,
}

# Most random commands would meet a card that was never activated; a first step that leads there makes rounds count.
ROUNDS = st.lists(st.tuples(st.sampled_from(COMMANDS), st.sampled_from(COMMANDS)), min_size=1, max_size=14).map(
    lambda rounds: [("make", "make"), ("activate", "activate"), ("issue", "issue"), *rounds]
)


async def carry_out(world: CardWorld, resident: Registered, command: str) -> Change:
    """One command by its name in the model."""
    conn, key, step = world.conn, key_of(resident), world.step()
    match command:
        case "make":
            await world.made()
        case "activate":
            return await cards.activate(conn, **key, **step)
        case "temporary_loss":
            return await cards.report_temporary_loss(conn, **key, **step)
        case "formal_loss":
            return await cards.report_formal_loss(conn, **key, **step)
        case "release":
            return await cards.release_loss(conn, **key, **step)
        case "lock":
            return await cards.lock_card(conn, **key, reason="test", **step)
        case "unlock":
            return await cards.unlock_card(conn, **key, reason="test", **step)
        case "issue":
            issued = await cards.issue_e_card(
                conn,
                **key,
                password=PASSWORD,
                channel="wallet",
                vault=world.vault,
                now=world.now,
                ids=world.ids,
            )
            return issued.change
        case "associate":
            return await cards.associate(conn, **key, now=world.now)
        case "replace":
            await cards.replace_card(conn, **key, why=ReplacementReason.OTHER, has_photo=True, **step)
        case "apply":
            await world.applied(resident)
        case "cancel":
            return (await cards.cancel_card(conn, **key, why=CancellationReason.OTHER, **step)).change
    return Change.DONE


async def at_a_counter(db: Database, region: str, resident: Registered, command: str) -> str:
    """One command in a transaction of its own; its answer as the model writes it."""
    try:
        async with db.transaction() as conn:
            return (await carry_out(CardWorld(conn, region=region), resident, command)).value
    except Refused as refused:
        return refused.reason.name


async def standing(db: Database, region: str, resident: Registered) -> tuple[str, ECardState]:
    """The states of card and e-card."""
    async with db.transaction() as conn:
        card = await CardWorld(conn, region=region).card_of(resident)
        e_card = await cards.find_e_card(conn, **key_of(resident))
        return card.state.value, cards.state_of(e_card, card)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rounds=ROUNDS)
async def test_any_two_commands_at_once_end_as_one_after_the_other(db: Database, rounds: list[tuple[str, str]]) -> None:
    region = a_region_code()
    async with db.transaction() as conn:
        world = CardWorld(conn, region=region)
        await cards.put_region_rule(conn, region=region, rule=RegionRule(formal_loss_can_be_released=True))
        resident = await world.a_resident()
        await world.applied(resident)
    possible = {ReferenceCard()}
    for first, second in rounds:
        answers = await asyncio.gather(
            at_a_counter(db, region, resident, first), at_a_counter(db, region, resident, second)
        )
        state = await standing(db, region, resident)
        possible = {
            end
            for begin in possible
            for end in _ends(begin, (first, second), (answers[0], answers[1]))
            if (end.state, E_CARD_STATE[end.e_card]) == state
        }
        assert possible, f"{first} and {second} answered {answers} and left {state}"
    shown = show_id("resident", resident.resident_id)
    async with db.transaction() as conn:
        ids = [show_id("card", event.card_id) for event in await cards.list_card_events(conn, **key_of(resident))]
        assert [] == [line for line in await audit.audit(conn) if any(name in line for name in (shown, *ids))]


def _ends(begin: ReferenceCard, commands: tuple[str, str], answers: tuple[str, str]) -> set[ReferenceCard]:
    """Where both orders of two commands lead that give these answers."""
    ends = set()
    for order in ((0, 1), (1, 0)):
        middle, first = begin.after(commands[order[0]])
        end, second = middle.after(commands[order[1]])
        if (first, second) == (answers[order[0]], answers[order[1]]):
            ends.add(end)
    return ends
