"""One claim and millions are decided by one text, and no product overflows."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.claimants.trade_in import Shape, make_block, shape_of
from tests.support.builders.programmes import KNOWN_BY_ALL, TRADE_IN, a_sheet, a_sheet_text
from yikatong.programmes import service
from yikatong.programmes.model import NOT_GIVEN, Asking, Column, Sheet
from yikatong.programmes.model.facts import PRICE_FEN_MAX
from yikatong.programmes.rules.deciding import decide_case, decide_columns
from yikatong.programmes.rules.facts import read_facts, show_fact

SHELF = service.read_shelf()
ROWS = 400


def a_population(seed: int) -> tuple[service.Rules, dict[str, Column], Column]:
    """Made-up claims in every place, and the sheet that each falls under."""
    rules = service.present_rules(SHELF, "trade_in")
    places = [sheet.head.place for sheet in rules.sheets]
    shape: Shape = shape_of(places, first_on=date(2024, 8, 1), last_on=date(2025, 12, 31))
    facts = make_block(shape, seed=seed, block=0, rows=ROWS)
    chosen = service.choose_sheets(
        service.Calendar(rules, known_on=KNOWN_BY_ALL), places=facts["place"], days=facts["bought_on"]
    )
    return rules, facts, chosen


def texts_of(facts: dict[str, Column], row: int) -> dict[str, str]:
    """One row's facts as text."""
    return {
        fact.name: show_fact(fact, int(facts[fact.name][row]))
        for fact in TRADE_IN.facts
        if fact.name in facts and facts[fact.name][row] != NOT_GIVEN
    }


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_each_row_of_a_simulation_is_what_its_claim_alone_would_get(seed: int) -> None:
    rules, facts, chosen = a_population(seed)
    places = facts.pop("place")
    outcome = service.decide_population(rules, facts, sheets=chosen, steps=TRADE_IN.steps)
    order = [reason.name for reason in TRADE_IN.order]
    for row in range(0, ROWS, 7):
        if chosen[row] < 0:
            assert 0 == outcome.amount_fen[row]
            continue
        given_facts = texts_of(facts, row)
        decision = service.decide(
            SHELF,
            programme="trade_in",
            place=f"{places[row]:06d}",
            on=date.fromisoformat(given_facts["bought_on"]),
            known_on=KNOWN_BY_ALL,
            given=given_facts,
        )

        assert rules.every[chosen[row]].name == decision.sheet
        assert decision.amount_fen == outcome.amount_fen[row]
        assert decision.reason == (order[outcome.reason[row] - 1] if outcome.reason[row] else None)
        assert {step.name: step.value for step in decision.steps} == {
            name: int(column[row]) for name, column in outcome.steps.items()
        }


def test_the_same_seed_makes_the_same_claims_and_another_makes_others() -> None:
    one, again, other = (a_population(seed)[1] for seed in (1, 1, 2))

    assert all((one[name] == again[name]).all() for name in one)
    assert not (one["price"] == other["price"]).all()


def test_claims_in_any_order_come_out_the_same() -> None:
    rules, facts, chosen = a_population(5)
    mixed = np.random.Generator(np.random.Philox(key=5)).permutation(ROWS)
    there = {name: column[mixed] for name, column in facts.items()}
    sorted_out = service.decide_population(rules, facts, sheets=chosen, steps=TRADE_IN.steps)
    mixed_out = service.decide_population(rules, there, sheets=chosen[mixed], steps=TRADE_IN.steps)
    chosen_again = service.choose_sheets(
        service.Calendar(rules, known_on=KNOWN_BY_ALL), places=there["place"], days=there["bought_on"]
    )

    assert (chosen[mixed] == chosen_again).all()
    assert (sorted_out.amount_fen[mixed] == mixed_out.amount_fen).all()
    assert (sorted_out.reason[mixed] == mixed_out.reason).all()


def share(price: int, basis_points: int, cap: int, *, tens: bool) -> int:
    """A share as the rule reads, in Python's own whole numbers."""
    fen = price * basis_points // 10_000
    return min((fen + 500) // 1_000 * 1_000 if tens else fen, cap)


@settings(max_examples=60, deadline=None)
@given(
    prices=st.lists(st.integers(1, PRICE_FEN_MAX), min_size=1, max_size=20),
    percent=st.integers(0, 10_000),
    cap=st.integers(0, PRICE_FEN_MAX),
    tens=st.booleans(),
)
def test_a_share_is_what_whole_numbers_without_bounds_give(
    prices: list[int], percent: int, cap: int, tens: bool
) -> None:
    sheet = _share_sheet(percent, cap, tens=tens)
    columns = {
        "price": np.array(prices, np.int64),
        "old_battery": np.zeros(len(prices), np.int64),
        "new_battery": np.zeros(len(prices), np.int64),
    }
    worked = decide_columns(TRADE_IN, sheet, columns, rows=len(prices))

    assert [share(price, percent, cap, tens=tens) for price in prices] == worked.amount_fen.tolist()


def _share_sheet(percent: int, cap: int, *, tens: bool) -> Sheet:
    base = f"{{kind: percent, percent: {_two_places(percent)}, cap: {_two_places(cap)}, clause: notice}}"
    rounding = "tens_half_up" if tens else "fen_floor"
    return a_sheet(a_sheet_text(base=base, rounding=f"{{rule: {rounding}, clause: notice}}"))


def _two_places(hundredths: int) -> str:
    return f"{hundredths // 100}.{hundredths % 100:02d}"


@pytest.mark.parametrize("programme", SHELF.programmes())
def test_facts_at_their_bounds_overflow_nothing(programme: str) -> None:
    for sheet in SHELF.sheets_of(programme):
        formula = SHELF.formula_of(sheet).formula
        for bound in ("least", "most"):
            columns = {fact.name: np.array([getattr(fact, bound)], np.int64) for fact in formula.facts}
            worked = decide_columns(formula, sheet, columns, rows=1)

            assert all(0 <= column[0] < 2**62 for name, column in worked.steps.items() if name != "age_years")


def test_a_column_of_length_one_is_a_claim() -> None:
    sheet = SHELF.sheets_of("trade_in")[0]
    given_facts = {"price": "1999.99", "old_battery": "lithium", "new_battery": "lead_acid"}
    on = sheet.valid_from
    numbers = {name: number for name, number in read_facts(TRADE_IN, given_facts).items() if number != NOT_GIVEN}
    columns = {name: np.array([number], np.int64) for name, number in numbers.items()}
    worked = decide_columns(TRADE_IN, sheet, columns, rows=1)
    decision = decide_case(
        SHELF.formula_of(sheet),
        sheet,
        place=sheet.head.place,
        on=on,
        known_on=KNOWN_BY_ALL,
        given=given_facts,
        asking=Asking.ESTIMATE,
    )

    assert [60_000] == worked.amount_fen.tolist()
    assert (60_000, None) == (decision.amount_fen, decision.reason)
