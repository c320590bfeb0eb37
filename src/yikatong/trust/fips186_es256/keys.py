"""ES256: ECDSA on P-256 with SHA-256 (FIPS 186-5 §6, RFC 9053 §2.1), signatures as r then s in 64 bytes."""

from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from yikatong.kernel.outcomes import Refused
from yikatong.trust.model import Algorithm, PublicKey, Reason

_ECDSA = ec.ECDSA(SHA256())
_ECDSA_OF_DIGEST = ec.ECDSA(Prehashed(SHA256()))
"""To check a signature: a digest made beforehand costs a little less than to have the library make it."""
_P256 = ec.SECP256R1()
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class Es256VerifyingKey:
    """A P-256 public key, parsed."""

    def __init__(self, public_key: PublicKey) -> None:
        """Parse a compressed point; raises Refused KEY_IS_MALFORMED when it is not a point of the curve."""
        if len(public_key.data) != 33:
            raise Refused(Reason.KEY_IS_MALFORMED)
        try:
            self._key = ec.EllipticCurvePublicKey.from_encoded_point(_P256, public_key.data)
        except ValueError:
            raise Refused(Reason.KEY_IS_MALFORMED) from None
        self.public_key = public_key

    def verify(self, signature: bytes, message: bytes) -> None:
        """Return when r and s are the key's signature of the message; raise SIGNATURE_DOES_NOT_MATCH otherwise."""
        if len(signature) != 64:
            raise Refused(Reason.SIGNATURE_DOES_NOT_MATCH)
        der = encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
        try:
            self._key.verify(der, sha256(message).digest(), _ECDSA_OF_DIGEST)
        except InvalidSignature:
            raise Refused(Reason.SIGNATURE_DOES_NOT_MATCH) from None


class Es256SigningKey:
    """A P-256 private key."""

    def __init__(self, private_bytes: bytes) -> None:
        """Take the secret number in 32 bytes; raises Refused KEY_IS_MALFORMED when it is not below the order."""
        number = int.from_bytes(private_bytes)
        if len(private_bytes) != 32 or not 0 < number < _P256_ORDER:
            raise Refused(Reason.KEY_IS_MALFORMED)
        self._private_bytes = private_bytes
        self._key = ec.derive_private_key(number, _P256)
        point = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
        self.public_key = PublicKey(algorithm=Algorithm.ES256, data=point)

    @classmethod
    def generate(cls) -> "Es256SigningKey":
        """Make a new key from the operating system's random source."""
        number = ec.generate_private_key(_P256).private_numbers().private_value
        return cls(number.to_bytes(32))

    def sign(self, message: bytes) -> bytes:
        """Sign a message: r then s, 32 bytes each."""
        r, s = decode_dss_signature(self._key.sign(message, _ECDSA))
        return r.to_bytes(32) + s.to_bytes(32)

    def private_bytes(self) -> bytes:
        """The secret number, big-endian in 32 bytes."""
        return self._private_bytes
