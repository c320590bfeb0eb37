"""Pure decisions of access: tokens and their digests, rights and scopes, lockout, limits of attestation."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import structs

from yikatong.access.model import (
    Approval,
    ApprovalState,
    AttestationLimits,
    Credential,
    GrantedRole,
    Reason,
    Record,
    Session,
    SessionTerms,
)
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.http import Caller, CallerKind
from yikatong.sealing.model import Leaf, LeafKind
from yikatong.sealing.service import encode_fields, hash_leaf

KEY_PREFIX = "ykk_"
SESSION_PREFIX = "yks_"
SECRET_BYTES = 32
NONCE_BYTES = 12
SIGN_IN_FAILURES_MAX = 5
GIVEN_TOLD_MAX = 20
"""So many rights or divisions that somebody lacks are named."""
LOCKED_FOR = timedelta(minutes=15)
APPROVAL_LIVES = timedelta(hours=72)
MINOR_LOOK_LIVES = timedelta(hours=8)
EXPIRY_IS_ANNOUNCED = timedelta(days=30)
"""So long before a key expires its holder and the operators begin to hear of it."""

SESSION_TOUCHED_EVERY = timedelta(minutes=1)
"""A session's last use is written at most this often, so that a busy operator costs no write per call."""

PURPOSE_LENGTH_MAX = 600
"""Room for 66 Chinese characters as a header carries them, percent-encoded."""

NO_DIVISION = ("none",)
"""The prefix of no division code: what an operator without a role may see."""

NO_BODY = (b"", b"{}")
"""What a command without a body is sent with."""

_SECRET_CHARS = 43
_KEY_TOKEN_CHARS = len(KEY_PREFIX) + 32 + 1 + _SECRET_CHARS
_SESSION_TOKEN_CHARS = len(SESSION_PREFIX) + _SECRET_CHARS


class KeyToken(NamedTuple):
    """What a key's token says: which key, and the secret that proves it."""

    key_id: UUID
    secret: str


def show_key_token(*, key_id: UUID, secret: bytes) -> str:
    """Write a key's token: `ykk_`, the key id in hex, `_`, the secret."""
    return f"{KEY_PREFIX}{key_id.hex}_{_show_secret(secret)}"


def show_session_token(secret: bytes) -> str:
    """Write a session's token: `yks_` and the secret."""
    return SESSION_PREFIX + _show_secret(secret)


def read_key_token(token: str) -> KeyToken:
    """Read a key's token; refuses KEY_IS_UNKNOWN when it does not have the form of one."""
    key_hex, _, secret = token.removeprefix(KEY_PREFIX).partition("_")
    if len(token) != _KEY_TOKEN_CHARS or not token.startswith(KEY_PREFIX) or not token.isascii():
        raise Refused(Reason.KEY_IS_UNKNOWN)
    if len(key_hex) != 32 or not set(key_hex) <= set("0123456789abcdef"):
        raise Refused(Reason.KEY_IS_UNKNOWN)
    return KeyToken(key_id=UUID(hex=key_hex), secret=secret)


def verify_session_token(token: str) -> str:
    """Give back a token that has the form of a session's; refuses KEY_IS_UNKNOWN."""
    if len(token) != _SESSION_TOKEN_CHARS or not token.startswith(SESSION_PREFIX) or not token.isascii():
        raise Refused(Reason.KEY_IS_UNKNOWN)
    return token


