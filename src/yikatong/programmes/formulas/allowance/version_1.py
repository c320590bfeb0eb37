"""The formula of a monthly allowance by age and disability, version 1.

What a month gives: the amount of the highest age reached in that month, and the amount of the level of disability;
both together or the higher of the two, as the sheet says. An age counts from the month of its birthday. The month's
amount times the months claimed is the amount.
"""

from typing import Annotated, Literal

import msgspec
import numpy as np

from yikatong.programmes.formulas.allowance.reasons import Reason
from yikatong.programmes.formulas.arithmetic_1 import Column, by_tier
from yikatong.programmes.model import AMOUNT, Formula, NoteName, Nothing, Unknown, Yuan
from yikatong.programmes.model.facts import DAY_MOST, Fact, FactKind, count_fact, day_fact, flag_fact
from yikatong.programmes.rules.work import Work

MONTHS_IN_YEAR = 12
LEVELS = 4
BORN_LEAST = -43_829
"""1850-01-01, in days since 1970."""
MONTHS_MOST = 120


class _Term(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A block of a sheet: values and the clause they stand in."""

    clause: str


class AgeTier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From an age on, so much a month."""

    from_years: Annotated[int, msgspec.Meta(ge=0, le=130)]
    amount: Yuan


class ByAge(_Term, frozen=True):
    """What ages give."""

    tiers: Annotated[tuple[AgeTier, ...], msgspec.Meta(min_length=1)]

    def __post_init__(self) -> None:
        begins = [tier.from_years for tier in self.tiers]
        if begins != sorted(set(begins)):
            raise ValueError("ages begin one above the other")


class ByDisability(_Term, frozen=True):
    """What levels of disability give, from the gravest, 1, to 4."""

    levels: Annotated[tuple[Yuan, ...], msgspec.Meta(min_length=LEVELS, max_length=LEVELS)]


class Together(_Term, frozen=True):
    """Whether both are paid, or the higher."""

    rule: Literal["sum", "higher"]


class PaidBack(_Term, frozen=True):
    """How many months may be claimed at once."""

    months: Annotated[int, msgspec.Meta(ge=1, le=MONTHS_MOST)]


class Registered(_Term, frozen=True):
    """That the resident is registered in the place."""

    here: Literal["required"]


class Terms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The terms of one place; each is a value, `none`, or `unknown`."""

    age: ByAge | Nothing | Unknown
    disability: ByDisability | Nothing | Unknown
    together: Together | Unknown
    paid_back: PaidBack | Nothing | Unknown
    registered: Registered | Nothing | Unknown


def decide(work: Work, terms: Terms) -> None:
    """Decide an allowance: the conditions, then the month, then the months."""
    if isinstance(terms.registered, Registered):
        work.require(
            Reason.RESIDENT_IS_REGISTERED_ELSEWHERE, "is_registered_here", least=1, clause=terms.registered.clause
        )
    by_age = _by_age(work, terms)
    by_disability = _by_disability(work, terms)
    month = _month(work, terms, by_age=by_age, by_disability=by_disability)
    months = work.fact("months")
    if isinstance(terms.paid_back, PaidBack):
        work.require(
            Reason.MONTHS_ARE_MORE_THAN_MAY_BE_PAID_BACK,
            "months",
            most=terms.paid_back.months,
            clause=terms.paid_back.clause,
        )
    elif terms.paid_back == "unknown":
        work.note(NoteName.LIMIT_NOT_PUBLISHED, "paid_back")
    work.step(AMOUNT, month * months, "formula 每月标准乘以月数 the month's amount times the months")


def _by_age(work: Work, terms: Terms) -> Column:
    on, born = _month_number(work.fact("on")), _month_number(work.fact("born_on"))
    years = work.step("age_years", (on - born) // MONTHS_IN_YEAR, "formula 自生日当月起 from the month of the birthday")
    if not isinstance(terms.age, ByAge):
        return work.step("by_age", np.zeros(work.rows, np.int64), "formula no age gives anything")
    begins = [tier.from_years for tier in terms.age.tiers]
    return work.step("by_age", by_tier(years, begins, [tier.amount for tier in terms.age.tiers]), terms.age.clause)


def _by_disability(work: Work, terms: Terms) -> Column:
    if not isinstance(terms.disability, ByDisability):
        return work.step("by_disability", np.zeros(work.rows, np.int64), "formula no disability gives anything")
    amounts = np.array([0, *terms.disability.levels], np.int64)
    return work.step("by_disability", amounts[work.fact("disability_level")], terms.disability.clause)


def _month(work: Work, terms: Terms, *, by_age: Column, by_disability: Column) -> Column:
    """What one month gives; without a published amount there is none."""
    nothing_known = terms.age == "unknown" or terms.disability == "unknown" or terms.together == "unknown"
    together = terms.together if isinstance(terms.together, Together) else None
    clause = "formula no rule was published, or it is not known here" if together is None else together.clause
    is_sum = together is not None and together.rule == "sum"
    month = by_age + by_disability if is_sum else np.maximum(by_age, by_disability)
    if nothing_known:
        work.refuse(Reason.ALLOWANCE_NOT_PUBLISHED, clause=clause)
    elif (month == 0).any():
        work.refuse(Reason.NEITHER_AGE_NOR_DISABILITY_COUNTS, where=month == 0, clause=clause, wants=show_wanted(terms))
    return work.step("month", month, clause)


def show_wanted(terms: Terms) -> str:
    """From which age, or of which levels, one gets something."""
    ages = [f"age_years >= {terms.age.tiers[0].from_years}"] if isinstance(terms.age, ByAge) else []
    levels = terms.disability.levels if isinstance(terms.disability, ByDisability) else ()
    return " or ".join(
        (*ages, *(f"disability_level = {level}" for level, amount in enumerate(levels, start=1) if amount))
    )


def _month_number(days: Column) -> Column:
    """Months since January 1970 of days since then."""
    months: Column = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return months


FORMULA = Formula(
    programme="allowance",
    version=1,
    title_zh="高龄和残疾津贴",
    title_en="Allowance by age and disability",
    effective="on",
    facts=(
        day_fact("on", zh="发放月份中的一天", en="a day of the month that is paid"),
        Fact(
            name="born_on",
            kind=FactKind.DAY,
            zh="出生日期",
            en="day of birth",
            option="born_on",
            required=True,
            least=BORN_LEAST,
            most=DAY_MOST,
        ),
        count_fact(
            "disability_level", zh="残疾等级（0为无）", en="level of disability, 0 is none", most=4, required=True
        ),
        count_fact("months", zh="月数", en="how many months", most=MONTHS_MOST, required=True),
        flag_fact("is_registered_here", zh="户籍在本地", en="registered in this place"),
    ),
    terms=Terms,
    steps=("age_years", "by_age", "by_disability", "month", AMOUNT),
    refusals=tuple(Reason),
    unpublished=Reason.ALLOWANCE_NOT_PUBLISHED,
    decide=decide,
    texts=("arithmetic_1.py", "allowance/version_1.py"),
)
