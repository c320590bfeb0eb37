"""Keys in a folder: made at the first start, opened into memory, used there.

The folder is made whole under another name and then renamed, so a start that was cut off leaves nothing half made; a
master or mark key that is missing later is an error, never a reason to make a new one, because what was sealed with the
old one would be lost without a word.
"""

import fcntl
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import structlog

from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.ids import Ids
from yikatong.trust.keys_at_rest.key_file import (
    KeptKey,
    KeysAtRestError,
    cipher_of_key,
    digest_of_key,
    file_name,
    make_key,
    read_key,
    remove_unfinished,
    sync_folder,
    write_key,
)
from yikatong.trust.model import HeldKey, HeldSigner, KeyKind, Reason, SealCipher, WantedKey
from yikatong.trust.rfc2104_hmac.marks import mark, mark_many
from yikatong.trust.sp800_38d_gcm.seal import master_key_id, unwrap, unwrap_many, wrap, wrap_many

log = structlog.get_logger("yikatong.trust")


class FileKeyHolder:
    """A KeyHolder over a folder of encrypted key files; signing is plain and fast."""

    def __init__(
        self,
        folder: Path,
        keys: Iterable[KeptKey],
        *,
        key_encryption_key: bytes,
        ids: Ids,
        former_key_encryption_key: bytes | None = None,
    ) -> None:
        """Hold keys already read; `open_key_folder` is the way in."""
        self._folder = folder
        self._key_encryption_key = key_encryption_key
        self._former_key_encryption_key = former_key_encryption_key
        self._ids = ids
        self._take(keys)

    def _take(self, keys: Iterable[KeptKey]) -> None:
        self._keys = sorted(keys, key=lambda key: (key.about.made_at, key.about.key_id))
        self._by_id = {key.about.key_id: key for key in self._keys}
        self._by_name: dict[tuple[str, KeyKind], list[KeptKey]] = {}
        for key in reversed(self._keys):
            self._by_name.setdefault((key.about.name, key.about.kind), []).append(key)

    def _of(self, name: str, kind: KeyKind) -> list[KeptKey]:
        """The keys of a name, newest first."""
        found = self._by_name.get((name, kind))
        if found is None:
            raise Refused(Reason.KEY_IS_NOT_HELD, name=name)
        return found

    def held_keys(self) -> tuple[HeldKey, ...]:
        """Every key without its secret, oldest first."""
        return tuple(key.about for key in self._keys)

    def signer(self, name: str) -> HeldSigner:
        """The present signing key of a name; refuses with KEY_IS_NOT_HELD."""
        key = self._of(name, KeyKind.SIGNING)[0]
        assert key.signing is not None
        return HeldSigner(key_id=key.about.key_id, key=key.signing)

    def sign(self, key_id: bytes, message: bytes) -> bytes:
        """Sign with a key by its id; refuses with KEY_IS_NOT_HELD."""
        key = self._by_id.get(key_id)
        if key is None or key.signing is None:
            raise Refused(Reason.KEY_IS_NOT_HELD)
        return key.signing.sign(message)

    def wrap(self, plain: bytes, context: bytes) -> bytes:
        """Wrap a data key with the present master key."""
        key = self._of("master", KeyKind.WRAPPING)[0]
        return wrap(key.secret, key.about.key_id, plain, context, ids=self._ids)

    def wrap_many(self, parts: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """Wrap several data keys, each for its context, with the present master key."""
        key = self._of("master", KeyKind.WRAPPING)[0]
        return wrap_many(key.secret, key.about.key_id, parts, ids=self._ids)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Unwrap with the master key that the header names; refuses with SEAL_DOES_NOT_OPEN.

        One that another process made meanwhile is read now: what it wrapped may be met before anybody says so.
        """
        return unwrap(self._master_of(master_key_id(wrapped)).secret, wrapped, context)

    def unwrap_many(self, parts: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """Unwrap several data keys, each for its context, as `unwrap` does; those of one master key come together."""
        by_id: defaultdict[bytes, list[int]] = defaultdict(list)
        for place, (wrapped, _) in enumerate(parts):
            by_id[master_key_id(wrapped)].append(place)
        opened = [b""] * len(parts)
        for key_id, places in by_id.items():
            keys = unwrap_many(self._master_of(key_id).secret, [parts[place] for place in places])
            for place, key in zip(places, keys, strict=True):
                opened[place] = key
        return opened

    def _master_of(self, key_id: bytes) -> KeptKey:
        if key_id not in self._by_id:
            self.reload()
        key = self._by_id.get(key_id)
        if key is None or key.about.kind is not KeyKind.WRAPPING:
            raise Refused(Reason.SEAL_DOES_NOT_OPEN)
        return key

    def mark(self, name: str, text: bytes) -> bytes:
        """The mark of a text; refuses with KEY_IS_NOT_HELD."""
        secret = self._of(name, KeyKind.MARKING)[0].secret
        return mark(secret, text, digest_of_key(secret))

    def mark_many(self, name: str, texts: Iterable[bytes]) -> list[bytes]:
        """The marks of several texts; refuses with KEY_IS_NOT_HELD."""
        secret = self._of(name, KeyKind.MARKING)[0].secret
        return mark_many(secret, texts, digest_of_key(secret))

    def secrets(self, name: str) -> tuple[bytes, ...]:
        """The secrets of a name, the present one first; refuses with KEY_IS_NOT_HELD."""
        return tuple(key.secret for key in self._of(name, KeyKind.SECRET))

    def add(self, wanted: WantedKey, *, now: datetime) -> HeldKey:
        """Make a key under a name that has none; raises KeysAtRestError when it has one."""
        if any(key.about.name == wanted.name for key in self._keys):
            raise KeysAtRestError(f"There is a key {wanted.name} already; rotate it instead.")
        return self._make(wanted, now=now)

    def rotate(self, name: str, *, now: datetime) -> HeldKey:
        """Make a new present key under a name; the former ones stay, to open and to verify.

        Refuses with KEY_IS_NOT_HELD. Raises KeysAtRestError for a mark key: new marks would not find old rows.
        """
        former = next((key for key in reversed(self._keys) if key.about.name == name), None)
        if former is None:
            raise Refused(Reason.KEY_IS_NOT_HELD, name=name)
        if former.about.kind is KeyKind.MARKING:
            raise KeysAtRestError(
                f"{name}所作的标记已经存入数据库，不能轮换。未作任何改动。 "
                f"{name} makes marks, which are stored: it stays as it is. Nothing was changed."
            )
        if now.replace(microsecond=0) <= former.about.made_at:
            raise KeysAtRestError(
                f"{name}是在这一秒生成的，请稍后再轮换。未作任何改动。 "
                f"{name} was made this very second; rotate it later. Nothing was changed."
            )
        return self._make(_like(former), now=now)

    def _make(self, wanted: WantedKey, *, now: datetime) -> HeldKey:
        with _locked(self._folder):
            remove_unfinished(self._folder)
            key = make_key(wanted, now=now, ids=self._ids)
            write_key(self._folder, key, self._key_encryption_key, ids=self._ids)
        self._take([*self._keys, key])
        return key.about

    def reload(self) -> None:
        """Read the files of keys that another process made; what is held already is not opened again.

        A file that does not open is left out and logged: it was encrypted by a key that this process was not given,
        and whoever serves goes on with the keys it has.
        """
        known = {file_name(key.about) for key in self._keys}
        found = []
        for path in _key_files(self._folder):
            if path.name not in known:
                try:
                    found.append(self._read(path))
                except KeysAtRestError as error:
                    log.error("a key file is left out", error=str(error))
        if found:
            self._take([*self._keys, *found])

    def encrypt_anew(self, key_encryption_key: bytes) -> int:
        """Encrypt every file with another key-encryption key and read each back; gives how many there are.

        All are read before the first is written. Cut off half-way, some files have the one key and some the other:
        the folder opens with both at hand, and this is done again. Raises KeysAtRestError.
        """
        with _locked(self._folder):
            remove_unfinished(self._folder)
            keys = [self._read(path) for path in _key_files(self._folder)]
            for key in keys:
                write_key(self._folder, key, key_encryption_key, ids=self._ids)
            for path in _key_files(self._folder):
                read_key(path, key_encryption_key)
        self._key_encryption_key, self._former_key_encryption_key = key_encryption_key, None
        self._take(keys)
        return len(keys)

    def _read(self, path: Path) -> KeptKey:
        return _read_with_either(path, self._key_encryption_key, self._former_key_encryption_key)


def open_key_folder(
    folder: Path,
    *,
    key_encryption_key: bytes,
    wanted: Iterable[WantedKey],
    now: datetime,
    ids: Ids,
    former_key_encryption_key: bytes | None = None,
) -> FileKeyHolder:
    """Open a folder of keys; where there is none it is made with the wanted keys, by one of several processes at once.

    `former_key_encryption_key` opens files that a change of the key-encryption key has not reached.
    Raises KeysAtRestError when a file cannot be used, or a wanted master or mark key is missing.
    """
    with _locked(folder):
        if not folder.exists():
            _make_folder(folder, key_encryption_key=key_encryption_key, wanted=wanted, now=now, ids=ids)
        keys = [_read_with_either(path, key_encryption_key, former_key_encryption_key) for path in _key_files(folder)]
    names = {key.about.name for key in keys}
    lost = [want.name for want in wanted if want.kind in (KeyKind.WRAPPING, KeyKind.MARKING) and want.name not in names]
    if lost:
        raise KeysAtRestError(
            f"{folder}中没有密钥{lost[0]}，而它加密过的内容需要它；请恢复该目录。 "
            f"{folder} has no key {lost[0]}, and what it sealed needs it; restore the folder."
        )
    return FileKeyHolder(
        folder,
        keys,
        key_encryption_key=key_encryption_key,
        former_key_encryption_key=former_key_encryption_key,
        ids=ids,
    )


def _make_folder(
    folder: Path, *, key_encryption_key: bytes, wanted: Iterable[WantedKey], now: datetime, ids: Ids
) -> None:
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    if unfinished.exists():
        for left in unfinished.iterdir():
            left.unlink()
    unfinished.mkdir(mode=0o700, exist_ok=True)
    for want in wanted:
        write_key(unfinished, make_key(want, now=now, ids=ids), key_encryption_key, ids=ids)
    unfinished.rename(folder)
    sync_folder(folder.parent)


def _key_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.key"))


def _read_with_either(path: Path, present: bytes, former: bytes | None) -> KeptKey:
    try:
        return read_key(path, present)
    except KeysAtRestError:
        if former is None:
            raise
        return read_key(path, former)


def _like(key: KeptKey) -> WantedKey:
    about = key.about
    return WantedKey(
        name=about.name,
        kind=about.kind,
        algorithm=None if about.public_key is None else about.public_key.algorithm,
        cipher=cipher_of_key(key.secret) if about.kind is KeyKind.WRAPPING else SealCipher.AES_256_GCM,
    )


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the lock file beside the folder, so that of two processes one makes the keys and the other reads them."""
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder.with_name(f"{folder.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
