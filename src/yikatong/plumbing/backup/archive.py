"""The archive as it lies: which segments are there, and what is in them.

Where a stopped database is at hand, the last pieces of its log that were never archived are read from its own folder.
"""

import gzip
import os
import zlib
from collections.abc import Iterator
from pathlib import Path

from yikatong.plumbing.backup.manifest import sync_folder
from yikatong.plumbing.backup.segments import (
    SEGMENT_BYTES,
    Segment,
    SegmentIsDamagedError,
    read_history_name,
    read_segment_name,
    verify_segment,
)
from yikatong.plumbing.postgres.archiving import archive_of

_ENDING = ".gz"


class Archive:
    """The archived log of one database, with what a stopped one of its own still has."""

    def __init__(self, backup_folder: Path, *, system_identifier: int, own_log: Path | None = None) -> None:
        """`own_log` is the folder `pg_wal` of a database that is stopped."""
        self.folder = archive_of(backup_folder)
        self._system_identifier = system_identifier
        self._own_log = own_log

    def names(self) -> list[str]:
        """The names of all archived files, as the server gave them."""
        try:
            found = [path.name for path in self.folder.iterdir()]
        except FileNotFoundError:
            return []
        return sorted(name.removesuffix(_ENDING) for name in found if name.endswith(_ENDING) and name[0] != ".")

    def archived(self) -> set[Segment]:
        """The segments in the archive."""
        return {segment for name in self.names() if (segment := read_segment_name(name)) is not None}

    def unarchived(self) -> list[Segment]:
        """The segments that a stopped database of ours has and the archive lacks, in order; the last is half-written.

        A server also keeps old files there under names of segments that it will write; what is in them tells.
        """
        if self._own_log is None:
            return []
        archived = self.archived()
        return sorted(
            segment
            for path in _listed(self._own_log)
            if (segment := read_segment_name(path.name)) is not None and segment not in archived and self._is_own(path)
        )

    def present(self) -> set[Segment]:
        """Every segment that a restore can read."""
        return self.archived() | set(self.unarchived())

    def histories(self) -> dict[int, str]:
        """The history files of the timelines after the first. Raises SegmentIsDamagedError."""
        found = {}
        for name in self.names():
            timeline = read_history_name(name)
            if timeline is not None:
                found[timeline] = self._unpack(self.folder / f"{name}{_ENDING}", name).decode("ascii", "replace")
        return found

    def read(self, segment: Segment) -> bytes:
        """The bytes of a segment, verified; raises SegmentIsDamagedError, also for one that is not there."""
        archived = self.folder / f"{segment.name}{_ENDING}"
        if archived.exists() or self._own_log is None:
            data = self._unpack(archived, segment.name)
        else:
            data = _read(self._own_log / segment.name, segment.name)
        return verify_segment(data, segment, system_identifier=self._system_identifier)

    def put(self, segment: Segment) -> None:
        """Archive a segment that a stopped database still had, as its server would have."""
        data = self.read(segment)
        wanted = self.folder / f"{segment.name}{_ENDING}"
        unfinished = self.folder / f".{segment.name}.part"
        unfinished.write_bytes(gzip.compress(data, 1, mtime=0))
        unfinished.chmod(0o600)
        owner = self.folder.stat()
        os.chown(unfinished, owner.st_uid, owner.st_gid)
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        os.link(unfinished, wanted)
        unfinished.unlink()
        sync_folder(self.folder)

    def remove(self, name: str) -> int:
        """Remove an archived file; gives how many bytes it took."""
        path = self.folder / f"{name}{_ENDING}"
        size = path.stat().st_size
        path.unlink()
        return size

    def _is_own(self, path: Path) -> bool:
        segment = read_segment_name(path.name)
        assert segment is not None
        try:
            verify_segment(_read(path, path.name), segment, system_identifier=self._system_identifier)
        except SegmentIsDamagedError:
            return False
        return True

    @staticmethod
    def _unpack(path: Path, name: str) -> bytes:
        unpacking = zlib.decompressobj(wbits=31)
        try:
            data = unpacking.decompress(path.read_bytes(), SEGMENT_BYTES + 1)
        except (OSError, zlib.error) as error:
            raise SegmentIsDamagedError(f"{path} cannot be unpacked ({error})") from None
        if not unpacking.eof or unpacking.unused_data:
            raise SegmentIsDamagedError(f"{path} is cut off, or is followed by something")
        return data


def _listed(folder: Path) -> Iterator[Path]:
    try:
        yield from folder.iterdir()
    except OSError:
        return


def _read(path: Path, name: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SegmentIsDamagedError(f"{name} cannot be read: {error.strerror}") from None
