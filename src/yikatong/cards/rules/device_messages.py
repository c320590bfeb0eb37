"""What a device's enrolment key signs: to be enrolled, and to open a session. Text in UTF-8, parts joined by newlines.

The first line names the message and its version, so that a signature of one can never be shown as another.
"""

from datetime import datetime, timedelta

from yikatong.cards.model import Reason
from yikatong.kernel.ids import DeviceId, ResidentId
from yikatong.kernel.instants import epoch_ms
from yikatong.trust.model import PublicKey

MESSAGE_LIVES = timedelta(minutes=5)
"""How far a device's clock may be off, both ways."""


def enrolment_message(*, id_number: str, card_number: str, key: PublicKey, made_at: datetime) -> bytes:
    """What the new key signs, to prove that the device holds its private half for this person and card."""
    parts = (
        "yikatong enrolment 1",
        id_number,
        card_number,
        str(int(key.algorithm)),
        key.data.hex(),
        str(epoch_ms(made_at)),
    )
    return "\n".join(parts).encode()


def session_message(*, resident_id: ResidentId, device_id: DeviceId, made_at: datetime) -> bytes:
    """What an enrolled device signs to open a session."""
    parts = ("yikatong session 1", resident_id.hex, device_id.hex, str(epoch_ms(made_at)))
    return "\n".join(parts).encode()


def decide_freshness(made_at: datetime, *, now: datetime) -> Reason | None:
    """Say DEVICE_MESSAGE_IS_STALE when a message was made more than five minutes from now, before or after."""
    return Reason.DEVICE_MESSAGE_IS_STALE if abs(now - made_at) > MESSAGE_LIVES else None
