"""Seals: AES-256-GCM or SM4-GCM under a versioned header, with their context authenticated.

seal    = version (1) ‖ cipher (1) ‖ nonce (12) ‖ ciphertext ‖ tag (16)
wrapped = version (1) ‖ cipher (1) ‖ key id of the master key (4) ‖ nonce (12) ‖ ciphertext ‖ tag (16)

The authenticated data are the header up to the nonce and then the context, so that a seal opens only where it was made
for. Nonces are random: one key makes at most 2**32 seals (NIST SP 800-38D §8.3); a data key makes a few dozen.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from struct import Struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import GCM

from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.ids import Ids
from yikatong.trust.model import Reason, SealCipher

_VERSION = 1
_HEADER, _NONCE, _TAG = 2, 12, 16
MASTER_KEY_ID_BYTES = 4
Encrypt = Callable[[bytes, bytes, bytes], bytes]
"""Nonce, plaintext and associated data to ciphertext and tag, under one key."""

Decrypt = Callable[[bytes, bytes, bytes], bytes]
"""Nonce, ciphertext with tag and associated data to plaintext, under one key; raises InvalidTag."""

KEY_BYTES = {SealCipher.AES_256_GCM: 32, SealCipher.SM4_GCM: 16}
_CIPHER_OF_LENGTH = {size: cipher for cipher, size in KEY_BYTES.items()}


def new_data_key(ids: Ids, cipher: SealCipher = SealCipher.AES_256_GCM) -> bytes:
    """A fresh data key: 32 bytes for AES-256-GCM, 16 for SM4-GCM."""
    return ids.random_bytes(KEY_BYTES[cipher])


def new_data_keys(count: int, ids: Ids, cipher: SealCipher = SealCipher.AES_256_GCM) -> list[bytes]:
    """Fresh data keys, each of its own chance, which is asked once."""
    return [key for (key,) in _drawn(f"{KEY_BYTES[cipher]}s", count, ids)]


def seal(data_key: bytes, plaintext: bytes, context: bytes, *, ids: Ids) -> bytes:
    """Seal bytes for a context, with the cipher that the key's length names; 30 bytes longer than what is sealed."""
    header = bytes((_VERSION, _cipher_of(data_key)))
    nonce = ids.random_bytes(_NONCE)
    return header + nonce + encrypt(data_key, nonce, plaintext, header + context)


def seal_rows(
    rows: Sequence[tuple[bytes, bytes, Sequence[bytes]]], names: Sequence[bytes], *, ids: Ids
) -> list[list[bytes]]:
    """Seal rows of a data key, a context and a plaintext for each name, as `seal` would for context and name together.

    Each row has a key of its own; chance is asked once for all of them.
    """
    chance = _drawn(f"{_NONCE}s" * len(names), len(rows), ids)
    sealed = []
    for (data_key, context, plaintexts), nonces in zip(rows, chance, strict=True):
        header = bytes((_VERSION, _cipher_of(data_key)))
        head, encrypt = header + context, _encryption_under(data_key)
        sealed.append(
            [
                header + nonce + encrypt(nonce, plaintext, head + name)
                for nonce, plaintext, name in zip(nonces, plaintexts, names, strict=True)
            ]
        )
    return sealed


def unseal(data_key: bytes, sealed: bytes, context: bytes) -> bytes:
    """Open a seal; refuses with SEAL_DOES_NOT_OPEN whatever this key did not seal for this context."""
    header = bytes((_VERSION, _cipher_of(data_key)))
    return _open(_decryption_under(data_key), sealed, context, header=header, at=_HEADER)


def unseal_rows(rows: Iterable[tuple[bytes, bytes, Sequence[bytes]]], names: Sequence[bytes]) -> list[list[bytes]]:
    """Open rows of a data key, a context and a seal for each name, as `unseal` would for context and name together.

    Each row's key is set up once. Refuses with SEAL_DOES_NOT_OPEN at the first seal that was not made so.
    """
    opened = []
    for data_key, context, seals in rows:
        header, decrypt = bytes((_VERSION, _cipher_of(data_key))), _decryption_under(data_key)
        opened.append(
            [
                _open(decrypt, sealed, context + name, header=header, at=_HEADER)
                for sealed, name in zip(seals, names, strict=True)
            ]
        )
    return opened


def wrap(master_key: bytes, key_id: bytes, plain: bytes, context: bytes, *, ids: Ids) -> bytes:
    """Wrap a key with a master key, whose id stands in the header."""
    return wrap_many(master_key, key_id, ((plain, context),), ids=ids)[0]


