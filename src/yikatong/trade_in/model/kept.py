"""What is kept of a claim beside its tracks, and what its parties ask."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec

from yikatong.kernel.ids import ResidentId
from yikatong.kernel.outcomes import Change, Refused
from yikatong.ledger.model import AccountName, name_claim
from yikatong.programmes.service import Shelf
from yikatong.trade_in.model.claims import Claim, Deed
from yikatong.trade_in.model.states import ClaimState, Mode, NewState, OldState

PROGRAMME = "trade_in"
CODE_DIGITS = 15
"""A whole-vehicle code has fifteen digits (GB 17761, filing on whole-vehicle codes of electric bicycles)."""


class ChainTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What the chain runs under: the sheets, the number of buckets, and the settings' terms where a sheet names none.

    A qualification lasts `qualification_days`, after a sale a claim may be submitted or mended for `claim_days`; a
    vehicle's code is held for `code_minutes` until a claim counts it.
    """

    shelf: Shelf
    bucket_count: int
    qualification_days: int
    claim_days: int
    code_minutes: int

    @property
    def claim_term(self) -> timedelta:
        """How long a claim may be mended."""
        return timedelta(days=self.claim_days)

    @property
    def code_term(self) -> timedelta:
        """How long a code is held that no claim counts yet."""
        return timedelta(minutes=self.code_minutes)


class KeptClaim(msgspec.Struct, frozen=True, kw_only=True):
    """A claim as its row has it.

    `version` is the number of its last deed. `sheet`, `count_key`, `budget` and `places` are those of its
    qualification; `places` is empty where the place pays for any number of bikes. `facts`
    are what was stated so far, as the formula reads them. `to_release_fen` was released and still lies in its account;
    `sent_fen` is held and lies with payouts. `proof` is the digest of the proof of dismantling.
    """

    bucket: int
    version: int
    place: str
    sheet: str
    count_key: str
    budget: str
    facts: Mapping[str, str]
    claim: Claim
    to_release_fen: int
    sent_fen: int
    proof: bytes | None
    made_at: datetime
    changed_at: datetime
    places: str = ""

    @property
    def account_fen(self) -> int:
        """What must lie in the claim's account."""
        return self.claim.money.held_fen + self.to_release_fen - self.sent_fen


class ListedClaim(msgspec.Struct, frozen=True, kw_only=True):
    """A claim in a list: where it stands, and no person."""

    claim_id: UUID
    mode: Mode
    state: ClaimState
    old_state: OldState
    new_state: NewState
    bought_on: date | None
    amount_fen: int


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """A resident asks to be qualified for one old bike at one place.

    `facts` are the formula's, `old_battery` must be among them. `stated` are those of its applicant alone, where a
    register has said more since: the same request is known by what was asked, whatever the register says later.
    """

    request_id: UUID
    resident_id: ResidentId
    place: str
    old_code: str
    facts: Mapping[str, str]
    stated: Mapping[str, str] | None = None


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody asks for a deed on a claim.

    `facts` is what this party states besides. `credit_code` is the store's or recycler's own, `model` the new bike's;
    `proof` the SHA-256 of the proof of dismantling. `source` is the account from which money comes back: of payouts
    for STOP, of whoever owes it for PAY_BACK.
    """

    request_id: UUID
    claim_id: UUID
    deed: Deed
    facts: Mapping[str, str] = {}
    credit_code: str = ""
    model: str = ""
    proof: bytes = b""
    source: AccountName | None = None


class PreparedSale(msgspec.Struct, frozen=True, kw_only=True):
    """A sale that a store has entered: the resident pays `own_fen`, the programme `subsidy_fen`, of one price.

    `tap_id` is the tap that paid it; None while it waits to be paid.
    """

    bucket: int
    claim_id: UUID
    resident_id: ResidentId
    request_id: UUID
    decision_id: UUID
    provider_id: UUID
    price_fen: int
    subsidy_fen: int
    new_code: str
    model: str
    clause: str
    bought_on: date
    prepared_at: datetime
    tap_id: UUID | None = None

    @property
    def own_fen(self) -> int:
        """What the resident pays."""
        return self.price_fen - self.subsidy_fen


class Qualified(NamedTuple):
    """An application that was admitted, now or before."""

    kept: KeptClaim
    change: Change


class BudgetIsShort(NamedTuple):
    """The bucket's slice of a budget has too little for an application: lease more, then ask again.

    Of places, `budget` is the code under which they are counted, and one is needed.
    """

    budget: str
    need_fen: int


Applied = Qualified | BudgetIsShort | Refused
"""What becomes of an application; a refusal that is returned has its decision kept."""


class Acted(NamedTuple):
    """A deed that was done, now or before, and the claim after it."""

    kept: KeptClaim
    change: Change


class DeedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A deed as it is kept; states are those of claim, old bike, plate and new bike."""

    bucket: int
    request_id: UUID
    claim_id: UUID
    resident_id: UUID
    number: int
    digest: bytes
    act: str
    actor: str
    by_id: UUID
    done_on: date
    fen: int
    price_fen: int
    new_code: str
    until_on: date | None
    states_before: tuple[str, ...]
    states_after: tuple[str, ...]
    decision_id: UUID | None
    made_at: datetime


class DecisionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A decision as it is kept; `sealed` is the whole `programmes.model.Decision` under its resident's key."""

    bucket: int
    decision_id: UUID
    claim_id: UUID
    resident_id: UUID
    request_id: UUID
    act: str
    asking: str
    place: str
    effective_on: date
    known_on: date
    decided_on: date
    formula: str
    formula_digest: bytes
    sheet: str
    sheet_digest: bytes
    inputs_digest: bytes
    assumed: tuple[str, ...]
    amount_fen: int
    reason: str | None
    failed: tuple[str, ...]
    steps: str
    sealed: bytes
    decided_at: datetime


class SaleAtTill(msgspec.Struct, frozen=True, kw_only=True):
    """An entered sale in a batch of taps, waiting or paid, with its claim, and what the batch has done to both.

    `version_read` is the version of the claim as it was read; `is_over` says that the goods came back.
    """

    kept: KeptClaim
    sale: PreparedSale
    version_read: int
    deeds: tuple[DeedRow, ...] = ()
    is_over: bool = False

    @property
    def account(self) -> AccountName:
        """Where the money of the claim lies."""
        return name_claim(self.sale.resident_id, self.sale.claim_id)


class Overnight(msgspec.Struct, frozen=True, kw_only=True):
    """An old lithium bike that is in a store since a day."""

    store_id: UUID
    claim_id: UUID
    place: str
    old_code: str
    received_on: date
