"""A claim as it stands, and a deed that somebody wants to do to it."""

from datetime import date
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

import msgspec

from yikatong.trade_in.model.moves import Act, Actor
from yikatong.trade_in.model.states import ClaimState, Mode, NewState, OldState, PlateState


class Battery(StrEnum):
    """What drives a bike; lithium must not stay in a store overnight."""

    LITHIUM = "lithium"
    LEAD_ACID = "lead_acid"
    OTHER = "other"


class Step(StrEnum):
    """What a place may want done before a claim is submitted, or money is taken off at the till."""

    HAND_IN = "hand_in"
    DISMANTLING = "dismantling"
    PLATE_CANCELLATION = "plate_cancellation"
    PURCHASE = "purchase"
    NEW_REGISTRATION = "new_registration"


class Unmet(NamedTuple):
    """A step that has to come first and of which nothing is recorded, and the clause that wants it."""

    step: Step
    clause: str


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What the chain has to know of the sheet under which a claim was qualified."""

    mode: Mode
    needs: frozenset[Step] = frozenset()


class Money(msgspec.Struct, frozen=True, kw_only=True):
    """Where the fen are that were reserved for one claim; `rules.verify_conserved` says what holds.

    `held` waits in the budget; `paid` has reached the store or the resident; `owed_back` was paid and is to come back;
    `released` went back into the budget unpaid; `reclaimed` came back to the treasury.
    """

    reserved_fen: int = 0
    held_fen: int = 0
    paid_fen: int = 0
    owed_back_fen: int = 0
    released_fen: int = 0
    reclaimed_fen: int = 0


class Days(msgspec.Struct, frozen=True, kw_only=True):
    """The days on which something happened, as whoever did it stated them."""

    received_on: date | None = None
    collected_on: date | None = None
    dismantled_on: date | None = None
    cancelled_on: date | None = None
    bought_on: date | None = None
    registered_on: date | None = None
    returned_on: date | None = None


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """One claim: four tracks, the days, the money, and which store and recycler have to do with it.

    `amount_fen` is what was decided, 0 before. `valid_until` ends the qualification or the term for mending, None
    where no end is known. `public_until` ends the publicity, None before it began. `was_resumed`: its goods went to
    a later claim of the same resident.
    """

    claim_id: UUID
    resident_id: UUID
    terms: Terms
    old_code: str
    old_battery: Battery
    new_code: str = ""
    state: ClaimState = ClaimState.DRAFT
    old: OldState = OldState.OWNED
    plate: PlateState = PlateState.NONE
    new: NewState = NewState.NOT_BOUGHT
    days: Days = Days()
    money: Money = Money()
    amount_fen: int = 0
    price_fen: int = 0
    valid_until: date | None = None
    public_until: date | None = None
    old_store_id: UUID | None = None
    recycler_id: UUID | None = None
    store_id: UUID | None = None
    was_resumed: bool = False


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to do: the act, who, and the day on which it happened.

    `fen` is the amount of QUALIFY (reserve), DEDUCT, CHECK and PAY_BACK. `price_fen` and `new_code` belong to SELL and
    DEDUCT; what undoes a deduction names both its amounts. `until` is the end that QUALIFY, SELL, REJECT and STOP give
    the qualification and PUBLISH the publicity.
    """

    act: Act
    actor: Actor
    by: UUID
    on: date
    fen: int = 0
    price_fen: int = 0
    new_code: str = ""
    until: date | None = None


class VehicleRole(StrEnum):
    """As what a vehicle counts in a claim."""

    OLD = "old"
    NEW = "new"


class Spending(NamedTuple):
    """A vehicle code that counts for a claim; each code counts once in the whole installation, in whatever role."""

    code: str
    role: VehicleRole
    claim_id: UUID
