"""When the last transaction in a piece of the log was committed, which is how far a restore can be told to go."""

import re
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from yikatong.plumbing.backup.archive import Archive
from yikatong.plumbing.backup.segments import Segment
from yikatong.plumbing.postgres.launch import run_program

_ENDED = re.compile(r"desc: (?:COMMIT|ABORT) (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}) UTC")


def find_last_commit(archive: Archive, segments: Sequence[Segment], *, programs: Path) -> datetime | None:
    """The instant of the last transaction that ended in some segments; None when none did.

    Raises SegmentIsDamagedError.
    """
    with tempfile.TemporaryDirectory(prefix="yikatong-log-") as folder:
        for segment in reversed(segments):
            path = Path(folder) / segment.name
            path.write_bytes(archive.read(segment))
            # It ends with a failure where the log ends, which is no failure of ours.
            _, said = run_program([str(programs / "pg_waldump"), "--rmgr=Transaction", str(path)], account=None)
            path.unlink()
            if ended := _ENDED.findall(said):
                return max(datetime.fromisoformat(one).replace(tzinfo=UTC) for one in ended)
    return None
