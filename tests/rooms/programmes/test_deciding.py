"""A decision: the order of its refusals, what would change it, what it notes, and that it replays."""

from datetime import date

import msgspec
import pytest

from tests.support.builders.programmes import a_decision, a_sheet, a_sheet_text, a_shelf
from yikatong.kernel.outcomes import Refused
from yikatong.programmes import service
from yikatong.programmes.formulas.trade_in.reasons import Reason as TradeIn
from yikatong.programmes.model import Asking, Decision, Found, NoteName, Reason

DAYS = "{from: 2024-09-10, through: 2024-12-31, clause: notice}"
STRICT = a_shelf(
    a_sheet(
        a_sheet_text(
            windows=dict.fromkeys(("old_registered", "old_cancelled", "handed_in", "bought", "new_registered"), DAYS)
            | {"claimed": "{from: 2024-09-10 09:00, before: 2025-01-11, clause: notice}"},
            base="{kind: tiers, tiers: [{from: 1000, amount: 300}, {from: 2000, amount: 400}], clause: notice}",
            battery="[{old: other, new: other, effect: unknown, clause: notice}]",
            per_person="{count: 2, per: scheme, clause: notice}",
            order="{rule: cancel_first, online: buy_then_claim, clause: notice}",
            mode="{kind: coupon, then: deduct_at_sale, life: days, days: 3, takes: 2, clause: notice}",
            age="{from_years: 18, clause: notice}",
            evidence="{items: [[id_card], [old_licence, pledge]], clause: notice}",
            price_pledge="{rule: lowest_month_before_policy, clause: notice}",
        )
    )
)
GOOD = {
    "price": "2000",
    "bought_on": "2024-10-20",
    "handed_in_on": "2024-10-18",
    "old_registered_on": "2024-09-20",
    "old_cancelled_on": "2024-10-19",
    "new_registered_on": "2024-10-25",
    "claimed_at": "2024-11-01 12:00",
    "coupon_taken_on": "2024-10-17",
    "age_years": "18",
    "earlier_claims": "1",
    "reference_price": "2000",
    "budget_left": "400",
    "old_owner_is_applicant": "yes",
    "new_owner_is_applicant": "yes",
    "invoice_names_applicant": "yes",
    "old_is_plated": "yes",
    "new_is_certified": "yes",
    "store_is_listed": "yes",
    "recycler_is_listed": "yes",
    "old_code": "123422012345678",
    "new_code": "123422412345678",
    "evidence": "id_card pledge",
}
BAD: dict[TradeIn, dict[str, str]] = {
    TradeIn.RULE_NOT_PUBLISHED: {"old_battery": "other", "new_battery": "other"},
    TradeIn.PURCHASE_IS_OUTSIDE_THE_WINDOW: {"bought_on": "2024-09-09"},
    TradeIn.HAND_IN_IS_OUTSIDE_THE_WINDOW: {"handed_in_on": "2024-09-09"},
    TradeIn.OLD_REGISTRATION_IS_OUTSIDE_THE_WINDOW: {"old_registered_on": "2025-01-01"},
    TradeIn.CANCELLATION_IS_OUTSIDE_THE_WINDOW: {"old_cancelled_on": "2024-09-09"},
    TradeIn.NEW_REGISTRATION_IS_OUTSIDE_THE_WINDOW: {"new_registered_on": "2025-01-01"},
    TradeIn.CLAIM_IS_OUTSIDE_THE_WINDOW: {"claimed_at": "2025-01-11 00:00"},
    TradeIn.APPLICANT_IS_TOO_YOUNG: {"age_years": "17"},
    TradeIn.OLD_BIKE_IS_OF_ANOTHER_PERSON: {"old_owner_is_applicant": "no"},
    TradeIn.NEW_BIKE_IS_OF_ANOTHER_PERSON: {"new_owner_is_applicant": "no"},
    TradeIn.INVOICE_IS_OF_ANOTHER_PERSON: {"invoice_names_applicant": "no"},
    TradeIn.OLD_AND_NEW_ARE_ONE_VEHICLE: {"new_code": "123422012345678"},
    TradeIn.OLD_BIKE_HAS_NO_PROOF_OF_OWNERSHIP: {"old_is_plated": "no"},
    TradeIn.OLD_BIKE_HAS_NO_BATTERY: {"old_battery": "none"},
    TradeIn.NEW_BIKE_IS_NOT_CERTIFIED: {"new_is_certified": "no"},
    TradeIn.RECYCLER_IS_NOT_LISTED: {"recycler_is_listed": "no"},
    TradeIn.STORE_IS_NOT_LISTED: {"store_is_listed": "no"},
    TradeIn.HAND_IN_IS_IN_THE_WRONG_ORDER: {"channel": "store", "handed_in_on": "2024-10-21"},
    TradeIn.CANCELLATION_IS_IN_THE_WRONG_ORDER: {"channel": "store", "old_cancelled_on": "2024-10-21"},
    TradeIn.CLAIM_IS_BEFORE_THE_PURCHASE: {"channel": "online", "claimed_at": "2024-10-19 23:59"},
    TradeIn.COUPON_HAS_ENDED: {"coupon_taken_on": "2024-10-16"},
    TradeIn.PRICE_IS_BELOW_THE_MINIMUM: {"price": "999.99"},
    TradeIn.PRICE_IS_OVER_THE_PLEDGE: {"reference_price": "1500"},
    TradeIn.CLAIMS_ARE_USED_UP: {"earlier_claims": "2"},
    TradeIn.EVIDENCE_IS_MISSING: {"evidence": "id_card"},
    TradeIn.BUDGET_IS_USED_UP: {"budget_left": "0"},
}
"""For each reason the facts that bring it about, in the order in which the first is told."""


