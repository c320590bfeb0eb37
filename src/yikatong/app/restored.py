"""The first start after a restore: what the lost time handed out must not be handed out again.

A restore leaves a note in the data folder. The next start takes it up, whether it comes at once or days later: it waits
until every code of the lost time is too old, passes over the numbers that were given out, and lets pay-outs rest when
a bank may know more than the database. Why, and what remains to be done by people: decision 0010.
"""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from yikatong.app.caches import REGIONS
from yikatong.plumbing import versions
from yikatong.plumbing.backup.errors import BackupError
from yikatong.plumbing.backup.manifest import write_durably
from yikatong.plumbing.backup.restorations import Restoration, record_restoration, rest_jobs
from yikatong.plumbing.clock import Clock
from yikatong.plumbing.database import Connection
from yikatong.plumbing.postgres.archiving import is_copy
from yikatong.plumbing.settings import Settings
from yikatong.trust import service as trust
from yikatong.trust.model import KeyHolder

CODES_LIVE = timedelta(seconds=120)
"""From the latest clock that may have signed a code of the lost time until that code is too old."""
PASSED_OVER_COUNT = 1_000
"""Trust lists that the lost time may have published: more than a list a day for the longest log that anybody keeps."""
PAY_OUT_JOBS = ("payouts.settle", "payouts.pay")


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """What a restore leaves for the next start: what it did, and until when codes of the lost time may be good."""

    restoration: Restoration
    codes_end_at: datetime


def verify_no_copy(settings: Settings) -> Settings:
    """The settings, when their data folder holds no copy: two that serve would both pay. Raises BackupError."""
    if settings.database_url is None and is_copy(Path(settings.data_folder)):
        raise BackupError(
            f"{settings.data_folder} holds a copy that was restored to be looked at; it is not served.",
            f"{settings.data_folder}中是恢复出来供查看的副本，不能用于服务。",
        )
    return settings


def write_note(settings: Settings, note: Note) -> None:
    """Leave the note for the next start."""
    write_durably(_note(settings), msgspec.json.encode(note) + b"\n")


def read_note(settings: Settings) -> Note | None:
    """The note that a restore left; None when there was none since the last start."""
    try:
        return msgspec.json.decode(_note(settings).read_bytes(), type=Note)
    except FileNotFoundError:
        return None


def remove_note(settings: Settings) -> None:
    """Remove the note, after what it asks for was committed."""
    _note(settings).unlink(missing_ok=True)


async def wait_until_codes_ended(note: Note, *, clock: Clock) -> None:
    """Wait until no code that may have been used in the lost time is good any more."""
    await asyncio.sleep(max(0.0, (note.codes_end_at - clock.now()).total_seconds()))


async def take_up(conn: Connection, restoration: Restoration, *, keys: KeyHolder, clock: Clock) -> None:
    """Pass over what the lost time gave out, in a transaction that is open; a second time does no harm.

    Two lists are published: the first may be signed by the root of then, the second is by the root of now, which is the
    only one that a verifier knows who saw it change in the lost time.
    """
    await record_restoration(conn, restoration)
    for passed_over_count in (PASSED_OVER_COUNT, 0):
        await trust.republish_trust_list(conn, holder=keys, now=clock.now(), passed_over_count=passed_over_count)
    await versions.bump(conn, subject=REGIONS)
    if restoration.target_at is not None:
        await rest_jobs(conn, PAY_OUT_JOBS, now=clock.now())


def _note(settings: Settings) -> Path:
    return Path(settings.data_folder) / "restored.json"
