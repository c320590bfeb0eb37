"""What the chain reads from a sheet: the way of payment, the steps it needs, its terms, whose money and which count."""

from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from yikatong.kernel.instants import SHANGHAI
from yikatong.kernel.outcomes import Refused
from yikatong.programmes.model import Sheet
from yikatong.trade_in.model import PROGRAMME, Claim, Mode, Reason, Step, Terms, Unmet
from yikatong.trade_in.rules.effects import steps_taken
from yikatong.trade_in.rules.facts import OPEN

_DAY = timedelta(days=1)
_FIRST_DAY = date(1970, 1, 1)
_HAND_IN_FIRST = frozenset({"hand_in_first", "cancel_first", "same_day"})


def read_terms(sheet: Sheet) -> Terms:
    """The terms of a claim under a sheet.

    Where no way of payment was published a claim is paid later, for then its papers are seen before its money goes.
    """
    terms = sheet.terms
    mode = _mode_of(terms)
    return Terms(mode=mode, needs=frozenset(_needs_of(terms, mode)))


def _mode_of(terms: Any) -> Mode:
    kind = _tag(terms.mode)
    if kind == "coupon":
        kind = str(terms.mode.then)
    return Mode.DEDUCT_AT_SALE if kind == Mode.DEDUCT_AT_SALE.value else Mode.CLAIM_LATER


def _needs_of(terms: Any, mode: Mode) -> set[Step]:
    order = "" if terms.order == "unknown" else str(terms.order.rule)
    needs: set[Step] = set()
    if mode is Mode.CLAIM_LATER:
        needs |= {Step.HAND_IN, Step.PURCHASE}
        papers = _papers_of(terms)
        if "cancellation_proof" in papers:
            needs.add(Step.PLATE_CANCELLATION)
        windows = terms.windows
        within = getattr(windows, "new_registered_within", "none")
        if papers & {"new_licence", "new_plate"} or _is_told(windows.new_registered) or _is_told(within):
            needs.add(Step.NEW_REGISTRATION)
    if order in _HAND_IN_FIRST:
        needs.add(Step.HAND_IN)
    if order == "cancel_first":
        needs.add(Step.PLATE_CANCELLATION)
    return needs


def list_unmet(sheet: Sheet, claim: Claim, *, channel: str) -> tuple[Unmet, ...]:
    """Steps that a place wants no later than the purchase and of which nothing is recorded, each with its clause.

    What is recorded later may still be dated in time: a police force or a recycler tells what it did afterwards.
    """
    order = sheet.terms.order
    if order == "unknown":
        return ()
    rule = order.rule if order.online is None or channel != "online" else order.online
    wanted = {Step.HAND_IN} if rule in _HAND_IN_FIRST else set()
    wanted |= {Step.PLATE_CANCELLATION} if rule == "cancel_first" else set()
    clause = sheet.cite(order.clause)
    return tuple(Unmet(step, clause) for step in Step if step in wanted - steps_taken(claim))


def _papers_of(terms: Any) -> set[str]:
    """Papers for which no other will do."""
    if not _is_told(terms.evidence):
        return set()
    return {str(one[0].value) for one in terms.evidence.items if len(one) == 1}


def count_key_of(sheet: Sheet, *, on: date) -> str:
    """Over what a person's claims are counted: a scheme of a place, or its calendar year."""
    terms, head = sheet.terms, sheet.head
    if _is_told(terms.per_person) and terms.per_person.per == "calendar_year":
        return f"{head.place}:year:{on.year}"
    return f"{head.place}:{head.scheme}"


def allowed_of(sheet: Sheet) -> int | None:
    """How many claims a person has; None where no limit was published."""
    return int(sheet.terms.per_person.count) if _is_told(sheet.terms.per_person) else None


def budget_code_of(sheet: Sheet, *, on: date) -> str:
    """The code of the budget that pays: programme, the sheet's place, and the year of the purchase."""
    return f"{PROGRAMME}:{sheet.head.place}:{on.year}"


def places_code_of(budget: str) -> str:
    """The code under which the places beside a budget are counted."""
    return f"{budget}:bikes"


def is_places(code: str) -> bool:
    """Whether a code counts places, and no money."""
    return code.endswith(":bikes")


def open_facts_of(sheet: Sheet) -> tuple[str, ...]:
    """What is open while a claim is qualified: enough is reserved for whatever it becomes."""
    return (*OPEN, "battery_is_checked") if _is_told(sheet.terms.bonuses) else OPEN


def is_coupon(sheet: Sheet) -> bool:
    """Whether a qualification is a coupon, whose day of taking is a fact."""
    return _tag(sheet.terms.mode) == "coupon"


def verify_hours(sheet: Sheet, *, now: datetime) -> Sheet:
    """The sheet, if its coupon may be taken at this time of the day.

    A place that published no hours has none. Refuses COUPON_IS_NOT_GIVEN_OUT_NOW.
    """
    hours: Any = getattr(sheet.terms.mode, "hours", "none")
    if not _is_told(hours):
        return sheet
    time = now.astimezone(SHANGHAI).strftime("%H:%M")
    if not hours.from_ <= time < hours.until:
        clause = sheet.cite(sheet.terms.mode.clause)
        about = {"from": hours.from_, "until": hours.until, "clause": clause}
        raise Refused(Reason.COUPON_IS_NOT_GIVEN_OUT_NOW, **about)
    return sheet


class Places(NamedTuple):
    """How many bikes a place pays for, under what code they are counted, and the clause that says so."""

    code: str
    bikes: int
    clause: str


def find_places(sheet: Sheet, *, on: date) -> Places | None:
    """How many new bikes a sheet pays for in the year of a purchase; None where it names no number."""
    quota: Any = getattr(sheet.terms, "quota", "none")
    if not _is_told(quota):
        return None
    return Places(places_code_of(budget_code_of(sheet, on=on)), int(quota.bikes), sheet.cite(quota.clause))


def end_of_qualification(sheet: Sheet, *, today: date, days: int) -> date:
    """The first day on which a qualification of today no longer counts.

    A coupon's own life; else `days`, but not beyond the last day on which one may buy.
    """
    mode = sheet.terms.mode
    if _tag(mode) == "coupon" and mode.life != "unknown":
        return _end_of_coupon(mode, today=today)
    end = today + timedelta(days=days)
    last = _last_day(sheet.terms.windows.bought)
    return end if last is None else max(today, min(end, last + _DAY))


def _end_of_coupon(mode: Any, *, today: date) -> date:
    if mode.life == "same_day":
        return today + _DAY
    if mode.life == "days":
        return today + timedelta(days=int(mode.days))
    return date(today.year + today.month // 12, today.month % 12 + 1, 1)


def end_of_claiming(sheet: Sheet, *, bought_on: date, days: int) -> date:
    """The first day on which a sale can no longer be claimed: the window's end, or `days` where none was published."""
    last = _last_day(sheet.terms.windows.claimed)
    return bought_on + timedelta(days=days) if last is None else last + _DAY


def _last_day(window: Any) -> date | None:
    """The last day that lies in a window; None where it has no end or nobody published one."""
    last: int | None = window.in_days().most if _is_told(window) else None
    return None if last is None else _FIRST_DAY + last * _DAY


def _is_told(term: Any) -> bool:
    return term not in ("unknown", "none")


def _tag(term: Any) -> str:
    """The word by which a sheet tells one form of a term from another; empty for a term that is a word."""
    return "" if isinstance(term, str) else str(term.__struct_config__.tag)
