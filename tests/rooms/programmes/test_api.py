"""The calculator over HTTP: it answers what `decide` answers, stores nothing, and has so many turns a second."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from tests.support.world import SeededIds
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.http import Call
from yikatong.programmes import api, service
from yikatong.programmes.api import DecideAnswer, DecideBody, ProgrammesAnswer, SheetsAnswer, SheetsQuery
from yikatong.programmes.model import Reason

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 26, 1, tzinfo=UTC)
NO_DATABASE: Any = None
FACTS = {"price": "1999.99", "old_battery": "lithium", "new_battery": "lead_acid"}
CASE = {"place": "320000", "on": "2024-10-20", "facts": FACTS}


async def answer(name: str, body: Any = None, query: Any = None, *, now: datetime = NOW, **path: str) -> Any:
    """What a route of a process that has just begun answers, without a database."""
    return await answer_of(api.routes(service.read_shelf()), name, body, query, now=now, **path)


async def answer_of(
    routes: tuple[Any, ...], name: str, body: Any = None, query: Any = None, *, now: datetime = NOW, **path: str
) -> Any:
    """What a route answers, without a database."""
    route = next(route for route in routes if route.name == name)
    call = Call(conn=NO_DATABASE, caller=None, now=now, ids=SeededIds(1), request_id="r", purpose=None, path=path)
    read = None if body is None else msgspec.convert(body, route.body)
    return await route.handle(call, read, query)


async def test_a_case_is_decided_for_anyone_without_a_database() -> None:
    said: DecideAnswer = await answer("decide_case", CASE, programme="trade_in")

    assert (40_000, None, "trade_in/320000-2024-09-14") == (said.amount_fen, said.reason, said.sheet)
    assert [("base", 30_000), ("battery", 10_000)] == [
        (step.name, step.value) for step in said.steps if step.name in ("base", "battery")
    ]
    assert all(step.clause for step in said.steps)
    assert "store_is_listed" in said.assumed
    assert NOW.date() == said.known_on


async def test_a_refusal_of_the_programme_is_an_answer_and_says_on_request_what_would_have_changed_it() -> None:
    young = {**CASE, "facts": {**FACTS, "age_years": "5"}}
    plain: DecideAnswer = await answer("decide_case", young, programme="trade_in")
    asked: DecideAnswer = await answer("decide_case", {**young, "changes": True}, programme="trade_in")

    assert (0, "APPLICANT_IS_TOO_YOUNG", 40_000) == (plain.amount_fen, plain.reason, plain.amount_if_met_fen)
    assert ((), ["age_years"]) == (plain.single_changes, [change.fact for change in asked.single_changes])


async def test_a_claim_is_asked_for_every_fact() -> None:
    said: DecideAnswer = await answer("decide_case", {**CASE, "asking": "claim"}, programme="trade_in")

    assert ("FACT_IS_NOT_GIVEN", ()) == (said.reason, said.assumed)


@pytest.mark.parametrize(
    ("programme", "changed", "reason"),
    [
        ("trade_out", {}, Reason.PROGRAMME_IS_UNKNOWN),
        ("trade_in", {"on": "2001-01-01"}, Reason.PROGRAMME_IS_NOT_IN_FORCE),
        ("trade_in", {"facts": {"colour": "red"}}, Reason.FACT_IS_UNKNOWN),
        ("trade_in", {"facts": {"price": "2000"}}, Reason.FACT_IS_NOT_GIVEN),
        ("trade_in", {"facts": {**FACTS, "price": "two"}}, Reason.FACT_IS_NOT_READABLE),
        ("trade_in", {"facts": {**FACTS, "price": "0"}}, Reason.FACT_IS_OUT_OF_BOUNDS),
    ],
)
async def test_what_cannot_be_decided_is_refused_by_name(
    programme: str, changed: dict[str, Any], reason: Reason
) -> None:
    with pytest.raises(Refused) as refused:
        await answer("decide_case", {**CASE, **changed}, programme=programme)

    assert reason is refused.value.reason


@pytest.mark.parametrize(
    "changed",
    [
        {"place": "32"},
        {"place": "32000a"},
        {"on": "2024-02-30"},
        {"asking": "guess"},
        {"facts": {"price": "9" * 500}},
        {"facts": {"x" * 50: "1"}},
        {"facts": {f"fact{number}": "1" for number in range(61)}},
        {"more": 1},
    ],
    ids=str,
)
def test_a_body_of_another_shape_is_not_read(changed: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**CASE, **changed}, DecideBody)


async def test_turns_are_given_so_many_a_second() -> None:
    turns = service.Turns(per_second=2, most=3)
    turns.take(3, now=NOW)
    for moment, given in ((NOW, False), (NOW + timedelta(seconds=0.4), False), (NOW + timedelta(seconds=0.6), True)):
        if given:
            turns.take(1, now=moment)
        else:
            with pytest.raises(Refused) as refused:
                turns.take(1, now=moment)
            assert Reason.CALCULATOR_IS_BUSY is refused.value.reason


async def test_turns_that_nobody_took_are_kept_up_to_a_bound_and_a_clock_that_goes_back_gives_none() -> None:
    turns = service.Turns(per_second=2, most=3)
    turns.take(3, now=NOW + timedelta(days=1))
    for moment, count in ((NOW + timedelta(days=2), 4), (NOW, 4)):
        with pytest.raises(Refused):
            turns.take(count, now=moment)
    turns.take(3, now=NOW + timedelta(days=2))


async def test_a_process_that_is_asked_too_often_says_so_and_answers_again_later() -> None:
    routes = api.routes(service.read_shelf())
    refused = 0
    for _ in range(service.Turns.MOST + 5):
        try:
            await answer_of(routes, "decide_case", CASE, programme="trade_in")
        except Refused as busy:
            assert Reason.CALCULATOR_IS_BUSY is busy.reason
            refused += 1

    assert 5 == refused
    later = await answer_of(routes, "decide_case", CASE, now=NOW + timedelta(seconds=1), programme="trade_in")
    assert 40_000 == later.amount_fen


async def test_a_page_finds_the_facts_of_every_programme_with_their_bounds() -> None:
    said: ProgrammesAnswer = await answer("list_programmes")
    trade_in = next(one for one in said.programmes if one.programme == "trade_in")
    facts = {fact.name: fact for fact in trade_in.facts}

    assert ["allowance", "crop_subsidy", "trade_in"] == [one.programme for one in said.programmes]
    assert ("0.01", "10000000.00", True) == (facts["price"].least, facts["price"].most, facts["price"].required)
    assert ("lithium", "lead_acid", "other") == facts["new_battery"].choices
    assert ("yes", "no") == facts["old_is_plated"].choices


async def test_a_place_shows_its_sheets_with_their_documents() -> None:
    said: SheetsAnswer = await answer("list_sheets", query=SheetsQuery(place="110000"), programme="trade_in")

    assert ["trade_in/110000-2024-08-30", "trade_in/110000-2025-01-01"] == [one.sheet for one in said.sheets]
    assert all(one.sources for one in said.sheets)
