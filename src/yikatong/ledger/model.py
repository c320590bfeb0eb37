"""Accounts, transfers, entries and holds as values.

Sign: a balance is the sum of its entries, and positive means that we owe the account's owner. A purse of
5.00 yuan is +500; a bank that collected 5.00 yuan for us and has not yet handed it over is -500.
"""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from uuid import UUID

import msgspec

from yikatong.kernel.ids import AccountId, HoldId, TransferId, uuid_of
from yikatong.ledger.reasons import Reason as Reason

LEGS_MAX = 8
"""The most legs of one transfer; the row constraint of ledger.transfer counts them one by one."""


class AccountKind(StrEnum):
    """What an account is for. The first five have a floor; the others go below zero when others owe us.

    A budget is leased in slices to the buckets, by way of its leases, whose sum over all buckets is zero; a slice is
    never below zero. What a claim may get waits in an account of its own. What comes back of it stands as reclaimed.
    """

    PURSE = "purse"
    BENEFIT = "benefit"
    ALLOWANCE = "allowance"
    BUDGET = "budget"
    CLAIM = "claim"
    PROVIDER_RECEIVABLE = "provider_receivable"
    PROVIDER_DEBT = "provider_debt"
    BANK_CLEARING = "bank_clearing"
    PAYOUT_CLEARING = "payout_clearing"
    REGION_CLEARING = "region_clearing"
    RESERVE_NOSTRO = "reserve_nostro"
    RESERVE_CLEARING = "reserve_clearing"
    ESCHEAT = "escheat"
    FUNDING = "funding"
    BUDGET_SLICE = "budget_slice"
    BUDGET_LEASES = "budget_leases"
    RECLAIMED = "reclaimed"


FLOORED_KINDS = frozenset(
    {AccountKind.PURSE, AccountKind.BENEFIT, AccountKind.ALLOWANCE, AccountKind.BUDGET, AccountKind.CLAIM}
)
"""Kinds whose accounts have a floor and so one row in their owner's bucket."""


class TransferKind(StrEnum):
    """What a transfer does to money; never what was bought with it."""

    PAYMENT = "payment"
    REFUND = "refund"
    REVERSAL = "reversal"
    TOP_UP = "top_up"
    GRANT = "grant"
    SETTLEMENT = "settlement"
    PAYOUT = "payout"
    RETURN = "return"
    DEBT = "debt"
    CLOSING = "closing"
    CORRECTION = "correction"
    RESERVE = "reserve"
    LEASE = "lease"
    SET_ASIDE = "set_aside"
    RELEASE = "release"
    RECLAIM = "reclaim"


class HoldStatus(StrEnum):
    """A hold is pending, then ends once as one of the others."""

    PENDING = "pending"
    POSTED = "posted"
    VOIDED = "voided"
    EXPIRED = "expired"


class AccountName(msgspec.Struct, frozen=True, gc=False):
    """Names an account without a look-up: the id is a digest of owner, kind and label. Made by `name_account` alone."""

    id: AccountId
    owner_id: UUID
    kind: AccountKind
    label: str
    has_floor: bool


class Account(msgspec.Struct, frozen=True, gc=False):
    """The row of an account with a floor. `label` tells accounts of one owner and kind apart, as a benefit's code."""

    owner_id: UUID
    id: AccountId
    kind: AccountKind
    label: str
    floor_fen: int
    posted_fen: int
    held_fen: int
    version: int
    frozen_at: datetime | None
    closed_at: datetime | None

    @property
    def name(self) -> AccountName:
        """This account's name."""
        return name_account(self.owner_id, self.kind, self.label)


class OpenTotal(msgspec.Struct, frozen=True, gc=False):
    """The balance of an account without a floor, summed over its writers."""

    account_id: AccountId
    posted_fen: int


class Leg(msgspec.Struct, frozen=True, gc=False):
    """One side of a transfer: what is added to an account's balance (negative: taken from it)."""

    account: AccountName
    amount_fen: int


class TransferDraft(msgspec.Struct, frozen=True, gc=False):
    """A transfer that someone asks to have posted. `reference` is opaque to the ledger, as a tap's id."""

    id: TransferId
    kind: TransferKind
    reference: UUID
    legs: tuple[Leg, ...]


class Transfer(msgspec.Struct, frozen=True):
    """A posted transfer as it was written: the accounts and, at the same places, what each gained."""

    id: TransferId
    kind: TransferKind
    reference: UUID
    accounts: list[AccountId]
    legs: list[int]
    posted_at: datetime


class HoldDraft(msgspec.Struct, frozen=True):
    """An amount that someone asks to have set aside until an instant."""

    id: HoldId
    account: AccountName
    amount_fen: int
    expires_at: datetime
    reference: UUID


class Hold(msgspec.Struct, frozen=True):
    """An amount set aside on an account with a floor; it counts against what is available until it ends."""

    id: HoldId
    owner_id: UUID
    account_id: AccountId
    amount_fen: int
    status: HoldStatus
    reference: UUID
    made_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    transfer_id: TransferId | None


class AccountWrite(msgspec.Struct, frozen=True, gc=False):
    """What a floored account's row becomes, if it still has the version that was read."""

    owner_id: UUID
    id: AccountId
    version: int
    posted_fen: int
    held_fen: int


class BookWrites(msgspec.Struct, frozen=True):
    """What one batch changes, set by set, in the order in which it is written."""

    now: datetime
    transfers: tuple[TransferDraft, ...]
    accounts: tuple[AccountWrite, ...]
    open_changes: tuple[Leg, ...]
    holds_made: tuple[Hold, ...]
    holds_ended: tuple[Hold, ...]


