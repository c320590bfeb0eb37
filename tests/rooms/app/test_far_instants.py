"""Instants of no year that anything here can hold are refused where a body is read, however they are written."""

from datetime import UTC, datetime

import msgspec
import pytest

from yikatong.app.http.decoding import body_reader
from yikatong.kernel.instants import Instant
from yikatong.kernel.outcomes import Refused


class Inner(msgspec.Struct):
    until: Instant | None = None


class Body(msgspec.Struct):
    at: Instant
    inner: list[Inner] = []


FAR = [
    b'{"at": "0001-01-01T00:00:00+23:59"}',
    b'{"at": "9999-12-31T23:59:59-23:59"}',
    b'{"at": "1969-12-31T23:59:59Z"}',
    b'{"at": "3000-01-01T00:00:00Z"}',
    b'{"at": "\\u0030001-01-01T00:00:00Z"}',
    b'{"at": "2026-01-01T00:00:00Z", "inner": [{}, {"until": "9999-01-01T00:00:00Z"}]}',
]


@pytest.mark.parametrize("body", FAR)
def test_an_instant_out_of_reach_is_refused_with_its_place(body: bytes) -> None:
    with pytest.raises(Refused, match="BODY_IS_NOT_ACCEPTED") as refused:
        body_reader(Body)(body)

    assert refused.value.about["field"] in ("$.at", "$.inner[...].until")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1970-01-01T00:00:00Z", datetime(1970, 1, 1, tzinfo=UTC)),
        ("2999-12-31T23:59:59Z", datetime(2999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_an_instant_within_reach_is_read(written: str, read: datetime) -> None:
    assert read == body_reader(Body)(f'{{"at": "{written}"}}'.encode()).at
