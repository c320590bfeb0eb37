"""Log lines carry no secret, ID number, account number or code, whoever writes them."""

import errno
import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from yikatong.plumbing.metrics import REFUSALS, render_metrics
from yikatong.plumbing.scrubbing import HIDDEN, describe_failure, scrub, scrub_fields, scrub_text
from yikatong.plumbing.telemetry import SpansAsLogLines, configure_logs, configure_traces, tracer

ID_NUMBER = "11010519491231002X"  # the example of GB 11643-1999, annex
CARD = "6222021234567890123"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logs(level="info", format="json", stream=stream)
    yield stream
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"resident {ID_NUMBER} refused", "resident [id number] refused"),
        (f"resident {ID_NUMBER.lower()}", "resident [id number]"),
        (f"id{ID_NUMBER}.", "id[id number]."),
        (f"account {CARD}", "account [account number]"),
        ("account 6222 0212 3456 7890 123", "account [account number]"),
        ("account 6222-0212-3456-7890", "account [account number]"),
        ("scanned YK1:6BFOXN%TSMAHN-H/PI*1V then", "scanned [card code] then"),
        ("postgresql://yikatong:hunter2@db/x", "postgresql://[hidden]@db/x"),
        ("tap_01234567890123456789012345678901 took 12 ms", "tap_01234567890123456789012345678901 took 12 ms"),
        ("01234567-8901-7234-8234-567890123456", "01234567-8901-7234-8234-567890123456"),
        ("2026-11-25 12:00:00 paid 123456 fen at 330108", "2026-11-25 12:00:00 paid 123456 fen at 330108"),
        ("１１０１０５１９４９１２３１００２X", "[id number]"),
    ],
)
def test_texts_are_scrubbed_by_pattern(text: str, expected: str) -> None:
    assert scrub_text(text) == expected


@pytest.mark.parametrize(
    "name", ["password", "new_password", "pin", "pepper", "Authorization", "api_key", "id_number", "full_name", "code"]
)
def test_fields_are_hidden_by_name(name: str) -> None:
    assert scrub_fields({name: "anything", "count": 3}) == {name: HIDDEN, "count": 3}


def test_values_are_scrubbed_however_deep() -> None:
    value = {"a": [{"b": (ID_NUMBER, int(CARD), b"raw")}], CARD: 1, "id": UUID(int=1)}
    assert scrub(value) == {
        "a": [{"b": ["[id number]", "[account number]", "[3 bytes]"]}],
        "[account number]": 1,
        "id": str(UUID(int=1)),
    }


@given(st.text(), st.from_regex(r"[1-9]\d{16}[\dX]", fullmatch=True), st.text())
def test_an_id_number_never_stays_whole(before: str, number: str, after: str) -> None:
    apart = (before.rstrip("0123456789") + " ", " " + after)
    assert number not in scrub_text(apart[0] + number + apart[1])


def test_a_failure_is_told_in_one_scrubbed_line() -> None:
    assert describe_failure(ValueError(f"no {CARD}")) == "ValueError: no [account number]"


def test_our_lines_are_json_and_scrubbed(lines: io.StringIO) -> None:
    structlog.get_logger("yikatong").info("looked", resident=ID_NUMBER, password="x", count=2)
    line = json.loads(lines.getvalue())
    assert line.pop("at").endswith("Z")
    assert line == {"level": "info", "event": "looked", "resident": "[id number]", "password": HIDDEN, "count": 2}


def test_lines_of_libraries_are_scrubbed_too(lines: io.StringIO) -> None:
    logging.getLogger("some.library").warning("sent %s", CARD)
    line = json.loads(lines.getvalue())
    assert (line["event"], line["logger"], line["level"]) == ("sent [account number]", "some.library", "warning")


def test_a_traceback_is_scrubbed(lines: io.StringIO) -> None:
    try:
        raise ValueError(ID_NUMBER)
    except ValueError:
        structlog.get_logger("yikatong").exception("failed")
    assert ID_NUMBER not in lines.getvalue()
    assert "ValueError: [id number]" in lines.getvalue()


def test_what_is_bound_to_the_context_is_on_every_line(lines: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(request="req-1"):
        structlog.get_logger("yikatong").info("one")
    assert json.loads(lines.getvalue())["request"] == "req-1"


def test_lines_below_the_level_are_not_written(lines: io.StringIO) -> None:
    structlog.get_logger("yikatong").debug("details")
    logging.getLogger("some.library").debug("details")
    assert lines.getvalue() == ""


def test_console_lines_are_scrubbed_too() -> None:
    stream = io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logs(level="info", format="console", stream=stream)
    structlog.get_logger("yikatong").info("looked", resident=ID_NUMBER)
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
    assert "[id number]" in stream.getvalue()
    assert ID_NUMBER not in stream.getvalue()


class FullDisk(io.StringIO):
    """Takes what is written, and has no room when it is to be kept."""

    def flush(self) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.usefixtures("lines")
def test_a_line_that_cannot_be_written_ends_nobody_s_work() -> None:
    configure_logs(level="info", format="json", stream=FullDisk())

    structlog.get_logger().error("a batch was given up")


def test_tracing_is_off_by_default() -> None:
    assert configure_traces(sample_ratio=0) is None
    with tracer().start_as_current_span("tap") as span:
        assert not span.is_recording()


def test_spans_become_scrubbed_log_lines(lines: io.StringIO) -> None:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(SpansAsLogLines()))
    with provider.get_tracer("yikatong").start_as_current_span("tap", attributes={"resident": ID_NUMBER}) as span:
        trace_id = span.get_span_context().trace_id
    provider.shutdown()
    line = json.loads(lines.getvalue())
    assert (line["event"], line["name"], line["trace"]) == ("span", "tap", trace.format_trace_id(trace_id))
    assert line["attributes"] == {"resident": "[id number]"}


def test_metrics_are_rendered_for_prometheus() -> None:
    REFUSALS.labels(reason="CODE_IS_TOO_OLD").inc()
    kind, body = render_metrics()
    assert kind.startswith("text/plain")
    assert b'yikatong_refusals_total{reason="CODE_IS_TOO_OLD"}' in body


def test_workers_numbers_are_added_up(tmp_path: Path) -> None:
    program = (
        "from yikatong.plumbing.metrics import REFUSALS, render_metrics\n"
        "REFUSALS.labels(reason='R').inc()\n"
        "print(render_metrics()[1].decode())\n"
    )
    environment = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[3] / "src")}
    said = ""
    for _ in range(2):
        command = [sys.executable, "-c", program]
        said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout  # noqa: S603  our own program
    assert 'yikatong_refusals_total{reason="R"} 2.0' in said


def test_our_lines_and_those_of_libraries_are_one_json_object_each(lines: io.StringIO) -> None:
    structlog.get_logger("ours").info("one")
    logging.getLogger("a.library").warning("two")
    structlog.get_logger("ours").info("three")

    assert ["one", "two", "three"] == [json.loads(line)["event"] for line in lines.getvalue().splitlines()]
