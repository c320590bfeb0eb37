"""What the platform answers of a trade-in, to each party; words are text, for the platform may know more of them."""

from datetime import date

from msgspec import Struct

from yikatong.kernel.outcomes import Change


class ImportedList(Struct, frozen=True, kw_only=True):
    """What a file brought: how it was read, how many entries are new, changed, or as they were."""

    change: Change
    encoding: str
    added_count: int
    changed_count: int
    same_count: int


class Listed(Struct, frozen=True, kw_only=True):
    """A store or recycler on a list."""

    kind: str
    credit_code: str
    name: str
    listed_from: date
    listed_until: date | None


class ListedPage(Struct, frozen=True, kw_only=True):
    """A page in order of credit code; `next_after` is None on the last one."""

    parties: tuple[Listed, ...]
    next_after: str | None


class Pledge(Struct, frozen=True, kw_only=True):
    """The price that a store may not exceed for a model."""

    model: str
    price_fen: int
    rule: str
    valid_from: date
    valid_until: date | None


class PledgesPage(Struct, frozen=True, kw_only=True):
    """A page in order of model; `next_after` is None on the last one."""

    pledges: tuple[Pledge, ...]
    next_after: str | None


class PreparedSale(Struct, frozen=True, kw_only=True):
    """A sale that waits to be paid: the resident taps the whole price, of which they pay their own share."""

    provider_id: str
    price_fen: int
    subsidy_fen: int
    own_fen: int
    new_code: str
    model: str
    clause: str
    bought_on: date


class OldBike(Struct, frozen=True, kw_only=True):
    """The old bike of a claim."""

    code: str
    battery: str
    state: str
    plate: str
    received_on: date | None
    collected_on: date | None
    dismantled_on: date | None
    cancelled_on: date | None


class NewBike(Struct, frozen=True, kw_only=True):
    """The new bike of a claim; no code before it is sold."""

    code: str
    state: str
    bought_on: date | None
    registered_on: date | None
    returned_on: date | None


class Unmet(Struct, frozen=True, kw_only=True):
    """A step that the place wants no later than the purchase and of which nothing is recorded, with the clause."""

    step: str
    clause: str


class StoreClaim(Struct, frozen=True, kw_only=True):
    """A claim as a store sees it."""

    claim_id: str
    place: str
    mode: str
    needs: tuple[str, ...]
    state: str
    valid_until: date | None
    old: OldBike
    new: NewBike
    most_fen: int
    sale: PreparedSale | None
    unmet: tuple[Unmet, ...]


class RecyclerClaim(Struct, frozen=True, kw_only=True):
    """A claim as a recycler sees it."""

    claim_id: str
    place: str
    state: str
    old: OldBike


class PoliceClaim(Struct, frozen=True, kw_only=True):
    """A claim as traffic police sees it."""

    claim_id: str
    old_code: str
    plate: str
    cancelled_on: date | None
    new_code: str
    new: str
    bought_on: date | None
    registered_on: date | None


class ClaimMoney(Struct, frozen=True, kw_only=True):
    """Where the fen are that were reserved for a claim."""

    reserved_fen: int
    held_fen: int
    paid_fen: int
    owed_back_fen: int
    released_fen: int
    reclaimed_fen: int


class FinanceClaim(Struct, frozen=True, kw_only=True):
    """A claim as finance sees it."""

    claim_id: str
    resident_id: str
    place: str
    budget: str
    mode: str
    state: str
    amount_fen: int
    price_fen: int
    money: ClaimMoney
    public_until: date | None


class WholeClaim(Struct, frozen=True, kw_only=True):
    """A claim whole."""

    claim_id: str
    place: str
    sheet: str
    mode: str
    needs: tuple[str, ...]
    state: str
    valid_until: date | None
    public_until: date | None
    old: OldBike
    new: NewBike
    price_fen: int
    amount_fen: int
    money: ClaimMoney
    facts: dict[str, str]
    sale: PreparedSale | None


class OpenedClaim(Struct, frozen=True, kw_only=True):
    """Whether a claim was opened now or before, and the claim."""

    change: Change
    claim: WholeClaim


class ClaimsOfResident(Struct, frozen=True, kw_only=True):
    """A resident's claims, the newest first."""

    claims: tuple[WholeClaim, ...]


class CouponSeen(Struct, frozen=True, kw_only=True):
    """A claim's coupon for whoever checks it; `disagree` names what the bank that took it and the store say otherwise.

    `used_on`, `price_fen` and `reference` are the bank's, None while none has taken it.
    """

    taken_on: date
    good_until: date
    used_on: date | None
    price_fen: int | None
    reference: str | None
    disagree: tuple[str, ...]


class CommerceClaim(Struct, frozen=True, kw_only=True):
    """A claim as the department that checks it sees it."""

    resident_id: str
    claim: WholeClaim
    old_store_id: str | None
    recycler_id: str | None
    store_id: str | None
    proof: str | None
    version: int
    coupon: CouponSeen | None


class CouponLine(Struct, frozen=True, kw_only=True):
    """A coupon that may be used: `good_until` is the first day on which it is no longer good."""

    claim_id: str
    taken_on: date
    good_until: date
    most_fen: int


class CouponLines(Struct, frozen=True, kw_only=True):
    """A page in order of id; `next_after` is None on the last one."""

    coupons: tuple[CouponLine, ...]
    next_after: str | None


class CouponUse(Struct, frozen=True, kw_only=True):
    """What the bank that took a coupon said."""

    used_on: date
    price_fen: int
    reference: str


class Coupon(Struct, frozen=True, kw_only=True):
    """A coupon that a buyer shows."""

    claim_id: str
    place: str
    state: str
    taken_on: date
    good_until: date
    most_fen: int
    use: CouponUse | None


class CouponUsed(Struct, frozen=True, kw_only=True):
    """Whether a use was said now or before, and the coupon."""

    change: Change
    coupon: Coupon


class ClaimStep(Struct, frozen=True, kw_only=True):
    """Whether a step was done now or before, and how the claim stands; of a sale also what should have come first."""

    change: Change
    claim_id: str
    state: str
    old: str
    plate: str
    new: str
    unmet: tuple[Unmet, ...] = ()


class Prepared(Struct, frozen=True, kw_only=True):
    """A sale that waits for the resident's tap."""

    claim_id: str
    sale: PreparedSale


class OvernightBike(Struct, frozen=True, kw_only=True):
    """An old lithium bike that stayed in a store."""

    claim_id: str
    store_id: str
    place: str
    old_code: str
    received_on: date


class OvernightBikes(Struct, frozen=True, kw_only=True):
    """Lithium bikes that stayed, the oldest first."""

    bikes: tuple[OvernightBike, ...]


class ClaimLine(Struct, frozen=True, kw_only=True):
    """A claim in a list."""

    claim_id: str
    mode: str
    state: str
    old: str
    new: str
    bought_on: date | None
    amount_fen: int


class ClaimLines(Struct, frozen=True, kw_only=True):
    """A page in order of id; `next_after` is None on the last one."""

    claims: tuple[ClaimLine, ...]
    next_after: str | None


class TradeInBudget(Struct, frozen=True, kw_only=True):
    """How a budget stands."""

    budget: str
    funded_fen: int
    left_fen: int
    reclaimed_fen: int


class Funded(Struct, frozen=True, kw_only=True):
    """Whether money was put in now or before, and how the budget stands."""

    change: Change
    budget: TradeInBudget


class Rostered(Struct, frozen=True, kw_only=True):
    """The roster that claims went onto; None where no checked claim waited."""

    change: Change
    roster_id: str | None
    line_count: int
    amount_fen: int
