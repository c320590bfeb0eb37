"""Pure decisions of notices: words from a template, when to try again."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache, lru_cache

from yikatong.kernel.instants import SHANGHAI
from yikatong.kernel.money import show_yuan
from yikatong.notices.model import PARAM_LENGTH_MAX, NextTry, TemplateWords, Words

TRIES_MAX = 8
LEASE = timedelta(minutes=2)
"""A worker that leased a notice and died is waited for so long; a gateway answers within seconds."""

_FIRST_PAUSE = timedelta(seconds=30)
_PLACE = re.compile(r"\{([a-z_]+)\}")
_ENGLISH = "_en"


@cache
def places_of(words: TemplateWords) -> frozenset[str]:
    """The parameters that a template's words ask for, in either language."""
    texts = (words.zh.title, words.zh.text, words.en.title, words.en.text)
    return frozenset(name for text in texts for name in _PLACE.findall(text))


def verify_params(params: Mapping[str, str | int], *, words: TemplateWords) -> Mapping[str, str | int]:
    """Give back parameters that are exactly those a template asks for.

    A name that differs between the languages comes twice: `place`, and `place_en` for the English words.
    Raises ValueError otherwise, and for a text too long, an amount that is no whole number or an instant that cannot
    be read: a mistake of the room that sends, never of a caller.
    """
    if not _are_asked_for(tuple(params), words):
        raise ValueError(f"a notice needs {sorted(places_of(words))} and got {sorted(params)}")
    for name, value in params.items():
        _verify_param(name, value)
    return params


@lru_cache(maxsize=256)
def _are_asked_for(names: tuple[str, ...], words: TemplateWords) -> bool:
    asked = places_of(words)
    return {name for name in names if name.removesuffix(_ENGLISH) not in asked or name in asked} == asked


def word_notice(words: TemplateWords, *, params: Mapping[str, str | int]) -> TemplateWords:
    """The words of a notice in both languages, its parameters filled in."""
    english = {name: params.get(name + _ENGLISH, value) for name, value in params.items()}
    return TemplateWords(zh=_fill_both(words.zh, params), en=_fill_both(words.en, english))


def decide_next_try(*, tries_count: int, now: datetime) -> NextTry:
    """When to try again after so many tries: 30 seconds, doubled each time; given up after the eighth."""
    if tries_count >= TRIES_MAX:
        return NextTry(None)
    return NextTry(now + _FIRST_PAUSE * 2 ** (tries_count - 1))


def _fill_both(words: Words, params: Mapping[str, str | int]) -> Words:
    return Words(title=_fill(words.title, params), text=_fill(words.text, params))


def _fill(text: str, params: Mapping[str, str | int]) -> str:
    return _PLACE.sub(lambda place: _show(place[1], params[place[1]]), text)


def _verify_param(name: str, value: str | int) -> None:
    """Raise ValueError for what could not be shown."""
    if name.endswith("_fen"):
        if not isinstance(value, int):
            raise ValueError(f"{name} of a notice is no whole number of fen")
    elif name.endswith("_at"):
        datetime.fromisoformat(str(value))
    if isinstance(value, str) and len(value) > PARAM_LENGTH_MAX:
        raise ValueError(f"{name} of a notice is too long")


def _show(name: str, value: str | int) -> str:
    """Amounts as yuan, instants as Shanghai time, everything else as it is."""
    if name.endswith("_fen"):
        return show_yuan(int(value))
    if name.endswith("_at"):
        return datetime.fromisoformat(str(value)).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
    return str(value)
