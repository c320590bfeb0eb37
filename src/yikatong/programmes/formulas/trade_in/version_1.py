"""The formula of the e-bike trade-in, version 1.

The amount: base → round → cap → battery → bonus. What the base gives by price is replaced where a battery rule says
so; then it is rounded by the sheet's rule, capped, and what batteries and bonuses add comes on top, unrounded.

Conditions do not stop the amount, so an estimate can say what it would be; any that fails makes it nothing. A
condition that nobody published binds nobody and leaves a note; only an amount must be known.
"""

from collections.abc import Sequence

import numpy as np

from yikatong.kernel.outcomes import Reason as AnyReason
from yikatong.programmes.formulas.arithmetic_1 import (
    Column,
    Mask,
    begin_of_month,
    by_tier,
    round_fen_floor,
    round_tens_half_up,
    share_of,
)
from yikatong.programmes.formulas.trade_in.facts_1 import CHANNELS, FACTS
from yikatong.programmes.formulas.trade_in.reasons import Reason
from yikatong.programmes.formulas.trade_in.terms_1 import (
    Add,
    Age,
    ByBattery,
    Coupon,
    Evidence,
    EvidenceKind,
    Flat,
    MinimumPrice,
    NewBattery,
    NotPublished,
    OldBattery,
    OldBike,
    Order,
    Ownership,
    PerPerson,
    PricePledge,
    ReplaceFlat,
    ReplaceShare,
    Share,
    Terms,
    Tiers,
)
from yikatong.programmes.model import AMOUNT, Formula, NoteName, Window
from yikatong.programmes.rules.work import Work

NO_CAP_FEN = 10**12
NO_AMOUNT = "formula no amount was published, or it is not known here"
DAY_SECONDS, SHANGHAI_SECONDS = 86_400, 8 * 3_600
CIVIL_CAPACITY_YEARS = 8
CIVIL_CODE = "formula 《中华人民共和国民法典》第二十条 Civil Code, Article 20"
SAME_PERSON = "formula 旧车本人名下 the old bike in one's own name: 五部门《推动电动自行车以旧换新实施方案》"
CERTIFIED = "formula 新车合格 a qualified new bike: 五部门《推动电动自行车以旧换新实施方案》"
LISTED = "formula 公布销售门店和回收企业名单 published lists of stores and recyclers: 电动自行车以旧换新补充通知"
ONE_VEHICLE = "formula 交旧换新 an old bike for a new one: 五部门《推动电动自行车以旧换新实施方案》"


def decide(work: Work, terms: Terms) -> None:
    """Decide a trade-in: conditions in the order of the reasons, then the amount, then the budget."""
    _require_windows(work, terms)
    _require_person(work, terms)
    _require_bikes(work, terms)
    _require_order(work, terms)
    _require_coupon(work, terms)
    _require_price(work, terms)
    _require_count(work, terms)
    _require_evidence(work, terms)
    amount = work.step(AMOUNT, _price(work, terms), "formula base, battery and bonuses together")
    _require_budget(work, terms, amount)


def _price(work: Work, terms: Terms) -> Column:
    """The amount if nothing stands in the way, step by step."""
    price = work.fact("price")
    base, caps, clauses = _base_by_price(work, terms, price)
    base, caps = _replace_by_battery(work, terms, price, base=base, caps=caps, clauses=clauses)
    clause = clauses.pop()[1]
    work.step("base", base, clause, of=clauses)
    rounded = round_tens_half_up(base) if terms.rounding.rule == "tens_half_up" else round_fen_floor(base)
    work.step("rounded", rounded, terms.rounding.clause)
    capped = work.step("capped", np.minimum(rounded, caps), clause, of=clauses)
    battery = _added_by_battery(work, terms)
    bonus = _bonus(work, terms)
    return capped + battery + bonus


