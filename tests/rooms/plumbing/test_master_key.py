"""The master key comes from one place outside the database, and only if nobody else can read it there."""

import base64
import sys
from pathlib import Path

import pytest

from tests.support.world import SeededIds
from yikatong.plumbing.master_key import (
    make_next_master_key,
    read_master_key,
    read_next_master_key,
    take_over_master_key,
)
from yikatong.plumbing.settings import Settings, SettingsError

KEY = bytes(range(32))
TEXT = base64.b64encode(KEY).decode()


def a_file(tmp_path: Path, *, mode: int) -> str:
    path = tmp_path / "key"
    path.write_text(TEXT)
    path.chmod(mode)
    return str(path)


def test_it_is_read_from_the_environment() -> None:
    assert read_master_key(Settings(master_key=TEXT), SeededIds()) == KEY


def test_it_is_read_from_a_file_of_the_owner_alone(tmp_path: Path) -> None:
    assert read_master_key(Settings(master_key_file=a_file(tmp_path, mode=0o600)), SeededIds()) == KEY
    with pytest.raises(SettingsError, match="is open to others"):
        read_master_key(Settings(master_key_file=a_file(tmp_path, mode=0o640)), SeededIds())


def test_it_is_asked_of_a_command() -> None:
    command = f"{sys.executable} -c 'print(\"{TEXT}\")'"
    assert read_master_key(Settings(master_key_command=command), SeededIds()) == KEY


def test_a_command_that_fails_is_named_and_what_it_said_is_not() -> None:
    with pytest.raises(SettingsError, match=r"master_key_command gave no key: CalledProcessError"):
        read_master_key(Settings(master_key_command="false"), SeededIds())


@pytest.mark.parametrize("text", ["short", TEXT[:-4], "ä" * 44, base64.b64encode(bytes(33)).decode()])
def test_anything_but_32_bytes_in_base64_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="is not 32 bytes in base64"):
        read_master_key(Settings(master_key=text), SeededIds())


def test_without_a_place_it_is_made_once_in_the_data_folder(tmp_path: Path) -> None:
    settings = Settings(data_folder=str(tmp_path / "house"))
    made = read_master_key(settings, SeededIds(1))
    assert read_master_key(settings, SeededIds(2)) == made
    path = tmp_path / "house/keys/master.key"
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert [entry.name for entry in path.parent.iterdir()] == ["master.key"]


def test_one_that_is_gone_is_not_made_anew_where_keys_are_sealed_by_it(tmp_path: Path) -> None:
    settings = Settings(data_folder=str(tmp_path))
    read_master_key(settings, SeededIds())
    sealed = tmp_path / "keys" / "held" / "region.key"
    sealed.parent.mkdir()
    sealed.write_bytes(b"sealed")
    (tmp_path / "keys" / "master.key").unlink()

    with pytest.raises(SettingsError, match="is gone"):
        read_master_key(settings, SeededIds())

    assert not (tmp_path / "keys" / "master.key").exists()


NEXT = base64.b64encode(bytes(32)).decode()


def test_the_next_one_is_read_from_a_place_of_its_own(tmp_path: Path) -> None:
    command = f"{sys.executable} -c 'print(\"{TEXT}\")'"
    named = [
        Settings(master_key=NEXT, next_master_key=TEXT),
        Settings(master_key=NEXT, next_master_key_file=a_file(tmp_path, mode=0o600)),
        Settings(master_key=NEXT, next_master_key_command=command),
    ]
    assert [KEY] * 3 == [read_next_master_key(settings) for settings in named]
    assert read_next_master_key(Settings(master_key=NEXT, data_folder=str(tmp_path))) is None


def test_in_the_data_folder_the_next_one_is_made_once_and_takes_over(tmp_path: Path) -> None:
    settings = Settings(data_folder=str(tmp_path))
    former = read_master_key(settings, SeededIds(1))
    assert read_next_master_key(settings) is None
    following = make_next_master_key(settings, SeededIds(2))

    assert former != following
    assert following == make_next_master_key(settings, SeededIds(3)) == read_next_master_key(settings)
    assert former == read_master_key(settings, SeededIds())
    assert take_over_master_key(settings)
    assert following == read_master_key(settings, SeededIds())
    assert not take_over_master_key(settings)
    path = tmp_path / "keys" / "master.key"
    assert (0o600, ["master.key"]) == (path.stat().st_mode & 0o777, [one.name for one in path.parent.iterdir()])


def test_a_key_with_a_place_of_its_own_gets_no_successor_from_us(tmp_path: Path) -> None:
    settings = Settings(data_folder=str(tmp_path), master_key=TEXT)
    with pytest.raises(SettingsError, match="name it by next_master_key_file"):
        make_next_master_key(settings, SeededIds())

    assert not take_over_master_key(settings)
    assert [] == list(tmp_path.iterdir())
