"""Backups without a server: names of segments, which of them a restore needs, what is refused, what may be removed."""

import gzip
import random
import shutil
import struct
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from yikatong.plumbing.backup.archive import Archive
from yikatong.plumbing.backup.coverage import Break, Coverage, Obstacle, choose_backup, verify_reaches
from yikatong.plumbing.backup.errors import BackupError
from yikatong.plumbing.backup.kept import BACKUPS, keep_newest, read_kept
from yikatong.plumbing.backup.manifest import (
    MANIFEST,
    Manifest,
    decode_manifest,
    encode_manifest,
    list_damaged,
    list_entries,
    verify_folder,
)
from yikatong.plumbing.backup.segments import (
    SEGMENT_BYTES,
    Fork,
    Line,
    Segment,
    SegmentIsDamagedError,
    decide_unneeded,
    number_at,
    read_history,
    read_segment_name,
    run_from,
    verify_segment,
)
from yikatong.plumbing.backup.taking import copy_keys
from yikatong.plumbing.postgres.archiving import (
    Archiving,
    archive_settings,
    prepare_archive,
    read_system_identifier,
    verify_own_archive,
    write_scripts,
)
from yikatong.plumbing.postgres.errors import EmbeddedPostgresError

NOON = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
SYSTEM = 7_300_000_000_000_000_001
HOUR = timedelta(hours=1)


def a_manifest(name: str = "20261125T040000Z", **changes: object) -> Manifest:
    manifest = Manifest(
        name=name,
        system_identifier=SYSTEM,
        server_version="18.1",
        release="0.1.0",
        timeline=1,
        began_at=NOON - HOUR,
        ended_at=NOON,
        began_lsn="0/2000028",
        ended_lsn="0/3000120",
        keys_count=7,
        bytes=100,
        files=(),
    )
    return msgspec.structs.replace(manifest, **changes)


def a_segment_s_bytes(segment: Segment, *, system: int = SYSTEM) -> bytes:
    """A segment with the page that a server begins it with, and some records."""
    position = segment.number * SEGMENT_BYTES
    page = struct.pack("=HHIQIxxxxQII", 0xD118, 2, segment.timeline, position, 0, system, SEGMENT_BYTES, 8192)
    records = random.Random(segment.number).randbytes(4_000)
    return (page + records).ljust(SEGMENT_BYTES, b"\0")


def archived(folder: Path, *segments: Segment) -> Archive:
    """An archive of segments that a server would have put there."""
    (folder / "wal").mkdir(exist_ok=True)
    for segment in segments:
        (folder / "wal" / f"{segment.name}.gz").write_bytes(gzip.compress(a_segment_s_bytes(segment), 1))
    return Archive(folder, system_identifier=SYSTEM)


# Names and lines


@given(st.integers(1, 2**32 - 1), st.integers(0, 2**36))
def test_a_segment_is_read_back_from_its_name(timeline: int, number: int) -> None:
    segment = Segment(timeline, number)

    assert segment == read_segment_name(segment.name)


def test_names_of_other_files_are_no_segments() -> None:
    others = ["00000002.history", "000000010000000000000003.00000028.backup", "000000010000000000000003.partial", "x"]

    assert [None] * 4 == [read_segment_name(name) for name in others]
    assert Segment(1, 3) == read_segment_name("000000010000000000000003")
    assert Segment(1, 256) == read_segment_name("000000010000000100000000")
    assert 3 == number_at("0/3000120")


def test_where_a_line_forks_within_a_segment_the_newer_timeline_s_holds_both_parts() -> None:
    line = read_history(3, "1\t0/5000098\tbefore 2026-11-25\n\n2\t0/7000000\tno recovery target specified\n")

    assert Line(3, (Fork(1, 0x5000098), Fork(2, 0x7000000))) == line
    assert [1, 2, 2, 3] == [line.at(number).timeline for number in (4, 5, 6, 7)]


