"""The edges of a trade-in sheet: which values its case file must try."""

from collections.abc import Iterator
from itertools import product

from tests.tables.case_files import Expected
from yikatong.programmes.formulas.trade_in.terms_1 import (
    ByBattery,
    MinimumPrice,
    NewBattery,
    OldBattery,
    ReplaceShare,
    Share,
    Terms,
    Tiers,
)
from yikatong.programmes.formulas.trade_in.terms_2 import Terms as Terms2
from yikatong.programmes.formulas.trade_in.version_1 import FORMULA
from yikatong.programmes.model import Sheet, Window
from yikatong.programmes.model.facts import PRICE_FEN_MAX
from yikatong.programmes.rules.facts import read_fact, show_fact

WINDOW_FACTS = {
    "bought": "bought_on",
    "handed_in": "handed_in_on",
    "old_registered": "old_registered_on",
    "old_cancelled": "old_cancelled_on",
    "new_registered": "new_registered_on",
    "claimed": "claimed_at",
}


def missing_edges(sheet: Sheet, cases: list[Expected]) -> list[str]:
    """What a case file leaves untried of its sheet, in words."""
    terms: Terms = sheet.terms.as_version_1() if isinstance(sheet.terms, Terms2) else sheet.terms
    tried = {(name, _number(name, text)) for case in cases for name, text in _facts(case)}
    missing = [
        f"{name} {_text(name, number)}"
        for name, number in (*_price_edges(terms), *_window_edges(terms))
        if (name, number) not in tried
    ]
    pairs = {(case.given.get("old_battery", ""), case.given.get("new_battery", "")) for case in cases}
    return missing + [f"batteries {old} to {new}" for old, new in _pairs(terms) if (old, new) not in pairs]


def _facts(case: Expected) -> Iterator[tuple[str, str]]:
    for name, text in case.given.items():
        yield "bought_on" if name == "on" else name, text


def _number(name: str, text: str) -> int:
    fact = FORMULA.find_fact(name)
    return read_fact(fact, text) if fact is not None else 0


def _text(name: str, number: int) -> str:
    fact = FORMULA.find_fact(name)
    assert fact is not None
    return show_fact(fact, number)


def _price_edges(terms: Terms) -> Iterator[tuple[str, int]]:
    edges = []
    if isinstance(terms.base, Tiers):
        edges += [tier.from_ for tier in terms.base.tiers if tier.from_ > 0]
    if isinstance(terms.minimum_price, MinimumPrice):
        edges.append(terms.minimum_price.price)
    rules = terms.battery if isinstance(terms.battery, tuple) else ()
    shares = [one for one in (terms.base, *rules) if isinstance(one, Share | ReplaceShare)]
    tens = terms.rounding.rule == "tens_half_up"
    edges_of_caps = [_cap_edge(one.percent, one.cap, tens=tens) for one in shares]
    for edge in (*edges, *edges_of_caps):
        yield from (("price", edge + by) for by in (-1, 0, 1))


def _cap_edge(percent: int, cap: int, *, tens: bool) -> int:
    """The smallest price at which the share reaches its cap."""
    low, high = 1, PRICE_FEN_MAX
    while low < high:
        middle = (low + high) // 2
        share = middle * percent // 10_000
        reached = (share + 500) // 1_000 * 1_000 if tens else share
        low, high = (low, middle) if reached >= cap else (middle + 1, high)
    return low


def _window_edges(terms: Terms) -> Iterator[tuple[str, int]]:
    for name, fact in WINDOW_FACTS.items():
        window = getattr(terms.windows, name)
        if isinstance(window, Window):
            within = window.in_seconds() if name == "claimed" else window.in_days()
            if within.least is not None:
                yield from ((fact, within.least + by) for by in (-1, 0))
            if within.most is not None:
                yield from ((fact, within.most + by) for by in ((0, 1) if name == "claimed" else (-1, 0, 1)))


def _pairs(terms: Terms) -> list[tuple[str, str]]:
    """A pair that each battery rule fits, and unless every pair must fit one, a pair that fits none."""
    if terms.base == "unknown":
        return [("lithium", "lead_acid")]
    rules = terms.battery if isinstance(terms.battery, tuple) else ()
    fitting = [(rule.old or OldBattery.LEAD_ACID, rule.new or NewBattery.LEAD_ACID) for rule in rules]
    others = [
        (old, new)
        for old, new in product((OldBattery.LEAD_ACID, OldBattery.LITHIUM), (NewBattery.LEAD_ACID, NewBattery.LITHIUM))
        if not any(rule.old in (None, old) and rule.new in (None, new) for rule in rules)
    ]
    plain = [] if isinstance(terms.base, ByBattery) else others[:1]
    pairs = [*fitting, *plain] if rules else [*others[:1], (OldBattery.LITHIUM, NewBattery.LEAD_ACID)]
    return [(old.value, new.value) for old, new in dict.fromkeys(pairs)]
