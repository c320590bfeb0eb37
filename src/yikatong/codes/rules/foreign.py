"""Another region's code: what its own region signed, its status list, and how old either may be."""

from datetime import datetime, timedelta

import msgspec

from yikatong.codes.model import Asked, CertificateState, ReadCode
from yikatong.codes.reasons import Reason
from yikatong.codes.rules.code import decide_answer


class StatusSeen(msgspec.Struct, frozen=True):
    """What the status list held here says of one certificate, and when its region made that list."""

    state: CertificateState
    made_at: datetime


def decide_foreign(
    read: ReadCode, status: StatusSeen | None, *, now: datetime, age_max: timedelta, expected: Asked | None
) -> ReadCode | Reason:
    """Say whether another region's code may be served here; who the resident is stays with the home region.

    Refuses in this order: ISSUING_REGION_IS_UNKNOWN (its region signed nothing), CERTIFICATE_HAS_EXPIRED (72 hours
    bind here), STATUS_LIST_IS_MISSING, STATUS_LIST_IS_TOO_OLD (the item's largest age), CERTIFICATE_IS_REVOKED,
    CERTIFICATE_IS_SUSPENDED, then those of `decide_answer`.
    """
    if read.claims is None:
        return Reason.ISSUING_REGION_IS_UNKNOWN
    if now >= read.claims.expires_at:
        return Reason.CERTIFICATE_HAS_EXPIRED
    if status is None:
        return Reason.STATUS_LIST_IS_MISSING
    if now - status.made_at > age_max:
        return Reason.STATUS_LIST_IS_TOO_OLD
    if status.state is CertificateState.REVOKED:
        return Reason.CERTIFICATE_IS_REVOKED
    if status.state is CertificateState.SUSPENDED:
        return Reason.CERTIFICATE_IS_SUSPENDED
    difference = decide_answer(read.answer, expected)
    return read if difference is None else difference
