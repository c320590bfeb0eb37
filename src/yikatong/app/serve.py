"""Serving: the database, the workers, and the process that runs what runs by itself, as one family of processes."""

import multiprocessing
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from yikatong.app.http.server import Compose, end_with_parent, run_server
from yikatong.app.prepare import Tell
from yikatong.app.runner import run_jobs
from yikatong.app.worker import compose
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.metrics import shared_in_memory
from yikatong.plumbing.settings import Settings
from yikatong.plumbing.telemetry import configure_logs

_END_SECONDS = 10
_SPAWN = multiprocessing.get_context("spawn")


def serve(
    settings: Settings,
    address: ServerAddress,
    *,
    tell: Tell = lambda _: None,
    ready: Tell = lambda _: None,
    composing: Compose = compose,
) -> None:
    """Serve a prepared database until SIGTERM or SIGINT; `tell` and `ready` hear the address as `run_server` says.

    `composing` opens each worker's application; a measurement has another one than everybody else.
    The folder of measurements is named before the first child starts, so that the jobs' are among them.
    """
    configure_logs(level=settings.log_level, format=settings.log_format)
    measured = shared_in_memory(otherwise=Path(settings.data_folder) / "metrics")
    with measured, kept_alive(_run_jobs, settings, address):
        run_server(settings, address=address, compose=composing, tell=tell, ready=ready)


@contextmanager
def kept_alive(
    work: Callable[[Settings, ServerAddress], None], settings: Settings, address: ServerAddress
) -> Iterator[None]:
    """Keep one child process at work for as long as the block runs, a new one when it dies."""
    ending = threading.Event()
    thread = threading.Thread(target=_watch, args=(work, settings, address, ending), name="jobs", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join(_END_SECONDS)


def _watch(
    work: Callable[[Settings, ServerAddress], None],
    settings: Settings,
    address: ServerAddress,
    ending: threading.Event,
) -> None:
    while not ending.is_set():
        process = _SPAWN.Process(target=work, args=(settings, address), name="yikatong jobs", daemon=True)
        process.start()
        while process.is_alive() and not ending.wait(0.2):
            pass
        if ending.is_set():
            process.terminate()
        process.join(_END_SECONDS)
        ending.wait(1.0)


def _run_jobs(settings: Settings, address: ServerAddress) -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    assert parent.pid is not None
    if end_with_parent(parent.pid):
        run_jobs(settings, address)
