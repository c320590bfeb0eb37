"""The log's own keys: one signs heads and certifies the keys of series; a secret marks leaves that wait."""

from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm, KeyHolder, KeyKind, VerifyingKey, WantedKey

LOG_KEY = "log"
LEAF_SECRET = "log-leaf"  # noqa: S105  the name of a secret, no secret
WANTED_LOG_KEY = WantedKey(name=LOG_KEY, kind=KeyKind.SIGNING, algorithm=Algorithm.ES256)
WANTED_LEAF_SECRET = WantedKey(name=LEAF_SECRET, kind=KeyKind.SECRET)
WANTED_KEYS = (WANTED_LOG_KEY, WANTED_LEAF_SECRET)
"""What the sealed log needs of a key holder."""


def log_keys_of(holder: KeyHolder) -> dict[bytes, VerifyingKey]:
    """Every key the log ever had, by its id: what was signed stays good after a change of keys."""
    return {
        key.key_id: trust.verifying_key(key.public_key)
        for key in holder.held_keys()
        if key.name == LOG_KEY and key.public_key is not None
    }


def leaf_secrets_of(holder: KeyHolder) -> tuple[bytes, ...]:
    """Every secret that leaves were ever marked by, the present one first; refuses as the key holder does."""
    return holder.secrets(LEAF_SECRET)
