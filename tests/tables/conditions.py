"""The conditions of a trade-in sheet: which refusals its case file must show."""

from collections.abc import Iterator

from tests.tables.case_files import Expected
from yikatong.programmes.formulas.trade_in.reasons import Reason
from yikatong.programmes.formulas.trade_in.terms_1 import (
    Age,
    Coupon,
    Evidence,
    OldBike,
    Order,
    Ownership,
    PerPerson,
    Terms,
)
from yikatong.programmes.formulas.trade_in.terms_2 import RegisteredWithin
from yikatong.programmes.formulas.trade_in.terms_2 import Terms as Terms2
from yikatong.programmes.model import Sheet

ORDER = {
    "hand_in_first": Reason.HAND_IN_IS_IN_THE_WRONG_ORDER,
    "cancel_first": Reason.CANCELLATION_IS_IN_THE_WRONG_ORDER,
    "buy_first": Reason.HAND_IN_IS_IN_THE_WRONG_ORDER,
    "same_day": Reason.HAND_IN_IS_IN_THE_WRONG_ORDER,
    "buy_then_claim": Reason.CLAIM_IS_BEFORE_THE_PURCHASE,
}


def missing_conditions(sheet: Sheet, cases: list[Expected]) -> list[str]:
    """The reasons that a sheet can refuse for, of which its case file shows none."""
    terms: Terms = sheet.terms.as_version_1() if isinstance(sheet.terms, Terms2) else sheet.terms
    shown = {name for case in cases for name in (case.reason, *case.failed)}
    return [reason.name for reason in (*_conditions(terms), *_more_conditions(sheet)) if reason.name not in shown]


def _more_conditions(sheet: Sheet) -> Iterator[Reason]:
    """What version 2 can ask besides."""
    if isinstance(sheet.terms, Terms2) and isinstance(sheet.terms.windows.new_registered_within, RegisteredWithin):
        yield Reason.NEW_REGISTRATION_IS_OUTSIDE_THE_WINDOW


def _conditions(terms: Terms) -> Iterator[Reason]:
    if isinstance(terms.age, Age):
        yield Reason.APPLICANT_IS_TOO_YOUNG
    if isinstance(terms.ownership, Ownership) and terms.ownership.same_person:
        yield Reason.NEW_BIKE_IS_OF_ANOTHER_PERSON
    if isinstance(terms.ownership, Ownership) and terms.ownership.proof != "unknown":
        yield Reason.OLD_BIKE_HAS_NO_PROOF_OF_OWNERSHIP
    if isinstance(terms.old_bike, OldBike) and terms.old_bike.battery == "required":
        yield Reason.OLD_BIKE_HAS_NO_BATTERY
    if isinstance(terms.order, Order) and terms.order.rule in ORDER:
        yield ORDER[terms.order.rule]
    if isinstance(terms.mode, Coupon) and terms.mode.life != "unknown":
        yield Reason.COUPON_HAS_ENDED
    if isinstance(terms.per_person, PerPerson):
        yield Reason.CLAIMS_ARE_USED_UP
    if isinstance(terms.evidence, Evidence):
        yield Reason.EVIDENCE_IS_MISSING
