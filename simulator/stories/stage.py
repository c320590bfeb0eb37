"""What a story plays on: connections to the platform and the world outside, a console, and what must come true."""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Self, TypeVar

from rich.console import Console

from simulator.calls import Calls
from simulator.outside import ShiftShape
from simulator.stories.crew import Credentials, Crew
from yikatong.kernel.instants import day_of
from yikatong.plumbing.clock import SystemClock

T = TypeVar("T")


class StoryFailedError(Exception):
    """Something did not come out as the story says; the platform, or the story, is wrong."""


class Stage:
    """One performance: who may be called, where the terminals keep their journals, what the console shows."""

    def __init__(
        self,
        *,
        base_url: str,
        outside_url: str,
        first_operators: Mapping[str, Credentials],
        console: Console,
        folder: Path,
        crew: Crew,
        began: float,
        clock: SystemClock | None = None,
        set_clocks: Callable[[timedelta], None] | None = None,
        bank_files: Path | None = None,
    ) -> None:
        """`folder` is for the terminals' journals; the way to the first tap is measured from `began`.

        `set_clocks` shifts the platform's clocks, which starts it anew; without it the story has one day. `bank_files`
        is the folder in which the platform and its banks exchange files.
        """
        self.platform = Calls(base_url)
        self.outside = Calls(outside_url)
        self.first_operators = first_operators
        self.console = console
        self.folder = folder
        self.crew = crew
        self.began = began
        self.clock = clock or SystemClock()
        self._set_clocks = set_clocks
        self.bank_files = bank_files
        self.tag = secrets.token_hex(3)
        self.closing = ExitStack()
        self.closing.callback(self.platform.http.close)
        self.closing.callback(self.outside.http.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.closing.close()

    @property
    def today(self) -> date:
        """The day in Shanghai."""
        return day_of(self.now())

    def now(self) -> datetime:
        """The instant in the story; the platform's clock runs on the same machine, and as far ahead or back."""
        return self.clock.now()

    def go_on(self, *, days: int) -> None:
        """Go on so many days later: the platform is started anew, and everybody's clock is set."""
        if self._set_clocks is None:
            raise StoryFailedError("this platform's clock cannot be set, and the story goes on another day")
        shift = self.clock.shift + timedelta(days=days)
        self._set_clocks(shift)
        self.outside.call("PUT", "/simulator/clock", ShiftShape, ShiftShape(int(shift.total_seconds())))
        self.clock.shift = shift

    def expect(self, expected: object, found: object, about: str) -> None:
        """Go on when what was found is what the story says; raises StoryFailedError."""
        if expected != found:
            raise StoryFailedError(f"{about}: the story says {expected!r}, the platform {found!r}")

    def chapter(self, zh: str, en: str) -> None:
        """Begin a chapter."""
        self.console.print()
        self.console.rule(f"[bold]{zh}[/bold] {en}", align="left")

    @contextmanager
    def work(self, what: str) -> Iterator[None]:
        """Say what is being done, and how long it took once it is done; without a terminal on one line."""
        began = time.monotonic()
        if self.console.is_terminal:
            with self.console.status(what):
                yield
        else:
            self.console.print(f"  {what}", end="", soft_wrap=True)
            yield
        said = f"  {what}" if self.console.is_terminal else ""
        self.console.print(f"{said}  [dim]{time.monotonic() - began:.1f} s[/dim]")

    def wait_for(self, find: Callable[[], T | None], *, about: str, seconds: float = 20.0) -> T:
        """Ask until something is there, since what follows a tap comes a moment later; raises StoryFailedError."""
        deadline = time.monotonic() + seconds
        with self.console.status(about):
            while True:
                found = find()
                if found is not None:
                    return found
                if time.monotonic() > deadline:
                    raise StoryFailedError(f"{about}: it did not come within {seconds:.0f} s")
                time.sleep(0.1)
