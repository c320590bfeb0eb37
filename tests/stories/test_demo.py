"""The demo as a process: interrupted it leaves nothing behind, and played to its end it ends with 0."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

from tests.support.database import folder_of_our_own
from tests.support.processes import environment_with
from yikatong.app.demo import INTERRUPTED
from yikatong.app.demo_platform import port_is_taken
from yikatong.plumbing.settings import Settings

PLAY_ONCE = """
import signal

from yikatong.app.demo import run_demo
from yikatong.plumbing.settings import read_settings

if __name__ == "__main__":
    # A test run in the background has this signal ignored, and its processes inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    run_demo(read_settings(), once=True)
"""


def a_demo(folder: Path, *, port: int = Settings().port) -> "subprocess.Popen[str]":
    """A demo without a terminal on a data folder of its own; it has its own database, whichever the settings name."""
    program = folder / "play_once.py"
    program.write_text(PLAY_ONCE)
    search = [str(Path(__file__).parents[2]), *(path for path in sys.path if path)]
    return subprocess.Popen(  # noqa: S603  our own program
        [sys.executable, "-u", program],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        env=environment_with(
            PYTHONPATH=os.pathsep.join(search),
            YIKATONG_DATA_FOLDER=str(folder),
            YIKATONG_PORT=str(port),
            YIKATONG_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none",
        ),
    )


def is_served(port: int) -> bool:
    """Whether somebody listens on a port of the loopback address."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_demo_that_was_interrupted_leaves_nothing_running_and_the_next_one_ends_well() -> None:
    folder = folder_of_our_own()
    with a_demo(folder) as interrupted:
        assert interrupted.stdout is not None
        served = next(line for line in interrupted.stdout if "serving on" in line)
        port = int(re.findall(r":(\d+)", served)[0])
        assert is_served(port)
        interrupted.send_signal(signal.SIGINT)
        rest = interrupted.stdout.read()
    last = "故事未演完即停止 ended before the story was over"
    assert (INTERRUPTED, last) == (interrupted.returncode, rest.splitlines()[-1])
    assert not is_served(port)

    with socket.socket() as neighbour:
        neighbour.bind(("127.0.0.1", 0))
        neighbour.listen()
        taken: int = neighbour.getsockname()[1]
        with a_demo(folder, port=taken) as whole:
            said, _ = whole.communicate()
    assert 0 == whole.returncode, said
    assert "everything came out as the story says" in said
    assert "The platform ends with the story" in said
    assert "/docs" not in said
    assert port_is_taken(taken).zh in said
