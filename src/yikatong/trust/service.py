"""What other rooms use of trust: keys and envelopes, claims, Base45, the alias."""

from yikatong.trust.algorithms import (
    algorithm_of,
    key_id_of,
    new_signing_key,
    parse_verifying_key,
    signing_key,
    verifying_key,
)
from yikatong.trust.rfc5297_siv.alias import ALIAS_OVERHEAD, open_alias, seal_alias
from yikatong.trust.rfc8392_cwt.claims import decode_claims, encode_claims
from yikatong.trust.rfc8949_cbor.strict import decode_strict, encode
from yikatong.trust.rfc9052_cose.keys import decode_cose_key, encode_cose_key, from_cose_map, to_cose_map
from yikatong.trust.rfc9052_cose.sign1 import decode_sign1, sign_sign1, verify_sign1
from yikatong.trust.rfc9285_base45.base45 import decode_base45, encode_base45

__all__ = [
    "ALIAS_OVERHEAD",
    "algorithm_of",
    "decode_base45",
    "decode_claims",
    "decode_cose_key",
    "decode_sign1",
    "decode_strict",
    "encode",
    "encode_base45",
    "encode_claims",
    "encode_cose_key",
    "from_cose_map",
    "key_id_of",
    "new_signing_key",
    "open_alias",
    "parse_verifying_key",
    "seal_alias",
    "sign_sign1",
    "signing_key",
    "to_cose_map",
    "verify_sign1",
    "verifying_key",
]