def decided(**changed: str) -> Decision:
    """A claim with everything in order but what was changed."""
    facts = {**GOOD, **changed}
    on = date.fromisoformat(facts.pop("bought_on"))
    return a_decision(STRICT, facts, on=on, asking=Asking.CLAIM)


def test_a_claim_with_everything_in_order_gets_its_amount() -> None:
    decision = decided()

    assert (40_000, None, ()) == (decision.amount_fen, decision.reason, decision.failed)


def test_every_reason_has_its_case_in_the_order_of_the_formula() -> None:
    assert list(TradeIn) == list(BAD)


@pytest.mark.parametrize("reason", list(BAD), ids=lambda reason: reason.name)
def test_what_stands_in_the_way_is_told(reason: TradeIn) -> None:
    decision = decided(**BAD[reason])

    assert 0 == decision.amount_fen
    assert reason.name in decision.failed


@pytest.mark.parametrize("reason", list(BAD), ids=lambda reason: reason.name)
def test_of_several_reasons_the_first_in_the_order_is_told(reason: TradeIn) -> None:
    together: dict[str, str] = {}
    for later in reversed(list(BAD)[list(BAD).index(reason) :]):
        together |= BAD[later]
    decision = decided(**together)

    order = [one.name for one in TradeIn]
    assert list(decision.failed) == sorted(decision.failed, key=order.index)
    assert decision.reason == decision.failed[0]
    assert order.index(decision.failed[0]) <= order.index(reason.name)


MENDS = {
    "old_code != new_code": {"new_code": "999922012345678"},
    "old_battery != none": {"old_battery": "lead_acid"},
    "id_card, old_licence or pledge": {"evidence": "id_card old_licence"},
}


@pytest.mark.parametrize(
    "reason", [reason for reason in BAD if reason is not TradeIn.RULE_NOT_PUBLISHED], ids=lambda reason: reason.name
)
def test_what_would_have_changed_the_answer_changes_it(reason: TradeIn) -> None:
    facts = {**GOOD, **BAD[reason]}
    refused = mended = decided(**BAD[reason])
    # What is mended may bring about a later reason: whoever buys earlier must have handed in earlier.
    for _ in BAD:
        if mended.failed:
            check = mended.would_change[0]
            facts |= MENDS[check.wants] if check.wants else {check.fact: check.least or check.most}
            mended = decided(**facts)

    assert reason.name in {check.reason for check in refused.would_change}
    assert refused.amount_if_met_fen is not None
    assert (None, ()) == (mended.reason, mended.failed)


