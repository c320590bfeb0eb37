"""Backups of a server that runs: every moment after one can be restored, and what is in the way is named."""

import gzip
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from tests.support.database import folder_of_our_own
from yikatong.plumbing.backup.archive import Archive
from yikatong.plumbing.backup.coverage import Coverage, Obstacle, choose_backup, verify_reaches
from yikatong.plumbing.backup.errors import BackupError
from yikatong.plumbing.backup.kept import BACKUPS, Measure, keep_newest, read_kept
from yikatong.plumbing.backup.manifest import MANIFEST, Manifest, list_damaged
from yikatong.plumbing.backup.restoring import Goal, exchange, holding, replayed
from yikatong.plumbing.backup.segments import Line
from yikatong.plumbing.backup.taking import BASE, Progress, take_backup
from yikatong.plumbing.clock import SystemClock
from yikatong.plumbing.postgres.archiving import Archiving
from yikatong.plumbing.postgres.binaries import wheel_programs
from yikatong.plumbing.postgres.errors import EmbeddedPostgresError
from yikatong.plumbing.postgres.server import EmbeddedPostgres, cluster_of


class House:
    """A data folder and a backup folder, with a server that holds words."""

    def __init__(self, folder: Path) -> None:
        self.data, self.vault = folder / "data", folder / "vault"
        self.vault.mkdir(mode=0o711)
        self.archiving = Archiving(backup_folder=self.vault, seconds_max=3600)

    def server(self) -> EmbeddedPostgres:
        return EmbeddedPostgres(self.data, archiving=self.archiving)

    def back_up(self, conninfo: str, told: list[Progress] | None = None) -> Manifest:
        tell = (lambda _: None) if told is None else told.append
        return take_backup(self.vault, conninfo, keys=None, programs=wheel_programs(), clock=SystemClock(), tell=tell)

    def plan(self, goal: Goal, own_log: Path | None, timeline: int | None = None) -> tuple[Archive, Coverage, Line]:
        manifests = read_kept(self.vault).manifests
        archive = Archive(self.vault, system_identifier=manifests[0].system_identifier, own_log=own_log)
        measure = Measure(archive, programs=wheel_programs())
        line = measure.line(timeline)
        covered = measure.cover(choose_backup(manifests, line=line, to=goal.to), line)
        return archive, verify_reaches(covered, to=goal.to, is_inclusive=goal.is_inclusive), line

    def restore(self, goal: Goal, *, timeline: int | None = None) -> list[str]:
        """Restore, put it in its place, and give the words that are there."""
        with holding(self.data, may_set_aside=True) as own_log:
            archive, covered, line = self.plan(goal, own_log, timeline)
            with replayed(self.data, covered, goal, line=line, archive=archive, archiving=self.archiving) as address:
                words = words_in(address.conninfo)
            exchange(self.data, now=SystemClock().now())
        return words


def say(conninfo: str, word: str) -> datetime:
    """Write a word down; gives a moment after it was committed and before anything else is."""
    with psycopg.connect(conninfo, autocommit=True) as conn:
        conn.execute("CREATE TABLE IF NOT EXISTS said (word text)")
        conn.execute("INSERT INTO said VALUES (%s)", [word])
    return datetime.now(UTC)


def words_in(conninfo: str) -> list[str]:
    with psycopg.connect(conninfo) as conn:
        return [row[0] for row in conn.execute("SELECT word FROM said ORDER BY word")]


def switch(conninfo: str) -> None:
    """Begin a new segment of the log."""
    with psycopg.connect(conninfo, autocommit=True) as conn:
        conn.execute("SELECT pg_switch_wal()")


@pytest.fixture
def house() -> Iterator[House]:
    folder = folder_of_our_own()
    yield House(folder)
    shutil.rmtree(folder)


def test_any_moment_is_restored_and_from_there_again_and_the_way_that_was_left_stays_open(house: House) -> None:
    with house.server() as address:
        say(address.conninfo, "a")
        told: list[Progress] = []
        manifest = house.back_up(address.conninfo, told)
        after_b = say(address.conninfo, "b")
        say(address.conninfo, "c")
    assert [] == list_damaged(house.vault / BACKUPS / manifest.name, manifest.files)
    assert {f"{BASE}/base.tar.gz", f"{BASE}/backup_manifest"} == {file.name for file in manifest.files}
    assert all(one.done <= max(one.total, one.done) for one in told)

    assert ["a", "b"] == house.restore(Goal(to=after_b))
    with house.server() as address:
        say(address.conninfo, "d")
    assert ["a", "b", "d"] == house.restore(Goal(to=None))
    assert ["a", "b", "c"] == house.restore(Goal(to=None), timeline=1)
    assert 3 == len(list(cluster_of(house.data).parent.glob("data.set-aside-*")))