def _base_by_price(work: Work, terms: Terms, price: Column) -> tuple[Column, Column, list[tuple[Mask, str]]]:
    """What the base gives, its cap, and whose clause: cases of battery rules come before the last, which is all."""
    every = np.ones(work.rows, np.bool_)
    caps = np.full(work.rows, NO_CAP_FEN, np.int64)
    match terms.base:
        case Flat(amount=amount, clause=clause):
            return np.full(work.rows, amount, np.int64), caps, [(every, clause)]
        case Tiers(tiers=tiers, clause=clause):
            begins, amounts = [tier.from_ for tier in tiers], [tier.amount for tier in tiers]
            return by_tier(price, begins, amounts), caps, [(every, clause)]
        case Share(percent=percent, cap=cap, clause=clause):
            return share_of(price, percent), np.full(work.rows, cap, np.int64), [(every, clause)]
        case ByBattery(clause=clause):
            known = np.zeros(work.rows, np.bool_)
            for rule in terms.battery if isinstance(terms.battery, tuple) else ():
                if not isinstance(rule, Add):
                    known |= _fits(work, rule.old, rule.new)
            if not known.all():
                work.refuse(Reason.RULE_NOT_PUBLISHED, where=~known, clause=clause)
            return np.zeros(work.rows, np.int64), caps, [(every, clause)]
        case _:
            work.refuse(Reason.RULE_NOT_PUBLISHED, clause=NO_AMOUNT)
            return np.zeros(work.rows, np.int64), caps, [(every, NO_AMOUNT)]


def _replace_by_battery(
    work: Work, terms: Terms, price: Column, *, base: Column, caps: Column, clauses: list[tuple[Mask, str]]
) -> tuple[Column, Column]:
    """The base where battery rules replace it; a flat replacement has no cap."""
    if terms.battery == "unknown":
        work.note(NoteName.TERM_NOT_PUBLISHED, "battery")
    for rule in terms.battery if isinstance(terms.battery, tuple) else ():
        if isinstance(rule, Add):
            continue
        fits = _fits(work, rule.old, rule.new)
        match rule:
            case ReplaceShare():
                base, caps = np.where(fits, share_of(price, rule.percent), base), np.where(fits, rule.cap, caps)
            case ReplaceFlat():
                base, caps = np.where(fits, rule.amount, base), np.where(fits, NO_CAP_FEN, caps)
            case NotPublished() if fits.any():
                work.refuse(Reason.RULE_NOT_PUBLISHED, where=fits, clause=rule.clause)
        clauses.insert(0, (fits, rule.clause))
    return base, caps


def _fits(work: Work, old: OldBattery | None, new: NewBattery | None) -> Mask:
    fits = np.ones(work.rows, np.bool_)
    if old is not None:
        fits &= work.fact("old_battery") == list(OldBattery).index(old)
    if new is not None:
        fits &= work.fact("new_battery") == list(NewBattery).index(new)
    return fits


def _added_by_battery(work: Work, terms: Terms) -> Column:
    """What batteries add after the cap."""
    added = np.zeros(work.rows, np.int64)
    clauses = []
    for rule in terms.battery if isinstance(terms.battery, tuple) else ():
        if isinstance(rule, Add):
            fits = _fits(work, rule.old, rule.new)
            added += fits * np.int64(rule.amount)
            clauses.append((fits, rule.clause))
    return work.step("battery", added, "formula no battery rule adds anything here", of=clauses)


def _bonus(work: Work, terms: Terms) -> Column:
    """What bonuses add after the cap."""
    bonus = np.zeros(work.rows, np.int64)
    clauses = []
    if terms.bonuses == "unknown":
        work.note(NoteName.TERM_NOT_PUBLISHED, "bonuses")
    for one in terms.bonuses if isinstance(terms.bonuses, tuple) else ():
        earned = work.fact("battery_is_checked") == 1
        bonus += earned * np.int64(one.amount)
        clauses.append((earned, one.clause))
    return work.step("bonus", bonus, "formula no bonus was earned", of=clauses)


def _require_windows(work: Work, terms: Terms) -> None:
    for name, fact, reason in (
        ("bought", "bought_on", Reason.PURCHASE_IS_OUTSIDE_THE_WINDOW),
        ("handed_in", "handed_in_on", Reason.HAND_IN_IS_OUTSIDE_THE_WINDOW),
        ("old_registered", "old_registered_on", Reason.OLD_REGISTRATION_IS_OUTSIDE_THE_WINDOW),
        ("old_cancelled", "old_cancelled_on", Reason.CANCELLATION_IS_OUTSIDE_THE_WINDOW),
        ("new_registered", "new_registered_on", Reason.NEW_REGISTRATION_IS_OUTSIDE_THE_WINDOW),
        ("claimed", "claimed_at", Reason.CLAIM_IS_OUTSIDE_THE_WINDOW),
    ):
        window = getattr(terms.windows, name)
        if window == "unknown" or (isinstance(window, Window) and window.is_partly_unknown):
            work.note(NoteName.WINDOW_NOT_PUBLISHED, name)
        if isinstance(window, Window):
            within = window.in_seconds() if name == "claimed" else window.in_days()
            work.require(reason, fact, least=within.least, most=within.most, clause=window.clause)


