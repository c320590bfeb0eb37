"""What a restore can reach: from which backup, over which segments, until when, and what is in the way."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from yikatong.plumbing.backup.errors import BackupError
from yikatong.plumbing.backup.manifest import Manifest
from yikatong.plumbing.backup.segments import SEGMENT_BYTES, Line, Segment, read_lsn


class Obstacle(StrEnum):
    """What ends the log before its end."""

    MISSING = "missing"
    DAMAGED = "damaged"


class Break(NamedTuple):
    """A segment that ends the log although later ones are there, or would be."""

    segment: Segment
    obstacle: Obstacle


class Coverage(NamedTuple):
    """What can be restored from one backup: every moment from `since` until `until`, over these segments.

    `until` is the last commit in the log, or the end of the backup when none came after it.
    """

    manifest: Manifest
    segments: tuple[Segment, ...]
    broken: Break | None
    until: datetime

    @property
    def since(self) -> datetime:
        """The first moment that can be restored."""
        return self.manifest.ended_at

    @property
    def reaches_itself(self) -> bool:
        """Whether the log goes on at least to where the copied files agree with each other."""
        needed_lsn = read_lsn(self.manifest.ended_lsn)
        return bool(self.segments) and (self.segments[-1].number + 1) * SEGMENT_BYTES >= needed_lsn


def choose_backup(
    manifests: Sequence[Manifest], *, line: Line, to: datetime | None, name: str | None = None
) -> Manifest:
    """The backup to begin with: the one that is named, else the newest on the line that had ended by then.

    Refuses with BackupError, in this order: no backup at all; none of that name; none on the timeline; a moment before
    the first one that can be restored.
    """
    if not manifests:
        raise BackupError(
            "There is no backup; `yikatong db backup` makes one.", "没有任何备份；用`yikatong db backup`制作备份。"
        )
    if name is not None:
        manifests = [one for one in manifests if one.name == name]
        if not manifests:
            raise BackupError(
                f"There is no backup {name}; `yikatong db backups` lists those there are.",
                f"没有名为{name}的备份；用`yikatong db backups`列出现有备份。",
            )
    on_line = [one for one in manifests if line.holds(timeline=one.timeline, lsn=read_lsn(one.ended_lsn))]
    if not on_line:
        raise BackupError(
            f"No backup lies on timeline {line.timeline}; --timeline names another.",
            f"时间线{line.timeline}上没有备份；可用--timeline指定其他时间线。",
        )
    ended = [one for one in on_line if to is None or one.ended_at <= to]
    if not ended:
        first = min(one.ended_at for one in on_line)
        raise BackupError(
            f"That is before the first moment that can be restored, {show(first)}.",
            f"该时刻早于可恢复的最早时刻{show(first)}。",
        )
    return max(ended, key=lambda one: one.ended_at)


def verify_reaches(covered: Coverage, *, to: datetime | None, is_inclusive: bool = True) -> Coverage:
    """The coverage, when it reaches the moment; None is the very end of the log.

    Refuses with BackupError, in this order: the log does not reach the end of the backup; the end is asked for and a
    segment before it is missing or damaged; the moment lies after the last commit that can be restored.
    """
    what_en, what_zh = describe_break(covered.broken)
    if not covered.reaches_itself:
        raise BackupError(
            f"The backup {covered.manifest.name} alone is not enough: the archived log does not reach its end"
            f"{what_en}.",
            f"仅有备份{covered.manifest.name}不够：归档日志没有覆盖到该备份结束之处{what_zh}。",
        )
    until = show(covered.until)
    if to is None:
        if covered.broken is None:
            return covered
        raise BackupError(
            f"The end of the log cannot be reached{what_en}; the last moment before is {until}: "
            f"--to '{until}' --exclusive.",
            f"无法恢复到日志末尾{what_zh}；在此之前的最后时刻为{until}：--to '{until}' --exclusive。",
        )
    if covered.until < to or (is_inclusive and covered.until == to):
        end_en = what_en or "; --to latest goes to the end of the log"
        end_zh = what_zh or "；--to latest可恢复到日志末尾"
        raise BackupError(
            f"That is not before the last commit that can be restored, {until}{end_en}.",
            f"该时刻不早于可恢复的最后一次提交{until}{end_zh}。",
        )
    return covered


def describe_break(broken: Break | None) -> tuple[str, str]:
    """What is in the way, as the end of a sentence in each language; empty when nothing is."""
    if broken is None:
        return "", ""
    if broken.obstacle is Obstacle.MISSING:
        return f", because wal/{broken.segment.name}.gz is missing", f"（缺少wal/{broken.segment.name}.gz）"
    return f", because wal/{broken.segment.name}.gz is damaged", f"（wal/{broken.segment.name}.gz已损坏）"


def show(instant: datetime) -> str:
    """An instant as a person reads it and `--to` takes it, to the microsecond."""
    return instant.isoformat(sep=" ")
