"""Pure decisions of the catalogue: what fits on the list, what a terminal may do and learn."""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import TypeVar

import msgspec

from yikatong.catalogue.model import (
    DataKind,
    Form,
    Item,
    ItemClass,
    ItemTerms,
    Place,
    Provider,
    Reason,
    Recognition,
    Scene,
    Terminal,
    is_item_code,
)
from yikatong.kernel.outcomes import Refused
from yikatong.kernel.periods import overlap

_LINE = re.compile(r"[a-z][a-z_]{0,31}")
_FUNDING = re.compile(r"bank|purse|benefit:[a-z0-9]+(-[a-z0-9]+)*")

_Registration = TypeVar("_Registration", Provider, Place, Terminal)

_FORMS_OF_CLASS = {
    ItemClass.IDENTITY: (Form.CARD, Form.QR, Form.FACE),
    ItemClass.QUERY: (Form.CARD, Form.QR),
    ItemClass.PAYMENT: (Form.CARD, Form.QR),
    ItemClass.SETTLEMENT: (Form.CARD, Form.QR),
    ItemClass.BENEFIT: (Form.ACCOUNT,),
    ItemClass.RECORD: (Form.CARD, Form.ONLINE),
}


def forms_of_class(item_class: ItemClass) -> tuple[Form, ...]:
    """The forms of use that the published class rules give where a source states none.

    Identity, query, payment and settlement take the physical card or the e-card (identity also a check of the real
    person); a benefit is received on the card's bank account only; a record is kept in the card or the back office.
    """
    return _FORMS_OF_CLASS[item_class]


def verify_terms(terms: ItemTerms) -> ItemTerms:
    """Return the terms when they fit together.

    Refuses, in this order:
        ITEM_TERMS_DO_NOT_FIT         the first term that is malformed or contradicts another, named in `about`
        ITEM_ENDS_BEFORE_IT_BEGINS    the last day is not after the first
    """
    term = _find_unfit_term(terms)
    if term is not None:
        raise Refused(Reason.ITEM_TERMS_DO_NOT_FIT, term=term)
    if terms.valid_until is not None and terms.valid_until <= terms.valid_from:
        raise Refused(Reason.ITEM_ENDS_BEFORE_IT_BEGINS)
    return terms


def _find_unfit_term(terms: ItemTerms) -> str | None:
    has_amount = terms.amount_fen_max > 0
    confirm_above_fen = terms.confirm_above_fen or 0
    fits = {
        "code": is_item_code(terms.code),
        "forms": bool(terms.forms) and _are_distinct(terms.forms),
        "item_class": terms.item_class is not ItemClass.BENEFIT or terms.forms == (Form.ACCOUNT,),
        "line": terms.line is None or _LINE.fullmatch(terms.line) is not None,
        "least_strength": 1 <= terms.least_strength <= 3,
        "assurance_level": 0 <= terms.assurance_level <= 4,
        "learns": bool(terms.learns) and _are_distinct(terms.learns),
        "funding": _are_distinct(terms.funding) and all(_FUNDING.fullmatch(word) for word in terms.funding),
        "amount_fen_max": terms.amount_fen_max >= 0 and terms.amount_required == has_amount,
        "confirm_above_fen": 0 <= confirm_above_fen <= terms.amount_fen_max,
        "amount_required": not has_amount or terms.line is None or bool(terms.funding),
    }
    return next((term for term, fit in fits.items() if not fit), None)


def _are_distinct(words: Sequence[str]) -> bool:
    return len(set(words)) == len(words)


def verify_no_overlap(entries: Iterable[ItemTerms], terms: ItemTerms) -> ItemTerms:
    """Return the terms when no other entry counts on one of their days; refuses ITEM_PERIODS_OVERLAP."""
    for entry in entries:
        if overlap(entry, terms):
            raise Refused(Reason.ITEM_PERIODS_OVERLAP, item=terms.code, since=entry.valid_from.isoformat())
    return terms


