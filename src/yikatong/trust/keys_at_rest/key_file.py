"""One key in one file, encrypted by the key-encryption key (docs/formats/keys-at-rest).

file = CBOR [version, name, kind, algorithm, made at, key id, public key, sealed secret]; everything before the
sealed secret is authenticated with it, so a file cannot be renamed, redated or given to another purpose.
"""

import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.ids import Ids
from yikatong.trust.algorithms import algorithm_of, key_id_of, new_signing_key, signing_key
from yikatong.trust.model import HeldKey, KeyKind, PublicKey, SealCipher, SigningKey, WantedKey
from yikatong.trust.rfc2104_hmac.marks import MarkDigest
from yikatong.trust.rfc8949_cbor.strict import decode_strict, encode
from yikatong.trust.sp800_38d_gcm.seal import KEY_BYTES, MASTER_KEY_ID_BYTES, seal, unseal

_VERSION = 1
_NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")
_SECRET_BYTES = 64
_MARK_KEY_BYTES = {SealCipher.AES_256_GCM: 32, SealCipher.SM4_GCM: 64}
"""A mark key of 32 bytes marks by SHA-256, one of 64 by SM3, which goes with SM4."""
_FILE_BYTES_MAX = 4096


class KeysAtRestError(RuntimeError):
    """The keys cannot be used; the message says which file or name and what to do."""


class KeptKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key with its secret, in memory; `signing` is the parsed form of a signing key."""

    about: HeldKey
    secret: bytes
    signing: SigningKey | None = None

    def __repr__(self) -> str:
        return f"KeptKey({self.about.name}, secret)"


def make_key(wanted: WantedKey, *, now: datetime, ids: Ids) -> KeptKey:
    """Make a new key of the wanted kind; its time is kept in whole seconds."""
    if not _NAME.fullmatch(wanted.name):
        raise KeysAtRestError(f"{wanted.name!r} is no name of a key: lower-case letters, digits and dashes.")
    made_at = now.replace(microsecond=0)
    if wanted.kind is not KeyKind.SIGNING:
        size = {KeyKind.WRAPPING: KEY_BYTES[wanted.cipher], KeyKind.MARKING: _MARK_KEY_BYTES[wanted.cipher]}
        key_id = ids.random_bytes(MASTER_KEY_ID_BYTES)
        about = HeldKey(name=wanted.name, kind=wanted.kind, key_id=key_id, made_at=made_at)
        return KeptKey(about=about, secret=ids.random_bytes(size.get(wanted.kind, _SECRET_BYTES)))
    if wanted.algorithm is None:
        raise KeysAtRestError(f"The signing key {wanted.name} needs an algorithm.")
    key = new_signing_key(wanted.algorithm)
    about = HeldKey(
        name=wanted.name,
        kind=wanted.kind,
        key_id=key_id_of(key.public_key),
        made_at=made_at,
        public_key=key.public_key,
    )
    return KeptKey(about=about, secret=key.private_bytes(), signing=key)


def file_name(about: HeldKey) -> str:
    """The name of a key's file."""
    return f"{about.name}.{about.key_id.hex()}.key"


def write_key(folder: Path, key: KeptKey, key_encryption_key: bytes, *, ids: Ids) -> None:
    """Write a key's file, readable by its owner alone, whole or not at all, and there after a loss of power."""
    head = _head(key.about)
    sealed = seal(key_encryption_key, key.secret, encode(head), ids=ids)
    path = folder / file_name(key.about)
    unfinished = path.with_suffix(f".{os.getpid()}.unfinished")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(encode([*head, sealed]))
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder onto the disk; a renamed file is only safe then."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_unfinished(folder: Path) -> None:
    """Remove what a writer left that was cut off; the caller holds the folder's lock, so nobody writes."""
    for left in folder.glob("*.unfinished"):
        left.unlink()


def read_key(path: Path, key_encryption_key: bytes) -> KeptKey:
    """Read and open a key's file; raises KeysAtRestError for a file open to others, unreadable, or of another key."""
    if path.stat().st_mode & 0o077:
        raise KeysAtRestError(
            f"{path}对他人开放，请收回权限（chmod 600 {path}）。 {path} is open to others; close it (chmod 600 {path})."
        )
    try:
        *head, sealed = _read_parts(path.read_bytes())
        about = _read_head(head)
    except (ValueError, Refused):
        raise KeysAtRestError(f"{path} is damaged; restore it from the backup.") from None
    if path.name != file_name(about):
        raise KeysAtRestError(f"{path} was renamed; its name should be {file_name(about)}.")
    try:
        secret = unseal(key_encryption_key, sealed, encode(head))
    except Refused:
        raise KeysAtRestError(f"{path} does not open: the master key is another one, or the file is damaged.") from None
    if about.public_key is None:
        return KeptKey(about=about, secret=secret)
    return KeptKey(about=about, secret=secret, signing=signing_key(about.public_key.algorithm, secret))


def _head(about: HeldKey) -> list[object]:
    algorithm = None if about.public_key is None else int(about.public_key.algorithm)
    public = None if about.public_key is None else about.public_key.data
    return [_VERSION, about.name, about.kind.value, algorithm, int(about.made_at.timestamp()), about.key_id, public]


def _read_parts(data: bytes) -> list[Any]:
    parts = decode_strict(data) if len(data) <= _FILE_BYTES_MAX else None
    if type(parts) is not list or len(parts) != 8 or parts[0] != _VERSION or type(parts[7]) is not bytes:
        raise ValueError("not a key file of version 1")
    return parts


def _read_head(head: list[Any]) -> HeldKey:
    _, name, kind, algorithm, made_at, key_id, public = head
    if type(name) is not str or not _NAME.fullmatch(name) or type(made_at) is not int or type(key_id) is not bytes:
        raise ValueError("not the head of a key file")
    public_key = None if public is None else PublicKey(algorithm=algorithm_of(algorithm), data=public)
    return HeldKey(
        name=name,
        kind=KeyKind(kind),
        key_id=key_id,
        made_at=datetime.fromtimestamp(made_at, UTC),
        public_key=public_key,
    )


def digest_of_key(secret: bytes) -> MarkDigest:
    """The digest that a mark key's length names."""
    return "sm3" if len(secret) == _MARK_KEY_BYTES[SealCipher.SM4_GCM] else "sha256"


def cipher_of_key(secret: bytes) -> SealCipher:
    """The cipher that a master key's length names."""
    return next(cipher for cipher, size in KEY_BYTES.items() if size == len(secret))
