"""A backup's manifest: what it holds, with digests and totals, so that a copy can prove that it is whole."""

import hashlib
import os
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

import msgspec

from yikatong.plumbing.backup.errors import BackupError

FORMAT = 1
MANIFEST = "manifest.json"
_PIECE = 1 << 20


class FileEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a backup."""

    name: str
    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds, and from where in the log on it needs the archive.

    From `ended_at` on any moment can be restored. `began_lsn` is where replaying begins, `ended_lsn` the position from
    which the copied files agree with each other. `keys_count` counts the encrypted key files; a master key is never
    among them.
    """

    format: int = FORMAT
    name: str
    system_identifier: int
    server_version: str
    release: str
    timeline: int
    began_at: datetime
    ended_at: datetime
    began_lsn: str
    ended_lsn: str
    keys_count: int
    bytes: int
    files: tuple[FileEntry, ...]


class _Signed(msgspec.Struct, frozen=True):
    """The manifest as it lies in its file: its bytes, and their digest."""

    manifest: msgspec.Raw
    sha256: str


def encode_manifest(manifest: Manifest) -> bytes:
    """The text of a manifest's file."""
    plain = msgspec.json.encode(manifest)
    return msgspec.json.encode(_Signed(msgspec.Raw(plain), hashlib.sha256(plain).hexdigest())) + b"\n"


def decode_manifest(text: bytes) -> Manifest:
    """Read a manifest's file; raises ValueError when it is none, is damaged, or is of a later format."""
    try:
        signed = msgspec.json.decode(text, type=_Signed)
        manifest = msgspec.json.decode(signed.manifest, type=Manifest)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from None
    if hashlib.sha256(bytes(signed.manifest)).hexdigest() != signed.sha256:
        raise ValueError("its digest is another one")
    if manifest.format != FORMAT:
        raise ValueError(f"its format is {manifest.format}, this release reads {FORMAT}")
    return manifest


def list_entries(folder: Path) -> tuple[FileEntry, ...]:
    """Every file below a folder with its size and digest, in the order of names."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return tuple(
        FileEntry(name=str(path.relative_to(folder)), bytes=path.stat().st_size, sha256=digest_of(path))
        for path in files
    )


def digest_of(path: Path, *, tell: Callable[[int], None] = lambda _: None) -> str:
    """The SHA-256 of a file, in hex; `tell` hears how many bytes were read since it last heard."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            tell(len(piece))
    return digest.hexdigest()


def list_damaged(
    folder: Path, entries: Iterable[FileEntry], *, tell: Callable[[int], None] = lambda _: None
) -> list[str]:
    """The files of a backup that are missing or are not what the manifest says, by name."""
    damaged = []
    for entry in entries:
        path = folder / entry.name
        try:
            is_whole = path.stat().st_size == entry.bytes and digest_of(path, tell=tell) == entry.sha256
        except OSError:
            is_whole = False
        if not is_whole:
            damaged.append(entry.name)
    return damaged


def name_at(instant: datetime) -> str:
    """An instant as a part of file names, to the millisecond; names of later ones come later."""
    return f"{instant:%Y%m%dT%H%M%S}.{instant.microsecond // 1000:03d}Z"


def write_durably(path: Path, data: bytes) -> None:
    """Write a file of our own, whole and on the disk before it has its name."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder onto the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def verify_folder(folder: str | None) -> Path:
    """The backup folder that the settings name, when it is there; raises BackupError."""
    if folder is None:
        raise BackupError(
            "No backup folder is named: set YIKATONG_BACKUP_FOLDER to a folder on another disk, and restart.",
            "没有指定备份目录：请将YIKATONG_BACKUP_FOLDER设为另一块磁盘上的目录，并重启平台。",
        )
    path = Path(folder).resolve()
    if not path.is_dir():
        raise BackupError(
            f"The backup folder {path} is not there; make it, or mount what it lies on.",
            f"备份目录{path}不存在；请创建该目录，或挂载其所在的磁盘。",
        )
    return path
