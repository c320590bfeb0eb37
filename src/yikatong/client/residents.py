"""Residents as the counter asks of them: registered, found, seen, changed; families and concessions."""

from datetime import date, datetime
from typing import ClassVar

from msgspec import Struct

from yikatong.client.answers import Changed, Pending
from yikatong.client.calls import Calls
from yikatong.client.unshown import Unshown
from yikatong.kernel.outcomes import Change


class Registered(Struct, frozen=True, kw_only=True):
    """A resident, registered now or already."""

    resident_id: str
    change: Change


class Found(Struct, frozen=True, kw_only=True):
    """Who bears an ID number."""

    resident_id: str
    division: str
    status: str


class Person(Unshown, frozen=True, kw_only=True):
    """A resident and the personal fields, masked unless asked for whole; none of them shows in a representation."""

    secret_fields: ClassVar[frozenset[str]] = frozenset({"name", "id_number", "birth", "phone", "address"})

    resident_id: str
    region: str
    division: str
    status: str
    name: str
    id_number: str
    sex: str
    birth: date | None
    nation: str
    phone: str
    address: str


class CardEvent(Struct, frozen=True, kw_only=True):
    """One change of a card's state."""

    card_id: str
    command: str
    state_before: str | None
    state_after: str
    reason: str
    by_kind: str
    at: datetime


class CardEvents(Struct, frozen=True, kw_only=True):
    """Every change of state of a resident's cards, in order."""

    events: tuple[CardEvent, ...]


class Guardian(Struct, frozen=True, kw_only=True):
    """A guardian, and the official code of the relation."""

    guardian_id: str
    relation: str


class Relative(Struct, frozen=True, kw_only=True):
    """A relative in a family service."""

    member_id: str
    kind: str


class Family(Struct, frozen=True, kw_only=True):
    """Guardians and family service of a resident."""

    guardians: tuple[Guardian, ...]
    members: tuple[Relative, ...]


class Concession(Struct, frozen=True, kw_only=True):
    """A concession and its days; `valid_until` is exclusive."""

    class_: str
    granted_on: date
    valid_until: date


class Concessions(Struct, frozen=True, kw_only=True):
    """A resident's concessions, past ones too."""

    concessions: tuple[Concession, ...]


class Residents:
    """What an operator asks about residents. Looks at a person say their `purpose`, which is kept with the look."""

    def __init__(self, calls: Calls) -> None:
        """Made by `Operator`."""
        self._calls = calls

    def register(
        self,
        *,
        division: str,
        name: str,
        id_number: str,
        id_type: str = "1",
        nation: str = "01",
        phone: str = "",
        address: str = "",
    ) -> Registered:
        """Register a person by ID number; the same person again is already so."""
        body = {
            "division": division,
            "name": name,
            "id_number": id_number,
            "id_type": id_type,
            "nation": nation,
            "phone": phone,
            "address": address,
        }
        return self._calls.command("POST", "/v1/residents", Registered, body=body)

    def find(self, id_number: str, *, purpose: str) -> Found:
        """Find who bears an ID number, among those the operator may serve."""
        return self._calls.connection.ask(
            "/v1/residents/search", Found, method="POST", body={"id_number": id_number}, purpose=purpose
        )

    def view(self, resident_id: str, *, purpose: str, whole: bool = False) -> Person:
        """Show a resident, masked unless `whole`."""
        return self._calls.ask(f"/v1/residents/{resident_id}", Person, purpose=purpose, whole=whole)

    def list_card_events(self, resident_id: str, *, purpose: str) -> CardEvents:
        """Every change of state of a resident's cards."""
        return self._calls.ask(f"/v1/residents/{resident_id}/card/events", CardEvents, purpose=purpose)

    def change_contact(self, resident_id: str, *, phone: str, address: str) -> Changed:
        """Change phone and address; an empty text removes one."""
        body = {"phone": phone, "address": address}
        return self._calls.command("PUT", f"/v1/residents/{resident_id}/contact", Changed, body=body)

    def freeze_payments(self, resident_id: str) -> Changed:
        """Freeze a resident's payments."""
        return self._calls.command("POST", f"/v1/residents/{resident_id}/payments/freeze", Changed)

    def unfreeze_payments(self, resident_id: str) -> Changed:
        """Lift the freeze of a resident's payments."""
        return self._calls.command("POST", f"/v1/residents/{resident_id}/payments/unfreeze", Changed)

    def erase(self, resident_id: str) -> Pending:
        """Ask to erase a person's data; approved, it answers a `Changed`."""
        return self._calls.command("POST", f"/v1/residents/{resident_id}/erasure", Pending)

    def view_family(self, resident_id: str, *, purpose: str) -> Family:
        """A resident's guardians and family service."""
        return self._calls.ask(f"/v1/residents/{resident_id}/family", Family, purpose=purpose)

    def add_guardian(self, resident_id: str, *, guardian_id: str, relation: str) -> Changed:
        """Record a minor's guardian; `relation` is its official code (21, 22, 31, 32, 0)."""
        body = {"guardian_id": guardian_id, "relation": relation}
        return self._calls.command("POST", f"/v1/residents/{resident_id}/guardians", Changed, body=body)

    def end_guardian(self, resident_id: str, *, guardian_id: str) -> Changed:
        """End a guardianship."""
        return self._calls.command("DELETE", f"/v1/residents/{resident_id}/guardians/{guardian_id}", Changed)

    def list_concessions(self, resident_id: str, *, purpose: str) -> Concessions:
        """A resident's concessions."""
        return self._calls.ask(f"/v1/residents/{resident_id}/concessions", Concessions, purpose=purpose)

    def grant_concession(self, resident_id: str, *, class_: str, valid_until: date) -> Changed:
        """Grant a concession, or change until when it holds."""
        body = {"class_": class_, "valid_until": valid_until}
        return self._calls.command("POST", f"/v1/residents/{resident_id}/concessions", Changed, body=body)

    def end_concession(self, resident_id: str, *, class_: str) -> Changed:
        """End a concession today."""
        return self._calls.command("DELETE", f"/v1/residents/{resident_id}/concessions/{class_}", Changed)
