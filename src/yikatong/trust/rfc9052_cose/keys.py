"""COSE_Key (RFC 9052 §7, RFC 9053 §7) for the three algorithms; points compressed, as §7.1.1 allows."""

from typing import Any

from yikatong.kernel.outcomes import Refused
from yikatong.trust.model import Algorithm, CborMap, PublicKey, Reason
from yikatong.trust.rfc8949_cbor.strict import decode_strict, encode

_KEY_TYPE, _ALGORITHM, _CURVE, _X, _Y = 1, 3, -1, -2, -3
_OKP, _EC2 = 1, 2
_P256, _ED25519, _SM2_CURVE = 1, 6, -65918
_ALGORITHM_OF = {
    (_EC2, _P256): Algorithm.ES256,
    (_OKP, _ED25519): Algorithm.EDDSA,
    (_EC2, _SM2_CURVE): Algorithm.SM2,
}
_CURVE_OF = {algorithm: pair for pair, algorithm in _ALGORITHM_OF.items()}
COSE_KEY_BYTES_MAX = 256


def to_cose_map(key: PublicKey) -> CborMap:
    """A public key as a COSE_Key map: type, curve, x and, for points, the sign of y."""
    kind, curve = _CURVE_OF[key.algorithm]
    if kind == _OKP:
        return {_KEY_TYPE: kind, _CURVE: curve, _X: key.data}
    return {_KEY_TYPE: kind, _CURVE: curve, _X: key.data[1:], _Y: key.data[0] == 3}


def from_cose_map(value: Any) -> PublicKey:
    """Read a COSE_Key map; parameters other than type, algorithm, curve, x and y are passed over (RFC 9052 §7.1).

    Refuses with KEY_IS_MALFORMED what is no map of a known type and curve, what carries a private part, what names an
    algorithm other than its curve's, and coordinates of a wrong length. Whether the point lies on the curve is
    checked when the key is parsed.
    """
    if not isinstance(value, dict):
        raise Refused(Reason.KEY_IS_MALFORMED)
    kind, curve, x = value.get(_KEY_TYPE), value.get(_CURVE), value.get(_X)
    if type(kind) is not int or type(curve) is not int or type(x) is not bytes:
        raise Refused(Reason.KEY_IS_MALFORMED)
    algorithm = _ALGORITHM_OF.get((kind, curve))
    if algorithm is None or value.get(_ALGORITHM, algorithm) != algorithm or -4 in value or len(x) != 32:
        raise Refused(Reason.KEY_IS_MALFORMED)
    if kind == _OKP:
        return PublicKey(algorithm=algorithm, data=x)
    return PublicKey(algorithm=algorithm, data=_sign_of(value.get(_Y)) + x)


def _sign_of(y: Any) -> bytes:
    """The first byte of a compressed point; y is its sign, or the whole coordinate, whose last bit is the sign."""
    if isinstance(y, bool):
        return b"\x03" if y else b"\x02"
    if isinstance(y, bytes) and len(y) == 32:
        return b"\x03" if y[-1] & 1 else b"\x02"
    raise Refused(Reason.KEY_IS_MALFORMED)


def encode_cose_key(key: PublicKey) -> bytes:
    """Write a public key as a COSE_Key."""
    return encode(to_cose_map(key))


def decode_cose_key(data: bytes) -> PublicKey:
    """Read a COSE_Key; refuses with KEY_IS_MALFORMED."""
    if len(data) > COSE_KEY_BYTES_MAX:
        raise Refused(Reason.KEY_IS_MALFORMED)
    try:
        return from_cose_map(decode_strict(data))
    except ValueError:
        raise Refused(Reason.KEY_IS_MALFORMED) from None
