"""Whether a device may be used now."""

from yikatong.cards.model import Device, Reason
from yikatong.kernel.ids import ResidentId
from yikatong.kernel.outcomes import Refused


def verify_device(found: Device | None, *, resident_id: ResidentId) -> Device:
    """The device, if it is the resident's and in force; refuses DEVICE_IS_NOT_KNOWN, then DEVICE_IS_REVOKED."""
    if found is None or found.resident_id.int != resident_id.int:
        raise Refused(Reason.DEVICE_IS_NOT_KNOWN)
    if found.revoked_at is not None:
        raise Refused(Reason.DEVICE_IS_REVOKED)
    return found
