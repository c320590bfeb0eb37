"""The three algorithms behind one interface: which class parses which key."""

from functools import lru_cache
from hashlib import sha256

from yikatong.kernel.outcomes import Refused
from yikatong.trust.fips186_es256.keys import Es256SigningKey, Es256VerifyingKey
from yikatong.trust.gbt32918_sm2.keys import Sm2SigningKey, Sm2VerifyingKey
from yikatong.trust.gbt32918_sm2.libcrypto import open_libcrypto
from yikatong.trust.model import SM2_SIGNER_ID, Algorithm, PublicKey, Reason, SigningKey, VerifyingKey
from yikatong.trust.rfc8032_eddsa.keys import Ed25519SigningKey, Ed25519VerifyingKey

KEY_ID_BYTES = 4
"""A region has a handful of keys, and with SM2's long private-use numbers a shown code has no room for more."""


def algorithm_of(number: int) -> Algorithm:
    """The algorithm of a COSE number; refuses with ALGORITHM_IS_NOT_KNOWN any other."""
    try:
        return Algorithm(number)
    except ValueError:
        raise Refused(Reason.ALGORITHM_IS_NOT_KNOWN) from None


def probe_sm2() -> None:
    """Return when this machine can sign and verify with SM2; refuse with SM2_IS_NOT_AVAILABLE_HERE otherwise."""
    open_libcrypto()


def new_signing_key(algorithm: Algorithm, signer_id: bytes = SM2_SIGNER_ID) -> SigningKey:
    """Make a new private key; `signer_id` counts for SM2 alone. May refuse with SM2_IS_NOT_AVAILABLE_HERE."""
    if algorithm is Algorithm.ES256:
        return Es256SigningKey.generate()
    if algorithm is Algorithm.EDDSA:
        return Ed25519SigningKey.generate()
    return Sm2SigningKey.generate(signer_id)


def signing_key(algorithm: Algorithm, private_bytes: bytes, signer_id: bytes = SM2_SIGNER_ID) -> SigningKey:
    """Parse 32 secret bytes; refuses with KEY_IS_MALFORMED, then SM2_IS_NOT_AVAILABLE_HERE."""
    if algorithm is Algorithm.ES256:
        return Es256SigningKey(private_bytes)
    if algorithm is Algorithm.EDDSA:
        return Ed25519SigningKey(private_bytes)
    return Sm2SigningKey(private_bytes, signer_id)


def parse_verifying_key(public_key: PublicKey, signer_id: bytes = SM2_SIGNER_ID) -> VerifyingKey:
    """Parse a public key; refuses with SM2_IS_NOT_AVAILABLE_HERE, then KEY_IS_MALFORMED.

    Parsing a compressed point costs a third of a verification: whoever meets a key again keeps what this returns.
    """
    if public_key.algorithm is Algorithm.ES256:
        return Es256VerifyingKey(public_key)
    if public_key.algorithm is Algorithm.EDDSA:
        return Ed25519VerifyingKey(public_key)
    return Sm2VerifyingKey(public_key, signer_id)


@lru_cache(maxsize=4096)
def verifying_key(public_key: PublicKey, signer_id: bytes = SM2_SIGNER_ID) -> VerifyingKey:
    """The same, kept for the 4096 keys met last."""
    return parse_verifying_key(public_key, signer_id)


def key_id_of(public_key: PublicKey, size: int = KEY_ID_BYTES) -> bytes:
    """A key id of 4 to 8 bytes: the first bytes of SHA-256 over the algorithm's number and the key's bytes."""
    if not 4 <= size <= 8:
        raise ValueError("a key id has 4 to 8 bytes")
    return sha256(str(int(public_key.algorithm)).encode() + b" " + public_key.data).digest()[:size]
