"""Bank files in a folder: one folder for each bank inside it, as a bank's host or a file transfer presents it.

    102/drafts      what the bank does not see yet (a folder that is not shared)
    102/to-bank     what the bank takes; it may take files away; names that begin with a dot are not whole yet
    102/published   for each file that was shown to the bank a small one with its SM3 digest
    102/from-bank   what the bank leaves for us; names that begin with a dot are not whole yet
    102/done, 102/refused   what was dealt with

Files hold names and accounts, so every folder is made for its owner alone. `to-bank` and `from-bank` may be mounted.
"""

import asyncio
import errno
import os
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import IO, ParamSpec, TypeVar

from yikatong.payouts.outside import BankFilesAreAway
from yikatong.trust import service as trust

Given = ParamSpec("Given")
Gives = TypeVar("Gives")

_BANK = re.compile(r"[0-9]{3}")
FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
"""What a file may be called; whatever begins with a dot is not whole yet."""
_FOLDERS = ("drafts", "to-bank", "published", "from-bank", "done", "refused")
_PIECE = 1 << 20
_IS_FULL = (
    "银行文件夹（YIKATONG_BANK_FILES_FOLDER）所在磁盘已满。银行不会看到半个文件；腾出空间后自动继续。"
    " The disk of the bank files' folder (YIKATONG_BANK_FILES_FOLDER) is full. No bank is shown half a file; make room,"
    " and all goes on by itself."
)


class FolderBankFiles:
    """A folder of bank files. Banks' folders are made at their first use; it never is, so that a lost disk is seen."""

    def __init__(self, root: Path) -> None:
        """Use a folder that is there."""
        self._root = root

    def bank_codes(self) -> Sequence[str]:
        """The banks that have a folder. Raises BankFilesAreAway."""
        try:
            return sorted(each.name for each in self._root.iterdir() if _BANK.fullmatch(each.name) and each.is_dir())
        except OSError as error:
            raise away_for(error) from None

    async def put_draft(self, *, bank_code: str, name: str, pieces: Iterator[bytes]) -> None:
        """Write a draft, whole and on the disk. Raises BankFilesAreAway."""
        await in_thread(_write, self._folder(bank_code) / "drafts" / name, pieces)

    async def publish(self, *, bank_code: str, name: str) -> None:
        """Note the draft's digest, then move it to where the bank looks. Raises BankFilesAreAway."""
        await in_thread(_publish, self._folder(bank_code), name)

    async def find_published(self, *, bank_code: str, name: str) -> bytes | None:
        """The digest of what was published under a name; a publication that was cut short is finished first."""
        return await in_thread(_find_published, self._folder(bank_code), name)

    async def list_returns(self, *, bank_code: str) -> Sequence[str]:
        """Whole files that the bank left, the oldest first. Raises BankFilesAreAway."""
        return await in_thread(_list_returns, self._folder(bank_code) / "from-bank")

    def open_return(self, *, bank_code: str, name: str) -> IO[bytes]:
        """Open a file that the bank left. Raises BankFilesAreAway."""
        try:
            return (self._folder(bank_code) / "from-bank" / name).open("rb")
        except OSError as error:
            raise away_for(error) from None

    async def put_away(self, *, bank_code: str, name: str, is_refused: bool) -> None:
        """Move a file that was dealt with; one of the same name that lies there is kept beside it."""
        await in_thread(_put_away, self._folder(bank_code), name, is_refused)

    def _folder(self, bank_code: str) -> Path:
        folder = self._root / bank_code
        try:
            for each in (folder, *(folder / name for name in _FOLDERS)):
                each.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise away_for(error) from None
        return folder


def away_for(error: OSError) -> BankFilesAreAway:
    """What a fault of the disk is told as; of a full one what to do."""
    is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return BankFilesAreAway(_IS_FULL if is_full else str(error))


async def in_thread(work: Callable[Given, Gives], *given: Given.args, **named: Given.kwargs) -> Gives:
    """Do what touches the disk in another thread. Raises BankFilesAreAway when the disk does not do it."""
    try:
        return await asyncio.to_thread(work, *given, **named)
    except OSError as error:
        raise away_for(error) from None


def _write(path: Path, pieces: Iterator[bytes]) -> None:
    with path.open("wb") as file:
        os.fchmod(file.fileno(), 0o600)
        for piece in pieces:
            file.write(piece)
        put_on_the_disk(file)


def put_on_the_disk(file: IO[bytes]) -> None:
    """Have all of a file on the disk, before anything is said of it or its name is changed."""
    file.flush()
    os.fsync(file.fileno())


def digest_of(path: Path) -> bytes:
    """The SM3 digest of a file."""
    digest = trust.Sm3()
    with path.open("rb") as file:
        while data := file.read(_PIECE):
            digest.update(data)
    return digest.digest()


def _publish(folder: Path, name: str) -> None:
    draft, noted = folder / "drafts" / name, folder / "published" / f"{name}.sm3"
    shown = folder / "to-bank" / name
    if shown.exists() and not noted.exists():
        # Somebody else's file: it stays, and whoever asks what was published is told its digest.
        return
    if draft.exists() and not noted.exists():
        _write(noted.with_suffix(".new"), iter([digest_of(draft).hex().encode()]))
        noted.with_suffix(".new").replace(noted)
        _sync(noted.parent)
    _finish(draft, shown)


def _finish(draft: Path, shown: Path) -> None:
    """Move a noted draft to where the bank looks, if that was not done.

    That may be another disk, a share of the bank's: there a copy under a hidden name gets its own only when the draft
    is gone, so that whoever dies in between shows it neither in part nor twice.
    """
    fresh = shown.with_name(f".{shown.name}")
    if draft.exists():
        fresh.unlink(missing_ok=True)
        if not _is_renamed(draft, shown):
            _copy(draft, fresh)
            draft.unlink()
            _sync(draft.parent)
    if fresh.exists():
        fresh.replace(shown)
    _sync(shown.parent)


def _is_renamed(source: Path, target: Path) -> bool:
    """Rename a file; False when the new name lies on another disk."""
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        return False
    return True


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as file:
        _write(target, iter(partial(file.read, _PIECE), b""))


def _sync(folder: Path) -> None:
    """Have the names in a folder on the disk."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _find_published(folder: Path, name: str) -> bytes | None:
    noted, shown = folder / "published" / f"{name}.sm3", folder / "to-bank" / name
    if noted.exists():
        _finish(folder / "drafts" / name, shown)
        return bytes.fromhex(noted.read_text())
    return digest_of(shown) if shown.exists() else None


def _list_returns(folder: Path) -> list[str]:
    found = [each for each in folder.iterdir() if each.is_file() and FILE_NAME.fullmatch(each.name)]
    return [each.name for each in sorted(found, key=lambda each: (each.stat().st_mtime_ns, each.name))]


def _put_away(folder: Path, name: str, is_refused: bool) -> None:
    source = folder / "from-bank" / name
    target = folder / ("refused" if is_refused else "done") / name
    number = 1
    while target.exists():
        number += 1
        target = target.with_name(f"{name}.{number}")
    if source.exists() and not _is_renamed(source, target):
        fresh = target.with_name(f".{target.name}")
        _copy(source, fresh)
        fresh.replace(target)
        source.unlink()
