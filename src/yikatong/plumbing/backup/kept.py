"""The backups that a folder keeps: read, measured against the log, removed when newer ones suffice."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from yikatong.plumbing.backup.archive import Archive
from yikatong.plumbing.backup.commits import find_last_commit
from yikatong.plumbing.backup.coverage import Break, Coverage, Obstacle
from yikatong.plumbing.backup.errors import BackupError
from yikatong.plumbing.backup.manifest import MANIFEST, Manifest, decode_manifest, sync_folder
from yikatong.plumbing.backup.segments import (
    Line,
    Segment,
    SegmentIsDamagedError,
    decide_unneeded,
    line_of,
    number_at,
    read_lsn,
    run_from,
)

BACKUPS = "backups"
Tell = Callable[[str], None]


class Kept(NamedTuple):
    """The backups of a folder, oldest first, and those whose manifest cannot be read, with why."""

    manifests: tuple[Manifest, ...]
    unreadable: dict[str, str]


class Removed(NamedTuple):
    """What a retention removed."""

    backups: tuple[str, ...]
    segments_count: int
    bytes: int


def read_kept(backup_folder: Path) -> Kept:
    """Read every backup's manifest; one that was never completed has none under its name and is passed over."""
    folder = backup_folder / BACKUPS
    manifests, unreadable = [], {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.name.startswith(".") or not path.is_dir():
            continue
        try:
            manifests.append(decode_manifest((path / MANIFEST).read_bytes()))
        except (OSError, ValueError) as error:
            unreadable[path.name] = str(error)
    return Kept(tuple(sorted(manifests, key=lambda one: one.ended_at)), unreadable)


class Measure:
    """How far the log reaches from each backup; a segment that two backups share is verified once."""

    def __init__(self, archive: Archive, *, programs: Path, tell: Tell = lambda _: None) -> None:
        self._archive = archive
        self._programs = programs
        self._tell = tell
        self._present = archive.present()
        self._verified: dict[Segment, str | None] = {}

    def line(self, timeline: int | None = None) -> Line:
        """The history that ends in a timeline, or in the newest there is. Raises BackupError."""
        try:
            histories = self._archive.histories()
        except SegmentIsDamagedError as error:
            raise BackupError(
                f"A timeline's history cannot be read: {error}.", f"无法读取时间线的历史：{error}。"
            ) from None
        newest = max((*histories, *(segment.timeline for segment in self._present)), default=1)
        return line_of(timeline or newest, histories)

    def line_with(self, manifest: Manifest) -> Line:
        """The newest history that a backup lies on."""
        newest = self.line()
        if newest.holds(timeline=manifest.timeline, lsn=read_lsn(manifest.ended_lsn)):
            return newest
        return self.line(manifest.timeline)

    def cover(self, manifest: Manifest, line: Line) -> Coverage:
        """What can be restored from a backup on a line, every segment of the way verified."""
        run = run_from(number_at(manifest.began_lsn), line=line, present=self._present)
        broken = None if run.gap is None else Break(run.gap, Obstacle.MISSING)
        segments = list(run.segments)
        for index, segment in enumerate(segments):
            self._tell(f"{index + 1} / {len(segments)}")
            if self._fault_of(segment) is not None:
                broken = Break(segment, Obstacle.DAMAGED)
                del segments[index:]
                break
        until = find_last_commit(self._archive, segments, programs=self._programs)
        until = manifest.ended_at if until is None else max(until, manifest.ended_at)
        return Coverage(manifest, tuple(segments), broken, until)

    def _fault_of(self, segment: Segment) -> str | None:
        if segment not in self._verified:
            try:
                self._archive.read(segment)
            except SegmentIsDamagedError as error:
                self._verified[segment] = str(error)
            else:
                self._verified[segment] = None
        return self._verified[segment]


def keep_newest(backup_folder: Path, archive: Archive, *, count: int) -> Removed:
    """Remove all backups but the newest ones, and the log that none of those needs; each backup before its log.

    A backup whose manifest cannot be read is neither counted nor removed, and while there is one no log is: nobody
    knows which part of it that backup needs.
    """
    manifests, unreadable = read_kept(backup_folder)
    kept, old = manifests[-count:], manifests[:-count]
    folder = backup_folder / BACKUPS
    size = 0
    for manifest in old:
        going = folder / f".{manifest.name}.removing"
        (folder / manifest.name).rename(going)
        sync_folder(folder)
        shutil.rmtree(going)
        size += manifest.bytes
    needed_from = [0] if unreadable else [number_at(one.began_lsn) for one in kept]
    unneeded = decide_unneeded(archive.names(), kept_numbers=needed_from)
    size += sum(archive.remove(name) for name in unneeded)
    return Removed(tuple(one.name for one in old), len(unneeded), size)