def test_the_amount_if_all_were_met_is_told_with_a_refusal() -> None:
    assert 40_000 == decided(earlier_claims="9").amount_if_met_fen
    assert decided(old_battery="other", new_battery="other").amount_if_met_fen is None


def test_a_claim_asks_for_every_fact_that_its_sheet_needs_and_an_estimate_does_not() -> None:
    for fact in GOOD:
        if fact in ("price", "bought_on", "old_code", "new_code"):
            continue
        facts = {name: value for name, value in GOOD.items() if name not in (fact, "bought_on")}
        claim = a_decision(STRICT, facts, asking=Asking.CLAIM)
        estimate = a_decision(STRICT, facts, asking=Asking.ESTIMATE)

        assert Reason.FACT_IS_NOT_GIVEN.name == claim.reason, fact
        assert fact in {name for check in claim.checks for name in check.missing}
        assert (40_000, None) == (estimate.amount_fen, estimate.reason)
        assert Found.NOT_GIVEN in {check.found for check in estimate.checks}


def test_what_nobody_published_is_noted_and_refuses_nobody() -> None:
    unknown = a_sheet_text(
        windows=dict.fromkeys(("bought", "claimed"), "unknown") | {"handed_in": DAYS.replace("2024-09-10", "unknown")},
        per_person="unknown",
        order="unknown",
        minimum_price="unknown",
    )
    decision = a_decision(a_shelf(a_sheet(unknown)), price="0.01", earlier_claims="9", handed_in_on="1999-01-01")

    assert 50_000 == decision.amount_fen
    assert {
        (NoteName.WINDOW_NOT_PUBLISHED, "bought"),
        (NoteName.WINDOW_NOT_PUBLISHED, "claimed"),
        (NoteName.WINDOW_NOT_PUBLISHED, "handed_in"),
        (NoteName.LIMIT_NOT_PUBLISHED, "per_person"),
        (NoteName.TERM_NOT_PUBLISHED, "order"),
        (NoteName.TERM_NOT_PUBLISHED, "minimum_price"),
    } == {(note.name, note.about) for note in decision.notes}


def test_an_amount_that_nobody_published_is_refused_and_none_is_invented() -> None:
    decision = a_decision(a_shelf(a_sheet(a_sheet_text(base="unknown"))))

    assert ("RULE_NOT_PUBLISHED", 0, None) == (decision.reason, decision.amount_fen, decision.amount_if_met_fen)


def test_a_person_of_five_years_is_refused_by_the_civil_code_where_no_age_is_published() -> None:
    shelf = a_shelf(a_sheet(a_sheet_text(age="unknown")))
    decision = a_decision(shelf, age_years="5")

    assert TradeIn.APPLICANT_IS_TOO_YOUNG.name == decision.reason
    assert "第二十条" in decision.would_change[0].clause
    assert a_decision(shelf, age_years="8").reason is None


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"price": "0"}, Reason.FACT_IS_OUT_OF_BOUNDS),
        ({"price": "10000000.01"}, Reason.FACT_IS_OUT_OF_BOUNDS),
        ({"price": "-1"}, Reason.FACT_IS_NOT_READABLE),
        ({"price": "19.999"}, Reason.FACT_IS_NOT_READABLE),
        ({"price": "NaN"}, Reason.FACT_IS_NOT_READABLE),
        ({"price": "9" * 400}, Reason.FACT_IS_NOT_READABLE),
        ({"price": "２０００"}, Reason.FACT_IS_NOT_READABLE),
        ({"old_battery": "uranium"}, Reason.FACT_IS_NOT_READABLE),
        ({"handed_in_on": "2024-02-30"}, Reason.FACT_IS_NOT_READABLE),
        ({"handed_in_on": "20240220"}, Reason.FACT_IS_NOT_READABLE),
        ({"handed_in_on": "2024-W08-2"}, Reason.FACT_IS_NOT_READABLE),
        ({"handed_in_on": "1969-12-31"}, Reason.FACT_IS_OUT_OF_BOUNDS),
        ({"claimed_at": "2024-11-01 25:00"}, Reason.FACT_IS_NOT_READABLE),
        ({"old_code": "12342201234567"}, Reason.FACT_IS_NOT_READABLE),
        ({"old_code": "12342201234567８"}, Reason.FACT_IS_NOT_READABLE),
        ({"age_years": "151"}, Reason.FACT_IS_OUT_OF_BOUNDS),
        ({"age_years": "1.5"}, Reason.FACT_IS_NOT_READABLE),
        ({"evidence": "id_card rumour"}, Reason.FACT_IS_NOT_READABLE),
        ({"old_is_plated": "perhaps"}, Reason.FACT_IS_NOT_READABLE),
        ({"colour": "red"}, Reason.FACT_IS_UNKNOWN),
        ({"bought_on": "2024-10-21"}, Reason.FACT_IS_NOT_READABLE),
    ],
)
def test_a_fact_that_cannot_be_is_refused_by_its_name(facts: dict[str, str], reason: Reason) -> None:
    with pytest.raises(Refused) as refused:
        a_decision(STRICT, facts)

    assert reason is refused.value.reason
    assert next(iter(facts)) == refused.value.about["fact"]


