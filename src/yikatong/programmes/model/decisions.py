"""A decision: what came out, by which rule, from which inputs, step by step."""

from datetime import date
from enum import StrEnum
from typing import NamedTuple

import msgspec

from yikatong.programmes.model.facts import Column


class Asking(StrEnum):
    """How a case is asked: as an estimate, which takes facts not given as good, or as a claim, which asks for them."""

    ESTIMATE = "estimate"
    CLAIM = "claim"


class Found(StrEnum):
    """What a check found of one case."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_GIVEN = "not_given"


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One condition: which reason stands behind it, of which fact, what was found, and what it wants.

    `least` and `most` are the fact's text; both empty where the condition is of another form, which `wants` says.
    `missing` names the facts that were not given, the bound's own among them.
    """

    reason: str
    fact: str
    found: Found
    given: str
    missing: tuple[str, ...]
    least: str
    most: str
    wants: str
    clause: str


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One named number on the way to the amount, with the clause it follows."""

    name: str
    value: int
    clause: str


class NoteName(StrEnum):
    """What a decision has to say besides: a term that nobody published did not stand in the way."""

    WINDOW_NOT_PUBLISHED = "WINDOW_NOT_PUBLISHED"
    LIMIT_NOT_PUBLISHED = "LIMIT_NOT_PUBLISHED"
    TERM_NOT_PUBLISHED = "TERM_NOT_PUBLISHED"


class Note(msgspec.Struct, frozen=True):
    """A note and the term it is about."""

    name: NoteName
    about: str


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """A decision with everything that is needed to recompute it.

    `on` is the effective day, `known_on` the day of knowledge. `failed` names every reason that stands in the way,
    `reason` the first of them in the formula's order. `amount_if_met_fen` is the amount if none did, None where no
    amount is known. Digests are SHA-256 in hex.
    """

    programme: str
    place: str
    on: date
    known_on: date
    asking: Asking
    formula: str
    formula_digest: str
    sheet: str
    sheet_digest: str
    inputs: dict[str, str]
    inputs_digest: str
    amount_fen: int
    reason: str | None
    failed: tuple[str, ...]
    amount_if_met_fen: int | None
    notes: tuple[Note, ...]
    checks: tuple[Check, ...]
    steps: tuple[Step, ...]

    @property
    def would_change(self) -> tuple[Check, ...]:
        """What would have changed the answer: every check that failed, with what it wanted."""
        return tuple(check for check in self.checks if check.found is Found.FAILED)

    @property
    def lacking(self) -> tuple[str, ...]:
        """The facts that were asked and not given; an estimate took them as good."""
        missing = (name for check in self.checks if check.found is Found.NOT_GIVEN for name in check.missing)
        return tuple(dict.fromkeys(missing))


class Worked(NamedTuple):
    """What became of a column of cases: amounts, the first reason (0 is none, else its place from 1), all failed
    checks as bits, and every step by name."""

    amount_fen: Column
    reason: Column
    failed: Column
    steps: dict[str, Column]
