"""Facts between their text and their int64."""

import re
from collections.abc import Mapping
from datetime import date, datetime

from yikatong.kernel.instants import SHANGHAI, epoch_ms, from_epoch_ms
from yikatong.kernel.money import show_yuan
from yikatong.kernel.outcomes import Refused
from yikatong.programmes.model import NOT_GIVEN, Fact, FactKind, Formula, Reason
from yikatong.programmes.model.sheets import DAY_SECONDS
from yikatong.programmes.rules.values import DAY, read_hundredths

_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_SHANGHAI_SECONDS = int(SHANGHAI.utcoffset(None).total_seconds())
_WHOLE = re.compile(r"0|[1-9][0-9]{0,15}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2})?")
_FLAGS = {"no": 0, "yes": 1, "false": 0, "true": 1}
_UNBOUNDED = 10**15


def day_number(day: date) -> int:
    """Days since 1970."""
    return day.toordinal() - _EPOCH_ORDINAL


def day_of_number(number: int) -> date:
    """The day that so many days since 1970 are."""
    return date.fromordinal(number + _EPOCH_ORDINAL)


def first_second_of(day: int) -> int:
    """The second since 1970 with which a Shanghai day begins, given in days since 1970."""
    return day * DAY_SECONDS - _SHANGHAI_SECONDS


def day_of_second(second: int) -> int:
    """The Shanghai day, in days since 1970, in which a second since 1970 lies."""
    return (second + _SHANGHAI_SECONDS) // DAY_SECONDS


def read_fact(fact: Fact, text: str) -> int:
    """A fact's int64 from its text.

    Refuses, in this order:
        FACT_IS_NOT_READABLE    the text has not the form of its kind
        FACT_IS_OUT_OF_BOUNDS   it is smaller or larger than the formula can decide
    """
    try:
        number = _read(fact, text)
    except ValueError:
        words = words_of(fact)
        about = {"choices": " ".join(words)} if words else {}
        raise Refused(Reason.FACT_IS_NOT_READABLE, fact=fact.name, kind=fact.kind.value, **about) from None
    if not fact.least <= number <= fact.most:
        raise Refused(
            Reason.FACT_IS_OUT_OF_BOUNDS,
            fact=fact.name,
            least=show_fact(fact, fact.least),
            most=show_fact(fact, fact.most),
        )
    return number


def words_of(fact: Fact) -> tuple[str, ...]:
    """The words that a fact is written in; none where it is a number or a time."""
    return ("no", "yes") if fact.kind is FactKind.FLAG else fact.choices


def _read(fact: Fact, text: str) -> int:
    match fact.kind:
        case FactKind.YUAN | FactKind.HUNDREDTHS:
            return read_hundredths(text, most=_UNBOUNDED, what="a number")
        case FactKind.DAY:
            if not DAY.fullmatch(text):
                raise ValueError("not a day")
            return day_number(date.fromisoformat(text))
        case FactKind.MOMENT:
            if not _MOMENT.fullmatch(text):
                raise ValueError("not a moment")
            return epoch_ms(datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)) // 1000
        case FactKind.FLAG:
            return _of(text, _FLAGS)
        case FactKind.CHOICE:
            return fact.choices.index(text)
        case FactKind.CHOICES:
            words = [word for word in text.replace(",", " ").split() if word]
            return sum(1 << fact.choices.index(word) for word in dict.fromkeys(words))
        case FactKind.DIGITS if len(text) != fact.places or not text.isascii() or not text.isdigit():
            raise ValueError("not so many digits")
        case FactKind.DIGITS:
            return int(text)
        case FactKind.COUNT:
            if not _WHOLE.fullmatch(text):
                raise ValueError("not a whole number")
            return int(text)


def _of(text: str, words: Mapping[str, int]) -> int:
    if text not in words:
        raise ValueError("not one of the words")
    return words[text]


def show_fact(fact: Fact, number: int) -> str:
    """A fact's text, the same for the same int64; empty when it is not given."""
    if number == NOT_GIVEN:
        return ""
    match fact.kind:
        case FactKind.YUAN | FactKind.HUNDREDTHS:
            return show_yuan(number)
        case FactKind.DAY:
            return day_of_number(number).isoformat()
        case FactKind.MOMENT:
            return from_epoch_ms(number * 1000).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
        case FactKind.FLAG:
            return "yes" if number else "no"
        case FactKind.CHOICE:
            return fact.choices[number]
        case FactKind.CHOICES:
            return " ".join(word for place, word in enumerate(fact.choices) if number >> place & 1)
        case FactKind.DIGITS:
            return f"{number:0{fact.places}d}"
        case FactKind.COUNT:
            return str(number)


def get_fact(formula: Formula, name: str) -> Fact:
    """A fact that a formula asks for. Refuses FACT_IS_UNKNOWN."""
    fact = formula.find_fact(name)
    if fact is None:
        raise Refused(Reason.FACT_IS_UNKNOWN, fact=name)
    return fact


def read_facts(formula: Formula, given: Mapping[str, str]) -> dict[str, int]:
    """Every fact of a case as int64, NOT_GIVEN where none is given.

    Refuses, in this order:
        FACT_IS_UNKNOWN         the formula asks for no such fact
        FACT_IS_NOT_GIVEN       one without which nothing can be decided is missing
        then what `read_fact` refuses, in the order of the formula's facts
    """
    for name in given:
        get_fact(formula, name)
    for fact in formula.facts:
        if fact.required and fact.name not in given:
            raise Refused(Reason.FACT_IS_NOT_GIVEN, fact=fact.name)
    return {fact.name: read_fact(fact, given[fact.name]) if fact.name in given else NOT_GIVEN for fact in formula.facts}