def verify_recognition_fits(rows: Iterable[Recognition], recognition: Recognition) -> Recognition:
    """Return the recognition when no other row for the same counts on one of its days and it ends after it begins.

    Refuses RECOGNITION_PERIODS_OVERLAP for both.
    """
    ends_too_early = recognition.valid_until is not None and recognition.valid_until <= recognition.valid_from
    if ends_too_early or any(overlap(row, recognition) for row in rows):
        raise Refused(Reason.RECOGNITION_PERIODS_OVERLAP)
    return recognition


def verify_end(entry: ItemTerms, *, until: date, today: date) -> date:
    """Return the day when an entry may end on it; refuses ITEM_ENDS_BEFORE_IT_BEGINS."""
    if until <= entry.valid_from or until < today:
        raise Refused(Reason.ITEM_ENDS_BEFORE_IT_BEGINS)
    return until


class ListPlan(msgspec.Struct, frozen=True):
    """What a new version of a list changes: entries that end, entries that begin, and how many stay as they are."""

    to_end: tuple[Item, ...]
    to_add: tuple[Item, ...]
    unchanged_count: int


def plan_list(entries: Sequence[Item], wanted: Iterable[Item], *, list_name: str) -> ListPlan:
    """Compare every entry there is with a new version of one list.

    An open entry of the list whose terms are wanted stays, with the version it came by; one whose terms differ ends,
    and a new one begins; one that is not wanted any more ends. What the installation published or ended itself
    stands: a wanted entry that would overlap with it is left out. A code keeps the number it has.
    """
    open_entries = {item.item_key(): item for item in entries if item.valid_until is None and item.is_of(list_name)}
    numbers = {item.code: item.number for item in entries}
    wanted_entries = {
        item.item_key(): msgspec.structs.replace(item, number=numbers.get(item.code, item.number)) for item in wanted
    }
    same = {key for key, item in wanted_entries.items() if key in open_entries and _is_same(open_entries[key], item)}
    to_end = tuple(item for key, item in open_entries.items() if key not in same)
    standing: dict[tuple[str, str], list[Item]] = {}
    for item in entries:
        if item not in to_end:
            standing.setdefault(item.item_key(), []).append(item)
    to_add = tuple(
        item for key, item in wanted_entries.items() if not any(overlap(entry, item) for entry in standing.get(key, ()))
    )
    return ListPlan(to_end=to_end, to_add=to_add, unchanged_count=len(same))


def _is_same(entry: Item, wanted: Item) -> bool:
    as_published = {"list_version": entry.list_version, "valid_from": entry.valid_from}
    return msgspec.structs.replace(wanted, **as_published) == entry


def verify_terminal_terms(
    on_list: Sequence[ItemTerms],
    *,
    purposes: Sequence[Scene],
    learns: Sequence[DataKind],
    items: Sequence[str] | None,
) -> None:
    """Let pass what a terminal may be registered for; `on_list` are the items in force in its region.

    Refuses, in this order:
        ITEM_IS_NOT_ON_THE_LIST           one of its items is not in force in the region
        PURPOSES_DO_NOT_COVER_THE_ITEM    one of its items belongs to none of its purposes
        PURPOSES_DO_NOT_COVER_THE_DATA    no item that it may serve tells what it wants to learn
    """
    by_code = {terms.code: terms for terms in on_list}
    for code in items or ():
        if code not in by_code:
            raise Refused(Reason.ITEM_IS_NOT_ON_THE_LIST, item=code)
        if by_code[code].scene not in purposes:
            raise Refused(Reason.PURPOSES_DO_NOT_COVER_THE_ITEM, item=code)
    served = [terms for terms in on_list if terms.scene in purposes and (items is None or terms.code in items)]
    told = {kind for terms in served for kind in terms.learns}
    for kind in learns:
        if kind not in told:
            raise Refused(Reason.PURPOSES_DO_NOT_COVER_THE_DATA, asked=kind.value)


def is_same_registration(known: _Registration, wanted: _Registration) -> bool:
    """Whether two registrations say the same, whatever their id and time."""
    return msgspec.structs.replace(wanted, id=known.id, registered_at=known.registered_at) == known
