"""Money as the counter asks of it: residents' accounts, and providers' statements."""

from datetime import date, datetime

from msgspec import Struct

from yikatong.client.answers import Changed, Pending
from yikatong.client.calls import Calls
from yikatong.client.receipts import Statement, StatementFile


class Account(Struct, frozen=True, kw_only=True):
    """One account: `available_fen` is posted less held; `label` is a benefit's code."""

    account: str
    kind: str
    label: str
    posted_fen: int
    held_fen: int
    available_fen: int
    frozen_at: datetime | None
    closed_at: datetime | None


class AccountsOfResident(Struct, frozen=True, kw_only=True):
    """A resident's accounts."""

    accounts: tuple[Account, ...]


class Line(Struct, frozen=True, kw_only=True):
    """One entry: positive came in, negative went out; `reference` is what it was for."""

    transfer: str
    kind: str
    reference: str
    posted_at: datetime
    amount_fen: int


class AccountStatement(Struct, frozen=True, kw_only=True):
    """An account's entries between the balance before and the balance after them; `until_on` is exclusive."""

    account: str
    from_on: date
    until_on: date
    opening_fen: int
    lines: tuple[Line, ...]
    closing_fen: int


class ToppedUp(Struct, frozen=True, kw_only=True):
    """The transfer, by which entry of the item list and which rule, and what the purse can pay now."""

    transfer: str
    item: str
    list_version: str
    rule: str
    available_fen: int


class Claimed(Struct, frozen=True, kw_only=True):
    """What was kept of a cancelled card's balance and is handed out now; `claimant` is `holder` or `heir`."""

    transfer: str
    claimant: str
    amount_fen: int


class Accounts:
    """What an operator asks about money. Looks at a person's say their `purpose`."""

    def __init__(self, calls: Calls) -> None:
        """Made by `Operator`."""
        self._calls = calls

    def list(self, resident_id: str, *, purpose: str) -> AccountsOfResident:
        """A resident's accounts."""
        return self._calls.ask(f"/v1/residents/{resident_id}/accounts", AccountsOfResident, purpose=purpose)

    def state(
        self,
        resident_id: str,
        account: str,
        *,
        purpose: str,
        from_on: date | None = None,
        until_on: date | None = None,
    ) -> AccountStatement:
        """The entries of an account, of the last 31 days unless days are given."""
        path = f"/v1/residents/{resident_id}/accounts/{account}/statement"
        return self._calls.ask(path, AccountStatement, purpose=purpose, from_on=from_on, until_on=until_on)

    def freeze(self, resident_id: str, account: str) -> Changed:
        """Freeze an account."""
        return self._calls.command("POST", f"/v1/residents/{resident_id}/accounts/{account}/freeze", Changed)

    def unfreeze(self, resident_id: str, account: str) -> Pending:
        """Ask to lift an account's freeze; approved, it answers a `Changed`."""
        return self._calls.command("POST", f"/v1/residents/{resident_id}/accounts/{account}/unfreeze", Pending)

    def grant_benefit(self, resident_id: str, *, benefit: str, amount_fen: int) -> Pending:
        """Ask to pay into a benefit account; approved, it answers an `Account`."""
        body = {"benefit": benefit, "amount_fen": amount_fen}
        return self._calls.command("POST", f"/v1/residents/{resident_id}/grants", Pending, body=body)

    def top_up_purse(self, resident_id: str, *, amount_fen: int) -> ToppedUp:
        """Pay counted cash into a purse."""
        body = {"amount_fen": amount_fen}
        return self._calls.command("POST", f"/v1/residents/{resident_id}/purse/top-ups", ToppedUp, body=body)

    def claim_kept_balance(self, resident_id: str, *, claimant: str) -> Pending:
        """Ask to hand out what was kept of a cancelled card's balance; approved, it answers a `Claimed`."""
        body = {"claimant": claimant}
        return self._calls.command("POST", f"/v1/residents/{resident_id}/kept-balance/claims", Pending, body=body)

    def get_provider_statement(self, provider_id: str, day: date) -> Statement:
        """A provider's statement of a Shanghai day."""
        return self._calls.ask(f"/v1/providers/{provider_id}/statements/{day.isoformat()}", Statement)

    def get_provider_statement_file(self, provider_id: str, day: date) -> StatementFile:
        """The same as CSV text."""
        return self._calls.ask(f"/v1/providers/{provider_id}/statements/{day.isoformat()}/csv", StatementFile)
