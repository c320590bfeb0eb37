"""A disk of its own for a data folder, which can be full and have room again."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

_ROOM_MEGABYTES = 1_000
_FILES_MAX = 200


class SmallDisk:
    """A file system of its own at a folder, in memory."""

    def __init__(self, folder: Path) -> None:
        """Use `a_small_disk`."""
        self.folder = folder

    def fill(self) -> None:
        """Leave no room: the disk is as large as what lies on it."""
        # A size of nothing would be one without end.
        (self.folder / ".something").write_bytes(b".")
        # Something may be written between the look and the change; then the change is refused.
        while not self._resize(str(self._used_bytes())):
            pass

    def make_room(self) -> None:
        """Be as large as at first."""
        assert self._resize(f"{_ROOM_MEGABYTES}m")

    def _used_bytes(self) -> int:
        status = os.statvfs(self.folder)
        return (status.f_blocks - status.f_bfree) * status.f_frsize

    def _resize(self, size: str) -> bool:
        command = ["mount", "-o", f"remount,size={size}", str(self.folder)]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0  # noqa: S603  our own words


def use_up_the_log(conninfo: str) -> None:
    """Have the database begin files of its log until it can make no more: without one it can write nothing at all."""
    with pytest.raises(psycopg.OperationalError):
        for _ in range(_FILES_MAX):
            with psycopg.connect(conninfo, autocommit=True) as conn:
                conn.execute("SELECT pg_logical_emit_message(true, 'tests', 'a line'), pg_switch_wal()")


class NoDiskOfOurOwnError(Exception):
    """This machine lets whoever runs the tests mount nothing."""


@contextmanager
def a_small_disk(folder: Path) -> Iterator[SmallDisk]:
    """Mount a file system at a folder; raises NoDiskOfOurOwnError where that is not possible."""
    try:
        subprocess.run(  # noqa: S603  our own words and folder
            ["mount", "-t", "tmpfs", "-o", f"size={_ROOM_MEGABYTES}m,mode=711", "yikatong-tests", folder],  # noqa: S607
            check=True,
            capture_output=True,
            text=True,
        )
    except (OSError, subprocess.CalledProcessError) as fault:
        raise NoDiskOfOurOwnError(getattr(fault, "stderr", None) or str(fault)) from None
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)  # noqa: S603, S607