def wrap_many(master_key: bytes, key_id: bytes, parts: Sequence[tuple[bytes, bytes]], *, ids: Ids) -> list[bytes]:
    """Wrap several keys, each for its context, as `wrap` would; the master key is set up and chance asked once."""
    header = bytes((_VERSION, _cipher_of(master_key))) + key_id
    encrypt = _encryption_under(master_key)
    return [
        header + nonce + encrypt(nonce, plain, header + context)
        for (nonce,), (plain, context) in zip(_drawn(f"{_NONCE}s", len(parts), ids), parts, strict=True)
    ]


def _drawn(form: str, count: int, ids: Ids) -> Iterator[tuple[bytes, ...]]:
    """Fresh chance for `count` rows, cut in the form of each; no byte of it is given twice."""
    row = Struct(form)
    return row.iter_unpack(ids.random_bytes(row.size * count))


def master_key_id(wrapped: bytes) -> bytes:
    """The id of the master key that wrapped; refuses with SEAL_DOES_NOT_OPEN what is no wrapped key."""
    if len(wrapped) < 2 + MASTER_KEY_ID_BYTES + _NONCE + _TAG or wrapped[0] != _VERSION:
        raise Refused(Reason.SEAL_DOES_NOT_OPEN)
    return wrapped[2 : 2 + MASTER_KEY_ID_BYTES]


def unwrap(master_key: bytes, wrapped: bytes, context: bytes) -> bytes:
    """Unwrap a key; refuses with SEAL_DOES_NOT_OPEN what this master key did not wrap for this context."""
    return unwrap_many(master_key, ((wrapped, context),))[0]


def unwrap_many(master_key: bytes, parts: Iterable[tuple[bytes, bytes]]) -> list[bytes]:
    """Unwrap several keys, each for its context, as `unwrap` would; the master key is set up once."""
    header, decrypt = bytes((_VERSION, _cipher_of(master_key))), _decryption_under(master_key)
    at = _HEADER + MASTER_KEY_ID_BYTES
    return [_open(decrypt, wrapped, context, header=header, at=at) for wrapped, context in parts]


def _open(decrypt: Decrypt, sealed: bytes, context: bytes, *, header: bytes, at: int) -> bytes:
    """The plaintext of a seal that begins so and whose nonce is at `at`; refuses with SEAL_DOES_NOT_OPEN."""
    if sealed[:_HEADER] != header or len(sealed) < at + _NONCE + _TAG:
        raise Refused(Reason.SEAL_DOES_NOT_OPEN)
    try:
        return decrypt(sealed[at : at + _NONCE], sealed[at + _NONCE :], sealed[:at] + context)
    except InvalidTag:
        raise Refused(Reason.SEAL_DOES_NOT_OPEN) from None


def _cipher_of(key: bytes) -> SealCipher:
    cipher = _CIPHER_OF_LENGTH.get(len(key))
    if cipher is None:
        raise Refused(Reason.SEAL_DOES_NOT_OPEN)
    return cipher


def encrypt(key: bytes, nonce: bytes, plaintext: bytes, associated: bytes) -> bytes:
    """Ciphertext and tag, by the cipher that the key's length names; a nonce serves a key once."""
    return _encryption_under(key)(nonce, plaintext, associated)


def _encryption_under(key: bytes) -> Encrypt:
    """How a key encrypts; setting up a key for AES costs as much as a short plaintext, so it is done once."""
    return AESGCM(key).encrypt if len(key) == KEY_BYTES[SealCipher.AES_256_GCM] else partial(_encrypt_sm4, key)


def _encrypt_sm4(key: bytes, nonce: bytes, plaintext: bytes, associated: bytes) -> bytes:
    encryptor = Cipher(SM4(key), GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(associated)
    return encryptor.update(plaintext) + encryptor.finalize() + encryptor.tag


def decrypt(key: bytes, nonce: bytes, sealed: bytes, associated: bytes) -> bytes:
    """The plaintext of ciphertext and tag; refuses with SEAL_DOES_NOT_OPEN."""
    try:
        return _decryption_under(key)(nonce, sealed, associated)
    except InvalidTag:
        raise Refused(Reason.SEAL_DOES_NOT_OPEN) from None


def _decryption_under(key: bytes) -> Decrypt:
    """How a key decrypts; set up once, as for encryption. Refuses a key of no known cipher with SEAL_DOES_NOT_OPEN."""
    return AESGCM(key).decrypt if _cipher_of(key) is SealCipher.AES_256_GCM else partial(_decrypt_sm4, key)


def _decrypt_sm4(key: bytes, nonce: bytes, sealed: bytes, associated: bytes) -> bytes:
    decryptor = Cipher(SM4(key), GCM(nonce, sealed[-_TAG:])).decryptor()
    decryptor.authenticate_additional_data(associated)
    return decryptor.update(sealed[:-_TAG]) + decryptor.finalize()
