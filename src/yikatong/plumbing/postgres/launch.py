"""Run a program as another account, tied to the life of the process that asked for it.

This file is also a script of its own: a fresh interpreter takes on the account, asks the kernel for SIGINT when the
parent dies (the request is lost when the account changes, so it comes after), and becomes the program. A child made so
is safe to start from a process with threads, which a function run between fork and exec is not.
"""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from yikatong.plumbing.postgres.account import Account

_PR_SET_PDEATHSIG = 1
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC", "HOME": "/"}


def start_program(
    arguments: Sequence[str], *, account: "Account | None", output: IO[bytes] | int
) -> "subprocess.Popen[bytes]":
    """Start a program as a direct child that gets SIGINT when the calling *thread* ends; `output` takes all it says.

    The child has a session of its own, so a Ctrl-C at the terminal reaches us alone and we end it in order.
    """
    uid, gid = (account.uid, account.gid) if account else (-1, -1)
    command = [sys.executable, "-I", "-S", __file__, str(os.getpid()), str(uid), str(gid), *arguments]
    return subprocess.Popen(  # noqa: S603  our own binaries and arguments
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd="/",
        env=_ENVIRONMENT,
        start_new_session=True,
    )


def run_program(arguments: Sequence[str], *, account: "Account | None") -> tuple[int, str]:
    """Run a program to its end as an account; gives its exit code and all it said."""
    with start_program(arguments, account=account, output=subprocess.PIPE) as process:
        said, _ = process.communicate()
    return process.returncode, said.decode("utf-8", errors="replace")


def _become(parent: int, uid: int, gid: int, arguments: list[str]) -> None:
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    os.umask(0o077)
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)
    if os.getppid() != parent:  # the parent died before it was asked for; nobody would stop us later
        sys.exit(1)
    os.execv(arguments[0], arguments)  # noqa: S606  becoming the program is the purpose


if __name__ == "__main__":
    _become(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
