"""Version 2 of the trade-in: all that version 1 decides, and three things that its sheets could not say."""

from datetime import date

import pytest

from tests.support.builders.programmes import a_decision, a_sheet, a_sheet_text, a_shelf
from yikatong.programmes import service
from yikatong.programmes.model import Asking, Decision, NoteName
from yikatong.programmes.rules.reading import SheetError

WITHIN = "{days: 15, clause: notice}"


def a_text(*, within: str = "none", new_owner: str = "applicant", **terms: str) -> str:
    """A sheet of version 2 that asks for nothing and pays 500, but for what is given."""
    ownership = f"{{proof: plate, new_owner: {new_owner}, clause: notice}}"
    text = a_sheet_text({"ownership": ownership} | terms, windows={"new_registered_within": within})
    return text.replace("formula: 1", "formula: 2")


def decided(text: str, *, asking: Asking = Asking.ESTIMATE, **facts: str) -> Decision:
    """A case under a sheet."""
    return a_decision(a_shelf(a_sheet(text)), facts, asking=asking)


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        ("2024-10-19", "NEW_REGISTRATION_IS_OUTSIDE_THE_WINDOW"),
        ("2024-10-20", None),
        ("2024-11-04", None),
        ("2024-11-05", "NEW_REGISTRATION_IS_OUTSIDE_THE_WINDOW"),
    ],
)
def test_a_new_bike_is_registered_within_days_of_its_purchase(day: str, reason: str | None) -> None:
    assert reason == decided(a_text(within=WITHIN), new_registered_on=day).reason


def test_what_would_have_changed_it_names_both_days_that_count_and_the_purchase() -> None:
    shelf = a_shelf(a_sheet(a_text(within=WITHIN)))
    late = a_decision(shelf, new_registered_on="2024-11-05")
    changes = {change.fact: change.spans for change in service.find_single_changes(shelf, late)}

    assert [("2024-10-20", "2024-11-04")] == [(span.least, span.most) for span in changes["new_registered_on"]]
    assert [("2024-10-21", "2024-11-05")] == [(span.least, span.most) for span in changes["bought_on"]]


def test_a_claim_is_asked_for_the_day_and_an_estimate_is_not() -> None:
    claim = decided(a_text(within=WITHIN), asking=Asking.CLAIM, old_owner_is_applicant="yes")

    assert "new_registered_on" in {name for check in claim.checks for name in check.missing}
    assert decided(a_text(within=WITHIN)).reason is None


@pytest.mark.parametrize(
    ("new_owner", "reason"), [("applicant", "NEW_BIKE_IS_OF_ANOTHER_PERSON"), ("anyone", None), ("unknown", None)]
)
def test_whose_the_new_bike_must_be_may_be_unknown_and_then_binds_nobody(new_owner: str, reason: str | None) -> None:
    decision = decided(a_text(new_owner=new_owner), new_owner_is_applicant="no")
    noted = {note.about for note in decision.notes if note.name is NoteName.TERM_NOT_PUBLISHED}

    assert reason == decision.reason
    assert ("ownership.new_owner" in noted) == (new_owner == "unknown")


def test_who_pays_a_coupon_that_is_claimed_later_is_said_or_noted() -> None:
    mode = "{{kind: coupon, then: claim_later, life: days, days: 3, takes: 0, paid_by: {}, clause: notice}}"
    seller, unknown = (decided(a_text(mode=mode.format(who))) for who in ("seller", "unknown"))

    assert "mode.paid_by" not in {note.about for note in seller.notes}
    assert "mode.paid_by" in {note.about for note in unknown.notes}
    assert "COUPON_HAS_ENDED" == decided(a_text(mode=mode.format("seller")), coupon_taken_on="2024-10-16").reason


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("new_owner: applicant", "new_owner: aunt"),
        ("new_owner: applicant", "same_person: true"),
        ("{kind: deduct_at_sale, clause", "{kind: coupon, then: deduct_at_sale, life: days, days: 3, takes: 0, "
         "paid_by: seller, clause"),
        ("new_registered_within: none", "new_registered_within: {days: 0, clause: notice}"),
        (", new_registered_within: none", ""),
        ("battery: none", "battery: [{old: lithium, effect: add, amount: 1, clause: notice}, "
         "{new: lithium, effect: add, amount: 1, clause: notice}]"),
    ],
)  # fmt: skip
def test_a_sheet_of_version_2_is_read_as_strictly(right: str, wrong: str) -> None:
    text = a_text()
    assert right in text

    with pytest.raises(SheetError, match=r"trade_in/320000-2024-09-01.yaml:\d+"):
        a_sheet(text.replace(right, wrong))


def test_a_correction_decides_as_before_but_for_what_it_corrects() -> None:
    shelf = service.read_shelf()
    sheets = {sheet.name: sheet for sheet in shelf.sheets_of("trade_in")}
    corrected = [sheet for sheet in sheets.values() if sheet.head.formula == 2]
    given = {"price": "2999.99", "old_battery": "lithium", "new_battery": "lead_acid"}

    assert corrected
    for sheet in corrected:
        before, after = (
            service.decide(
                shelf,
                programme="trade_in",
                place=sheet.head.place,
                on=sheet.valid_from,
                known_on=known_on,
                given=given,
            )
            for known_on in (date(2026, 11, 25), date(2026, 11, 26))
        )
        assert (f"trade_in/{sheet.head.replaces}", sheet.name) == (before.sheet, after.sheet)
        assert (before.steps, before.failed) == (after.steps, after.failed)
