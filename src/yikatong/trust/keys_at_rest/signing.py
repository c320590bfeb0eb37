"""A signing key whose private half stays with its holder."""

from yikatong.kernel.outcomes import Refused
from yikatong.trust.model import KeyHolder, PublicKey, Reason


class HolderSigningKey:
    """A SigningKey that asks a holder to sign."""

    def __init__(self, holder: KeyHolder, key_id: bytes, public_key: PublicKey) -> None:
        """Refer to a key of the holder."""
        self._holder = holder
        self._key_id = key_id
        self.public_key = public_key

    def sign(self, message: bytes) -> bytes:
        """Let the holder sign; refuses with KEY_HOLDER_DOES_NOT_ANSWER or KEY_IS_NOT_HELD."""
        return self._holder.sign(self._key_id, message)

    def private_bytes(self) -> bytes:
        """Refuses always, with KEY_STAYS_IN_ITS_MODULE."""
        raise Refused(Reason.KEY_STAYS_IN_ITS_MODULE)
