"""What would have changed the answer: one fact of a refused case, and the values with which it would be admitted."""

import msgspec


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """Values of one fact in a row with which the case is admitted, both ends in; a word of a choice is both ends.

    An end is empty where nothing but the fact's own bounds ends it; `least_clause` and `most_clause` are the clauses
    that refuse the value before the first and behind the last. `nearest` is the value next to what was given, and
    `amount_fen` what comes out with it, under `sheet`.
    """

    least: str
    most: str
    least_clause: str
    most_clause: str
    nearest: str
    amount_fen: int
    sheet: str


class SingleChange(msgspec.Struct, frozen=True, kw_only=True):
    """A fact that, changed alone, admits a refused case; `given` is empty where it was not given."""

    fact: str
    given: str
    spans: tuple[Span, ...]
