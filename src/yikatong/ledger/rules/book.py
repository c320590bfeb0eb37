"""The book: a working copy of accounts and holds on which one batch is decided, in order of arrival.

A book is built from rows that the batch has locked. What it posts, the next question sees; what it refuses
leaves no trace; what is rolled back was never there. `writes` says what the database must become.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec import structs

from yikatong.kernel.ids import AccountId, HoldId, TransferId
from yikatong.kernel.money import AMOUNT_FEN_MAX
from yikatong.ledger.model import (
    LEGS_MAX,
    RESERVE_CLEARING,
    RESERVE_NOSTRO,
    Account,
    AccountKind,
    AccountName,
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


class _Cell:
    """What the book knows of one account: its row, or without a floor its name, and its balances as they are now."""

    __slots__ = ("due", "held", "name", "posted", "row")

    def __init__(self, name: AccountName | None, row: Account | None) -> None:
        self.name = name
        self.row = row
        self.posted = 0 if row is None else row.posted_fen
        self.held = 0 if row is None else row.held_fen
        self.due: list[Hold] = []


class Savepoint(NamedTuple):
    """How far the book had come."""

    moves: int
    transfers: int
    holds: int


class Book:
    """What one batch may count on, and what it has decided so far.

    `accounts` are the locked rows, `holds` every pending hold on them (and any hold the batch names),
    `open_totals` the balances of accounts without a floor that the batch may lower only to a limit.
    Accounts without a floor need not be known to be posted to.
    """

    __slots__ = ("_cells", "_holds", "_holds_before", "_moves", "_now", "_open_totals", "_read_holds", "_transfers")

    def __init__(
        self,
        *,
        accounts: Iterable[Account],
        holds: Iterable[Hold],
        now: datetime,
        open_totals: Iterable[OpenTotal] = (),
    ) -> None:
        self._now = now
        # Keyed by the ids' numbers: a UUID hashes and compares in Python, its number does so in C.
        self._cells: dict[int, _Cell] = {account.id.int: _Cell(None, account) for account in accounts}
        self._open_totals = {total.account_id.int: total.posted_fen for total in open_totals}
        self._transfers: dict[int, TransferDraft] = {}
        self._read_holds: dict[int, Hold] = {hold.id.int: hold for hold in holds}
        self._holds: dict[int, Hold] = {}
        self._moves: list[tuple[_Cell, int, int]] = []
        self._holds_before: list[tuple[int, Hold | None]] = []
        for hold in self._read_holds.values():
            cell = self._cells.get(hold.account_id.int)
            if cell is not None and hold.status is HoldStatus.PENDING and hold.expires_at <= now:
                cell.due.append(hold)

    def find_account(self, account_id: AccountId) -> Account | None:
        """The account with a floor as the batch read it, or None."""
        cell = self._cells.get(account_id.int)
        return None if cell is None else cell.row

    def available(self, account_id: AccountId) -> int:
        """Fen that could be taken now: posted, less held, less the floor; holds past their end do not count.

        0 for an account that does not exist, is closed or is frozen.
        """
        cell = self._cells.get(account_id.int)
        if cell is None or cell.row is None or find_account_fault((cell.row,)) is not None:
            return 0
        return self._free(cell, cell.row)

    def open_total(self, account_id: AccountId) -> int:
        """The balance of an account without a floor, with what this batch has changed; 0 if it was not read."""
        cell = self._cells.get(account_id.int)
        return self._open_totals.get(account_id.int, 0) + (0 if cell is None else cell.posted)

    def savepoint(self) -> Savepoint:
        """Mark the present state, for `rollback_to`."""
        return Savepoint(len(self._moves), len(self._transfers), len(self._holds_before))

    def rollback_to(self, savepoint: Savepoint) -> None:
        """Take back everything decided since a savepoint."""
        while len(self._moves) > savepoint.moves:
            cell, posted, held = self._moves.pop()
            cell.posted, cell.held = posted, held
        while len(self._transfers) > savepoint.transfers:
            self._transfers.popitem()
        while len(self._holds_before) > savepoint.holds:
            number, before = self._holds_before.pop()
            if before is None:
                del self._holds[number]
            else:
                self._holds[number] = before

    def post(self, draft: TransferDraft) -> Reason | None:
        """Post a transfer, or say why not.

        Refuses, in this order:
            TRANSFER_DOES_NOT_BALANCE, AMOUNT_IS_NOT_POSITIVE    see `find_draft_fault`
            TRANSFER_ID_IS_USED                                  this batch posted another under the same id
            ACCOUNT_IS_UNKNOWN, ACCOUNT_IS_CLOSED, ACCOUNT_IS_FROZEN
            BALANCE_IS_TOO_LOW                                   an account would pass its floor
        """
        return self._find_fault(draft) or self._move(draft)

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
        cell = self._cells.get(draft.account.id.int)
        row = None if cell is None else cell.row
        fault = find_account_fault((row,))
        if cell is None or row is None or fault is not None:
            return fault
        if self._find_hold(draft.id) is not None:
            return Reason.HOLD_ID_IS_USED
        if draft.expires_at <= self._now:
            return Reason.HOLD_HAS_EXPIRED
        if self._free(cell, row) < draft.amount_fen:
            return Reason.BALANCE_IS_TOO_LOW
        self._expire_due(cell)
        self._change(cell, held=draft.amount_fen)
        self._set_hold(_new_hold(draft, made_at=self._now))
        return None

    def post_hold(self, hold_id: HoldId, draft: TransferDraft) -> Reason | None:
        """Post a transfer out of one hold (see `post_holds`)."""
        return self.post_holds((hold_id,), draft)

    def post_holds(self, hold_ids: Sequence[HoldId], draft: TransferDraft) -> Reason | None:
        """Post a transfer out of holds, which end whole: what the transfer does not take is free again.

        Without holds it is an ordinary transfer, as when a bank alone pays.

        Refuses, in this order, the hold's reasons for any of the holds:
            TRANSFER_DOES_NOT_BALANCE, AMOUNT_IS_NOT_POSITIVE, TRANSFER_ID_IS_USED
            ACCOUNT_IS_UNKNOWN, ACCOUNT_IS_CLOSED, ACCOUNT_IS_FROZEN
            HOLD_IS_UNKNOWN, HOLD_HAS_ENDED, HOLD_HAS_EXPIRED
            HOLD_IS_ON_ANOTHER_ACCOUNT           the transfer takes nothing from the account of the hold
            HOLD_IS_SMALLER_THAN_THE_TRANSFER    it takes more from that account than was held
            BALANCE_IS_TOO_LOW                   on another of its accounts
        """
        fault = self._find_fault(draft)
        if fault is not None:
            return fault
        before = self.savepoint()
        fault = self._end_posted(hold_ids, draft) or self._move(draft)
        if fault is not None:
            self.rollback_to(before)
        return fault

    def void_hold(self, hold_id: HoldId) -> Reason | None:
        """Give a held amount free again; a frozen account's too, since nothing moves.

        Refuses, in this order: HOLD_IS_UNKNOWN, HOLD_HAS_ENDED, HOLD_HAS_EXPIRED.
        """
        hold = self._find_hold(hold_id)
        fault = self._find_hold_fault(hold)
        if hold is None or fault is not None:
            return fault
        self._end_hold(hold, status=HoldStatus.VOIDED)
        return None

    def expire_due_holds(self) -> None:
        """Record every hold past its end as expired; use does the same for the account it takes from."""
        for cell in self._cells.values():
            self._expire_due(cell)

    @property
    def writes(self) -> BookWrites:
        """What the database must become: one set per table.

        The reserve follows the purses by one transfer for the whole batch, so that purses and reserve nostro
        are equal and opposite at every commit.
        """
        transfers = tuple(self._transfers.values())
        open_changes = [Leg(cell.name, cell.posted) for cell in self._cells.values() if cell.name is not None]
        reserve = self._reserve_transfer()
        if reserve is not None:
            transfers = (*transfers, reserve)
            open_changes.extend(reserve.legs)
        return BookWrites(
            now=self._now,
            transfers=transfers,
            accounts=tuple(self._account_writes()),
            open_changes=tuple(sorted((leg for leg in open_changes if leg.amount_fen), key=_account_number)),
            holds_made=tuple(hold for number, hold in self._holds.items() if number not in self._read_holds),
            holds_ended=tuple(hold for number, hold in self._holds.items() if number in self._read_holds),
        )

    def _find_fault(self, draft: TransferDraft) -> Reason | None:
        fault = find_draft_fault(draft)
        if fault is not None:
            return fault
        if draft.id.int in self._transfers:
            return Reason.TRANSFER_ID_IS_USED
        return find_account_fault([self.find_account(leg.account.id) for leg in draft.legs if leg.account.has_floor])

    def _move(self, draft: TransferDraft) -> Reason | None:
        """Apply a transfer whose accounts are in order, unless a balance is too low."""
        before = self.savepoint()
        taken_from: list[_Cell] = []
        for leg in draft.legs:
            cell = self._cells.get(leg.account.id.int)
            if cell is None:
                cell = self._cells[leg.account.id.int] = _Cell(leg.account, None)
            elif leg.amount_fen < 0 and cell.row is not None:
                self._expire_due(cell)
                taken_from.append(cell)
            self._change(cell, posted=leg.amount_fen)
        for cell in taken_from:
            if cell.row is not None and cell.posted - cell.held < cell.row.floor_fen:
                self.rollback_to(before)
                return Reason.BALANCE_IS_TOO_LOW
        self._transfers[draft.id.int] = draft
        return None

    def _end_posted(self, hold_ids: Sequence[HoldId], draft: TransferDraft) -> Reason | None:
        for hold_id in hold_ids:
            hold = self._find_hold(hold_id)
            fault = self._find_hold_fault(hold)
            if hold is None or fault is not None:
                return fault
            taken = -sum(leg.amount_fen for leg in draft.legs if leg.account.id == hold.account_id)
            if taken <= 0:
                return Reason.HOLD_IS_ON_ANOTHER_ACCOUNT
            if taken > hold.amount_fen:
                return Reason.HOLD_IS_SMALLER_THAN_THE_TRANSFER
            self._end_hold(hold, status=HoldStatus.POSTED, transfer_id=draft.id)
        return None

    def _change(self, cell: _Cell, *, posted: int = 0, held: int = 0) -> None:
        self._moves.append((cell, cell.posted, cell.held))
        cell.posted += posted
        cell.held += held

    def _free(self, cell: _Cell, row: Account) -> int:
        due = sum(hold.amount_fen for hold in cell.due if hold.id.int not in self._holds)
        return cell.posted - cell.held + due - row.floor_fen

    def _find_hold(self, hold_id: HoldId) -> Hold | None:
        return self._holds.get(hold_id.int) or self._read_holds.get(hold_id.int)

    def _find_hold_fault(self, hold: Hold | None) -> Reason | None:
        if hold is None or hold.account_id.int not in self._cells:
            return Reason.HOLD_IS_UNKNOWN
        if hold.status is HoldStatus.EXPIRED or (hold.status is HoldStatus.PENDING and hold.expires_at <= self._now):
            return Reason.HOLD_HAS_EXPIRED
        return None if hold.status is HoldStatus.PENDING else Reason.HOLD_HAS_ENDED

    def _set_hold(self, hold: Hold) -> None:
        self._holds_before.append((hold.id.int, self._holds.get(hold.id.int)))
        self._holds[hold.id.int] = hold

    def _end_hold(self, hold: Hold, *, status: HoldStatus, transfer_id: TransferId | None = None) -> None:
        self._change(self._cells[hold.account_id.int], held=-hold.amount_fen)
        self._set_hold(structs.replace(hold, status=status, ended_at=self._now, transfer_id=transfer_id))

    def _expire_due(self, cell: _Cell) -> None:
        for hold in cell.due:
            if hold.id.int not in self._holds:
                self._end_hold(hold, status=HoldStatus.EXPIRED)

    def _account_writes(self) -> Iterable[AccountWrite]:
        for cell in self._cells.values():
            row = cell.row
            if row is not None and (cell.posted != row.posted_fen or cell.held != row.held_fen):
                yield AccountWrite(row.owner_id, row.id, row.version, cell.posted, cell.held)

    def _reserve_transfer(self) -> TransferDraft | None:
        change = sum(
            cell.posted - cell.row.posted_fen
            for cell in self._cells.values()
            if cell.row is not None and cell.row.kind is AccountKind.PURSE
        )
        if change == 0:
            return None
        first = next(iter(self._transfers.values())).id
        return TransferDraft(
            id=TransferId(digest_id(b"reserve", first.bytes, time_of=first)),
            kind=TransferKind.RESERVE,
            reference=first,
            legs=(Leg(RESERVE_NOSTRO, -change), Leg(RESERVE_CLEARING, change)),
        )


def _account_number(leg: Leg) -> int:
    return leg.account.id.int


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
