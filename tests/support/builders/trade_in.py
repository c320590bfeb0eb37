"""Claims of a trade-in and deeds on them, for tests."""

from collections.abc import Iterable
from datetime import date, timedelta
from uuid import UUID

from yikatong.programmes.service import Shelf
from yikatong.trade_in.model import MOVES, Act, Actor, Battery, ChainTerms, Claim, Deed, Mode, PlateState, Step, Terms
from yikatong.trade_in.rules import decide_move

TODAY = date(2024, 10, 20)
LATER = TODAY + timedelta(days=7)
RESIDENT, OTHER_RESIDENT, STORE, OTHER_STORE, RECYCLER, OTHER_RECYCLER, OFFICE = (UUID(int=n) for n in range(1, 8))
OLD_CODE, NEW_CODE = "117612400000001", "117612400000002"
PARTY = {
    Actor.RESIDENT: RESIDENT,
    Actor.STORE: STORE,
    Actor.RECYCLER: RECYCLER,
    Actor.POLICE: OFFICE,
    Actor.COMMERCE: OFFICE,
    Actor.FINANCE: OFFICE,
    Actor.PLATFORM: OFFICE,
}


def some_chain_terms(shelf: Shelf, *, bucket_count: int = 1) -> ChainTerms:
    """Terms under which a chain runs."""
    return ChainTerms(shelf=shelf, bucket_count=bucket_count, qualification_days=30, claim_days=60, code_minutes=15)


def a_claim(
    *,
    mode: Mode = Mode.CLAIM_LATER,
    needs: Iterable[Step] = (),
    number: int = 100,
    resident: UUID = RESIDENT,
    old_code: str = OLD_CODE,
    old_battery: Battery = Battery.LITHIUM,
    plate: PlateState = PlateState.REGISTERED,
) -> Claim:
    """A draft."""
    return Claim(
        claim_id=UUID(int=number),
        resident_id=resident,
        terms=Terms(mode=mode, needs=frozenset(needs)),
        old_code=old_code,
        old_battery=old_battery,
        plate=plate,
    )


def a_deed(
    act: Act,
    *,
    actor: Actor | None = None,
    by: UUID | None = None,
    on: date = TODAY,
    fen: int = 50_000,
    price_fen: int = 200_000,
    new_code: str = NEW_CODE,
    until: date | None = LATER,
) -> Deed:
    """An act by the first party that may do it, today, with amounts that fit."""
    who = actor or next(allowed for known, allowed in MOVES if known is act)
    return Deed(
        act=act, actor=who, by=by or PARTY[who], on=on, fen=fen, price_fen=price_fen, new_code=new_code, until=until
    )


def done(claim: Claim, *acts: Act, today: date = TODAY) -> Claim:
    """The claim after these acts, each as `a_deed`, in the given order."""
    for act in acts:
        claim = decide_move(claim, a_deed(act, on=today), today=today)
    return claim


def published() -> Claim:
    """A claim that is shown to the public until LATER."""
    return done(a_claim(), Act.QUALIFY, Act.RECEIVE_OLD, Act.SELL, Act.SUBMIT, Act.CHECK, Act.PUBLISH)


def approved() -> Claim:
    """A claim whose publicity is over and which finance approved."""
    return done(published(), Act.APPROVE, today=LATER)


def paid_later() -> Claim:
    """A claim that was paid to its resident."""
    return done(approved(), Act.PAY, today=LATER)


def deducted() -> Claim:
    """A claim whose subsidy was taken off at the till."""
    return done(a_claim(mode=Mode.DEDUCT_AT_SALE), Act.QUALIFY, Act.RECEIVE_OLD, Act.DEDUCT)
