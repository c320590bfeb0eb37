"""What the platform says of itself: log lines, one per event, scrubbed; and traces, when they are asked for."""

import logging
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import Literal, TextIO

import msgspec
import structlog
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from structlog.typing import EventDict, Processor, WrappedLogger

from yikatong.plumbing.scrubbing import scrub_fields

LogLevel = Literal["debug", "info", "warning", "error", "critical"]
LogFormat = Literal["json", "console"]

_LEVELS: dict[LogLevel, int] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
}


def configure_logs(*, level: LogLevel, format: LogFormat, stream: TextIO | None = None) -> None:
    """Send our own log lines and those of libraries, scrubbed, one per line, to a stream (standard error).

    JSON lines carry `at` (UTC, ISO 8601), `level`, `event`, then the fields. What is bound to the context
    (structlog.contextvars), such as a request id, is on every line. A line that cannot be written is lost.
    """
    output = stream or sys.stderr
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.format_exc_info,
        _scrub,
    ]
    structlog.configure(
        processors=[*shared, _renderer(format, output)],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=lambda *_: _Lines(output),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(output)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer(format, output)],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(_LEVELS[level], logging.INFO), force=True)


def configure_traces(*, sample_ratio: float) -> TracerProvider | None:
    """Record a share of requests as OpenTelemetry spans; none, and nothing is set up, at a ratio of 0.

    A request whose caller already sampled it is recorded too. Spans become log lines.
    Shut the given provider down at the end, so that the last spans are not lost.
    """
    if sample_ratio <= 0:
        return None
    provider = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(sample_ratio)), resource=Resource.create({"service.name": "yikatong"})
    )
    provider.add_span_processor(BatchSpanProcessor(SpansAsLogLines()))
    trace.set_tracer_provider(provider)
    return provider


def places_of(fault: BaseException) -> list[str]:
    """Where a fault came from, without its message, which may carry what was in a row."""
    frames = traceback.extract_tb(fault.__traceback__)
    return [f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}" for frame in frames[-12:]]


def tracer() -> trace.Tracer:
    """The tracer of the house; it records nothing until `configure_traces` sets it up."""
    return trace.get_tracer("yikatong")


class SpansAsLogLines(SpanExporter):
    """Writes each ended span as a log line."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Write the spans."""
        log = structlog.get_logger("yikatong.traces")
        for span in spans:
            context = span.context
            log.info(
                "span",
                name=span.name,
                trace=f"{context.trace_id:032x}" if context else None,
                span=f"{context.span_id:016x}" if context else None,
                milliseconds=((span.end_time or 0) - (span.start_time or 0)) / 1_000_000,
                attributes=dict(span.attributes or {}),
            )
        return SpanExportResult.SUCCESS


class _Lines(structlog.WriteLogger):
    """Writes lines, and passes over those that cannot be written: a full disk ends nobody who only says something."""

    def msg(self, message: str) -> None:
        """Write a line."""
        with suppress(OSError):
            super().msg(message)

    debug = info = warning = error = critical = msg


def _scrub(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Scrub every field; those beginning with an underscore are structlog's own and are not written."""
    own = {name: value for name, value in event.items() if name.startswith("_")}
    return {**scrub_fields({name: value for name, value in event.items() if name not in own}), **own}


def _add_logger_name(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    record: logging.LogRecord | None = event.get("_record")
    if record is not None:
        event["logger"] = record.name
    return event


def _renderer(format: LogFormat, output: TextIO) -> Processor:
    if format == "json":
        return _as_json_line
    return _as_console_line(output)


def _as_json_line(_: WrappedLogger, __: str, event: EventDict) -> str:
    first = {name: event.pop(name) for name in ("at", "level", "event") if name in event}
    return msgspec.json.encode({**first, **event}, enc_hook=str).decode()


def _as_console_line(output: TextIO) -> Processor:
    render = structlog.dev.ConsoleRenderer(
        colors=output.isatty(), timestamp_key="at", exception_formatter=structlog.dev.plain_traceback
    )

    def render_line(logger: WrappedLogger, name: str, event: EventDict) -> str:
        return str(render(logger, name, event))

    return render_line
