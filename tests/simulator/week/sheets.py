"""Under which sheets bikes are traded in: one place takes the subsidy off at the till, another pays it out later."""

from tests.support.builders.programmes import PAID_LATER, a_sheet, a_sheet_text, a_shelf
from yikatong.trade_in.model import ChainTerms

SUBSIDY_FEN = 50_000
AT_THE_TILL, LATER = "990201", "990202"
"""Places that no region has, so that the budgets' accounts are the same in every run."""
_TWICE = {"per_person": "{count: 2, per: scheme, clause: notice}"}
_TERMS = {
    AT_THE_TILL: _TWICE
    | {"battery": "[{old: lithium, new: lithium, effect: replace_flat, amount: 400, clause: notice}]"},
    LATER: _TWICE | PAID_LATER,
}
"""Who buys lithium again at the till leaves a rest of what was reserved."""


def a_chain() -> ChainTerms:
    """The terms under which both places run."""
    sheets = [
        a_sheet(
            a_sheet_text(
                terms, place=place, valid_from="2026-01-01", valid_until="2028-01-01", known_from="2026-01-01"
            ),
            name=f"{place}-2026-01-01",
        )
        for place, terms in _TERMS.items()
    ]
    return ChainTerms(shelf=a_shelf(*sheets), bucket_count=1, qualification_days=3, claim_days=5, code_minutes=15)
