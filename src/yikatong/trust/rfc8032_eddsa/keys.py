"""EdDSA on Ed25519 (RFC 8032 §5.1, RFC 9053 §2.2)."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from yikatong.kernel.outcomes import Refused
from yikatong.trust.model import Algorithm, PublicKey, Reason

_FIELD = 2**255 - 19
_SMALL_ORDER_Y = frozenset(
    (
        0,
        1,
        _FIELD - 1,
        2707385501144840649318225287225658788936804267575313519463743609750303402022,
        55188659117513257062467267217118295137698188065244968500265048394206261417927,
    )
)
"""The y of the eight points whose order divides 8: with such a key a signature can be made that fits any message."""


class Ed25519VerifyingKey:
    """An Ed25519 public key, parsed."""

    def __init__(self, public_key: PublicKey) -> None:
        """Parse 32 bytes; raises Refused KEY_IS_MALFORMED for another length or a point of small order."""
        y = int.from_bytes(public_key.data, "little") & (2**255 - 1)
        if len(public_key.data) != 32 or y >= _FIELD or y in _SMALL_ORDER_Y:
            raise Refused(Reason.KEY_IS_MALFORMED)
        try:
            self._key = Ed25519PublicKey.from_public_bytes(public_key.data)
        except ValueError:
            raise Refused(Reason.KEY_IS_MALFORMED) from None
        self.public_key = public_key

    def verify(self, signature: bytes, message: bytes) -> None:
        """Return when the signature is the key's over the message; raise SIGNATURE_DOES_NOT_MATCH otherwise."""
        try:
            self._key.verify(signature, message)
        except InvalidSignature:
            raise Refused(Reason.SIGNATURE_DOES_NOT_MATCH) from None


class Ed25519SigningKey:
    """An Ed25519 private key."""

    def __init__(self, private_bytes: bytes) -> None:
        """Take the 32 secret bytes; raises Refused KEY_IS_MALFORMED for another length."""
        if len(private_bytes) != 32:
            raise Refused(Reason.KEY_IS_MALFORMED)
        self._key = Ed25519PrivateKey.from_private_bytes(private_bytes)
        self.public_key = PublicKey(algorithm=Algorithm.EDDSA, data=self._key.public_key().public_bytes_raw())

    @classmethod
    def generate(cls) -> "Ed25519SigningKey":
        """Make a new key from the operating system's random source."""
        return cls(Ed25519PrivateKey.generate().private_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """Sign a message: 64 bytes."""
        return self._key.sign(message)

    def private_bytes(self) -> bytes:
        """The 32 secret bytes."""
        return self._key.private_bytes_raw()