def _require_person(work: Work, terms: Terms) -> None:
    age = terms.age if isinstance(terms.age, Age) else None
    if terms.age == "unknown":
        work.note(NoteName.TERM_NOT_PUBLISHED, "age")
    work.require(
        Reason.APPLICANT_IS_TOO_YOUNG,
        "age_years",
        least=CIVIL_CAPACITY_YEARS if age is None else age.from_years,
        clause=CIVIL_CODE if age is None else age.clause,
    )
    owner = terms.ownership if isinstance(terms.ownership, Ownership) else None
    work.require(
        Reason.OLD_BIKE_IS_OF_ANOTHER_PERSON,
        "old_owner_is_applicant",
        least=1,
        clause=SAME_PERSON if owner is None else owner.clause,
    )
    if owner is None:
        work.note(NoteName.TERM_NOT_PUBLISHED, "ownership")
    elif owner.same_person:
        work.require(Reason.NEW_BIKE_IS_OF_ANOTHER_PERSON, "new_owner_is_applicant", least=1, clause=owner.clause)
        work.require(Reason.INVOICE_IS_OF_ANOTHER_PERSON, "invoice_names_applicant", least=1, clause=owner.clause)


def _require_bikes(work: Work, terms: Terms) -> None:
    same = (work.fact("old_code") == work.fact("new_code")) & (work.fact("old_code") >= 0)
    if same.any():
        work.refuse(Reason.OLD_AND_NEW_ARE_ONE_VEHICLE, where=same, clause=ONE_VEHICLE, wants="old_code != new_code")
    if isinstance(terms.ownership, Ownership) and terms.ownership.proof != "unknown":
        _require_proof(work, terms.ownership)
    if terms.old_bike == "unknown":
        work.note(NoteName.TERM_NOT_PUBLISHED, "old_bike")
    if isinstance(terms.old_bike, OldBike) and terms.old_bike.battery == "required":
        bare = work.fact("old_battery") == list(OldBattery).index(OldBattery.NONE)
        if bare.any():
            work.refuse(
                Reason.OLD_BIKE_HAS_NO_BATTERY, where=bare, clause=terms.old_bike.clause, wants="old_battery != none"
            )
    work.require(Reason.NEW_BIKE_IS_NOT_CERTIFIED, "new_is_certified", least=1, clause=CERTIFIED)
    work.require(Reason.RECYCLER_IS_NOT_LISTED, "recycler_is_listed", least=1, clause=LISTED)
    work.require(Reason.STORE_IS_NOT_LISTED, "store_is_listed", least=1, clause=LISTED)


def _require_proof(work: Work, ownership: Ownership) -> None:
    """A plate; where a pledge will do, only of those who say that they gave none."""
    no_pledge = work.fact("pledge_is_given") != 1
    work.require(
        Reason.OLD_BIKE_HAS_NO_PROOF_OF_OWNERSHIP,
        "old_is_plated",
        least=1,
        where=no_pledge if ownership.proof == "plate_or_pledge" else None,
        clause=ownership.clause,
    )


def _require_order(work: Work, terms: Terms) -> None:
    if not isinstance(terms.order, Order):
        work.note(NoteName.TERM_NOT_PUBLISHED, "order")
        return
    online = work.fact("channel") == CHANNELS.index("online")
    if terms.order.online is None:
        _require_rule(work, terms.order.rule, where=None, clause=terms.order.clause)
    else:
        _require_rule(work, terms.order.rule, where=~online, clause=terms.order.clause)
        _require_rule(work, terms.order.online, where=online, clause=terms.order.clause)


def _require_rule(work: Work, rule: str, *, where: Mask | None, clause: str) -> None:
    least = "bought_on" if rule in ("buy_first", "same_day") else None
    most = "bought_on" if rule in ("hand_in_first", "cancel_first", "same_day") else None
    if least is not None or most is not None:
        reason = Reason.HAND_IN_IS_IN_THE_WRONG_ORDER
        work.require(reason, "handed_in_on", least=least, most=most, where=where, clause=clause)
    if rule == "buy_then_claim":
        least_moment = work.fact("bought_on") * DAY_SECONDS - SHANGHAI_SECONDS
        reason = Reason.CLAIM_IS_BEFORE_THE_PURCHASE
        work.require(reason, "claimed_at", least=least_moment, where=where, clause=clause)
    if rule == "cancel_first":
        reason = Reason.CANCELLATION_IS_IN_THE_WRONG_ORDER
        work.require(reason, "old_cancelled_on", most="bought_on", where=where, clause=clause)


