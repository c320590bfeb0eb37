"""What would have changed the answer: one fact alone, with every value that admits, and none that does not."""

from collections.abc import Mapping
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rooms.programmes.test_deciding import BAD, GOOD, STRICT, decided
from tests.support.builders.programmes import KNOWN_BY_ALL, TRADE_IN, a_decision, a_sheet, a_sheet_text, a_shelf
from yikatong.programmes import service
from yikatong.programmes.formulas.trade_in.reasons import Reason as TradeIn
from yikatong.programmes.model import Asking, Decision, FactKind, SingleChange
from yikatong.programmes.rules.deciding import decide_columns
from yikatong.programmes.rules.facts import day_number, read_fact, read_facts, show_fact

DAYS = range(day_number(date(2024, 1, 1)), day_number(date(2026, 1, 1)))
PRICES = range(1, 300_000)
SHEET = STRICT.sheets_of("trade_in")[0]


def changes_of(decision: Decision, shelf: service.Shelf = STRICT) -> dict[str, SingleChange]:
    """What would have changed a decision, by fact."""
    return {change.fact: change for change in service.find_single_changes(shelf, decision)}


def with_fact(decision: Decision, name: str, value: str) -> Decision:
    """The same case with one fact changed."""
    facts = {**decision.inputs, name: value}
    on = date.fromisoformat(facts.pop("bought_on"))
    return a_decision(STRICT, facts, on=on, asking=Asking.CLAIM)


def admitted_values(inputs: Mapping[str, str], name: str, values: range) -> set[int]:
    """All values of one fact with which a claim is admitted, by trying each."""
    numbers = read_facts(TRADE_IN, inputs)
    facts = {fact: np.full(len(values), number, np.int64) for fact, number in numbers.items()}
    facts[name] = np.array(values, np.int64)
    worked = decide_columns(TRADE_IN, SHEET, facts, rows=len(values), asking=Asking.CLAIM)
    days, until = facts["bought_on"], day_number(SHEET.valid_until or date.max)
    in_force = (days >= day_number(SHEET.valid_from)) & (days < until)
    return set(facts[name][(worked.failed == 0) & in_force].tolist())


def told_values(change: SingleChange | None, name: str, values: range) -> set[int]:
    """All values of one fact that a change names."""
    fact = TRADE_IN.find_fact(name)
    assert fact is not None
    told: set[int] = set()
    for span in () if change is None else change.spans:
        least = read_fact(fact, span.least) if span.least else fact.least
        most = read_fact(fact, span.most) if span.most else fact.most
        told |= set(range(max(least, values[0]), min(most, values[-1]) + 1))
    return told


@pytest.mark.parametrize("reason", list(BAD), ids=lambda reason: reason.name)
def test_every_refusal_names_a_fact_that_mends_it_and_its_values_do(reason: TradeIn) -> None:
    decision = decided(**BAD[reason])
    changes = changes_of(decision)

    assert set(BAD[reason]) & set(changes)
    for change in changes.values():
        for span in change.spans:
            for value in (span.nearest, span.least, span.most):
                assert not value or with_fact(decision, change.fact, value).reason is None
            assert with_fact(decision, change.fact, span.nearest).amount_fen == span.amount_fen > 0


@pytest.mark.parametrize("reason", list(BAD), ids=lambda reason: reason.name)
def test_exactly_the_days_and_prices_that_admit_are_named(reason: TradeIn) -> None:
    decision = decided(**BAD[reason])
    changes = changes_of(decision)

    searched = {fact.name: DAYS for fact in TRADE_IN.facts if fact.kind is FactKind.DAY} | {"price": PRICES}
    for name, values in searched.items():
        assert admitted_values(decision.inputs, name, values) == told_values(changes.get(name), name, values)


