"""Rosters (花名册): who is to be paid what, checked and made public before anybody is paid."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from yikatong.kernel.ids import ResidentId
from yikatong.ledger.model import AccountKind, AccountName, name_account


class OncePer(StrEnum):
    """What is paid once: a person under a scheme and period, or whatever a line refers to (a claim, a plot)."""

    PERSON = "person"
    REFERENCE = "reference"


class RosterState(StrEnum):
    """How a roster stands. Lines come in while it is open; from `final` a batch is issued, once."""

    OPEN = "open"
    CHECKED = "checked"
    PUBLISHED = "published"
    FINAL = "final"
    WITHDRAWN = "withdrawn"


class RosterCommand(StrEnum):
    """What moves a roster."""

    ADD = "add"
    CHECK = "check"
    PUBLISH = "publish"
    OBJECT = "object"
    FINALISE = "finalise"
    ISSUE = "issue"
    WITHDRAW = "withdraw"


class LineState(StrEnum):
    """How a line of a roster stands: `held` has a finding and is not paid, `removed` was taken off."""

    ENTERED = "entered"
    CLEAR = "clear"
    HELD = "held"
    REMOVED = "removed"


class Finding(StrEnum):
    """Why a person cannot be paid as things stand, in the order in which it is looked for; the first one counts."""

    PERSON_IS_UNKNOWN = "person_is_unknown"
    PERSON_IS_DECEASED = "person_is_deceased"
    PERSON_HAS_LEFT = "person_has_left"
    PERSON_IS_OF_ANOTHER_DIVISION = "person_is_of_another_division"
    NAME_DIFFERS = "name_differs"
    IS_DUPLICATE = "is_duplicate"
    CARD_IS_NOT_NORMAL = "card_is_not_normal"
    ACCOUNT_IS_NOT_BOUND = "account_is_not_bound"


class Ground(StrEnum):
    """What an objection says; no free text, because what people write of one another is personal."""

    NOT_ENTITLED = "not_entitled"
    DECEASED = "deceased"
    AMOUNT_IS_WRONG = "amount_is_wrong"
    LISTED_TWICE = "listed_twice"
    OTHER = "other"


class ObjectionState(StrEnum):
    """An objection is open, then upheld (the line is taken off) or dismissed."""

    OPEN = "open"
    UPHELD = "upheld"
    DISMISSED = "dismissed"


class NewRoster(msgspec.Struct, frozen=True, kw_only=True):
    """What a roster is for. `scheme` and `period` name what a person gets once; `budget` is the account that pays."""

    region: str
    division: str
    scheme: str
    period: str
    title: str
    budget: AccountName
    once_per: OncePer = OncePer.PERSON


class Roster(msgspec.Struct, frozen=True, kw_only=True):
    """A roster. `clear_count` and `clear_fen` are the lines that would be paid, known since it was checked."""

    id: UUID
    region: str
    division: str
    scheme: str
    period: str
    title: str
    once_per: OncePer
    budget_owner_id: UUID
    budget_label: str
    state: RosterState
    last_line: int
    line_count: int
    amount_fen: int
    clear_count: int
    clear_fen: int
    batch_id: UUID | None
    opened_at: datetime
    opened_by: UUID
    checked_at: datetime | None
    public_from: date | None
    public_until: date | None
    final_at: datetime | None

    @property
    def budget(self) -> AccountName:
        """The account that pays."""
        return name_account(self.budget_owner_id, AccountKind.BUDGET, self.budget_label)


class RosterEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One person to be paid: an amount already decided, and an opaque reference that is listed once.

    `name` is what the list says; it is compared with the register when the line comes in, and not kept.
    """

    resident_id: ResidentId
    reference: UUID
    amount_fen: int
    name: str | None = None


class RosterLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a roster as it is kept."""

    bucket: int
    roster_id: UUID
    line: int
    resident_id: ResidentId
    reference: UUID
    amount_fen: int
    state: LineState
    finding: Finding | None


class Added(msgspec.Struct, frozen=True):
    """How many lines came in now, and how many were there before under the same reference."""

    added_count: int
    already_count: int


class Checked(msgspec.Struct, frozen=True):
    """What a check came to: lines that can be paid with their sum, and how many were held by finding."""

    clear_count: int
    clear_fen: int
    held: dict[str, int]


class PublicLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line as everybody may read it: a masked name, the division, the amount."""

    line: int
    name: str
    division: str
    amount_fen: int


class Objection(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody said against a line while the roster was public."""

    bucket: int
    id: UUID
    roster_id: UUID
    line: int
    resident_id: ResidentId
    ground: Ground
    state: ObjectionState
    made_at: datetime
    made_by: UUID
    decided_at: datetime | None
    decided_by: UUID | None
