"""A terminal without a network and the client's line to the platform fit together, also over a line that breaks."""

from base64 import urlsafe_b64encode
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from tests.client.platform import Heard, Platform, Play, Said, said_no
from tests.client.world import a_connection
from tests.support.world import NOON
from tests.terminal.world import (
    REGION,
    Till,
    a_phone,
    a_sheet,
    a_status_delta,
    a_status_list,
    a_trust_list,
    an_allowance,
)
from yikatong.client.connection import Patience
from yikatong.client.offline import OfflinePlatform
from yikatong.terminal.model import Uploaded
from yikatong.terminal.platform import Platform as Asked
from yikatong.terminal.platform import PlatformIsAway


def _write(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _shown(value: object) -> Said:
    return Said(200, msgspec.json.encode(value))


def test_a_till_fetches_serves_and_uploads_once_over_a_line_that_breaks(tmp_path: Path) -> None:
    phone, till = a_phone(), Till(tmp_path / "m")
    taken: dict[int, bytes] = {}

    def upload(heard: Heard) -> Said:
        sequence = msgspec.json.decode(heard.body)["sequence"]
        assert taken.setdefault(sequence, heard.body) == heard.body
        return _shown({"sequence": sequence, "outcome": "posted", "decided_at": NOON, "tap": None, "reason": None})

    later = NOON + timedelta(minutes=5)

    def deltas(heard: Heard) -> Said:
        if heard.query != f"since={int(NOON.timestamp())}":
            return said_no(404, "STATUS_DELTA_IS_NOT_KEPT")
        return _shown({"deltas": [_write(a_status_delta({}, {7: 1}, base=NOON, now=later))]})

    trust_list = _write(a_trust_list())
    with Platform() as line:
        sheet = {"sheet": _write(a_sheet(an_allowance(phone))), "issued_at": NOON, "expires_at": NOON}
        line.answers = {
            ("GET", "/v1/trust-list"): lambda heard: _shown({"envelope": trust_list}),
            ("GET", f"/v1/status-lists/{REGION}"): lambda heard: _shown(
                {"lists": [{"number": 0, "token": _write(a_status_list())}]}
            ),
            ("GET", f"/v1/status-lists/{REGION}/deltas"): deltas,
            ("GET", "/v1/offline-sheet"): lambda heard: _shown(sheet),
            ("POST", "/v1/offline-taps"): upload,
        }
        with a_connection(line, patience=Patience(answer_seconds=30, tries=1)) as connection:
            platform: Asked = OfflinePlatform(connection, answer=Uploaded, is_away=PlatformIsAway)
            till.kit.fetch(platform)
            for _ in range(3):
                till.pay(phone, 100)
            line.plays.extend([Play.ANSWER, Play.CUT_AFTER])
            with pytest.raises(PlatformIsAway):
                till.kit.upload(platform)
            heard_first = [one.sequence for one in till.kit.answered()]
            said = till.kit.upload(platform)
            till.clock.set(later)
            sheet["sheet"] = _write(a_sheet(an_allowance(phone), now=later))
            till.kit.fetch(platform)
            held = till.kit.lists.edition_issued_at(REGION)
            missing = platform.status_deltas(REGION, since=later)

            line.kill()
            with pytest.raises(PlatformIsAway):
                till.kit.fetch(platform)

    assert later == held
    assert missing is None
    assert [1] == heard_first
    assert [2, 3] == [one.sequence for one in said]
    assert [1, 2, 3] == sorted(taken)
    assert [] == till.kit.admitted()
