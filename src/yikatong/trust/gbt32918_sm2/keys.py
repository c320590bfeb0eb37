"""SM2 keys (GB/T 32918.2-2016 §6, §7) on the curve of GB/T 32918.5-2017; signatures as r then s."""

import secrets
import weakref

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from yikatong.kernel.outcomes import Refused
from yikatong.trust.gbt32918_sm2.libcrypto import POINT_BYTES, open_libcrypto
from yikatong.trust.model import SM2_SIGNER_ID, Algorithm, PublicKey, Reason

_ORDER = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123


class Sm2VerifyingKey:
    """An SM2 public key, parsed, with the id of its signer."""

    def __init__(self, public_key: PublicKey, signer_id: bytes = SM2_SIGNER_ID) -> None:
        """Parse a compressed point.

        Raises Refused SM2_IS_NOT_AVAILABLE_HERE, then KEY_IS_MALFORMED when the bytes are not a point of the curve.
        """
        self._libcrypto = open_libcrypto()
        if len(public_key.data) != POINT_BYTES:
            raise Refused(Reason.KEY_IS_MALFORMED)
        self._key = self._libcrypto.new_key(point=public_key.data)
        weakref.finalize(self, self._libcrypto.call.EVP_PKEY_free, self._key)
        self._signer_id = signer_id
        self.public_key = public_key

    def verify(self, signature: bytes, message: bytes) -> None:
        """Return when r and s are the key's signature of the message; raise SIGNATURE_DOES_NOT_MATCH otherwise."""
        if len(signature) != 64:
            raise Refused(Reason.SIGNATURE_DOES_NOT_MATCH)
        der = encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
        self._libcrypto.verify(self._key, signer_id=self._signer_id, der=der, message=message)


class Sm2SigningKey:
    """An SM2 private key with the id of its signer."""

    def __init__(self, private_bytes: bytes, signer_id: bytes = SM2_SIGNER_ID) -> None:
        """Take the secret number in 32 bytes, between 1 and the order less 2 (GB/T 32918.1-2016 §6.1).

        Raises Refused KEY_IS_MALFORMED, then SM2_IS_NOT_AVAILABLE_HERE.
        """
        if len(private_bytes) != 32 or not 0 < int.from_bytes(private_bytes) < _ORDER - 1:
            raise Refused(Reason.KEY_IS_MALFORMED)
        self._libcrypto = open_libcrypto()
        point = self._libcrypto.point_of(private_bytes)
        self._key = self._libcrypto.new_key(point=point, private_bytes=private_bytes)
        weakref.finalize(self, self._libcrypto.call.EVP_PKEY_free, self._key)
        self._private_bytes = private_bytes
        self._signer_id = signer_id
        self.public_key = PublicKey(algorithm=Algorithm.SM2, data=point)

    @classmethod
    def generate(cls, signer_id: bytes = SM2_SIGNER_ID) -> "Sm2SigningKey":
        """Make a new key from the operating system's random source."""
        number = 1 + secrets.randbelow(_ORDER - 2)
        return cls(number.to_bytes(32), signer_id)

    def sign(self, message: bytes) -> bytes:
        """Sign a message: r then s, 32 bytes each."""
        r, s = decode_dss_signature(self._libcrypto.sign(self._key, signer_id=self._signer_id, message=message))
        return r.to_bytes(32) + s.to_bytes(32)

    def private_bytes(self) -> bytes:
        """The secret number, big-endian in 32 bytes."""
        return self._private_bytes
