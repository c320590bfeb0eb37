"""Another region's code: what its own region signed, its status list, and how old either may be."""

from datetime import datetime, timedelta

from yikatong.codes.model import Asked, ReadCode
from yikatong.codes.reasons import Reason
from yikatong.codes.rules.code import decide_answer
from yikatong.codes.rules.status import block_and_place
from yikatong.kernel import outcomes
from yikatong.kernel.outcomes import Refused
from yikatong.trust import service as trust
from yikatong.trust.model import StatusList


def decide_foreign(
    read: ReadCode,
    status_list: StatusList | None,
    *,
    now: datetime,
    age_max: timedelta,
    expected: Asked | None,
) -> ReadCode | outcomes.Reason:
    """Say whether another region's code may be served here; who the resident is stays with the home region.

    `status_list` is the list held here of the certificate's block, `age_max` the item's largest age of it.
    Refuses in this order: ISSUING_REGION_IS_UNKNOWN (its region signed nothing), CERTIFICATE_HAS_EXPIRED (72 hours
    bind here), STATUS_LIST_IS_MISSING, STATUS_LIST_IS_EXPIRED, STATUS_LIST_IS_TOO_OLD, STATUS_INDEX_IS_NOT_ON_THE_LIST,
    CERTIFICATE_IS_SUSPENDED or CERTIFICATE_IS_REVOKED (any other status than valid), then those of `decide_answer`.
    """
    if read.claims is None:
        return Reason.ISSUING_REGION_IS_UNKNOWN
    refused = decide_certificate(
        status_list,
        expires_at=read.claims.expires_at,
        status_index=read.claims.status_index,
        now=now,
        age_max=age_max,
    )
    if refused is None:
        refused = decide_answer(read.answer, expected)
    return read if refused is None else refused


def decide_certificate(
    status_list: StatusList | None, *, expires_at: datetime, status_index: int, now: datetime, age_max: timedelta
) -> outcomes.Reason | None:
    """Say why a certificate that its region signed does not count now, by the list held here of its block.

    Refuses in this order: CERTIFICATE_HAS_EXPIRED, STATUS_LIST_IS_MISSING, STATUS_LIST_IS_EXPIRED,
    STATUS_LIST_IS_TOO_OLD, STATUS_INDEX_IS_NOT_ON_THE_LIST, CERTIFICATE_IS_SUSPENDED or CERTIFICATE_IS_REVOKED.
    """
    if now >= expires_at:
        return Reason.CERTIFICATE_HAS_EXPIRED
    if status_list is None:
        return Reason.STATUS_LIST_IS_MISSING
    _, place = block_and_place(status_index)
    try:
        status = trust.status_at(trust.verify_fresh(status_list, now=now, age_max=age_max), place)
    except Refused as refused:
        return refused.reason
    if status == trust.VALID:
        return None
    return Reason.CERTIFICATE_IS_SUSPENDED if status == trust.SUSPENDED else Reason.CERTIFICATE_IS_REVOKED
