"""The log's own key: signs heads, and certifies the keys of series."""

from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm, KeyHolder, KeyKind, VerifyingKey, WantedKey

LOG_KEY = "log"
WANTED_LOG_KEY = WantedKey(name=LOG_KEY, kind=KeyKind.SIGNING, algorithm=Algorithm.ES256)


def log_keys_of(holder: KeyHolder) -> dict[bytes, VerifyingKey]:
    """Every key the log ever had, by its id: what was signed stays good after a change of keys."""
    return {
        key.key_id: trust.verifying_key(key.public_key)
        for key in holder.held_keys()
        if key.name == LOG_KEY and key.public_key is not None
    }
