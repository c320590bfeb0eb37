"""CWT claims (RFC 8392 §3.1, §4) with a confirmation key (RFC 8747 §3.2) and our private claim, the standing of a card.

The payload alone: signing is COSE_Sign1's. A claim that is not known is passed over, as RFC 8392 §3 asks.
"""

from datetime import UTC, datetime
from typing import Any, TypeVar

from yikatong.kernel.outcomes import Refused
from yikatong.trust.model import CborMap, Claims, PublicKey, Reason, Standing
from yikatong.trust.rfc8949_cbor.strict import decode_strict, encode
from yikatong.trust.rfc9052_cose.keys import from_cose_map, to_cose_map

_ISSUER, _SUBJECT, _AUDIENCE, _EXPIRES, _NOT_BEFORE, _ISSUED, _CWT_ID, _CONFIRMATION = 1, 2, 3, 4, 5, 6, 7, 8
_COSE_KEY = 1
_STANDING = -65918
"""Our claim's number, of the range for private use (below -65536, RFC 8392 §9.1)."""
_SECONDS_MAX = 2**32 - 1
_LEVEL_MAX, _CONCESSION_MAX, _STATUS_INDEX_MAX = 0xFF, 0xFFFF, 0xFFFF_FFFF

_Of = TypeVar("_Of", str, bytes)


def encode_claims(claims: Claims) -> bytes:
    """Write claims, in the deterministic order of RFC 8949 §4.2.1; instants in whole seconds, earlier parts dropped."""
    confirmation = None if claims.confirmation is None else {_COSE_KEY: to_cose_map(claims.confirmation)}
    numbered: list[tuple[int, object]] = [
        (_ISSUER, claims.issuer),
        (_SUBJECT, claims.subject),
        (_AUDIENCE, claims.audience),
        (_EXPIRES, _seconds(claims.expires_at)),
        (_NOT_BEFORE, _seconds(claims.not_before_at)),
        (_ISSUED, _seconds(claims.issued_at)),
        (_CWT_ID, claims.cwt_id),
        (_CONFIRMATION, confirmation),
        (_STANDING, _standing_row(claims.standing)),
    ]
    return encode({number: value for number, value in numbered if value is not None})


def decode_claims(payload: bytes) -> Claims:
    """Read claims from a payload whose size the envelope bounded.

    Refuses with CLAIMS_ARE_MALFORMED what is not a strict map of claims of the right types (instants are whole seconds
    from 1970 to 2106), with KEY_IS_MALFORMED a confirmation key that cannot be read.
    """
    try:
        values = decode_strict(payload)
        if type(values) is not dict:
            raise ValueError("claims are a map")
        return Claims(
            issuer=_of(str, values, _ISSUER),
            subject=_of(str, values, _SUBJECT),
            audience=_of(str, values, _AUDIENCE),
            expires_at=_instant(values.get(_EXPIRES)),
            not_before_at=_instant(values.get(_NOT_BEFORE)),
            issued_at=_instant(values.get(_ISSUED)),
            cwt_id=_of(bytes, values, _CWT_ID),
            confirmation=_confirmation(values.get(_CONFIRMATION)),
            standing=_standing(values.get(_STANDING)),
        )
    except ValueError:
        raise Refused(Reason.CLAIMS_ARE_MALFORMED) from None


def _seconds(instant: datetime | None) -> int | None:
    return None if instant is None else int(instant.timestamp())


def _standing_row(standing: Standing | None) -> list[int] | None:
    if standing is None:
        return None
    row = [standing.level, standing.concession, standing.status_index]
    if not _fits(row):
        raise ValueError("a standing out of its bounds")
    return row


def _fits(row: list[int]) -> bool:
    level, concession, status_index = row
    if type(level) is not int or type(concession) is not int or type(status_index) is not int:
        return False
    return 0 <= level <= _LEVEL_MAX and 0 <= concession <= _CONCESSION_MAX and 0 <= status_index <= _STATUS_INDEX_MAX


def _of(kind: type[_Of], values: CborMap, number: int) -> _Of | None:
    value = values.get(number)
    if value is None or isinstance(value, kind):
        return value
    raise ValueError("a claim of a wrong type")


def _instant(value: Any) -> datetime | None:
    if value is None:
        return None
    if type(value) is not int or not 0 <= value <= _SECONDS_MAX:
        raise ValueError("not an instant in whole seconds")
    return datetime.fromtimestamp(value, UTC)


def _confirmation(value: Any) -> PublicKey | None:
    if value is None:
        return None
    if type(value) is not dict or value.keys() != {_COSE_KEY}:
        raise ValueError("a confirmation is a COSE_Key")
    return from_cose_map(value[_COSE_KEY])


def _standing(value: Any) -> Standing | None:
    if value is None:
        return None
    if type(value) is not list or len(value) != 3 or not _fits(value):
        raise ValueError("a standing is three bounded numbers")
    return Standing(level=value[0], concession=value[1], status_index=value[2])
