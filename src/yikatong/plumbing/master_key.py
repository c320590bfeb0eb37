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
    if settings.master_key:
        return _decode(settings.master_key, source="master_key")
    if settings.master_key_command:
        return _decode(_ask(settings.master_key_command), source="the output of master_key_command")
    if settings.master_key_file:
        return _read(Path(settings.master_key_file))
    path = Path(settings.data_folder) / "keys" / "master.key"
    if not path.exists():
        _verify_nothing_is_sealed(path)
        _make(path, ids.random_bytes(_BYTES))
    return _read(path)


def _read(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The master key cannot be read from {path}: {error}.") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SettingsError(f"The master key's file {path} is open to others; close it (chmod 600 {path}).")
    return _decode(text, source=str(path))


def _verify_nothing_is_sealed(path: Path) -> None:
    """A new key opens nothing that an old one sealed, and would only hide that the old one is gone."""
    held = path.parent / "held"
    if held.is_dir() and any(held.iterdir()) and not path.exists():
        raise SettingsError(
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


def _ask(command: str) -> str:
    try:
        answer = subprocess.run(  # noqa: S603  the command is the installation's own setting
            shlex.split(command), capture_output=True, check=True, timeout=_COMMAND_TIMEOUT_SECONDS
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise SettingsError(f"master_key_command gave no key: {type(error).__name__}.") from None
    return answer.stdout.decode("ascii", errors="replace")


def _decode(text: str, *, source: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _BYTES:
        raise SettingsError(f"The master key in {source} is not {_BYTES} bytes in base64.")
    return key