def digest_of(secret: str) -> bytes:
    """The SHA-256 digest under which a token or a secret is kept; secrets have 256 random bits, so it needs no salt."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def verify_credential(credential: Credential | None, *, secret: str, now: datetime) -> Caller:
    """The caller whom a key stands for.

    Refuses in this order: KEY_IS_UNKNOWN (no such key, or another secret; compared in constant time),
    KEY_IS_REVOKED, KEY_HAS_EXPIRED.
    """
    if credential is None or not hmac.compare_digest(credential.secret_digest, digest_of(secret)):
        raise Refused(Reason.KEY_IS_UNKNOWN)
    if credential.revoked_at is not None:
        raise Refused(Reason.KEY_IS_REVOKED)
    if credential.expires_at is not None and credential.expires_at <= now:
        raise Refused(Reason.KEY_HAS_EXPIRED, expired_at=credential.expires_at.isoformat())
    return Caller(
        kind=credential.kind,
        id=credential.subject_id,
        region=credential.region,
        provider_id=credential.provider_id,
        place_id=credential.place_id,
        permissions=frozenset(credential.permissions),
    )


def decide_announced(expires_at: datetime | None, *, now: datetime) -> datetime | None:
    """When a key expires, from `EXPIRY_IS_ANNOUNCED` before that instant on; None until then, and if it never does."""
    is_announced = expires_at is not None and expires_at - now <= EXPIRY_IS_ANNOUNCED
    return expires_at if is_announced else None


def verify_session(session: Session | None, *, token: str, now: datetime, terms: SessionTerms) -> Session:
    """The session behind a token.

    Refuses in this order: KEY_IS_UNKNOWN, SESSION_HAS_ENDED (signed out, its whole time over, or idle too long).
    """
    if session is None or not hmac.compare_digest(session.token_digest, digest_of(token)):
        raise Refused(Reason.KEY_IS_UNKNOWN)
    idle_until = session.used_at + timedelta(seconds=terms.idle_seconds)
    if session.ended_at is not None or session.ends_at <= now or idle_until <= now:
        raise Refused(Reason.SESSION_HAS_ENDED)
    return session


def caller_of(session: Session, *, roles: Iterable[GrantedRole] = ()) -> Caller:
    """The caller whom a session stands for; an operator's rights are those of the roles held now."""
    permissions, divisions = unite_roles(roles)
    return Caller(
        kind=session.kind,
        id=session.subject_id,
        region=session.region,
        provider_id=session.provider_id,
        place_id=session.place_id,
        resident_id=session.resident_id,
        device_id=session.device_id,
        session_id=session.session_id,
        permissions=permissions.union(session.permissions),
        divisions=divisions,
    )


def operator_caller(*, operator_id: UUID, region: str, roles: Iterable[GrantedRole]) -> Caller:
    """An operator as a caller without a session: whoever asked for what a second person now approves."""
    permissions, divisions = unite_roles(roles)
    return Caller(kind=CallerKind.OPERATOR, id=operator_id, region=region, permissions=permissions, divisions=divisions)


def unite_roles(roles: Iterable[GrantedRole]) -> tuple[frozenset[str], tuple[str, ...]]:
    """Permissions and division prefixes of all roles together.

    Both are united: an operator with one role in the whole region sees the whole region with every permission.
    Grant narrow roles to narrow accounts.
    """
    held = tuple(roles)
    permissions = frozenset(name for role in held for name in role.permissions)
    if not held:
        return permissions, NO_DIVISION
    if any(not role.divisions for role in held):
        return permissions, ()
    return permissions, tuple(sorted({prefix for role in held for prefix in role.divisions}))


def verify_kind(caller: Caller | None, *, admitted: tuple[CallerKind, ...]) -> Caller:
    """The caller, if of an admitted kind; refuses KEY_IS_MISSING, then CALLER_IS_NOT_ADMITTED."""
    if caller is None:
        raise Refused(Reason.KEY_IS_MISSING)
    if caller.kind not in admitted:
        raise Refused(Reason.CALLER_IS_NOT_ADMITTED, kind=caller.kind.value)
    return caller


def covers(held: frozenset[str], permission: str) -> bool:
    """Whether a set of permissions includes one: by its name, by `room.*`, or by `*`."""
    room, _, _ = permission.partition(".")
    return not held.isdisjoint((permission, f"{room}.*", "*"))


