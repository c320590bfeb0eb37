"""Keys and sessions: issue, open, authenticate, revoke, end."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from yikatong.access import rules
from yikatong.access.model import (
    SESSION_TERMS,
    Authenticated,
    Credential,
    IssuedKey,
    OpenedSession,
    Reason,
    Session,
)
from yikatong.access.store import command_batch, keys, people
from yikatong.kernel.instants import END_OF_TIME
from yikatong.kernel.outcomes import Change, Refused
from yikatong.plumbing import versions
from yikatong.plumbing.http import Caller, CallerKind
from yikatong.plumbing.ids import Ids
from yikatong.plumbing.rows import Conn
from yikatong.plumbing.statements import run_in_order

VERSION_SUBJECT = "access"


async def issue_key(
    conn: Conn,
    *,
    kind: CallerKind,
    subject_id: UUID,
    region: str,
    provider_id: UUID | None,
    place_id: UUID | None,
    permissions: frozenset[str],
    label: str,
    expires_at: datetime | None,
    now: datetime,
    ids: Ids,
) -> IssuedKey:
    """Make a key for a terminal, a partner or another machine; its token is shown once and kept as a digest."""
    key_id = ids.new()
    token = rules.show_key_token(key_id=key_id, secret=ids.random_bytes(rules.SECRET_BYTES))
    credential = Credential(
        key_id=key_id,
        secret_digest=rules.digest_of(rules.read_key_token(token).secret),
        kind=kind,
        subject_id=subject_id,
        region=region,
        provider_id=provider_id,
        place_id=place_id,
        permissions=tuple(sorted(permissions)),
        label=label,
        issued_at=now,
        expires_at=expires_at,
        revoked_at=None,
    )
    await keys.insert_credential(conn, credential=credential)
    return IssuedKey(key_id=key_id, token=token)


async def revoke_key(conn: Conn, *, key_id: UUID, region: str, now: datetime) -> Change:
    """Revoke one key of a region; refuses ACCESS_KEY_ID_IS_UNKNOWN."""
    await get_key(conn, key_id=key_id, region=region)
    changed = await keys.revoke_credential(conn, key_id=key_id, region=region, revoked_at=now)
    if changed:
        await versions.bump(conn, subject=VERSION_SUBJECT)
    return Change.of(changed)


async def revoke_keys_of(conn: Conn, *, subject_id: UUID, now: datetime) -> int:
    """Revoke every key of a terminal or a partner; how many there were."""
    count = await keys.revoke_credentials_of(conn, subject_id=subject_id, revoked_at=now)
    if count:
        await versions.bump(conn, subject=VERSION_SUBJECT)
    return count


async def rotate_key(conn: Conn, *, key_id: UUID, region: str, now: datetime, ids: Ids) -> IssuedKey:
    """Make a key with the rights of an old one and revoke the old one.

    Refuses ACCESS_KEY_ID_IS_UNKNOWN, then KEY_IS_REVOKED for a key that was revoked before.
    """
    old = await get_key(conn, key_id=key_id, region=region)
    if not await keys.revoke_credential(conn, key_id=key_id, region=region, revoked_at=now):
        raise Refused(Reason.KEY_IS_REVOKED)
    await versions.bump(conn, subject=VERSION_SUBJECT)
    lifetime = None if old.expires_at is None else old.expires_at - old.issued_at
    return await issue_key(
        conn,
        kind=old.kind,
        subject_id=old.subject_id,
        region=old.region,
        provider_id=old.provider_id,
        place_id=old.place_id,
        permissions=frozenset(old.permissions),
        label=old.label,
        expires_at=None if lifetime is None else now + lifetime,
        now=now,
        ids=ids,
    )


async def get_key(conn: Conn, *, key_id: UUID, region: str) -> Credential:
    """A key of a region; refuses ACCESS_KEY_ID_IS_UNKNOWN."""
    credential = await keys.find_credential(conn, key_id=key_id)
    if credential is None or credential.region != region:
        raise Refused(Reason.ACCESS_KEY_ID_IS_UNKNOWN)
    return credential


async def list_keys(
    conn: Conn, *, region: str, subject_id: UUID | None, after: UUID | None, limit: int
) -> tuple[Credential, ...]:
    """Keys of a region in order of making, perhaps only one subject's."""
    return await keys.list_credentials(conn, region=region, subject_id=subject_id, after=after, limit=limit)


async def list_keys_that_end(
    conn: Conn, *, region: str | None, now: datetime, after: UUID | None, limit: int
) -> tuple[Credential, ...]:
    """Keys of a region, or of all, whose expiry is announced (`rules.decide_announced`) and is still ahead."""
    until = now + rules.EXPIRY_IS_ANNOUNCED
    return await keys.list_credentials_that_end(conn, region=region, now=now, until=until, after=after, limit=limit)


