"""The master key: 32 bytes that wrap all other keys, kept outside the database."""

import base64
import binascii
import os
import shlex
import stat
import subprocess
from pathlib import Path

from yikatong.plumbing.ids import Ids
from yikatong.plumbing.settings import Settings, SettingsError

_BYTES = 32
_COMMAND_TIMEOUT_SECONDS = 30


def read_master_key(settings: Settings, ids: Ids) -> bytes:
    """The master key from where the settings keep it: the environment, a file, or a command that prints it.

    With none of them named it is a file in the data folder, made at the first start; good for one machine, but who
    copies the whole data folder has both the key and what it opens.
    Raises SettingsError when it is gone while keys sealed by it lie beside it, when it cannot be read or is not
    32 bytes in base64, and when its file is open to others.
    """
    named = _read_named(settings, "master_key")
    if named is not None:
        return named
    path = _own_file(settings)
    if not path.exists():
        _verify_nothing_is_sealed(path)
        _make(path, ids.random_bytes(_BYTES))
    return _read(path)


def read_next_master_key(settings: Settings) -> bytes | None:
    """The master key that takes over from the present one, while both are at hand; None when none is named.

    Where the present one lies in the data folder, the next one may lie beside it. Raises SettingsError as
    `read_master_key`.
    """
    named = _read_named(settings, "next_master_key")
    if named is not None or _is_named(settings, "master_key"):
        return named
    path = _next_file(settings)
    return _read(path) if path.exists() else None


def make_next_master_key(settings: Settings, ids: Ids) -> bytes:
    """Make the key that takes over from the one in the data folder, beside it; one that is there is kept.

    Raises SettingsError when the present key has another place: its owner makes the next one there, and names it.
    """
    if _is_named(settings, "master_key"):
        raise SettingsError(
            "主密钥另有来源，其后继也应在那里生成，并以next_master_key_file、next_master_key_command或"
            "YIKATONG_NEXT_MASTER_KEY指明。未作任何改动。 "
            "The master key has a place of its own, so its successor is made there: name it by next_master_key_file, "
            "next_master_key_command or YIKATONG_NEXT_MASTER_KEY. Nothing was changed."
        )
    path = _next_file(settings)
    _make(path, ids.random_bytes(_BYTES))
    return _read(path)


def take_over_master_key(settings: Settings) -> bool:
    """Put the next key of the data folder in the place of the present one; False when the settings name either."""
    path = _next_file(settings)
    if _is_named(settings, "master_key") or _is_named(settings, "next_master_key") or not path.exists():
        return False
    path.replace(_own_file(settings))
    _sync(path.parent)
    return True


def _own_file(settings: Settings) -> Path:
    return Path(settings.data_folder) / "keys" / "master.key"


def _next_file(settings: Settings) -> Path:
    return _own_file(settings).with_name("master.key.next")


def _is_named(settings: Settings, which: str) -> bool:
    return any(getattr(settings, f"{which}{place}") for place in ("", "_file", "_command"))


def _read_named(settings: Settings, which: str) -> bytes | None:
    """The key where a setting says that it is; `which` is the first part of the settings' names."""
    key: str | None = getattr(settings, which)
    command: str | None = getattr(settings, f"{which}_command")
    file: str | None = getattr(settings, f"{which}_file")
    if key:
        return _decode(key, source=which)
    if command:
        return _decode(_ask(command, name=f"{which}_command"), source=f"the output of {which}_command")
    return _read(Path(file)) if file else None


def _read(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"无法从{path}读取主密钥。 The master key cannot be read from {path}: {error}.") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SettingsError(
            f"主密钥文件{path}对他人开放，请收回权限（chmod 600 {path}）。 "
            f"The master key's file {path} is open to others; close it (chmod 600 {path})."
        )
    return _decode(text, source=str(path))


def _verify_nothing_is_sealed(path: Path) -> None:
    """A new key opens nothing that an old one sealed, and would only hide that the old one is gone."""
    held = path.parent / "held"
    if held.is_dir() and any(held.iterdir()) and not path.exists():
        raise SettingsError(
            f"主密钥{path}不见了，而{held}中的密钥由它加密；请放回原处。未作任何改动。 "
            f"The master key {path} is gone, and the keys in {held} are sealed by it; put it back. Nothing was changed."
        )


def _make(path: Path, key: bytes) -> None:
    """Write a new key; of two processes at once the first wins, and both read what it wrote."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(base64.b64encode(key) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(unfinished, path)
    except FileExistsError:
        return
    finally:
        unfinished.unlink()
    _sync(path.parent)


def _sync(folder: Path) -> None:
    """Bring the names in a folder onto the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _ask(command: str, *, name: str) -> str:
    try:
        answer = subprocess.run(  # noqa: S603  the command is the installation's own setting
            shlex.split(command), capture_output=True, check=True, timeout=_COMMAND_TIMEOUT_SECONDS
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise SettingsError(
            f"{name}没有给出密钥（{type(error).__name__}）。 {name} gave no key: {type(error).__name__}."
        ) from None
    return answer.stdout.decode("ascii", errors="replace")


def _decode(text: str, *, source: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _BYTES:
        raise SettingsError(
            f"{source}中的主密钥不是{_BYTES}字节的base64。 The master key in {source} is not {_BYTES} bytes in base64."
        )
    return key
