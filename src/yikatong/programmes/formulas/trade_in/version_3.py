"""The formula of the e-bike trade-in, version 3.

Amounts, order and all conditions of version 2 hold as they are. Version 3 reads two terms more, with which it does not
calculate: the hours of a coupon and a quota of bikes. Where nobody published them they leave a note.
"""

from msgspec import structs

from yikatong.programmes.formulas.trade_in import version_2
from yikatong.programmes.formulas.trade_in.terms_3 import Coupon, Terms
from yikatong.programmes.model import NoteName
from yikatong.programmes.rules.work import Work


def decide(work: Work, terms: Terms) -> None:
    """Decide a trade-in: all that version 2 asks, and notes of what was not published besides."""
    version_2.decide(work, terms.as_version_2())
    if isinstance(terms.mode, Coupon) and terms.mode.hours == "unknown":
        work.note(NoteName.TERM_NOT_PUBLISHED, "mode.hours")
    if terms.quota == "unknown":
        work.note(NoteName.TERM_NOT_PUBLISHED, "quota")


FORMULA = structs.replace(
    version_2.FORMULA,
    version=3,
    terms=Terms,
    decide=decide,
    texts=(*version_2.FORMULA.texts, "trade_in/terms_3.py", "trade_in/version_3.py"),
)
