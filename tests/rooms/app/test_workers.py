"""The watch over worker processes: who falls silent is replaced, who cannot start ends the server."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from yikatong.app.http import workers
from yikatong.app.http.workers import Workers, WorkersDoNotStart, say_that_we_serve


@pytest.fixture(autouse=True)
def signals_as_before() -> Iterator[None]:
    """What these signals did to the tests' own process they do again afterwards."""
    ours = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = [signal.getsignal(one) for one in ours]
    yield
    for one, handler in zip(ours, before, strict=True):
        signal.signal(one, handler)


def speak_once(folder: Path, watch: Connection) -> None:
    """Serve in name only; whoever comes after the first ends the server."""
    (folder / str(os.getpid())).touch()
    say_that_we_serve(watch)
    if len(list(folder.iterdir())) >= 2:
        os.kill(os.getppid(), signal.SIGTERM)
    time.sleep(600)


def look_ended_and_serve(folder: Path, watch: Connection) -> None:
    """Let go of everything but the watch's pipe, as one that is about to end does, and go on serving for a while."""
    (folder / str(os.getpid())).touch()
    os.closerange(watch.fileno() + 1, 256)
    os.closerange(3, watch.fileno())
    until = time.monotonic() + 2
    while time.monotonic() < until:
        say_that_we_serve(watch)
        time.sleep(0.5)
    os.kill(os.getppid(), signal.SIGTERM)
    time.sleep(600)


def fail_to_start(_: Connection) -> None:
    """End as a server does whose application does not come up."""
    sys.exit(3)


def test_a_worker_that_falls_silent_is_ended_and_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "SILENT_SECONDS_MAX", 0.3)

    ready: list[bool] = []
    Workers(
        partial(speak_once, tmp_path), count=1, grace_seconds=5, ready=lambda: ready.append(any(tmp_path.iterdir()))
    ).run()

    assert [True] == ready
    assert 2 <= len(list(tmp_path.iterdir()))
    assert not any(Path(f"/proc/{pid.name}").exists() for pid in tmp_path.iterdir())


def test_a_server_whose_workers_cannot_start_ends_and_says_so() -> None:
    ready: list[bool] = []
    with pytest.raises(WorkersDoNotStart, match="No worker came up"):
        Workers(fail_to_start, count=2, grace_seconds=5, ready=lambda: ready.append(True)).run()

    assert [] == ready


def test_the_slow_end_of_one_worker_is_not_taken_for_the_silence_of_the_others(tmp_path: Path) -> None:
    Workers(partial(look_ended_and_serve, tmp_path), count=2, grace_seconds=5).run()

    assert len(list(tmp_path.iterdir())) == 2