def test_a_programme_that_does_not_exist_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        service.decide(
            STRICT, programme="car", place="320000", on=date(2024, 10, 20), known_on=date(2025, 1, 1), given={}
        )

    assert Reason.PROGRAMME_IS_UNKNOWN is refused.value.reason


def test_a_kept_decision_replays_from_its_own_words_alone() -> None:
    kept = msgspec.json.decode(msgspec.json.encode(decided(earlier_claims="2")), type=Decision)

    assert kept == service.replay(STRICT, kept)
    assert () == service.find_differences(STRICT, kept)


def test_every_difference_of_a_replay_is_named() -> None:
    kept = decided()
    *steps, amount = kept.steps
    more = msgspec.structs.replace(amount, value=amount.value + 1)
    forged = msgspec.structs.replace(kept, amount_fen=kept.amount_fen + 1, steps=(*steps, more))

    assert ["amount_fen", "steps.amount"] == [one.field for one in service.find_differences(STRICT, forged)]
    assert [("40001", "40000"), ("40001 ", "40000 ")] == [
        (one.kept.partition("(")[0], one.replayed.partition("(")[0]) for one in service.find_differences(STRICT, forged)
    ]


def test_steps_in_another_order_are_a_difference() -> None:
    kept = decided()
    turned = msgspec.structs.replace(kept, steps=tuple(reversed(kept.steps)))

    assert ["steps"] == [one.field for one in service.find_differences(STRICT, turned)]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount_fen": 40_001}, "amount_fen"),
        ({"reason": "CLAIMS_ARE_USED_UP"}, "reason"),
        ({"inputs": {**decided().inputs, "price": "1999.99"}}, "inputs_digest"),
        ({"inputs": {**decided().inputs, "price": "2000"}}, "inputs"),
        ({"on": date(2024, 10, 19), "inputs": {**decided().inputs, "bought_on": "2024-10-19"}}, "inputs_digest"),
        ({"steps": decided().steps[:-1]}, "steps"),
        ({"checks": ()}, "checks"),
        ({"known_on": date(2024, 10, 20)}, "inputs_digest"),
    ],
)
def test_a_kept_decision_that_was_changed_does_not_replay(change: dict[str, object], field: str) -> None:
    with pytest.raises(Refused) as refused:
        service.replay(STRICT, msgspec.structs.replace(decided(), **change))

    assert Reason.DECISION_DOES_NOT_REPLAY is refused.value.reason
    assert field == refused.value.about["field"]


@pytest.mark.parametrize("change", [{"sheet_digest": "0" * 64}, {"formula_digest": "0" * 64}, {"sheet": "trade_in/x"}])
def test_a_decision_by_a_rule_that_is_not_held_says_so(change: dict[str, str]) -> None:
    with pytest.raises(Refused) as refused:
        service.replay(STRICT, msgspec.structs.replace(decided(), **change))

    assert Reason.RULE_IS_NOT_HELD is refused.value.reason
