"""Other processes that tests start and end."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_REPOSITORY = Path(__file__).parents[2]


def environment_with(**settings: str) -> dict[str, str]:
    """What a process of ours inherits, with these settings and none of whoever runs the tests."""
    inherited = {
        name: text
        for name, text in os.environ.items()
        if not name.startswith("YIKATONG_") or name.startswith("YIKATONG_TESTS_")
    }
    return inherited | settings


def interpreter_for(account: str) -> tuple[str, list[str]] | None:
    """An interpreter of our version that another account may run, and the folders of our libraries for it.

    The one that runs the tests often lies in a closed home; the system's own then does. None when neither can.
    """
    libraries = [path for path in sys.path if path.endswith("site-packages")]
    system = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    for interpreter in (sys.executable, system):
        try:
            subprocess.run(  # noqa: S603  an interpreter that imports one of our libraries
                [interpreter, "-c", "import psycopg"],
                env={"PYTHONPATH": os.pathsep.join(libraries)},
                user=account,
                group="nogroup",
                extra_groups=[],
                cwd="/",
                check=True,
                capture_output=True,
            )
        except (OSError, subprocess.CalledProcessError):
            continue
        return interpreter, libraries
    return None


@contextmanager
def a_python_process(
    module: str, *arguments: str, account: str | None = None, path_first: Path | None = None
) -> Iterator["subprocess.Popen[str]"]:
    """A Python process running a module of ours, as another account if asked; its input closes when the block ends."""
    interpreter, libraries = (account and interpreter_for(account)) or (sys.executable, [])
    search = [str(path) for path in (path_first, _REPOSITORY / "src", _REPOSITORY, *libraries) if path]
    process = subprocess.Popen(  # noqa: S603  our own module
        [interpreter, "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=_REPOSITORY,
        env=environment_with(PYTHONPATH=os.pathsep.join(search), PYTHONDONTWRITEBYTECODE="1"),
        user=account,
        group=None if account is None else "nogroup",
        extra_groups=None if account is None else [],
    )
    try:
        yield process
    finally:
        try:
            process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def next_line(process: "subprocess.Popen[str]") -> str:
    """The next line a process says; empty when it ended."""
    assert process.stdout is not None
    return process.stdout.readline().rstrip("\n")


def a_free_port() -> int:
    """A port of the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
