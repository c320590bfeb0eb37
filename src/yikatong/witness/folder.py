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
_LINE_BYTES_MAX = 4_096
"""No line of any file is as long."""


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
        _write_line(self._folder / _LOG_KEYS, trust.encode_cose_key(log_key))

    def sign(self, signed: bytes, *, path: Sequence[bytes]) -> WitnessedHead:
        """Sign a head whose log begins with the last one signed. Refuses SEAL_DOES_NOT_MATCH.

        The head is on disk before it is given out: after a crash the witness knows at least what others hold.
        """
        log_keys = {trust.key_id_of(key): trust.verifying_key(key) for key in self._log_keys()}
        witnessed = sign_as_witness(signed, last=self._last, path=path, log_keys=log_keys, key=self._key)
        if self._last is not None and witnessed.size == self._last.size:
            return self._last
        _write_line(self._folder / _HEADS, witnessed.signed)
        self._last = witnessed
        return witnessed

    def _log_keys(self) -> list[PublicKey]:
        return [trust.decode_cose_key(line) for line in _read_lines(self._folder / _LOG_KEYS)]

    def _read_last(self) -> WitnessedHead | None:
        lines = _read_lines(self._folder / _HEADS)
        return verify_witnessed(lines[-1], key=trust.verifying_key(self.public_key)) if lines else None


def _read_lines(file: Path) -> list[bytes]:
    """What the whole lines of a file say; a half one was never given out."""
    whole, _, _ = file.read_bytes().rpartition(b"\n") if file.exists() else (b"", b"", b"")
    return [bytes.fromhex(line.decode()) for line in whole.split()]


def _write_line(file: Path, said: bytes) -> None:
    """Add a line, which is on disk then; a half one that a full disk or a crash left there is cut off first."""
    with os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT, 0o644), "r+b") as handle:
        begin = max(0, handle.seek(0, os.SEEK_END) - _LINE_BYTES_MAX)
        handle.seek(begin)
        whole, newline, _ = handle.read().rpartition(b"\n")
        handle.seek(begin + len(whole) + len(newline))
        handle.truncate()
        handle.write(said.hex().encode() + b"\n")
        handle.flush()
        os.fsync(handle.fileno())


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
