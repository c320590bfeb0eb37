"""What an operator may attest, and at which minors an operator may look."""

from datetime import date, datetime
from uuid import UUID

from yikatong.access import rules
from yikatong.access.model import Reason
from yikatong.access.store import allowances, people
from yikatong.kernel.ids import bucket_of
from yikatong.kernel.outcomes import Change, Refused
from yikatong.plumbing.http import Caller, CallerKind
from yikatong.plumbing.rows import Conn


async def claim_attestation(
    conn: Conn, *, operator_id: UUID, day: date, tap_request: UUID, amount_fen: int, now: datetime
) -> None:
    """Count a tap that an operator attests against the operator's own limits; the same tap again counts once.

    Refuses in this order: OPERATOR_MAY_NOT_ATTEST (unknown or suspended), OPERATOR_TAP_LIMIT_EXCEEDED,
    ATTESTATION_IS_ANOTHER (the same tap with another amount), OPERATOR_DAY_LIMIT_EXCEEDED. Two claims of one
    operator at once go one after the other, on the row of the day.
    """
    limits = rules.verify_tap_limit(
        await people.find_attestation_limits(conn, operator_id=operator_id), amount_fen=amount_fen
    )
    claimed = await allowances.claim_attestation(
        conn, operator_id=operator_id, tap_request=tap_request, on_day=day, amount_fen=amount_fen, claimed_at=now
    )
    if not claimed:
        before = await allowances.find_attestation(conn, operator_id=operator_id, tap_request=tap_request)
        if before is None or before.amount_fen != amount_fen:
            raise Refused(Reason.ATTESTATION_IS_ANOTHER)
        return
    within = amount_fen <= limits.day_max_fen and await allowances.add_to_attestation_day(
        conn, operator_id=operator_id, on_day=day, amount_fen=amount_fen, day_max_fen=limits.day_max_fen
    )
    if not within:
        raise Refused(Reason.OPERATOR_DAY_LIMIT_EXCEEDED, day_max_fen=limits.day_max_fen)


async def release_attestation(conn: Conn, *, operator_id: UUID, tap_request: UUID, now: datetime) -> Change:
    """Give back what a tap counted that was refused or reversed after all."""
    released = await allowances.release_attestation(
        conn, operator_id=operator_id, tap_request=tap_request, released_at=now
    )
    if released is None:
        return Change.ALREADY_SO
    await allowances.take_from_attestation_day(
        conn, operator_id=operator_id, on_day=released.on_day, amount_fen=released.amount_fen
    )
    return Change.DONE


async def agree_minor_look(
    conn: Conn, *, resident_id: UUID, operator_id: UUID, purpose: str, now: datetime, bucket_count: int
) -> datetime:
    """Let an operator look at one minor for eight hours, and say until when; called once a second person agreed."""
    ends_at = now + rules.MINOR_LOOK_LIVES
    await allowances.insert_minor_look(
        conn,
        bucket=bucket_of(resident_id, bucket_count),
        resident_id=resident_id,
        operator_id=operator_id,
        purpose=rules.verify_purpose(purpose),
        agreed_at=now,
        ends_at=ends_at,
    )
    return ends_at


async def verify_minor_look(
    conn: Conn, *, caller: Caller, resident_id: UUID, now: datetime, bucket_count: int
) -> Caller:
    """The caller, if they may look at this minor's data now; refuses MINOR_LOOK_NEEDS_APPROVAL.

    A room calls this before it shows a person under 18 (Regulation on the Protection of Minors in Cyberspace,
    Art. 36: least privilege, approval and a record of every access by staff). Wallets pass: whether a resident or a
    guardian may look is decided where families are known.
    """
    if caller.kind is CallerKind.WALLET:
        return caller
    until = await allowances.find_minor_look(
        conn,
        bucket=bucket_of(resident_id, bucket_count),
        resident_id=resident_id,
        operator_id=caller.id,
        now=now,
    )
    if until is None:
        raise Refused(Reason.MINOR_LOOK_NEEDS_APPROVAL)
    return caller
