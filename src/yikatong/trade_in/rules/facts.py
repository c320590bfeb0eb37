"""The facts of a claim as the formula reads them, from what was stated and from what the chain itself has seen."""

from collections.abc import Iterable, Mapping
from datetime import date

from yikatong.kernel.money import show_yuan
from yikatong.kernel.outcomes import Refused
from yikatong.programmes.model import Decision
from yikatong.programmes.model import Reason as ProgrammeReason
from yikatong.trade_in.model import CODE_DIGITS, Act, Battery, Claim, Deed, Reason

OURS = frozenset(
    {
        "price",
        "handed_in_on",
        "old_cancelled_on",
        "new_registered_on",
        "claimed_at",
        "coupon_taken_on",
        "age_years",
        "earlier_claims",
        "budget_left",
        "reference_price",
        "old_code",
        "new_code",
    }
)
"""What the chain states itself, from its own rows and from the register; nobody else may."""

AFTER_A_SALE = frozenset(
    {
        "new_registered_on",
        "new_owner_is_applicant",
        "old_cancelled_on",
        "handed_in_on",
        "recycler_is_listed",
        "evidence",
        "reference_price",
    }
)
"""What need not be known when money is taken off at the till: the rest of the chain follows."""

OF_ONE_SALE = frozenset({"store_is_listed", "reference_price", "new_is_certified", "invoice_names_applicant"})
"""What is said of one sale, by its store and by the lists about it."""

OPEN = ("price", "new_battery")
"""What is not decided before the purchase. Where a place adds something for a checked battery, that is open too."""


def verify_stated(facts: Mapping[str, str], *, besides: Iterable[str] = ()) -> Mapping[str, str]:
    """The facts, if none of them is the chain's own; `besides` may be stated here all the same.

    Refuses FACT_IS_NOT_FOR_THIS_PARTY.
    """
    wrong = sorted((OURS - set(besides)) & set(facts))
    if wrong:
        raise Refused(Reason.FACT_IS_NOT_FOR_THIS_PARTY, facts=", ".join(wrong))
    return facts


def verify_code(code: str) -> str:
    """A whole-vehicle code: exactly fifteen digits. Refuses VEHICLE_CODE_IS_NOT_VALID."""
    if len(code) != CODE_DIGITS or not code.isascii() or not code.isdigit():
        raise Refused(Reason.VEHICLE_CODE_IS_NOT_VALID, digits=CODE_DIGITS)
    return code


def battery_of(facts: Mapping[str, str]) -> Battery:
    """What drives the old bike, as the chain tells it: what is neither lithium nor lead-acid is other, none too."""
    word = facts.get("old_battery", "")
    return Battery(word) if word in (Battery.LITHIUM.value, Battery.LEAD_ACID.value) else Battery.OTHER


def facts_of_claim(claim: Claim, stated: Mapping[str, str]) -> dict[str, str]:
    """Everything that is known of a claim as it stands."""
    days = claim.days
    facts = dict(stated) | {"old_code": claim.old_code}
    known = {
        "handed_in_on": days.received_on,
        "old_cancelled_on": days.cancelled_on,
        "new_registered_on": days.registered_on,
        "bought_on": days.bought_on,
    }
    facts |= {name: day.isoformat() for name, day in known.items() if day is not None}
    if claim.price_fen:
        facts |= {"price": show_yuan(claim.price_fen), "new_code": claim.new_code}
    return facts


def facts_of_deed(deed: Deed) -> dict[str, str]:
    """What a deed itself states."""
    if deed.act is Act.RECEIVE_OLD:
        return {"handed_in_on": deed.on.isoformat()}
    if deed.act in (Act.SELL, Act.DEDUCT):
        return {"bought_on": deed.on.isoformat(), "price": show_yuan(deed.price_fen), "new_code": deed.new_code}
    return {}


def effective_day(facts: Mapping[str, str], *, today: date) -> date:
    """The day of the purchase, today where none was stated. Refuses FACT_IS_NOT_READABLE."""
    told = facts.get("bought_on")
    if told is None:
        return today
    try:
        return date.fromisoformat(told)
    except ValueError:
        raise Refused(ProgrammeReason.FACT_IS_NOT_READABLE, fact="bought_on", kind="day") from None


def verify_known(decision: Decision, *, later: frozenset[str]) -> Decision:
    """A decision for which every fact was known that its sheet asks, but for those that come `later`.

    Refuses FACT_IS_NOT_GIVEN and names what is missing.
    """
    lacking = sorted(set(decision.lacking) - later)
    if lacking:
        raise Refused(ProgrammeReason.FACT_IS_NOT_GIVEN, facts=", ".join(lacking))
    return decision