class Balance(msgspec.Struct, frozen=True):
    """What an account holds: `available_fen` is posted less held; holds past their end no longer count."""

    posted_fen: int
    held_fen: int
    available_fen: int


class StatementLine(msgspec.Struct, frozen=True):
    """One entry as its owner reads it."""

    transfer_id: TransferId
    kind: TransferKind
    reference: UUID
    posted_at: datetime
    amount_fen: int


class AccountStatement(msgspec.Struct, frozen=True):
    """An account's entries from a day until another, between the balance before and the balance after them."""

    account_id: AccountId
    from_on: date
    until_on: date
    opening_fen: int
    lines: tuple[StatementLine, ...]
    closing_fen: int


class DayTotal(msgspec.Struct, frozen=True):
    """What one day did to one account without a floor in one bucket.

    `opening_fen` and `closing_fen` are its balances in that bucket at the day's begin and end; the counts and sums
    are by kind of transfer; `settled_later_fen` sums its settlements and debts posted after the day (negative: paid).
    """

    bucket: int
    account: AccountName
    opening_fen: int
    closing_fen: int
    settled_later_fen: int
    counts: Mapping[str, int]
    sums_fen: Mapping[str, int]


class DayChange(msgspec.Struct, frozen=True):
    """All entries of one day and one kind of transfer on an account without a floor, over all buckets."""

    owner_id: UUID
    label: str
    day_on: date
    kind: TransferKind
    entry_count: int
    sum_fen: int


class Taking(msgspec.Struct, frozen=True):
    """What one claim is to have of a budget, and the claim's account; `reference` is opaque, as the claim's id."""

    transfer_id: TransferId
    reference: UUID
    account: AccountName
    amount_fen: int


class BudgetState(msgspec.Struct, frozen=True):
    """How a programme's budget stands over all buckets.

    `funded_fen` was put in, `main_fen` and `sliced_fen` are left (not yet and already leased to buckets), and
    `reclaimed_fen` came back of what was paid; it belongs to whoever funds the budget and is not given out again.
    """

    funded_fen: int
    main_fen: int
    sliced_fen: int
    reclaimed_fen: int

    @property
    def left_fen(self) -> int:
        """What claims may still get."""
        return self.main_fen + self.sliced_fen


class TrialLine(msgspec.Struct, frozen=True):
    """All accounts of one kind together; over all kinds the balances sum to zero."""

    kind: AccountKind
    account_count: int
    posted_fen: int


def digest_id(*parts: bytes, time_of: UUID | None = None) -> UUID:
    """Derive a UUIDv8 (RFC 9562 §5.8) from bytes: the same parts give the same id.

    Each part is preceded by its length, so that no two lists of parts read the same. With `time_of` the first
    48 bits are that id's time, which keeps derived keys beside the keys they follow.
    """
    framed = b"".join([len(part).to_bytes(4) + part for part in parts])
    number = int.from_bytes(sha256(framed).digest()[:16])
    if time_of is not None:
        number = (time_of.int >> 80 << 80) | (number & ((1 << 80) - 1))
    number = (number & ~(0xF << 76)) | 0x8 << 76
    return uuid_of((number & ~(0b11 << 62)) | 0b10 << 62)


@lru_cache(maxsize=65_536)
def name_account(owner_id: UUID, kind: AccountKind, label: str = "") -> AccountName:
    """Name the account of an owner: same owner, kind and label, same account."""
    account_id = digest_id(b"account", owner_id.bytes, kind.value.encode(), label.encode())
    return AccountName(AccountId(account_id), owner_id, kind, label, kind in FLOORED_KINDS)


def account_id_of(owner_id: UUID, kind: AccountKind, label: str = "") -> AccountId:
    """Say the id of an owner's account without a look-up."""
    return name_account(owner_id, kind, label).id


@lru_cache(maxsize=4_096)
def owner_of(kind: str, code: str) -> UUID:
    """Give an organisation that others number an owner's id: `owner_of("bank", "102")`, `owner_of("region", code)`."""
    return digest_id(b"owner", kind.encode(), code.encode())


HOUSE = owner_of("house", "yikatong")
"""The owner of the platform's own accounts."""

RESERVE_NOSTRO = name_account(HOUSE, AccountKind.RESERVE_NOSTRO)
"""What the reserve bank keeps for us to cover purses: minus the sum of all purses, in every bucket, at every commit."""

RESERVE_CLEARING = name_account(HOUSE, AccountKind.RESERVE_CLEARING)
"""What has still to be moved into (positive) or out of (negative) the reserve at the bank."""


def bank_clearing(bank_code: str) -> AccountName:
    """Name the account of what a bank owes us (negative) or we owe the bank (positive)."""
    return name_account(owner_of("bank", bank_code), AccountKind.BANK_CLEARING, bank_code)


def name_budget(code: str) -> AccountName:
    """Name the account of a programme's budget by programme, place and year, as `trade_in:320000:2024`."""
    return name_account(owner_of("programme_budget", code), AccountKind.BUDGET, code)


def name_of_budget(budget: AccountName, kind: AccountKind) -> AccountName:
    """Name what belongs to a budget: its slices, leases, funding, or what was reclaimed of it."""
    return name_account(budget.owner_id, kind, budget.label)


def name_claim(resident_id: UUID, claim_id: UUID) -> AccountName:
    """Name the account in which a resident's claim has its money until it is paid or released."""
    return name_account(resident_id, AccountKind.CLAIM, claim_id.hex)