def test_what_a_killed_server_had_not_archived_is_restored_from_its_own_log(house: House) -> None:
    server = house.server()
    address = server.start()
    house.back_up(address.conninfo)
    say(address.conninfo, "archived")
    switch(address.conninfo)
    say(address.conninfo, "not archived")
    stopped = psycopg.connect(address.conninfo, autocommit=True)
    stopped.execute("ALTER SYSTEM SET archive_command = 'false'")
    stopped.execute("SELECT pg_reload_conf()")
    stopped.close()
    server.stop()

    assert ["archived", "not archived"] == house.restore(Goal(to=None))


def test_a_database_that_is_there_is_not_touched_unless_it_may_be_set_aside(house: House) -> None:
    with house.server() as address:
        say(address.conninfo, "a")

    with (
        pytest.raises(BackupError, match=r"(?s)--set-aside.*\n.*--set-aside"),
        holding(house.data, may_set_aside=False),
    ):
        pass

    with house.server() as address:
        assert ["a"] == words_in(address.conninfo)


def test_where_a_database_was_set_aside_and_none_took_its_place_no_empty_one_is_made(house: House) -> None:
    with house.server() as address:
        say(address.conninfo, "a")
    cluster = cluster_of(house.data)
    # What is left when the machine stops between the two renames of an exchange.
    aside = exchange_half_way(house)

    with pytest.raises(EmbeddedPostgresError, match=rf"(?s){aside}.*interrupted.*{aside}"), house.server():
        pass
    assert not cluster.exists()

    aside.rename(cluster)
    with house.server() as address:
        assert ["a"] == words_in(address.conninfo)


def exchange_half_way(house: House) -> Path:
    """Exchange with a restored database that is not there: only the first of two renames is done."""
    with pytest.raises(FileNotFoundError):
        exchange(house.data, now=SystemClock().now())
    (aside,) = cluster_of(house.data).parent.glob("data.set-aside-*")
    return aside


def test_a_gap_and_a_damaged_segment_are_named_and_what_lies_before_them_is_restored(house: House) -> None:
    with house.server() as address:
        say(address.conninfo, "a")
        house.back_up(address.conninfo)
        after_b = say(address.conninfo, "b")
        say(address.conninfo, "c")
        switch(address.conninfo)
        say(address.conninfo, "d")
        switch(address.conninfo)
        say(address.conninfo, "e")
    archive, covered, _ = house.plan(Goal(to=None), None)
    broken = covered.segments[-2]
    path = archive.folder / f"{broken.name}.gz"
    whole = path.read_bytes()

    for obstacle, data in ((Obstacle.MISSING, None), (Obstacle.DAMAGED, whole[:-20])):
        path.unlink() if data is None else path.write_bytes(data)
        with pytest.raises(BackupError, match=rf"(?s){broken.name}.gz is {obstacle.value}.*\n.*{broken.name}"):
            house.plan(Goal(to=None), None)
    assert ["a", "b"] == house.restore(Goal(to=after_b))


def test_a_segment_that_holds_something_else_ends_the_replay_and_changes_nothing(house: House) -> None:
    with house.server() as address:
        say(address.conninfo, "a")
        house.back_up(address.conninfo)
        say(address.conninfo, "b")
        switch(address.conninfo)
    archive, covered, line = house.plan(Goal(to=None), None)
    damaged = archive.folder / f"{covered.segments[-1].name}.gz"
    damaged.write_bytes(gzip.compress(b"")[:-2])

    with (
        pytest.raises(BackupError, match=r"(?s)nothing was changed.*\n.*没有任何改动"),
        replayed(house.data, covered, Goal(to=None), line=line, archive=archive, archiving=house.archiving),
    ):
        pass

    with house.server() as address:
        assert ["a", "b"] == words_in(address.conninfo)


def test_a_server_that_does_not_archive_there_is_not_backed_up(house: House) -> None:
    with EmbeddedPostgres(house.data) as address, pytest.raises(BackupError, match=r"(?s)does not archive.*\n.*归档"):
        house.back_up(address.conninfo)

    assert not (house.vault / BACKUPS).exists()


def test_after_a_retention_the_kept_backup_still_restores(house: House) -> None:
    with house.server() as address:
        say(address.conninfo, "a")
        first = house.back_up(address.conninfo)
        say(address.conninfo, "b")
        switch(address.conninfo)
        second = house.back_up(address.conninfo)
        say(address.conninfo, "c")
        removed = keep_newest(house.vault, Archive(house.vault, system_identifier=first.system_identifier), count=1)
    assert (first.name,) == removed.backups
    assert 1 <= removed.segments_count
    assert [second.name] == [path.name for path in (house.vault / BACKUPS).iterdir()]
    assert (house.vault / BACKUPS / second.name / MANIFEST).exists()

    assert ["a", "b", "c"] == house.restore(Goal(to=None))