async def open_session(
    conn: Conn,
    *,
    kind: CallerKind,
    subject_id: UUID,
    region: str,
    now: datetime,
    ids: Ids,
    provider_id: UUID | None = None,
    place_id: UUID | None = None,
    resident_id: UUID | None = None,
    device_id: UUID | None = None,
    permissions: Iterable[str] = (),
) -> OpenedSession:
    """Open a session of an operator, a member of staff or a wallet; the token is shown once and kept as a digest.

    An operator's permissions are not written here: they are those of the roles held at each call. The subject of
    a wallet's session is its device, so that it ends with the device.
    """
    token = rules.show_session_token(ids.random_bytes(rules.SECRET_BYTES))
    session = Session(
        token_digest=rules.digest_of(token),
        session_id=ids.new(),
        kind=kind,
        subject_id=subject_id,
        region=region,
        provider_id=provider_id,
        place_id=place_id,
        resident_id=resident_id,
        device_id=device_id,
        permissions=tuple(sorted(permissions)),
        opened_at=now,
        used_at=now,
        ends_at=now + timedelta(seconds=SESSION_TERMS[kind].whole_seconds),
        ended_at=None,
    )
    await keys.insert_session(conn, session=session)
    return OpenedSession(session_id=session.session_id, token=token, ends_at=session.ends_at)


async def end_session(conn: Conn, *, caller: Caller, now: datetime) -> Change:
    """End the session in which a caller calls; a caller with a key has none, so for it things are already so."""
    if caller.session_id is None:
        return Change.ALREADY_SO
    return Change.of(await keys.end_session(conn, session_id=caller.session_id, subject_id=caller.id, ended_at=now))


async def end_sessions_of(conn: Conn, *, subject_id: UUID, now: datetime) -> int:
    """End every session of an operator, a member of staff or a device; how many there were."""
    return await keys.end_sessions_of(conn, subject_id=subject_id, ended_at=now)


async def delete_sessions(conn: Conn, *, before: datetime, limit: int) -> int:
    """Delete sessions whose whole time was over before an instant; how many there were."""
    return await keys.delete_sessions(conn, before=before, limit=limit)


async def authenticate(conn: Conn, *, token: str, now: datetime) -> Caller:
    """The caller whom a bearer token stands for.

    Refuses KEY_IS_UNKNOWN, KEY_IS_REVOKED, KEY_HAS_EXPIRED for keys; KEY_IS_UNKNOWN, SESSION_HAS_ENDED for sessions.
    """
    return (await authenticate_for_cache(conn, token=token, now=now)).caller


async def authenticate_for_cache(conn: Conn, *, token: str, now: datetime) -> Authenticated:
    """The caller, until when a cache may keep them (a key until it expires, a session not at all), and a key's end.

    Refuses as `authenticate` does.
    """
    if token.startswith(rules.KEY_PREFIX):
        key_token = rules.read_key_token(token)
        credential = await keys.find_credential(conn, key_id=key_token.key_id)
        caller = rules.verify_credential(credential, secret=key_token.secret, now=now)
        assert credential is not None
        ends_at = rules.decide_announced(credential.expires_at, now=now)
        return Authenticated(caller=caller, until=credential.expires_at or END_OF_TIME, ends_at=ends_at)
    return Authenticated(caller=await _authenticate_session(conn, token=token, now=now), until=now)


async def authenticate_many(conn: Conn, *, tokens: Sequence[str], now: datetime) -> list[Caller | Refused]:
    """The callers whom some tokens stand for, each or why not, as `authenticate` refuses it.

    Sessions of wallets are looked up all at once; whoever else calls is looked up alone.
    """
    digests = [rules.digest_of(token) for token in tokens]
    (found,) = await run_in_order(conn, [command_batch.load_sessions(digests)])
    wallets = {one.token_digest: one for one in found.rows if one.kind is CallerKind.WALLET}
    callers: list[Caller | Refused] = []
    used: list[bytes] = []
    for token, digest in zip(tokens, digests, strict=True):
        session = wallets.get(digest)
        try:
            if session is None:
                callers.append(await authenticate(conn, token=token, now=now))
                continue
            rules.verify_session(session, token=token, now=now, terms=SESSION_TERMS[CallerKind.WALLET])
        except Refused as refused:
            callers.append(refused)
            continue
        callers.append(rules.caller_of(session))
        if now - session.used_at >= rules.SESSION_TOUCHED_EVERY:
            used.append(digest)
    if used:
        await run_in_order(conn, [command_batch.touch_sessions(sorted(used), used_at=now)])
    return callers


async def _authenticate_session(conn: Conn, *, token: str, now: datetime) -> Caller:
    digest = rules.digest_of(rules.verify_session_token(token))
    found = await keys.find_session(conn, token_digest=digest)
    terms = SESSION_TERMS[found.kind if found else CallerKind.OPERATOR]
    session = rules.verify_session(found, token=token, now=now, terms=terms)
    if now - session.used_at >= rules.SESSION_TOUCHED_EVERY:
        await keys.touch_session(conn, token_digest=digest, used_at=now)
    if session.kind is not CallerKind.OPERATOR:
        return rules.caller_of(session)
    return rules.caller_of(session, roles=await people.list_granted_roles(conn, operator_id=session.subject_id))


async def find_operator_caller(conn: Conn, *, operator_id: UUID, region: str) -> Caller | None:
    """An operator as a caller with the rights held now, for a command that waited; None when suspended or gone."""
    operator = await people.find_operator(conn, operator_id=operator_id)
    if operator is None or operator.suspended_at is not None or operator.region != region:
        return None
    roles = await people.list_granted_roles(conn, operator_id=operator_id)
    return rules.operator_caller(operator_id=operator_id, region=region, roles=roles)