def test_what_a_restore_left_behind_is_not_on_the_new_line() -> None:
    line = Line(2, (Fork(1, 0x5000098),))

    assert line.holds(timeline=1, lsn=0x5000000)
    assert not line.holds(timeline=1, lsn=0x5000099)
    assert line.holds(timeline=2, lsn=0x9000000)
    assert not line.holds(timeline=3, lsn=0x1)


def test_a_run_ends_at_the_first_segment_that_is_missing_and_names_it_if_later_ones_are_there() -> None:
    present = {Segment(1, number) for number in (1, 2, 3, 5, 6)}

    assert ((Segment(1, 2), Segment(1, 3)), Segment(1, 4)) == run_from(2, line=Line(1), present=present)
    assert ((Segment(1, 5), Segment(1, 6)), None) == run_from(5, line=Line(1), present=present)
    assert ((), Segment(2, 1)) == run_from(1, line=Line(2), present=[*present, Segment(2, 3)])


# Whole or damaged


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (a_segment_s_bytes(Segment(1, 3))[:-1], "16777215 bytes instead of 16777216"),
        (a_segment_s_bytes(Segment(1, 4)), "holds another part of the log"),
        (a_segment_s_bytes(Segment(2, 3)), "holds another part of the log"),
        (a_segment_s_bytes(Segment(1, 3), system=1), "is of another database"),
    ],
)
def test_a_segment_that_is_not_what_its_name_says_is_damaged(data: bytes, says: str) -> None:
    with pytest.raises(SegmentIsDamagedError, match=says):
        verify_segment(data, Segment(1, 3), system_identifier=SYSTEM)


def test_a_changed_byte_and_a_cut_file_in_the_archive_are_found(tmp_path: Path) -> None:
    archive = archived(tmp_path, Segment(1, 3), Segment(1, 4), Segment(1, 5))
    changed, cut = (tmp_path / "wal" / f"{Segment(1, number).name}.gz" for number in (4, 5))
    data = bytearray(changed.read_bytes())
    data[2_000] ^= 1
    changed.write_bytes(data)
    cut.write_bytes(cut.read_bytes()[:-9])

    assert a_segment_s_bytes(Segment(1, 3)) == archive.read(Segment(1, 3))
    for number in (4, 5, 6):
        with pytest.raises(SegmentIsDamagedError, match=Segment(1, number).name):
            archive.read(Segment(1, number))


def test_a_stopped_database_adds_what_it_never_archived_but_not_its_recycled_files(tmp_path: Path) -> None:
    own = tmp_path / "pg_wal"
    own.mkdir()
    archived(tmp_path, Segment(1, 3))
    for name, holds in ((3, 3), (4, 4), (5, 5), (6, 2)):
        (own / Segment(1, name).name).write_bytes(a_segment_s_bytes(Segment(1, holds)))
    archive = Archive(tmp_path, system_identifier=SYSTEM, own_log=own)

    assert [Segment(1, 4), Segment(1, 5)] == archive.unarchived()
    archive.put(Segment(1, 4))
    assert {Segment(1, 3), Segment(1, 4)} == Archive(tmp_path, system_identifier=SYSTEM).archived()
    assert [Segment(1, 5)] == archive.unarchived()


def test_a_manifest_is_read_back_and_a_changed_one_is_not() -> None:
    text = encode_manifest(a_manifest())

    assert a_manifest() == decode_manifest(text)
    with pytest.raises(ValueError, match="its digest is another one"):
        decode_manifest(text.replace(b'"keys_count":7', b'"keys_count":8'))
    with pytest.raises(ValueError, match="its format is 2"):
        decode_manifest(encode_manifest(a_manifest(format=2)))
    with pytest.raises(ValueError, match="truncated"):
        decode_manifest(text[:20])


def test_a_missing_and_a_changed_file_of_a_backup_are_named(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).write_text(name)
    entries = list_entries(tmp_path)
    (tmp_path / "b").unlink()
    (tmp_path / "c").write_text("d")

    assert ["b", "c"] == list_damaged(tmp_path, entries)


