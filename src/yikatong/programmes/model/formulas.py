"""A formula: how a programme decides, as a value that the engine finds and runs."""

from collections.abc import Callable
from typing import Any

import msgspec

from yikatong.kernel.outcomes import Reason as AnyReason
from yikatong.programmes.model.facts import Fact
from yikatong.programmes.reasons import Reason

AMOUNT = "amount"
"""The step that every formula ends with: the amount if nothing stands in the way."""


class Formula(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a programme's formula.

    `effective` is the fact that chooses the sheet; `terms` the type that sheets are read into; `steps` the names of
    all steps in their order, the last of them `amount`; `refusals` the reasons in the order in which the first is told;
    `unpublished` the one that says that no amount is known; `decide` takes the work and the terms and states every
    step; `texts` are the files whose bytes are the formula.
    """

    programme: str
    version: int
    title_zh: str
    title_en: str
    effective: str
    facts: tuple[Fact, ...]
    terms: Any
    steps: tuple[str, ...]
    refusals: tuple[AnyReason, ...]
    unpublished: AnyReason
    decide: Callable[..., None]
    texts: tuple[str, ...]

    @property
    def name(self) -> str:
        """Programme and version, as decisions keep it."""
        return f"{self.programme}/{self.version}"

    @property
    def order(self) -> tuple[AnyReason, ...]:
        """Every reason of a decision in the order in which the first is told: the engine's own, then the formula's."""
        return (Reason.FACT_IS_NOT_GIVEN, *self.refusals)

    def find_fact(self, name: str) -> Fact | None:
        """The fact of a name, or None."""
        return next((fact for fact in self.facts if fact.name == name), None)


class PublishedFormula(msgspec.Struct, frozen=True):
    """A formula with the digest of its files."""

    formula: Formula
    digest: str
