"""Partners and operators: one client for a system with a key, and one for an operator who signs in."""

from datetime import datetime
from typing import Any, Self, TypeVar

from yikatong.client.accounts import Accounts
from yikatong.client.answers import Changed, Session, Who
from yikatong.client.approvals import Approvals
from yikatong.client.banks import Banks
from yikatong.client.calls import Calls, RecoveredCommand
from yikatong.client.cards import Cards
from yikatong.client.catalogue import Catalogue
from yikatong.client.connection import Connection
from yikatong.client.evidence import Evidence, OwnEvidence
from yikatong.client.journal import Journal
from yikatong.client.payouts import PayoutCalls
from yikatong.client.people import People
from yikatong.client.programmes import Programmes
from yikatong.client.residents import Residents
from yikatong.client.rosters import RosterCalls
from yikatong.client.trade_in import Commerce, Counter, Finance, Police, Recyclers, Stores
from yikatong.plumbing.clock import Clock

T = TypeVar("T")


class Partner:
    """A partner's system, calling with its key.

    Every call answers a typed value or raises Problem, ServerIsAway or AnswerIsUnknown. Commands carry a key of their
    own, so that a repetition is done once; with a journal they are on disk before they are sent.
    """

    def __init__(self, connection: Connection, journal: Journal | None = None, *, clock: Clock | None = None) -> None:
        """`journal` is the caller's own, opened with the caller's id as owner; see `who_am_i`."""
        self._calls = Calls(connection, journal, clock=clock)
        self._journal = journal
        self.catalogue = Catalogue(self._calls)
        self.programmes = Programmes(self._calls)
        self.police = Police(self._calls)
        self.bank = Banks(self._calls)

    def who_am_i(self) -> Who:
        """As whom the platform knows the caller, and what they may do."""
        return self._calls.ask("/v1/whoami", Who)

    @property
    def key_expires_at(self) -> datetime | None:
        """When this system's key expires, as the platform said with its last answers: from thirty days before."""
        return self._calls.connection.key_expires_at

    def repeat(self, request_id: str, answer: type[T]) -> T:
        """Hear the answer of a journalled command whose answer was unknown; it is done once."""
        return self._calls.repeat(request_id, answer)

    def recover(self) -> list[RecoveredCommand]:
        """Bring the commands to an end that a crash left open; call it at every start."""
        return self._calls.recover()

    def close(self) -> None:
        """Close connection and journal."""
        self._calls.connection.close()
        if self._journal is not None:
            self._journal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class Operator(Partner):
    """An operator at a counter, signed in."""

    def __init__(self, connection: Connection, journal: Journal | None = None, *, clock: Clock | None = None) -> None:
        """`connection` has the session's token; see `sign_in`."""
        super().__init__(connection, journal, clock=clock)
        self.residents = Residents(self._calls)
        self.cards = Cards(self._calls)
        self.accounts = Accounts(self._calls)
        self.people = People(self._calls)
        self.approvals = Approvals(self._calls)
        self.rosters = RosterCalls(self._calls)
        self.payouts = PayoutCalls(self._calls)
        self.trade_in_counter = Counter(self._calls)
        self.commerce = Commerce(self._calls)
        self.finance = Finance(self._calls)
        self.evidence = Evidence(self._calls)

    @classmethod
    def sign_in(
        cls,
        address: str,
        *,
        region: str,
        login_name: str,
        password: str,
        new_password: str | None = None,
        journal: Journal | None = None,
        **connection_parts: Any,
    ) -> Self:
        """Sign in; `new_password` replaces a first password. Raises Problem."""
        session = open_session(
            address,
            region=region,
            login_name=login_name,
            password=password,
            new_password=new_password,
            **connection_parts,
        )
        return cls(Connection(address, token=session.token, **connection_parts), journal)

    def sign_out(self) -> Changed:
        """End the session."""
        return self._calls.command("DELETE", "/v1/session", Changed)


class Staff(Partner):
    """A member of a store's or recycler's staff, signed in; `connection` has the session's token (`open_session`)."""

    def __init__(self, connection: Connection, journal: Journal | None = None, *, clock: Clock | None = None) -> None:
        """As `Partner`."""
        super().__init__(connection, journal, clock=clock)
        self.stores = Stores(self._calls)
        self.recyclers = Recyclers(self._calls)
        self.evidence = OwnEvidence(self._calls)


def open_session(
    address: str,
    *,
    region: str,
    login_name: str,
    password: str,
    new_password: str | None = None,
    kind: str = "operator",
    **connection_parts: Any,
) -> Session:
    """Open a session of an operator or, as `kind`, of a provider's `staff`; a till attests with an operator's.

    A repetition opens another session, which does no harm, so the call needs no key. Raises Problem.
    """
    body = {
        "kind": kind,
        "region": region,
        "login_name": login_name,
        "password": password,
        "new_password": new_password,
    }
    with Connection(address, token=None, **connection_parts) as connection:
        return connection.ask("/v1/sessions", Session, method="POST", body=body)