# What can be restored

AT_NINE = a_manifest("nine", ended_at=NOON - 3 * HOUR)
AT_TEN = a_manifest("ten", ended_at=NOON - 2 * HOUR)
LEFT_BEHIND = a_manifest("left", ended_at=NOON, ended_lsn="0/9000000")
ON_TWO = Line(2, (Fork(1, 0x5000098),))


def test_the_newest_backup_that_had_ended_by_then_is_chosen() -> None:
    both = (AT_NINE, AT_TEN, LEFT_BEHIND)

    assert AT_TEN == choose_backup(both, line=ON_TWO, to=None)
    assert AT_TEN == choose_backup(both, line=ON_TWO, to=NOON)
    assert AT_NINE == choose_backup(both, line=ON_TWO, to=NOON - 2.5 * HOUR)
    assert AT_NINE == choose_backup(both, line=ON_TWO, to=NOON, name="nine")
    assert LEFT_BEHIND == choose_backup(both, line=Line(1), to=None)


@pytest.mark.parametrize(
    ("manifests", "line", "to", "name", "en", "zh"),
    [
        ((), Line(1), None, None, "There is no backup;", "没有任何备份"),
        ((AT_NINE,), Line(3), NOON - 9 * HOUR, "ten", "There is no backup ten", "没有名为ten的备份"),
        ((AT_NINE,), Line(3), NOON - 9 * HOUR, None, "No backup lies on timeline 3", "时间线3上没有备份"),
        ((AT_NINE, AT_TEN), Line(1), NOON - 9 * HOUR, None, "before the first moment.*01:00:00", "早于.*01:00:00"),
    ],
)
def test_what_is_missing_is_told_in_this_order_and_in_both_languages(
    manifests: tuple[Manifest, ...], line: Line, to: datetime | None, name: str | None, en: str, zh: str
) -> None:
    with pytest.raises(BackupError, match=f"(?s){en}.*\n.*{zh}"):
        choose_backup(manifests, line=line, to=to, name=name)


SEGMENTS = tuple(Segment(1, number) for number in (2, 3, 4))
MISSING = Break(Segment(1, 5), Obstacle.MISSING)
DAMAGED = Break(Segment(1, 5), Obstacle.DAMAGED)


def test_every_moment_before_the_last_commit_is_reached_also_when_the_log_is_broken_behind_it() -> None:
    for broken in (None, MISSING, DAMAGED):
        covered = Coverage(a_manifest(), SEGMENTS, broken, NOON + HOUR)

        assert covered == verify_reaches(covered, to=NOON + HOUR / 2)
        assert covered == verify_reaches(covered, to=NOON + HOUR, is_inclusive=False)


@pytest.mark.parametrize(
    ("covered", "to", "en", "zh"),
    [
        (
            Coverage(a_manifest(), SEGMENTS[:1], MISSING, NOON),
            NOON,
            "does not reach its end.*005.gz is missing",
            "没有覆盖",
        ),
        (Coverage(a_manifest(), (), None, NOON), None, "does not reach its end", "没有覆盖"),
        (Coverage(a_manifest(), SEGMENTS, MISSING, NOON), None, "005.gz is missing.*--exclusive", "缺少wal/0.*005.gz"),
        (Coverage(a_manifest(), SEGMENTS, DAMAGED, NOON), None, "005.gz is damaged.*--exclusive", "005.gz已损坏"),
        (Coverage(a_manifest(), SEGMENTS, None, NOON), NOON + HOUR, "not before the last commit.*latest", "不早于"),
        (Coverage(a_manifest(), SEGMENTS, None, NOON), NOON, "not before the last commit.*latest", "不早于"),
        (Coverage(a_manifest(), SEGMENTS, DAMAGED, NOON), NOON + HOUR, "not before.*005.gz is damaged", "005.gz已损坏"),
    ],
)
def test_a_moment_that_cannot_be_reached_is_refused_with_what_is_in_the_way(
    covered: Coverage, to: datetime | None, en: str, zh: str
) -> None:
    with pytest.raises(BackupError, match=f"(?s){en}.*\n.*{zh}"):
        verify_reaches(covered, to=to)