@given(
    days=st.fixed_dictionaries(
        {name: st.sampled_from(DAYS) for name in ("bought_on", "handed_in_on", "old_cancelled_on", "coupon_taken_on")}
    ),
    channel=st.sampled_from(["store", "online"]),
    price=st.integers(90_000, 260_000),
)
def test_exactly_what_admits_is_named_wherever_a_case_lies(days: dict[str, int], channel: str, price: int) -> None:
    shown = {name: show_fact(fact, days[name]) for name in days if (fact := TRADE_IN.find_fact(name))}
    case = {**GOOD, **shown, "channel": channel, "price": f"{price // 100}.{price % 100:02d}"}
    case |= {"old_battery": "lithium", "new_battery": "lead_acid"}
    changes = service.find_days_in_force(
        STRICT,
        programme="trade_in",
        place="320000",
        on=date.fromisoformat(shown["bought_on"]),
        known_on=KNOWN_BY_ALL,
        given=case,
        asking=Asking.CLAIM,
    )
    told = {change.fact: change for change in changes}

    for name in days:
        admitted = admitted_values(case, name, DAYS)
        is_admitted = days[name] in admitted
        assert (set() if is_admitted else admitted) == told_values(told.get(name), name, DAYS)


def test_where_two_things_stand_in_the_way_no_single_fact_is_named() -> None:
    decision = decided(**BAD[TradeIn.APPLICANT_IS_TOO_YOUNG], **BAD[TradeIn.STORE_IS_NOT_LISTED])

    assert {} == changes_of(decision)
    assert {"age_years", "store_is_listed"} == {check.fact for check in decision.would_change}


def test_an_admitted_case_has_nothing_that_would_change_it() -> None:
    assert {} == changes_of(decided())


def test_one_fact_may_mend_several_reasons() -> None:
    decision = decided(**BAD[TradeIn.PURCHASE_IS_OUTSIDE_THE_WINDOW])

    assert 4 == len(decision.failed)
    assert [("2024-10-19", "2024-10-20")] == [(one.least, one.most) for one in changes_of(decision)["bought_on"].spans]


def test_a_claim_that_lacks_a_fact_is_told_its_values_with_the_clause() -> None:
    facts = {name: value for name, value in GOOD.items() if name not in ("bought_on", "age_years")}
    decision = a_decision(STRICT, facts, on=date(2024, 10, 20), asking=Asking.CLAIM)
    (span,) = changes_of(decision)["age_years"].spans

    assert "FACT_IS_NOT_GIVEN" == decision.reason
    assert ("18", "", "A notice", "") == (span.least, span.most, span.least_clause, span.most_clause)


def test_of_papers_the_least_that_is_missing_is_named() -> None:
    (span,) = changes_of(decided(evidence="old_photo"))["evidence"].spans

    assert {"old_photo", "id_card", "old_licence"} == set(span.nearest.split())


def test_the_ends_of_a_span_cite_different_clauses_where_they_follow_different_ones() -> None:
    sheet = a_sheet(
        a_sheet_text(
            windows={"handed_in": "{from: 2024-09-10, through: open, clause: notice the window}"},
            order="{rule: hand_in_first, clause: notice the order}",
        )
    )
    shelf = a_shelf(sheet)
    refused = a_decision(shelf, handed_in_on="2024-10-21")
    (span,) = changes_of(refused, shelf)["handed_in_on"].spans

    assert ("2024-09-10", "A notice: the window") == (span.least, span.least_clause)
    assert ("2024-10-20", "A notice: the order") == (span.most, span.most_clause)


def test_a_day_for_which_another_sheet_speaks_is_named_with_that_sheet() -> None:
    earlier = a_sheet(a_sheet_text(minimum_price="{price: 3000, clause: notice}", valid_until="2024-11-01"))
    later = a_sheet(
        a_sheet_text(base="{kind: flat, amount: 700, clause: notice}", valid_from="2024-11-01"),
        name="320000-2024-11-01",
    )
    shelf = a_shelf(earlier, later)
    (span,) = changes_of(a_decision(shelf, price="2000"), shelf)["bought_on"].spans

    assert ("2024-11-01", "2024-12-31", later.name, 70_000) == (span.least, span.most, span.sheet, span.amount_fen)
    assert ("A notice", "") == (span.least_clause, span.most_clause)


def test_a_day_without_a_sheet_is_told_the_days_in_force() -> None:
    (change,) = service.find_days_in_force(
        STRICT,
        programme="trade_in",
        place="320000",
        on=date(2023, 1, 1),
        known_on=KNOWN_BY_ALL,
        given={"price": "2000", "old_battery": "lead_acid", "new_battery": "lead_acid"},
    )

    assert ("bought_on", "2023-01-01") == (change.fact, change.given)
    assert [("2024-09-10", "2024-12-31")] == [(span.least, span.most) for span in change.spans]
