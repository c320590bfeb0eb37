"""The witness's folder: a key, the log's keys, and a journal of heads that is on disk before a head is out."""

import fcntl
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from yikatong.sealing.model import WitnessedHead
from yikatong.sealing.service import sign_as_witness, verify_witnessed
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm, PublicKey, SigningKey

_KEY, _LOG_KEYS, _HEADS = "witness.key", "log.keys", "heads"


class FolderIsTaken(Exception):  # noqa: N818  somebody else is at work, which is no fault
    """Another process has this folder open."""


class WitnessFolder:
    """A witness over a folder; one process at a time."""

    def __init__(self, folder: Path, *, key: SigningKey) -> None:
        """`open_witness` is the way in."""
        self._folder = folder
        self._key = key
        self._lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise FolderIsTaken(f"another witness is at work in {folder}") from None
        self._last = self._read_last()

    def close(self) -> None:
        """Let go of the folder."""
        os.close(self._lock)

    @property
    def public_key(self) -> PublicKey:
        """The key by which this witness is known."""
        return self._key.public_key

    @property
    def last(self) -> WitnessedHead | None:
        """The longest head that it signed."""
        return self._last

    def believe(self, log_key: PublicKey) -> None:
        """Take the log's heads from this key too, given by hand by whoever runs the witness; twice changes nothing."""
        if log_key in self._log_keys():
            return
        with (self._folder / _LOG_KEYS).open("ab") as file:
            file.write(trust.encode_cose_key(log_key).hex().encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def sign(self, signed: bytes, *, path: Sequence[bytes]) -> WitnessedHead:
        """Sign a head whose log begins with the last one signed. Refuses SEAL_DOES_NOT_MATCH.

        The head is on disk before it is given out: after a crash the witness knows at least what others hold.
        """
        log_keys = {trust.key_id_of(key): trust.verifying_key(key) for key in self._log_keys()}
        witnessed = sign_as_witness(signed, last=self._last, path=path, log_keys=log_keys, key=self._key)
        with (self._folder / _HEADS).open("ab") as file:
            file.write(witnessed.signed.hex().encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self._last = witnessed
        return witnessed

    def _log_keys(self) -> list[PublicKey]:
        file = self._folder / _LOG_KEYS
        lines = file.read_text().split() if file.exists() else []
        return [trust.decode_cose_key(bytes.fromhex(line)) for line in lines]

    def _read_last(self) -> WitnessedHead | None:
        """The last whole line; a half one was never given out, and is cut off before the next is written."""
        file = self._folder / _HEADS
        if not file.exists():
            return None
        whole, _, half = file.read_bytes().rpartition(b"\n")
        if half:
            os.truncate(file, len(whole) + 1 if whole else 0)
        if not whole:
            return None
        last = bytes.fromhex(whole.split(b"\n")[-1].decode())
        return verify_witnessed(last, key=trust.verifying_key(self.public_key))


def open_witness(folder: Path) -> WitnessFolder:
    """Open a witness's folder, and make it and its key where there is none. Raises FolderIsTaken."""
    return WitnessFolder(folder, key=_kept_key(folder))


def read_witness_key(folder: Path) -> PublicKey:
    """The key by which a folder's witness is known, also while it is at work; both are made where there are none."""
    return _kept_key(folder).public_key


def _kept_key(folder: Path) -> SigningKey:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / _KEY
    if not file.exists():
        secret = trust.new_signing_key(Algorithm.ES256).private_bytes()
        fresh = file.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as handle:
            handle.write(msgspec.json.encode({"es256": secret}))
            handle.flush()
            os.fsync(handle.fileno())
        fresh.rename(file)
    kept = msgspec.json.decode(file.read_bytes(), type=dict[str, bytes])
    return trust.signing_key(Algorithm.ES256, kept["es256"])
