"""The processes that serve: watched side by side, each replaced when it dies or falls silent, none waiting for another.

A process that serves says so again and again, from the loop that serves, on a pipe of its own. The watch never waits
for one of them: a process that dies while it loads, or in the middle of a word, holds up nobody's replacement.
"""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

import structlog

from yikatong.plumbing.metrics import forget_worker

Work = Callable[[Connection], None]
"""What a process does: it serves, and says so with `say_that_we_serve`; a function that a fresh process finds."""

TURN_SECONDS = 0.2
"""How long the watch sleeps at most; a turn counts for no more, so a machine that stood still blames nobody for it."""
SILENT_SECONDS_MAX = 60.0
LOADING_SECONDS_MAX = 180.0
REST_SECONDS = 1.0
_BREATH_SECONDS = 0.01
_GRACE_SECONDS = 10.0
_BYTES_MAX = 4096
_SPAWN = multiprocessing.get_context("spawn")

log = structlog.get_logger("yikatong.server")


def say_that_we_serve(watch: Connection) -> None:
    """Say it on a process's pipe; never waits, for a watch that does not listen now hears it later or needs it not."""
    os.set_blocking(watch.fileno(), False)
    with suppress(BlockingIOError, BrokenPipeError):
        os.write(watch.fileno(), b".")


class _Place:
    """A place for one process after another."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None
        self._silent_seconds = 0.0
        self.has_served = False
        self.rest_seconds = 0.0

    def begin(self) -> None:
        """Start a fresh process."""
        hear, say = _SPAWN.Pipe(duplex=False)
        self._process = _SPAWN.Process(target=self._work, args=(say,), name="yikatong worker")
        self._process.start()
        say.close()
        os.set_blocking(hear.fileno(), False)
        self._pipe, self.has_served, self._silent_seconds = hear, False, 0.0

    @property
    def process(self) -> BaseProcess | None:
        """The process in this place; None once its end was seen."""
        return self._process

    def listen(self, *, passed_seconds: float) -> None:
        """Hear whether it serves; one that was silent for too long is killed, and its end seen like any other."""
        assert self._process is not None
        if self._has_spoken():
            self.has_served, self._silent_seconds = True, 0.0
            return
        self._silent_seconds += passed_seconds
        if self._silent_seconds > (SILENT_SECONDS_MAX if self.has_served else LOADING_SECONDS_MAX):
            log.error("worker is silent and is ended", pid=self._process.pid)
            self._process.kill()

    def _has_spoken(self) -> bool:
        assert self._pipe is not None
        try:
            return bool(os.read(self._pipe.fileno(), _BYTES_MAX))
        except BlockingIOError:
            return False

    def see_the_end(self) -> int | None:
        """The exit code of a process that has ended, told once; None while it lives and when there is none."""
        process = self._process
        if process is None or process.exitcode is None:
            return None
        code, pid = process.exitcode, process.pid
        assert self._pipe is not None
        assert pid is not None
        self._pipe.close()
        process.close()
        self._process = None
        forget_worker(pid)
        log.warning("worker ended", pid=pid, exit_code=code)
        return code


class WorkersDoNotStart(Exception):  # noqa: N818  what a process does not do, and not what went wrong in it
    """A process ended by its own fault before any had served: no other would do better."""


class Workers:
    """As many processes as there shall be, for as long as the server runs."""

    def __init__(
        self, work: Work, *, count: int, grace_seconds: float, ready: Callable[[], None] = lambda: None
    ) -> None:
        """Told to end, a process has `grace_seconds` for the calls on their way, and is killed a while after.

        `ready` is called once, when the first of them serves.
        """
        self._places = [_Place(work) for _ in range(count)]
        self._grace_seconds = grace_seconds
        self._ending = threading.Event()
        self._any_has_served = False
        self._ready = ready

    def run(self) -> None:
        """Keep the processes at work until SIGTERM, SIGINT or the terminal's SIGHUP.

        One that dies is replaced at once; one that ends by its own fault while it starts, after a second. Raises
        WorkersDoNotStart when that happens before any has served. Must be called by the main thread.
        """
        self._listen_to_signals()
        try:
            for place in self._places:
                place.begin()
            while not self._ending.is_set():
                self._turn()
        finally:
            self._end()

    def _listen_to_signals(self) -> None:
        for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            if signal.getsignal(one) is not signal.SIG_IGN:
                signal.signal(one, lambda *_: self._ending.set())

    def _turn(self) -> None:
        began = time.monotonic()
        living = [place.process for place in self._places if place.process is not None]
        if not living or wait([process.sentinel for process in living], timeout=TURN_SECONDS):
            # An end is known a little before it can be asked for: without a breath the watch would turn at full speed.
            time.sleep(_BREATH_SECONDS)
        passed_seconds = min(time.monotonic() - began, TURN_SECONDS)
        for place in self._places:
            self._look_after(place, passed_seconds=passed_seconds)

    def _look_after(self, place: _Place, *, passed_seconds: float) -> None:
        if place.process is None:
            place.rest_seconds -= passed_seconds
        elif (code := place.see_the_end()) is None:
            place.listen(passed_seconds=passed_seconds)
            if place.has_served and not self._any_has_served:
                self._any_has_served = True
                self._ready()
            return
        elif code > 0 and not self._any_has_served:
            raise WorkersDoNotStart(
                "没有工作进程启动成功，原因见此前的日志行。 "
                "No worker came up; the lines that it wrote before this one say why."
            )
        else:
            place.rest_seconds = REST_SECONDS if code > 0 and not place.has_served else 0.0
        if place.rest_seconds <= 0 and not self._ending.is_set():
            place.begin()

    def _end(self) -> None:
        """Tell all to end, and see that they do."""
        living = [place.process for place in self._places if place.process is not None]
        for process in living:
            process.terminate()
        until = time.monotonic() + self._grace_seconds + _GRACE_SECONDS
        for process in living:
            process.join(max(0.0, until - time.monotonic()))
            if process.exitcode is None:
                log.error("worker does not end and is killed", pid=process.pid)
                process.kill()
                process.join()