def verify_permission(caller: Caller, permission: str) -> Caller:
    """The caller, if a role permits this; refuses PERMISSION_IS_MISSING.

    Operators, staff and partners hold permissions. Terminals and wallets hold none: what they may do follows
    from what they are, so for them a route's permission asks nothing.
    """
    if caller.kind in (CallerKind.TERMINAL, CallerKind.WALLET) or covers(caller.permissions, permission):
        return caller
    raise Refused(Reason.PERMISSION_IS_MISSING, permission=permission)


def verify_region(caller: Caller, *, region: str) -> Caller:
    """The caller, if working in this region; refuses REGION_IS_OUT_OF_SCOPE."""
    if caller.region != region:
        raise Refused(Reason.REGION_IS_OUT_OF_SCOPE)
    return caller


def verify_division(caller: Caller, *, division: str) -> Caller:
    """The caller, if this division lies under one of the caller's prefixes; refuses DIVISION_IS_OUT_OF_SCOPE."""
    if caller.divisions and not division.startswith(caller.divisions):
        raise Refused(Reason.DIVISION_IS_OUT_OF_SCOPE)
    return caller


def verify_provider(caller: Caller, *, provider_id: UUID) -> Caller:
    """The caller, if not bound to another provider; refuses PROVIDER_IS_OUT_OF_SCOPE."""
    if caller.provider_id not in (None, provider_id):
        raise Refused(Reason.PROVIDER_IS_OUT_OF_SCOPE)
    return caller


def verify_purpose(purpose: str | None) -> str:
    """A purpose of 2 to 600 characters without control characters; refuses PURPOSE_IS_MISSING."""
    text = (purpose or "").strip()
    if not 2 <= len(text) <= PURPOSE_LENGTH_MAX or not text.isprintable():
        raise Refused(Reason.PURPOSE_IS_MISSING)
    return text


def verify_may_give(giver: Caller, *, permissions: Iterable[str], divisions: tuple[str, ...]) -> None:
    """Let nobody give away more than they hold; refuses GRANT_EXCEEDS_OWN_RIGHTS, naming what the giver lacks.

    A wildcard counts as what it is: `room.*` is given only by one who holds `room.*` or `*`.
    """
    beyond = [name for name in permissions if not covers(giver.permissions, name)]
    wider = giver.divisions and (not divisions or not all(prefix.startswith(giver.divisions) for prefix in divisions))
    if beyond:
        raise Refused(Reason.GRANT_EXCEEDS_OWN_RIGHTS, permissions=", ".join(sorted(beyond)[:GIVEN_TOLD_MAX]))
    if wider:
        raise Refused(Reason.GRANT_EXCEEDS_OWN_RIGHTS, divisions=", ".join(giver.divisions[:GIVEN_TOLD_MAX]))


