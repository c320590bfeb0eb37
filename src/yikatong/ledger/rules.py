"""The book: a working copy of accounts and holds on which one batch is decided, in order of arrival.

A book is built from rows that the batch has locked. What it posts, the next question sees; what it refuses
leaves no trace; what is rolled back was never there. `writes` says what the database must become.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import structs

from yikatong.kernel.ids import AccountId, HoldId, TransferId
from yikatong.kernel.money import AMOUNT_FEN_MAX
from yikatong.ledger.model import (
    FLOORED_KINDS,
    LEGS_MAX,
    RESERVE_CLEARING,
    RESERVE_NOSTRO,
    Account,
    AccountKind,
    AccountWrite,
    BookWrites,
    Hold,
    HoldDraft,
    HoldStatus,
    Leg,
    OpenTotal,
    Reason,
    TransferDraft,
    TransferKind,
    digest_id,
)

_ABSENT: Any = object()


def find_draft_fault(draft: TransferDraft) -> Reason | None:
    """Say what is wrong with a transfer whatever the balances.

    Refuses, in this order:
        TRANSFER_DOES_NOT_BALANCE    fewer than two or more than eight legs, or their sum is not zero
        AMOUNT_IS_NOT_POSITIVE       a leg moves nothing, or more than 100 billion yuan
    """
    legs = draft.legs
    if not 2 <= len(legs) <= LEGS_MAX:
        return Reason.TRANSFER_DOES_NOT_BALANCE
    total = 0
    amounts_fit = True
    for leg in legs:
        amount = leg.amount_fen
        total += amount
        if amount == 0 or not -AMOUNT_FEN_MAX <= amount <= AMOUNT_FEN_MAX:
            amounts_fit = False
    if total != 0:
        return Reason.TRANSFER_DOES_NOT_BALANCE
    return None if amounts_fit else Reason.AMOUNT_IS_NOT_POSITIVE


def find_account_fault(accounts: Iterable[Account | None]) -> Reason | None:
    """Say why accounts with a floor may not be moved.

    Refuses, in this order: ACCOUNT_IS_UNKNOWN, ACCOUNT_IS_CLOSED, ACCOUNT_IS_FROZEN; each for any of the accounts.
    """
    closed = frozen = False
    for account in accounts:
        if account is None:
            return Reason.ACCOUNT_IS_UNKNOWN
        closed = closed or account.closed_at is not None
        frozen = frozen or account.frozen_at is not None
    if closed:
        return Reason.ACCOUNT_IS_CLOSED
    return Reason.ACCOUNT_IS_FROZEN if frozen else None


class Book:
    """What one batch may count on, and what it has decided so far.

    `accounts` are the locked rows, `holds` every pending hold on them (and any hold the batch names),
    `open_totals` the balances of accounts without a floor that the batch may lower only to a limit.
    Accounts without a floor need not be known to be posted to.
    """

    __slots__ = ("_accounts", "_due", "_held", "_holds", "_now", "_open_changes", "_open_totals", "_posted",
                 "_read_holds", "_transfers", "_undo")  # fmt: skip

    def __init__(
        self,
        *,
        accounts: Iterable[Account],
        holds: Iterable[Hold],
        now: datetime,
        open_totals: Iterable[OpenTotal] = (),
    ) -> None:
        self._now = now
        self._accounts: dict[AccountId, Account] = {account.id: account for account in accounts}
        self._posted: dict[AccountId, int] = {}
        self._held: dict[AccountId, int] = {}
        self._open_totals = {total.account_id: total.posted_fen for total in open_totals}
        self._open_changes: dict[AccountId, Leg] = {}
        self._transfers: dict[TransferId, TransferDraft] = {}
        self._read_holds: dict[HoldId, Hold] = {hold.id: hold for hold in holds}
        self._holds: dict[HoldId, Hold] = {}
        self._due: dict[AccountId, tuple[Hold, ...]] = {}
        for hold in self._read_holds.values():
            if hold.status is HoldStatus.PENDING and hold.expires_at <= now:
                self._due[hold.account_id] = (*self._due.get(hold.account_id, ()), hold)
        self._undo: list[tuple[dict[Any, Any], Any, Any]] = []

    def find_account(self, account_id: AccountId) -> Account | None:
        """The account as the batch read it, or None."""
        return self._accounts.get(account_id)

    def available(self, account_id: AccountId) -> int:
        """Fen that could be taken now: posted, less held, less the floor; holds past their end do not count.

        0 for an account that does not exist, is closed or is frozen.
        """
        account = self._accounts.get(account_id)
        if find_account_fault((account,)) is not None:
            return 0
        assert account is not None
        return self._free(account)

    def open_total(self, account_id: AccountId) -> int:
        """The balance of an account without a floor, with what this batch has changed; 0 if it was not read."""
        change = self._open_changes.get(account_id)
        return self._open_totals.get(account_id, 0) + (0 if change is None else change.amount_fen)

    def savepoint(self) -> int:
        """Mark the present state, for `rollback_to`."""
        return len(self._undo)

    def rollback_to(self, savepoint: int) -> None:
        """Take back everything decided since a savepoint."""
        undo = self._undo
        while len(undo) > savepoint:
            mapping, key, before = undo.pop()
            if before is _ABSENT:
                del mapping[key]
            else:
                mapping[key] = before

    def post(self, draft: TransferDraft) -> Reason | None:
        """Post a transfer, or say why not.

        Refuses, in this order:
            TRANSFER_DOES_NOT_BALANCE, AMOUNT_IS_NOT_POSITIVE    see `find_draft_fault`
            TRANSFER_ID_IS_USED                                  this batch posted another under the same id
            ACCOUNT_IS_UNKNOWN, ACCOUNT_IS_CLOSED, ACCOUNT_IS_FROZEN
            BALANCE_IS_TOO_LOW                                   an account would pass its floor
        """
        changes = _floored_changes(draft)
        fault = self._find_fault(draft, changes)
        return self._move(draft, changes) if fault is None else fault

    def hold(self, draft: HoldDraft) -> Reason | None:
        """Set an amount aside, or say why not.

        Refuses, in this order:
            AMOUNT_IS_NOT_POSITIVE    below one fen or above 100 billion yuan
            ACCOUNT_IS_UNKNOWN        also for an account without a floor: there is nothing to set aside on it
            ACCOUNT_IS_CLOSED, ACCOUNT_IS_FROZEN
            HOLD_ID_IS_USED           this batch knows another hold under the same id
            HOLD_HAS_EXPIRED          it would end before it begins
            BALANCE_IS_TOO_LOW        less is available
        """
        if not 0 < draft.amount_fen <= AMOUNT_FEN_MAX:
            return Reason.AMOUNT_IS_NOT_POSITIVE
        account = self._accounts.get(draft.account.id)
        fault = find_account_fault((account,))
        if fault is not None:
            return fault
        assert account is not None
        if self._find_hold(draft.id) is not None:
            return Reason.HOLD_ID_IS_USED
        if draft.expires_at <= self._now:
            return Reason.HOLD_HAS_EXPIRED
        if self._free(account) < draft.amount_fen:
            return Reason.BALANCE_IS_TOO_LOW
        self._expire_due(account.id)
        self._set(self._held, account.id, self._held_on(account) + draft.amount_fen)
        self._set(self._holds, draft.id, _new_hold(draft, made_at=self._now))
        return None

    def post_hold(self, hold_id: HoldId, draft: TransferDraft) -> Reason | None:
        """Post a transfer out of one hold (see `post_holds`)."""
        return self.post_holds((hold_id,), draft)

    def post_holds(self, hold_ids: Sequence[HoldId], draft: TransferDraft) -> Reason | None:
        """Post a transfer out of holds, which end whole: what the transfer does not take is free again.

        Without holds it is an ordinary transfer, as when a bank alone pays.

        Refuses, in this order, the last five for any of the holds:
            TRANSFER_DOES_NOT_BALANCE, AMOUNT_IS_NOT_POSITIVE, TRANSFER_ID_IS_USED
            ACCOUNT_IS_UNKNOWN, ACCOUNT_IS_CLOSED, ACCOUNT_IS_FROZEN
            HOLD_IS_UNKNOWN, HOLD_HAS_ENDED, HOLD_HAS_EXPIRED
            HOLD_IS_ON_ANOTHER_ACCOUNT           the transfer takes nothing from the account of the hold
            HOLD_IS_SMALLER_THAN_THE_TRANSFER    it takes more from that account than was held
            BALANCE_IS_TOO_LOW                   on another of its accounts
        """
        fault = find_draft_fault(draft)
        if fault is not None:
            return fault
        if draft.id in self._transfers:
            return Reason.TRANSFER_ID_IS_USED
        changes = _floored_changes(draft)
        fault = find_account_fault(self._accounts.get(account_id) for account_id in changes)
        if fault is not None:
            return fault
        before = self.savepoint()
        fault = self._end_posted(hold_ids, draft, changes) or self._move(draft, changes)
        if fault is not None:
            self.rollback_to(before)
        return fault

    def void_hold(self, hold_id: HoldId) -> Reason | None:
        """Give a held amount free again; a frozen account's too, since nothing moves.

        Refuses, in this order: HOLD_IS_UNKNOWN, HOLD_HAS_ENDED, HOLD_HAS_EXPIRED.
        """
        hold = self._find_hold(hold_id)
        fault = self._find_hold_fault(hold)
        if fault is not None:
            return fault
        assert hold is not None
        self._end_hold(hold, status=HoldStatus.VOIDED)
        return None

    def expire_due_holds(self) -> None:
        """Record every hold past its end as expired; use does the same for the account it touches."""
        for account_id in self._due:
            self._expire_due(account_id)

    @property
    def writes(self) -> BookWrites:
        """What the database must become: one set per table.

        The reserve follows the purses by one transfer for the whole batch, so that purses and reserve nostro
        are equal and opposite at every commit.
        """
        transfers = tuple(self._transfers.values())
        open_changes = dict(self._open_changes)
        reserve = self._reserve_transfer()
        if reserve is not None:
            transfers = (*transfers, reserve)
            for leg in reserve.legs:
                open_changes[leg.account.id] = _add_leg(open_changes.get(leg.account.id), leg)
        return BookWrites(
            now=self._now,
            transfers=transfers,
            accounts=tuple(self._account_writes()),
            open_changes=tuple(sorted(open_changes.values(), key=_account_key)),
            holds_made=tuple(hold for hold in self._holds.values() if hold.id not in self._read_holds),
            holds_ended=tuple(hold for hold in self._holds.values() if hold.id in self._read_holds),
        )

    def _find_fault(self, draft: TransferDraft, changes: dict[AccountId, int]) -> Reason | None:
        fault = find_draft_fault(draft)
        if fault is not None:
            return fault
        if draft.id in self._transfers:
            return Reason.TRANSFER_ID_IS_USED
        return find_account_fault([self._accounts.get(account_id) for account_id in changes])

    def _move(self, draft: TransferDraft, changes: dict[AccountId, int]) -> Reason | None:
        """Apply a transfer whose accounts are in order, unless a balance is too low."""
        for account_id, change in changes.items():
            if change < 0 and self._free(self._accounts[account_id]) < -change:
                return Reason.BALANCE_IS_TOO_LOW
        for account_id, change in changes.items():
            if account_id in self._due:
                self._expire_due(account_id)
            self._set(self._posted, account_id, self._posted_on(self._accounts[account_id]) + change)
        for leg in draft.legs:
            if leg.account.kind not in FLOORED_KINDS:
                self._set(self._open_changes, leg.account.id, _add_leg(self._open_changes.get(leg.account.id), leg))
        self._set(self._transfers, draft.id, draft)
        return None

    def _set(self, mapping: dict[Any, Any], key: Any, value: Any) -> None:
        self._undo.append((mapping, key, mapping.get(key, _ABSENT)))
        mapping[key] = value

    def _posted_on(self, account: Account) -> int:
        return self._posted.get(account.id, account.posted_fen)

    def _held_on(self, account: Account) -> int:
        return self._held.get(account.id, account.held_fen)

    def _free(self, account: Account) -> int:
        free = self._posted_on(account) - self._held_on(account) - account.floor_fen
        if account.id in self._due:
            free += sum(hold.amount_fen for hold in self._due[account.id] if hold.id not in self._holds)
        return free

    def _end_posted(
        self, hold_ids: Sequence[HoldId], draft: TransferDraft, changes: Mapping[AccountId, int]
    ) -> Reason | None:
        for hold_id in hold_ids:
            hold = self._find_hold(hold_id)
            fault = self._find_hold_fault(hold)
            if fault is not None:
                return fault
            assert hold is not None
            if changes.get(hold.account_id, 0) >= 0:
                return Reason.HOLD_IS_ON_ANOTHER_ACCOUNT
            if -changes[hold.account_id] > hold.amount_fen:
                return Reason.HOLD_IS_SMALLER_THAN_THE_TRANSFER
            self._end_hold(hold, status=HoldStatus.POSTED, transfer_id=draft.id)
        return None

    def _find_hold(self, hold_id: HoldId) -> Hold | None:
        return self._holds.get(hold_id) or self._read_holds.get(hold_id)

    def _find_hold_fault(self, hold: Hold | None) -> Reason | None:
        if hold is None or hold.account_id not in self._accounts:
            return Reason.HOLD_IS_UNKNOWN
        if hold.status is HoldStatus.EXPIRED or (hold.status is HoldStatus.PENDING and hold.expires_at <= self._now):
            return Reason.HOLD_HAS_EXPIRED
        if hold.status is not HoldStatus.PENDING:
            return Reason.HOLD_HAS_ENDED
        return None

    def _end_hold(self, hold: Hold, *, status: HoldStatus, transfer_id: TransferId | None = None) -> None:
        account = self._accounts[hold.account_id]
        self._set(self._held, account.id, self._held_on(account) - hold.amount_fen)
        ended = structs.replace(hold, status=status, ended_at=self._now, transfer_id=transfer_id)
        self._set(self._holds, hold.id, ended)

    def _expire_due(self, account_id: AccountId) -> None:
        for hold in self._due.get(account_id, ()):
            if hold.id not in self._holds:
                self._end_hold(hold, status=HoldStatus.EXPIRED)

    def _account_writes(self) -> Iterable[AccountWrite]:
        for account_id in sorted(self._posted.keys() | self._held.keys()):
            account = self._accounts[account_id]
            posted, held = self._posted_on(account), self._held_on(account)
            if (posted, held) != (account.posted_fen, account.held_fen):
                yield AccountWrite(account.owner_id, account_id, account.version, posted, held)

    def _reserve_transfer(self) -> TransferDraft | None:
        change = sum(
            posted - self._accounts[account_id].posted_fen
            for account_id, posted in self._posted.items()
            if self._accounts[account_id].kind is AccountKind.PURSE
        )
        if change == 0:
            return None
        first = next(iter(self._transfers))
        return TransferDraft(
            id=TransferId(digest_id(b"reserve", first.bytes, time_of=first)),
            kind=TransferKind.RESERVE,
            reference=first,
            legs=(Leg(RESERVE_NOSTRO, -change), Leg(RESERVE_CLEARING, change)),
        )


def _account_key(leg: Leg) -> AccountId:
    return leg.account.id


def _floored_changes(draft: TransferDraft) -> dict[AccountId, int]:
    """What a transfer does to each of its accounts that has a floor."""
    changes: dict[AccountId, int] = {}
    for leg in draft.legs:
        if leg.account.kind in FLOORED_KINDS:
            changes[leg.account.id] = changes.get(leg.account.id, 0) + leg.amount_fen
    return changes


def _add_leg(before: Leg | None, leg: Leg) -> Leg:
    return leg if before is None else Leg(leg.account, before.amount_fen + leg.amount_fen)


def _new_hold(draft: HoldDraft, *, made_at: datetime) -> Hold:
    return Hold(
        id=draft.id,
        owner_id=draft.account.owner_id,
        account_id=draft.account.id,
        amount_fen=draft.amount_fen,
        status=HoldStatus.PENDING,
        reference=draft.reference,
        made_at=made_at,
        expires_at=draft.expires_at,
        ended_at=None,
        transfer_id=None,
    )