# What may be removed


@given(
    numbers=st.sets(st.integers(0, 40), min_size=1),
    kept=st.sets(st.integers(0, 40), min_size=1),
    timelines=st.lists(st.integers(1, 3), min_size=41, max_size=41),
)
def test_nothing_that_a_kept_backup_needs_is_ever_removed(
    numbers: set[int], kept: set[int], timelines: list[int]
) -> None:
    names = [Segment(timelines[number], number).name for number in numbers]
    gone = set(decide_unneeded([*names, "00000002.history"], kept_numbers=kept))

    assert {name for name in names if int(name[8:], 16) >= min(kept)}.isdisjoint(gone)
    assert {name for name in names if int(name[8:], 16) < min(kept)} == gone


def test_without_a_backup_no_log_is_removed() -> None:
    assert [] == decide_unneeded([Segment(1, 1).name], kept_numbers=[])


def a_backup(folder: Path, manifest: Manifest) -> None:
    (folder / BACKUPS / manifest.name).mkdir(parents=True)
    (folder / BACKUPS / manifest.name / MANIFEST).write_bytes(encode_manifest(manifest))


def test_the_newest_backups_are_kept_with_their_log_and_marks_of_old_ones_go(tmp_path: Path) -> None:
    archive = archived(tmp_path, *(Segment(1, number) for number in (1, 2, 3, 4)))
    (tmp_path / "wal" / f"{Segment(1, 1).name}.00000028.backup.gz").write_bytes(b"")
    a_backup(tmp_path, a_manifest("old", began_lsn="0/1000028", ended_at=NOON - 2 * HOUR))
    a_backup(tmp_path, a_manifest("kept", began_lsn="0/3000028", ended_at=NOON - HOUR))
    a_backup(tmp_path, a_manifest("new", began_lsn="0/4000028"))

    removed = keep_newest(tmp_path, archive, count=2)

    assert (("old",), 3) == removed[:2]
    assert {Segment(1, 3), Segment(1, 4)} == archive.archived()
    assert ["kept", "new"] == [one.name for one in read_kept(tmp_path).manifests]


def test_while_a_backup_cannot_be_read_no_log_is_removed(tmp_path: Path) -> None:
    archive = archived(tmp_path, Segment(1, 1))
    a_backup(tmp_path, a_manifest("new", began_lsn="0/4000028"))
    a_backup(tmp_path, a_manifest("torn"))
    (tmp_path / BACKUPS / "torn" / MANIFEST).write_bytes(b"{}")

    assert 0 == keep_newest(tmp_path, archive, count=1).segments_count
    assert ["torn"] == list(read_kept(tmp_path).unreadable)


# Keys


def test_key_files_are_copied_the_master_key_is_not_and_none_is_dropped(tmp_path: Path) -> None:
    held, copied = tmp_path / "held", tmp_path / "copied"
    held.mkdir()
    (tmp_path / "master.key").write_text("secret")
    for name in ("master.0a.key", "root.0b.key"):
        (held / name).write_text(name)

    assert 2 == copy_keys(held, copied)
    (held / "root.0b.key").write_text("encrypted anew")
    (held / "master.0a.key").unlink()
    copy_keys(held, copied)

    assert {"master.0a.key": "master.0a.key", "root.0b.key": "encrypted anew"} == {
        path.name: path.read_text() for path in copied.iterdir()
    }
    assert {0o600} == {path.stat().st_mode & 0o777 for path in copied.iterdir()}


# The scripts


def run_script(folder: Path, name: str, *arguments: Path | str) -> int:
    done = subprocess.run(["/bin/sh", folder / name, *arguments], capture_output=True, check=False)  # noqa: S603
    return done.returncode


