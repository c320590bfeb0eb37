"""Measurements for Prometheus, of one process or of several workers together.

With several workers each writes its numbers to a file in a common folder, named by PROMETHEUS_MULTIPROC_DIR before
this module is imported; whichever worker is asked for `/metrics` adds them up. The files are mapped into memory, and
whoever writes into a map for which the disk has no room is killed: so they lie in memory where the machine allows it.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, values
from prometheus_client import generate_latest as generate
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

_FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_PID = os.getpid()
if _FOLDER_VARIABLE in os.environ:
    # A worker is started anew and never forked, so it need not ask the system who it is at each count.
    values.ValueClass = values.MultiProcessValue(process_identifier=lambda: _PID)  # type: ignore[no-untyped-call]
_MEMORY = Path("/dev/shm")  # noqa: S108  the folder made in it is closed to others, and one of somebody else is not used
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

REQUEST_SECONDS = Histogram(
    "yikatong_request_seconds", "Time from a request's arrival to its answer.", ["route", "status"], buckets=_SECONDS
)
REFUSALS = Counter("yikatong_refusals", "Requests refused for a named reason.", ["reason"])
EVENTS = Counter("yikatong_outbox_events", "Outbox events by what became of them.", ["topic", "outcome"])
EVENTS_PARKED = Gauge("yikatong_outbox_parked", "Outbox events that wait for a person.", multiprocess_mode="mostrecent")
EVENT_AGE_SECONDS = Histogram(
    "yikatong_outbox_age_seconds", "Time from an event's making to its delivery.", buckets=(*_SECONDS, 60.0, 600.0)
)
JOB_SECONDS = Histogram(
    "yikatong_job_seconds", "Time a job ran.", ["job", "outcome"], buckets=(*_SECONDS, 60.0, 600.0, 3600.0)
)


@contextmanager
def shared_in_memory(*, otherwise: Path) -> Iterator[Path]:
    """Have the workers started in the block share their numbers in a folder in memory, else in the folder named.

    The folder in memory is named after that one, so what a killed server left there is emptied by the next.
    """
    folder = _MEMORY / f"ykt-metrics-{sha256(os.fsencode(otherwise.resolve())).hexdigest()[:32]}"
    try:
        share_among_workers(folder)
    except OSError:  # no memory to write to, or the name is somebody else's
        share_among_workers(otherwise)
        yield otherwise
        return
    shutil.rmtree(otherwise, ignore_errors=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def share_among_workers(folder: Path) -> None:
    """Have the workers started after this share their numbers in a folder, which is emptied first."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    os.environ[_FOLDER_VARIABLE] = str(folder)


def forget_worker(pid: int) -> None:
    """Drop the present state (not the totals) of a worker that ended."""
    if _FOLDER_VARIABLE in os.environ:
        mark_process_dead(pid)  # type: ignore[no-untyped-call]


def render_metrics() -> tuple[str, bytes]:
    """The content type and body of `/metrics`, of all workers together."""
    registry = REGISTRY
    if _FOLDER_VARIABLE in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return CONTENT_TYPE_LATEST, generate(registry)
