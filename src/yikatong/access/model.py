"""What access speaks of: keys, sessions, operators, approvals, records; and the closed list of its reasons."""

from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from yikatong.access.reasons import Reason as Reason
from yikatong.plumbing.http import Caller, CallerKind


class IssuedKey(Struct, frozen=True):
    """A key just made; the token is shown here and never again."""

    key_id: UUID
    token: str


class OpenedSession(Struct, frozen=True):
    """A session just opened; the token is shown here and never again."""

    session_id: UUID
    token: str
    ends_at: datetime


class Authenticated(NamedTuple):
    """A caller, and until when the answer may be kept while no credential is revoked.

    `ends_at` is when the caller's key expires, once that is announced.
    """

    caller: Caller
    until: datetime
    ends_at: datetime | None = None


class Credential(Struct, frozen=True, kw_only=True):
    """A key as access keeps it: the secret is a digest."""

    key_id: UUID
    secret_digest: bytes
    kind: CallerKind
    subject_id: UUID
    region: str
    provider_id: UUID | None
    place_id: UUID | None
    permissions: tuple[str, ...]
    label: str
    issued_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class SessionTerms(Struct, frozen=True, kw_only=True):
    """How long a session lives: at most `whole_seconds`, and `idle_seconds` after its last use."""

    idle_seconds: int
    whole_seconds: int


SESSION_TERMS: dict[CallerKind, SessionTerms] = {
    CallerKind.OPERATOR: SessionTerms(idle_seconds=30 * 60, whole_seconds=12 * 3600),
    CallerKind.STAFF: SessionTerms(idle_seconds=8 * 3600, whole_seconds=16 * 3600),
    CallerKind.WALLET: SessionTerms(idle_seconds=180 * 86_400, whole_seconds=400 * 86_400),
}
"""A wallet is opened about fifteen times a year; its session outlives a quiet half year, as its certificate does."""


class Session(Struct, frozen=True, kw_only=True):
    """A session as access keeps it: the token is a digest."""

    token_digest: bytes
    session_id: UUID
    kind: CallerKind
    subject_id: UUID
    region: str
    provider_id: UUID | None
    place_id: UUID | None
    resident_id: UUID | None
    device_id: UUID | None
    permissions: tuple[str, ...]
    opened_at: datetime
    used_at: datetime
    ends_at: datetime
    ended_at: datetime | None


class Operator(Struct, frozen=True, kw_only=True):
    """Staff at a counter (经办人), with what they may attest."""

    operator_id: UUID
    region: str
    login_name: str
    display_name: str
    password_hash: str
    password_is_first: bool
    failed_count: int
    locked_until: datetime | None
    attested_tap_max_fen: int
    attested_day_max_fen: int
    made_at: datetime
    suspended_at: datetime | None


class StaffMember(Struct, frozen=True, kw_only=True):
    """Someone who works for a provider (服务机构工作人员)."""

    staff_id: UUID
    region: str
    provider_id: UUID
    place_id: UUID | None
    login_name: str
    display_name: str
    permissions: tuple[str, ...]
    password_hash: str
    password_is_first: bool
    failed_count: int
    locked_until: datetime | None
    made_at: datetime
    suspended_at: datetime | None


class Partner(Struct, frozen=True, kw_only=True):
    """An organisation whose system calls ours (合作方)."""

    partner_id: UUID
    region: str
    name_zh: str
    name_en: str
    made_at: datetime
    suspended_at: datetime | None


class Role(Struct, frozen=True, kw_only=True):
    """A named set of permissions in a region; `*` and `room.*` stand for all of them."""

    region: str
    name: str
    label_zh: str
    label_en: str
    permissions: tuple[str, ...]


class GrantedRole(Struct, frozen=True, kw_only=True):
    """A role that an operator holds within division prefixes (empty: the whole region)."""

    name: str
    divisions: tuple[str, ...]
    permissions: tuple[str, ...]


class FirstOperator(Struct, frozen=True, kw_only=True):
    """The operator with whom an installation begins; password and token are shown once."""

    operator_id: UUID
    login_name: str
    password: str
    token: str


class ApprovalState(StrEnum):
    """Where a request for a second person stands."""

    PENDING = "pending"
    APPROVED = "approved"
    DECLINED = "declined"


class Approval(Struct, frozen=True, kw_only=True):
    """A command that waits for a second person; `path` and `body` are what was sent."""

    approval_id: UUID
    region: str
    what: str
    path: dict[str, str]
    query: bytes
    body: bytes
    purpose: str | None
    request_id: str
    asked_by: UUID
    asked_at: datetime
    expires_at: datetime
    state: ApprovalState
    decided_by: UUID | None
    decided_at: datetime | None


class RecordKind(StrEnum):
    """A command changed something; a look showed a person's data."""

    COMMAND = "command"
    LOOK = "look"


class Record(Struct, frozen=True, kw_only=True):
    """One line of the append-only record. `what` is a route's name; `subjects` are typed ids, never numbers or names.

    `by_kind` is "anyone" for a call without a caller. `request_digest` is keyed (see `rules.digest_request`).
    """

    record_id: UUID
    recorded_at: datetime
    kind: RecordKind
    what: str
    by_kind: str
    by_id: UUID | None
    region: str | None
    resident_ids: tuple[UUID, ...]
    subjects: tuple[str, ...]
    request_id: str
    request_digest: bytes | None
    outcome: str
    purpose: str | None
    approval_id: UUID | None


class Concern(Struct, frozen=True, kw_only=True):
    """One line of the record as the resident whom it concerns sees it."""

    record_id: UUID
    recorded_at: datetime
    kind: RecordKind
    what: str
    by_kind: str
    by_id: UUID | None
    purpose: str | None


class KeptAnswer(Struct, frozen=True, kw_only=True):
    """What a command with an Idempotency-Key was answered, sealed for its caller."""

    request_digest: bytes
    status: int | None
    sealed_answer: bytes | None


class AttestationLimits(Struct, frozen=True, kw_only=True):
    """What one operator may attest, per tap and per Shanghai day."""

    tap_max_fen: int
    day_max_fen: int


class Attestation(Struct, frozen=True, kw_only=True):
    """What one operator attested for one tap."""

    on_day: date
    amount_fen: int
    released_at: datetime | None


class RecordQuery(Struct, frozen=True, kw_only=True):
    """Which records an auditor asks for; the newest first, `before` is the last one of the page before."""

    region: str
    since: datetime | None
    until: datetime | None
    kind: RecordKind | None
    what: str | None
    by_id: UUID | None
    before: UUID | None
    limit: int
