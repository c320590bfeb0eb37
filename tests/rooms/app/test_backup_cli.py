"""What the commands of backup and restore refuse, in both languages, before they touch anything."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from yikatong.app.cli import app
from yikatong.app.commands.backup import ListedBackup, list_backups, print_backups, read_moment
from yikatong.plumbing.backup.errors import BackupError
from yikatong.plumbing.backup.kept import BACKUPS
from yikatong.plumbing.backup.manifest import MANIFEST

COMMANDS = (["db", "backup"], ["db", "backups"], ["db", "restore", "--to", "latest"])


def refused(words: list[str], monkeypatch: pytest.MonkeyPatch, **settings: str) -> BackupError:
    """What a command refuses under these settings."""
    for name in ("DATABASE_URL", "SERVING_DATABASE_URL", "SETTINGS", "BACKUP_FOLDER"):
        monkeypatch.delenv(f"YIKATONG_{name}", raising=False)
    result = CliRunner().invoke(app, words, env={f"YIKATONG_{name}": value for name, value in settings.items()})
    assert isinstance(result.exception, BackupError), result.output
    return result.exception


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_server_of_their_own_is_backed_up_by_its_own_tools(
    words: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    refusal = refused(
        words, monkeypatch, DATABASE_URL="postgresql://nobody@127.0.0.1:1/none", DATA_FOLDER=str(tmp_path)
    )

    assert "restored by that server's tools" in refusal.en
    assert "请用该服务器的工具备份和恢复" in refusal.zh
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("words", COMMANDS[1:], ids=" ".join)
def test_without_a_backup_folder_the_setting_is_named(
    words: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    refusal = refused(words, monkeypatch, DATA_FOLDER=str(tmp_path))

    assert "YIKATONG_BACKUP_FOLDER" in refusal.en
    assert "YIKATONG_BACKUP_FOLDER" in refusal.zh


def test_a_moment_is_read_with_its_zone_or_as_shanghai_s() -> None:
    noon = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)

    assert noon == read_moment("2026-11-25T12:00:00+08:00") == read_moment("2026-11-25 04:00Z")
    assert noon == read_moment("2026-11-25T12:00:00")
    assert read_moment("latest") is None
    with pytest.raises(BackupError, match=r"(?s)yesterday is no moment.*\nyesterday不是时刻"):
        read_moment("yesterday")


def test_a_backup_whose_manifest_is_damaged_is_listed_as_not_whole(tmp_path: Path) -> None:
    (tmp_path / BACKUPS / "torn").mkdir(parents=True)
    (tmp_path / BACKUPS / "torn" / MANIFEST).write_bytes(b"{}")

    (listed,) = msgspec.to_builtins(list_backups(tmp_path))

    assert ("torn", False, None) == (listed["name"], listed["whole"], listed["until"])
    assert listed["faults"][0].startswith("manifest.json: ")


def test_on_a_narrow_screen_names_and_moments_of_backups_are_shown_whole(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    noon = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
    name = "20261125T040000.000Z"
    listed = ListedBackup(
        name=name, bytes=5_600_000, since=noon, until=noon + timedelta(hours=1), whole=True, faults=()
    )
    print_backups([listed])
    said = capsys.readouterr().out

    assert name in said
    assert ["12:00:00.000", "13:00:00.000"] == [word for word in said.split() if word.endswith(":00.000")]
    assert all(len(line) <= 80 for line in said.splitlines())
