"""Those who work with the platform: operators, staff, partners, their roles and keys, and the record of their deeds."""

from datetime import datetime
from typing import ClassVar

from msgspec import Struct

from yikatong.client.answers import Changed, Pending
from yikatong.client.calls import Calls
from yikatong.client.unshown import Unshown


class NewAccount(Unshown, frozen=True, kw_only=True):
    """An account that was made; the first password serves once, to choose another."""

    secret_fields: ClassVar[frozenset[str]] = frozenset({"first_password"})

    id: str
    login_name: str
    first_password: str


class OperatorView(Struct, frozen=True, kw_only=True):
    """An operator as others see them."""

    operator_id: str
    login_name: str
    display_name: str
    attested_tap_max_fen: int
    attested_day_max_fen: int
    made_at: datetime
    suspended_at: datetime | None


class OperatorsPage(Struct, frozen=True, kw_only=True):
    """A page; `next_after` is None on the last one."""

    operators: tuple[OperatorView, ...]
    next_after: str | None


class Role(Struct, frozen=True, kw_only=True):
    """A role of a region."""

    region: str
    name: str
    label_zh: str
    label_en: str
    permissions: tuple[str, ...]


class Roles(Struct, frozen=True, kw_only=True):
    """The roles of the region."""

    roles: tuple[Role, ...]


class PartnerMade(Struct, frozen=True, kw_only=True):
    """A partner that was made."""

    partner_id: str


class IssuedKey(Unshown, frozen=True, kw_only=True):
    """A key that was issued; its token is shown once."""

    secret_fields: ClassVar[frozenset[str]] = frozenset({"token"})

    key_id: str
    token: str


class Key(Struct, frozen=True, kw_only=True):
    """A key without its secret."""

    key_id: str
    kind: str
    subject_id: str
    provider_id: str | None
    place_id: str | None
    permissions: tuple[str, ...]
    label: str
    issued_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class KeysPage(Struct, frozen=True, kw_only=True):
    """A page; `next_after` is None on the last one."""

    keys: tuple[Key, ...]
    next_after: str | None


class Record(Struct, frozen=True, kw_only=True):
    """One line of the record of commands and looks."""

    record_id: str
    recorded_at: datetime
    kind: str
    what: str
    by_kind: str
    by_id: str | None
    resident_ids: tuple[str, ...]
    subjects: tuple[str, ...]
    request_id: str
    request_digest: str | None
    outcome: str
    purpose: str | None
    approval_id: str | None


class RecordsPage(Struct, frozen=True, kw_only=True):
    """A page; `next_before` is None on the last one."""

    records: tuple[Record, ...]
    next_before: str | None


class People:
    """What an operator asks about those who work with the platform."""

    def __init__(self, calls: Calls) -> None:
        """Made by `Operator`."""
        self._calls = calls

    def create_operator(self, *, login_name: str, display_name: str) -> NewAccount:
        """Make an operator."""
        body = {"login_name": login_name, "display_name": display_name}
        return self._calls.command("POST", "/v1/operators", NewAccount, body=body)

    def list_operators(self, *, after: str = "", limit: int = 50) -> OperatorsPage:
        """A page of the operators of the region, in order of login name."""
        return self._calls.ask("/v1/operators", OperatorsPage, after=after, limit=limit)

    def suspend_operator(self, operator_id: str) -> Changed:
        """Suspend an operator and end every session at once."""
        return self._calls.command("POST", f"/v1/operators/{operator_id}/suspend", Changed)

    def resume_operator(self, operator_id: str) -> Changed:
        """Take an operator's suspension back."""
        return self._calls.command("POST", f"/v1/operators/{operator_id}/resume", Changed)

    def grant_role(self, operator_id: str, *, role: str, divisions: tuple[str, ...] = ()) -> Changed:
        """Give an operator a role, within divisions or in the whole region."""
        body = {"role": role, "divisions": divisions}
        return self._calls.command("POST", f"/v1/operators/{operator_id}/roles", Changed, body=body)

    def withdraw_role(self, operator_id: str, *, role: str) -> Changed:
        """Take a role from an operator."""
        return self._calls.command("POST", f"/v1/operators/{operator_id}/roles/withdraw", Changed, body={"role": role})

    def set_attestation_limits(self, operator_id: str, *, tap_max_fen: int, day_max_fen: int) -> Pending:
        """Ask to set what an operator may attest; approved, it answers a `Changed`."""
        body = {"tap_max_fen": tap_max_fen, "day_max_fen": day_max_fen}
        return self._calls.command("POST", f"/v1/operators/{operator_id}/attestation-limits", Pending, body=body)

    def list_roles(self) -> Roles:
        """The roles of the region."""
        return self._calls.ask("/v1/roles", Roles)

    def put_role(self, role: str, *, label_zh: str, label_en: str, permissions: tuple[str, ...]) -> Changed:
        """Add a role or replace its permissions."""
        body = {"label_zh": label_zh, "label_en": label_en, "permissions": permissions}
        return self._calls.command("PUT", f"/v1/roles/{role}", Changed, body=body)

    def create_staff_member(
        self,
        *,
        provider_id: str,
        login_name: str,
        display_name: str,
        place_id: str | None = None,
        permissions: tuple[str, ...] = (),
    ) -> NewAccount:
        """Make a member of a provider's staff."""
        body = {
            "provider_id": provider_id,
            "place_id": place_id,
            "login_name": login_name,
            "display_name": display_name,
            "permissions": permissions,
        }
        return self._calls.command("POST", "/v1/staff", NewAccount, body=body)

    def suspend_staff_member(self, staff_id: str) -> Changed:
        """Suspend a member of staff and end every session at once."""
        return self._calls.command("POST", f"/v1/staff/{staff_id}/suspend", Changed)

    def create_partner(self, *, name_zh: str, name_en: str) -> PartnerMade:
        """Make a partner, whose system may then get keys."""
        return self._calls.command("POST", "/v1/partners", PartnerMade, body={"name_zh": name_zh, "name_en": name_en})

    def issue_partner_key(
        self, partner_id: str, *, label: str, permissions: tuple[str, ...], expires_at: datetime | None = None
    ) -> IssuedKey:
        """Issue a key to a partner."""
        body = {"label": label, "permissions": permissions, "expires_at": expires_at}
        return self._calls.command("POST", f"/v1/partners/{partner_id}/keys", IssuedKey, body=body)

    def list_keys(self, *, after: str | None = None, limit: int = 50, only_ending: bool = False) -> KeysPage:
        """A page of the keys of the region, or of those alone that expire within thirty days."""
        return self._calls.ask("/v1/keys", KeysPage, after=after, limit=limit, only_ending=only_ending or None)

    def revoke_key(self, key_id: str) -> Changed:
        """Revoke a key, from the next call on."""
        return self._calls.command("POST", f"/v1/keys/{key_id}/revoke", Changed)

    def rotate_key(self, key_id: str) -> IssuedKey:
        """Replace a key by a new one with the same rights."""
        return self._calls.command("POST", f"/v1/keys/{key_id}/rotate", IssuedKey)

    def list_records(
        self,
        *,
        purpose: str,
        since: datetime | None = None,
        until: datetime | None = None,
        kind: str | None = None,
        what: str | None = None,
        before: str | None = None,
        limit: int = 50,
    ) -> RecordsPage:
        """A page of the record of commands and looks, the newest first; `until` is exclusive."""
        return self._calls.ask(
            "/v1/records", RecordsPage, purpose=purpose, since=since, until=until, kind=kind, what=what,
            before=before, limit=limit,
        )  # fmt: skip