def test_a_segment_is_archived_once_again_without_harm_and_never_over_another(tmp_path: Path) -> None:
    write_scripts(tmp_path)
    archive, one, other = tmp_path / "wal", tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"a segment")
    other.write_bytes(b"another")

    assert 1 == run_script(tmp_path, "archive.sh", one, "0001", archive)
    archive.mkdir()
    assert 0 == run_script(tmp_path, "archive.sh", one, "0001", archive)
    assert 0 == run_script(tmp_path, "archive.sh", one, "0001", archive)
    assert 1 == run_script(tmp_path, "archive.sh", other, "0001", archive)
    assert {"0001.gz": b"a segment"} == {path.name: gzip.decompress(path.read_bytes()) for path in archive.iterdir()}


def test_a_segment_that_is_not_there_ends_a_replay_and_a_damaged_one_breaks_it_off(tmp_path: Path) -> None:
    write_scripts(tmp_path)
    archive, fetched = tmp_path / "wal", tmp_path / "fetched"
    assert 200 == run_script(tmp_path, "fetch.sh", "0001", fetched, archive)
    archive.mkdir()
    (archive / "0001.gz").write_bytes(gzip.compress(b"a segment"))
    (archive / "0002.gz").write_bytes(gzip.compress(b"a segment")[:-3])

    assert 0 == run_script(tmp_path, "fetch.sh", "0001", fetched, archive)
    assert b"a segment" == fetched.read_bytes()
    assert 200 == run_script(tmp_path, "fetch.sh", "0002", fetched, archive)
    assert 1 == run_script(tmp_path, "fetch.sh", "0003", fetched, archive)


def test_a_path_with_a_quote_and_a_percent_sign_reaches_the_script_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "50 % of 'it'"
    (folder / "wal").mkdir(parents=True)
    write_scripts(folder)
    (tmp_path / "segment").write_bytes(b"a segment")
    command = archive_settings(folder, Archiving(backup_folder=folder, seconds_max=60))["archive_command"]

    asked = command.replace("%p", str(tmp_path / "segment")).replace("%f", "0001").replace("%%", "%")
    subprocess.run(asked, shell=True, check=True)  # noqa: S602  as the server does

    assert ["0001.gz"] == [path.name for path in (folder / "wal").iterdir()]


def test_a_backup_folder_that_is_not_there_is_told_and_not_made(tmp_path: Path) -> None:
    gone = tmp_path / "gone"

    assert f"The backup folder {gone} is not there; nothing is archived until it is." == prepare_archive(
        gone, None, number=1
    )
    assert not gone.exists()
    assert prepare_archive(tmp_path, None, number=1) is None
    with pytest.raises(BackupError, match=r"(?s)is not there.*\n.*不存在"):
        verify_folder(str(gone))
    with pytest.raises(BackupError, match=r"(?s)YIKATONG_BACKUP_FOLDER.*\n.*没有指定备份目录"):
        verify_folder(None)


def test_the_archive_of_one_database_takes_no_other_s(tmp_path: Path) -> None:
    ours, another = tmp_path / "ours", tmp_path / "another"
    for cluster, number in ((ours, SYSTEM), (another, 7)):
        (cluster / "global").mkdir(parents=True)
        (cluster / "global" / "pg_control").write_bytes(number.to_bytes(8, sys.byteorder) + b"and more")

    verify_own_archive(tmp_path, another)
    prepare_archive(tmp_path, None, number=read_system_identifier(ours))

    verify_own_archive(tmp_path, ours)
    with pytest.raises(EmbeddedPostgresError, match=f"belongs to another database .{SYSTEM}, ours is 7."):
        verify_own_archive(tmp_path, another)


def test_the_tools_that_the_scripts_call_are_on_this_machine() -> None:
    assert [] == [tool for tool in ("gzip", "cmp", "mv", "sync", "nice") if shutil.which(tool) is None]
