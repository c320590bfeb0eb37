"""The terminal's challenge: a till's code that the wallet scans and answers (docs/formats/challenge.md)."""

from datetime import datetime, timedelta

from yikatong.codes.model import Asked, Challenge
from yikatong.codes.reasons import Reason
from yikatong.codes.rules.code import read_asked
from yikatong.codes.rules.envelope import open_envelope, verify_envelope
from yikatong.codes.rules.wire import read_region, read_seconds, read_text, read_uuid, seconds_of
from yikatong.kernel.ids import TerminalId
from yikatong.kernel.outcomes import Refused
from yikatong.trust import service as trust
from yikatong.trust.model import Sign1, SigningKey, VerifyingKey

PREFIX = "YK1C:"
CHALLENGE_BYTES_MAX = 512
NAME_CHARS_MAX = 40
CHALLENGE_LIFE_MAX = timedelta(minutes=15)
CLOCK_LEEWAY = timedelta(seconds=30)

_CONTEXT = b"yikatong challenge"
_PARTS = 10


def write_challenge(challenge: Challenge, terminal_key: SigningKey) -> str:
    """Sign a challenge with the terminal's key and give the text of its QR picture."""
    parts: list[object] = [
        challenge.region,
        challenge.terminal_id.bytes,
        challenge.nonce,
        challenge.amount_fen,
        challenge.payee_id.bytes,
        challenge.payee_name,
        challenge.item_number,
        challenge.item_name,
        seconds_of(challenge.made_at),
        seconds_of(challenge.expires_at),
    ]
    return PREFIX + trust.encode_base45(trust.sign_sign1(trust.encode(parts), terminal_key, external_aad=_CONTEXT))


def read_challenge(text: str, *, now: datetime) -> Challenge:
    """Read a till's code without its terminal's key, as a wallet without a network does.

    What it says of names is then only a claim; what the resident signs in the answer is the payee's id.
    Refuses in this order: CHALLENGE_IS_NOT_READABLE, CHALLENGE_IS_FROM_THE_FUTURE, CHALLENGE_HAS_EXPIRED.
    """
    challenge, _ = _take_apart(text)
    return _of_this_minute(challenge, now)


def verify_challenge(text: str, *, terminal_key: VerifyingKey, now: datetime) -> Challenge:
    """Read a till's code and verify it with its terminal's key.

    Refuses in this order: CHALLENGE_IS_NOT_READABLE, CHALLENGE_SIGNATURE_IS_FALSE (also for another algorithm than the
    key's), CHALLENGE_IS_FROM_THE_FUTURE (more than 30 s), CHALLENGE_HAS_EXPIRED.
    """
    challenge, envelope = _take_apart(text)
    verify_envelope(
        envelope,
        terminal_key,
        other_algorithm=Reason.CHALLENGE_SIGNATURE_IS_FALSE,
        false_signature=Reason.CHALLENGE_SIGNATURE_IS_FALSE,
        context=_CONTEXT,
    )
    return _of_this_minute(challenge, now)


def _of_this_minute(challenge: Challenge, now: datetime) -> Challenge:
    if now < challenge.made_at - CLOCK_LEEWAY:
        raise Refused(Reason.CHALLENGE_IS_FROM_THE_FUTURE)
    if now >= challenge.expires_at:
        raise Refused(Reason.CHALLENGE_HAS_EXPIRED)
    return challenge


def _take_apart(text: str) -> tuple[Challenge, Sign1]:
    try:
        if not text.startswith(PREFIX):
            raise ValueError("not a till's code")
        data = trust.decode_base45(text[len(PREFIX) :], CHALLENGE_BYTES_MAX * 3 // 2)
        envelope, values = open_envelope(data, CHALLENGE_BYTES_MAX, _PARTS)
        return _read_parts(values), envelope
    except (Refused, ValueError):
        raise Refused(Reason.CHALLENGE_IS_NOT_READABLE) from None


def _read_parts(values: list[object]) -> Challenge:
    asked: Asked = read_asked([values[2], values[3], values[4], values[6]])
    made_at, expires_at = read_seconds(values[8]), read_seconds(values[9])
    if not made_at < expires_at <= made_at + CHALLENGE_LIFE_MAX:
        raise ValueError("a challenge lives at most 15 minutes")
    return Challenge(
        region=read_region(values[0]),
        terminal_id=TerminalId(read_uuid(values[1])),
        nonce=asked.nonce,
        amount_fen=asked.amount_fen,
        payee_id=asked.payee_id,
        payee_name=read_text(values[5], NAME_CHARS_MAX),
        item_number=asked.item_number,
        item_name=read_text(values[7], NAME_CHARS_MAX),
        made_at=made_at,
        expires_at=expires_at,
    )
