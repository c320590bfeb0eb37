"""A till killed at any moment has lost and doubled nothing once it has recovered."""

import os
import random
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from threading import Event
from typing import NamedTuple

import pytest

from tests.client.platform import Platform, Play
from tests.client.till import run_till
from tests.client.world import a_till
from yikatong.client.journal import Kind

MOMENTS = ("arrived", "done", "halfway", "answered")
PLAYS = [Play.ANSWER] * 6 + [Play.CUT_AFTER, Play.CUT_HALFWAY, Play.FAULT_AFTER, Play.FAULT_BEFORE, Play.CUT_BEFORE]
_processes = get_context("forkserver")
_processes.set_forkserver_preload(["tests.client.till"])


class Kill(NamedTuple):
    """When the platform kills a till: at a moment of one of its requests, the first of which is 1."""

    moment: str
    number: int


@contextmanager
def a_till_process(
    platform: Platform, folder: Path, *, taps_count: int, kill: Kill | None = None
) -> Iterator[ForkServerProcess]:
    """A till in a process of its own; at the end of the block it has ended."""
    process = _processes.Process(target=run_till, args=(platform.address, folder, taps_count))
    is_known = Event()
    if kill is not None:
        platform.at_moment = killing(process, kill, once=is_known)
    process.start()
    is_known.set()
    try:
        yield process
    finally:
        process.join()
        process.close()


def killing(process: ForkServerProcess, kill: Kill, *, once: Event) -> Callable[[str], None]:
    """What kills a till at its moment, once its number is known: it may send before we know that it started."""
    numbers = count(1)

    def watch(now: str) -> None:
        if now == kill.moment and next(numbers) == kill.number:
            once.wait()
            assert process.pid is not None
            os.kill(process.pid, signal.SIGKILL)

    return watch


def acknowledged(folder: Path) -> list[str]:
    return (folder / "acknowledged").read_text().splitlines()


def assert_nothing_was_lost_or_doubled(platform: Platform, folder: Path) -> None:
    """Journal, platform and notebook agree, once the last till has recovered."""
    with a_till(platform, folder) as till:
        till.recover()
        assert [] == till.unfinished()
        journalled = {
            entry.request_id for entry in till.journalled() if entry.kind is Kind.TAP and entry.outcome == "admitted"
        }
    known = acknowledged(folder)
    assert len(known) == len(set(known))
    assert set(known) <= journalled
    assert set(platform.taps) == journalled
    assert dict.fromkeys(journalled, 100) == platform.paid()


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_till_killed_around_one_answer_has_lost_and_doubled_nothing(tmp_path: Path, moment: str) -> None:
    with Platform() as platform:
        with a_till_process(platform, tmp_path, taps_count=100, kill=Kill(moment, 3)):
            pass
        assert 3 == len(platform.heard)

        assert_nothing_was_lost_or_doubled(platform, tmp_path)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_till_killed_again_and_again_on_a_bad_line_has_lost_and_doubled_nothing(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    with Platform() as platform:
        for _ in range(8):
            platform.plays.extend(chance.choices(PLAYS, k=60))
            kill = Kill(chance.choice(MOMENTS), chance.randint(1, 12))
            with a_till_process(platform, tmp_path, taps_count=1_000, kill=kill):
                pass
            platform.at_moment = lambda moment: None
        platform.plays.clear()
        with a_till_process(platform, tmp_path, taps_count=5):
            pass

        assert 5 <= len(acknowledged(tmp_path))
        assert_nothing_was_lost_or_doubled(platform, tmp_path)


def test_a_till_killed_while_nobody_looks_has_lost_and_doubled_nothing(tmp_path: Path) -> None:
    """The till is killed by another process than the one that answers it, wherever it happens to be."""
    with Platform() as platform:
        for _ in range(4):
            with a_till_process(platform, tmp_path, taps_count=1_000) as process:
                before = len(platform.heard)
                while len(platform.heard) < before + 5 and process.is_alive():
                    process.join(0.001)
                process.kill()

        assert_nothing_was_lost_or_doubled(platform, tmp_path)
