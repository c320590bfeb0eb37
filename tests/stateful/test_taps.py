"""Taps at two workers, against a reference: every answer, every balance, every count, in some serial order."""

import os
from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.stateful.deeds import RESIDENTS, TILLS, Act, Sent, Step, a_history, shortened
from tests.stateful.house import House, at_once
from tests.stateful.reference import Answer, Reference, Tap
from tests.support.builders.counter import a_counter_world, a_second_worker
from tests.support.builders.follow_ups import asked_back
from yikatong.app.audits.rooms import run_audit
from yikatong.plumbing.database import Database

pytestmark = pytest.mark.anyio

EXAMPLES = int(os.environ.get("YIKATONG_TESTS_HISTORIES", "25"))
STEPS = 20
_ABOUT_A_TAP = {"tap", "sign", "send", "send changed", "reverse", "refund", "confirm"}
_NEW = {"tap", "sign", "send changed"}
Deed = tuple[Act, Sent | None]


def prepared(act: Act, reference: Reference, house: House) -> Deed | None:
    """Name the tap that an act is about, signed now if it is a new one; None when there is none yet."""
    if act.what not in _ABOUT_A_TAP:
        return act, None
    if act.what in ("tap", "sign"):
        number = len(reference.sent)
        how, fen = ("answered", act.fen) if act.how == "wrong amount" else (act.how, act.fen)
        signed_fen = fen + (act.how == "wrong amount")
        fen = 0 if how == "entry" else fen
        new = Sent(act.resident, number, number, number % TILLS, how, fen, signed_fen, reference.now)
        house.sign(new, like=None)
        reference.sent.append(new)
        return act, new
    if not reference.sent:
        return None
    sent = reference.sent[-1 - act.which % len(reference.sent)]
    if act.what != "send changed":
        return act, sent
    changed = _changed(sent, act.how, number=len(reference.sent))
    house.sign(changed, like=sent)
    reference.sent.append(changed)
    return act, changed


def _changed(sent: Sent, what: str, *, number: int) -> Sent:
    if what == "till":
        return sent._replace(till=(sent.till + 1) % TILLS)
    if what == "amount" and sent.how != "entry":
        return sent._replace(fen=sent.fen + 1)
    return sent._replace(request=number)


def orders(reference: Reference, deeds: list[Deed]) -> Iterator[tuple[list[Answer], Reference]]:
    """Every way in which deeds may come one after the other, a bank's answer as a deed of its own."""
    yield from _go_on(reference, deeds, [None] * len(deeds), [None] * len(deeds))


def _go_on(
    state: Reference, deeds: list[Deed], answers: list[Answer | None], at_the_bank: list[Tap | None]
) -> Iterator[tuple[list[Answer], Reference]]:
    if all(answers) and not any(at_the_bank):
        yield [answer for answer in answers if answer is not None], state
        return
    for place, (act, sent) in enumerate(deeds):
        following, said, asking = state.copy(), list(answers), list(at_the_bank)
        asked = at_the_bank[place]
        if answers[place] is None:
            said[place], asking[place] = following.begin(act, sent)
        elif asked is not None:
            said[place], asking[place] = following.answer_of_bank(asked), None
        else:
            continue
        yield from _go_on(following, deeds, said, asking)


async def step_taken(step: Step, reference: Reference, house: House) -> Reference:
    """Take a step in the house and find the order in which it must have come; gives the reference after it."""
    deeds = [deed for act in step if (deed := prepared(act, reference, house)) is not None]
    answers = await at_once(house, deeds)
    came = (answers, await house.seen())
    allowed = [((said, after.seen()), after) for said, after in orders(reference, deeds)]
    fitting = [after for said, after in allowed if said == came]
    assert fitting, f"{deeds} came to {came}, the reference allows {[said for said, _ in allowed]}"
    return fitting[0]


async def verify_end(reference: Reference, house: House) -> None:
    """Every request gets its receipt again at either worker, and every debit of a tap that did not come about is asked
    back."""
    for tap in list(reference.requests.values()):
        for worker in (0, 1):
            assert tap.receipt == await house.do(Act("send", worker=worker), tap.sent)
    unpaid = {key for key in reference.debited if reference.requests[key].outcome == "refused"}
    assert {house.taps[key] for key in unpaid} <= await asked_back(house.first)


async def lived(db: Database, history: list[Step]) -> None:
    """Live a history through in a world of its own."""
    async with a_counter_world(db) as first, a_second_worker(first) as second:
        house, reference = House(first, second), Reference()
        await house.open(residents=RESIDENTS, tills=TILLS)
        for step in history:
            reference = await step_taken(step, reference, house)
        await verify_end(reference, house)
    differences = [difference for room in await run_audit(db) for difference in room.differences]
    assert [] == differences


async def shortest(db: Database, history: list[Step]) -> list[Step]:
    """What is left of a history that fails when everything without which it fails as well is taken out."""
    for place in reversed(range(len(history))):
        for shorter in shortened(history, at=place):
            try:
                await lived(db, shorter)
            except AssertionError:
                history = shorter
                break
    return history


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**64 - 1))
async def test_taps_at_two_workers_come_to_what_the_reference_says(own_db: Database, seed: int) -> None:
    history = a_history(Random(seed), steps=STEPS)
    try:
        await lived(own_db, history)
    except AssertionError as error:
        error.add_note(f"The shortest such history: {await shortest(own_db, history)}")
        raise
