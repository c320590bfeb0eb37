"""The formula of the e-bike trade-in, version 2.

Amounts, order and all conditions of version 1 hold as they are. What version 2 adds: whose the new bike must be may be
unknown, and then leaves a note; so does who pays a coupon that is claimed later; a new bike may have to be registered
within some days of its purchase.
"""

from msgspec import structs

from yikatong.programmes.formulas.trade_in import version_1
from yikatong.programmes.formulas.trade_in.reasons import Reason
from yikatong.programmes.formulas.trade_in.terms_2 import Coupon, Ownership, RegisteredWithin, Terms
from yikatong.programmes.model import NoteName
from yikatong.programmes.rules.work import Work


def decide(work: Work, terms: Terms) -> None:
    """Decide a trade-in: all that version 1 asks, then what version 2 asks besides."""
    version_1.decide(work, terms.as_version_1())
    _note_new_owner(work, terms)
    _require_registration_within(work, terms)
    if isinstance(terms.mode, Coupon) and terms.mode.then == "claim_later" and terms.mode.paid_by == "unknown":
        work.note(NoteName.TERM_NOT_PUBLISHED, "mode.paid_by")


def _note_new_owner(work: Work, terms: Terms) -> None:
    if isinstance(terms.ownership, Ownership) and terms.ownership.new_owner == "unknown":
        work.note(NoteName.TERM_NOT_PUBLISHED, "ownership.new_owner")


def _require_registration_within(work: Work, terms: Terms) -> None:
    within = terms.windows.new_registered_within
    if within == "unknown":
        work.note(NoteName.WINDOW_NOT_PUBLISHED, "new_registered_within")
    if isinstance(within, RegisteredWithin):
        work.require(
            Reason.NEW_REGISTRATION_IS_OUTSIDE_THE_WINDOW,
            "new_registered_on",
            least="bought_on",
            most=work.fact("bought_on") + within.days,
            clause=within.clause,
        )


FORMULA = structs.replace(
    version_1.FORMULA,
    version=2,
    terms=Terms,
    decide=decide,
    texts=(*version_1.FORMULA.texts, "trade_in/terms_2.py", "trade_in/version_2.py"),
)