def _require_coupon(work: Work, terms: Terms) -> None:
    if terms.mode == "unknown":
        work.note(NoteName.TERM_NOT_PUBLISHED, "mode")
    if not isinstance(terms.mode, Coupon):
        return
    if terms.mode.life == "unknown":
        work.note(NoteName.TERM_NOT_PUBLISHED, "mode.life")
        return
    bought = work.fact("bought_on")
    least = begin_of_month(bought) if terms.mode.life == "month" else bought - terms.mode.days
    work.require(Reason.COUPON_HAS_ENDED, "coupon_taken_on", least=least, most="bought_on", clause=terms.mode.clause)


def _require_price(work: Work, terms: Terms) -> None:
    if terms.minimum_price == "unknown":
        work.note(NoteName.TERM_NOT_PUBLISHED, "minimum_price")
    if isinstance(terms.minimum_price, MinimumPrice):
        minimum = terms.minimum_price
        work.require(Reason.PRICE_IS_BELOW_THE_MINIMUM, "price", least=minimum.price, clause=minimum.clause)
    if isinstance(terms.base, Tiers) and terms.base.tiers[0].from_ > 0:
        tiers = terms.base
        work.require(Reason.PRICE_IS_BELOW_THE_MINIMUM, "price", least=tiers.tiers[0].from_, clause=tiers.clause)
    if terms.price_pledge == "unknown":
        work.note(NoteName.TERM_NOT_PUBLISHED, "price_pledge")
    if isinstance(terms.price_pledge, PricePledge):
        work.require(Reason.PRICE_IS_OVER_THE_PLEDGE, "price", most="reference_price", clause=terms.price_pledge.clause)


def _require_count(work: Work, terms: Terms) -> None:
    if terms.per_person == "unknown":
        work.note(NoteName.LIMIT_NOT_PUBLISHED, "per_person")
    if isinstance(terms.per_person, PerPerson):
        limit = terms.per_person
        if limit.per == "unknown":
            work.note(NoteName.TERM_NOT_PUBLISHED, "per_person.per")
        work.require(Reason.CLAIMS_ARE_USED_UP, "earlier_claims", most=limit.count - 1, clause=limit.clause)


def _require_evidence(work: Work, terms: Terms) -> None:
    if terms.evidence == "unknown":
        work.note(NoteName.TERM_NOT_PUBLISHED, "evidence")
    if isinstance(terms.evidence, Evidence):
        kinds = list(EvidenceKind)
        work.require_bits(
            Reason.EVIDENCE_IS_MISSING,
            "evidence",
            any_of=[sum(1 << kinds.index(kind) for kind in one) for one in terms.evidence.items],
            clause=terms.evidence.clause,
            wants=show_evidence(terms.evidence.items),
        )


def show_evidence(items: Sequence[Sequence[EvidenceKind]]) -> str:
    """The list of papers in words: all of them, of each group one."""
    return ", ".join(" or ".join(kind.value for kind in one) for one in items)


def _require_budget(work: Work, terms: Terms, amount: Column) -> None:
    """Money left is asked of nobody in an estimate; a claim is decided with what its account has."""
    if terms.budget == "unknown":
        work.note(NoteName.TERM_NOT_PUBLISHED, "budget")
    work.require(Reason.BUDGET_IS_USED_UP, "budget_left", least=amount, clause="formula 资金用完即止 first come")


REFUSALS: tuple[AnyReason, ...] = tuple(Reason)
"""The order in which the first reason is told: as they are declared."""

FORMULA = Formula(
    programme="trade_in",
    version=1,
    title_zh="电动自行车以旧换新",
    title_en="E-bike trade-in",
    effective="bought_on",
    facts=FACTS,
    terms=Terms,
    steps=("base", "rounded", "capped", "battery", "bonus", AMOUNT),
    refusals=REFUSALS,
    unpublished=Reason.RULE_NOT_PUBLISHED,
    decide=decide,
    texts=("arithmetic_1.py", "trade_in/facts_1.py", "trade_in/terms_1.py", "trade_in/version_1.py"),
)