def verify_role_name(name: str) -> str:
    """A name for a role; refuses ROLE_NAME_IS_MALFORMED."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    if not 2 <= len(name) <= 40 or name[0] not in letters or not set(name) <= set(letters + "0123456789_"):
        raise Refused(Reason.ROLE_NAME_IS_MALFORMED)
    return name


def verify_ahead(expires_at: datetime | None, *, now: datetime) -> datetime | None:
    """An end that lies ahead, or none; refuses EXPIRY_IS_NOT_AHEAD."""
    if expires_at is not None and expires_at <= now:
        raise Refused(Reason.EXPIRY_IS_NOT_AHEAD)
    return expires_at


def verify_new_password(new_password: str, *, password: str) -> str:
    """A password that differs from the one it replaces; refuses NEW_PASSWORD_IS_THE_OLD_ONE.

    Whoever gave out a first password knows it; "changed" to itself it would stay theirs too.
    """
    if new_password == password:
        raise Refused(Reason.NEW_PASSWORD_IS_THE_OLD_ONE)
    return new_password


class Lockout(NamedTuple):
    """What a failed sign-in leaves: how many failed in a row, and until when no more is tried."""

    failed_count: int
    locked_until: datetime | None


def decide_lockout(*, failed_count: int, now: datetime) -> Lockout:
    """Count one more failure; the fifth in a row locks for fifteen minutes and begins the count anew."""
    failures = failed_count + 1
    if failures < SIGN_IN_FAILURES_MAX:
        return Lockout(failed_count=failures, locked_until=None)
    return Lockout(failed_count=0, locked_until=now + LOCKED_FOR)


def verify_decidable(approval: Approval | None, *, decider: Caller, now: datetime) -> Approval:
    """The request that this operator may decide.

    Refuses in this order: APPROVAL_IS_UNKNOWN (also one of another region), APPROVER_IS_THE_ASKER,
    APPROVAL_IS_DECIDED, APPROVAL_HAS_EXPIRED.
    """
    if approval is None or approval.region != decider.region:
        raise Refused(Reason.APPROVAL_IS_UNKNOWN)
    if approval.asked_by == decider.id:
        raise Refused(Reason.APPROVER_IS_THE_ASKER)
    if approval.state is not ApprovalState.PENDING:
        raise Refused(Reason.APPROVAL_IS_DECIDED, state=approval.state.value)
    if approval.expires_at <= now:
        raise Refused(Reason.APPROVAL_HAS_EXPIRED)
    return approval


def verify_tap_limit(limits: AttestationLimits | None, *, amount_fen: int) -> AttestationLimits:
    """The limits under which an amount may be attested.

    Refuses OPERATOR_MAY_NOT_ATTEST without limits, then OPERATOR_TAP_LIMIT_EXCEEDED. An amount of 0 proves
    presence and moves nothing; it passes any limit.
    """
    if limits is None:
        raise Refused(Reason.OPERATOR_MAY_NOT_ATTEST)
    if amount_fen > limits.tap_max_fen:
        raise Refused(Reason.OPERATOR_TAP_LIMIT_EXCEEDED, tap_max_fen=limits.tap_max_fen)
    return limits


def verify_idempotency_key(key: str) -> str:
    """A key of 1 to 128 visible ASCII characters; refuses IDEMPOTENCY_KEY_IS_MALFORMED."""
    if not 1 <= len(key) <= 128 or not key.isascii() or not key.isprintable() or " " in key:
        raise Refused(Reason.IDEMPOTENCY_KEY_IS_MALFORMED)
    return key


def digest_request(parts: Iterable[bytes], *, key: str) -> bytes:
    """A keyed digest (HMAC-SHA-256) of a request: each part with its length before it.

    Keyed, because a body may hold an ID number, which an unkeyed digest would give away to whoever tries them all.
    """
    mac = hmac.new(key.encode("utf-8", "surrogatepass"), digestmod=hashlib.sha256)
    for part in parts:
        mac.update(len(part).to_bytes(8, "big"))
        mac.update(part)
    return mac.digest()


def seal_answer(answer: bytes, *, token: str, key: str, nonce: bytes) -> bytes:
    """Seal what a command was answered so that only its caller, with the same key, can have it again (AES-256-GCM).

    The table alone then holds neither the token nor the person in an answer.
    """
    return nonce + AESGCM(_answer_key(token=token, key=key)).encrypt(nonce, answer, None)


def open_answer(sealed: bytes, *, token: str, key: str) -> bytes:
    """Open what `seal_answer` sealed; refuses ANSWER_CANNOT_BE_REPEATED when token or key is another."""
    try:
        return AESGCM(_answer_key(token=token, key=key)).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)
    except InvalidTag:
        raise Refused(Reason.ANSWER_CANNOT_BE_REPEATED) from None


def _answer_key(*, token: str, key: str) -> bytes:
    return digest_request((b"yikatong answer", key.encode("utf-8", "surrogatepass")), key=token)


def _show_secret(secret: bytes) -> str:
    return urlsafe_b64encode(secret).rstrip(b"=").decode("ascii")


def leaf_of_record(record: Record) -> Leaf:
    """The leaf of a line of the record in the sealed log: a digest of every field in order (`docs/formats/seal.md`)."""
    return Leaf(LeafKind.RECORD, record.record_id, hash_leaf(encode_fields(structs.astuple(record))))
