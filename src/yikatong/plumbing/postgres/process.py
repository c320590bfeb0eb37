"""The postmaster: the one process of PostgreSQL that is our child; all its others are its own."""

import signal
import subprocess
from pathlib import Path

from yikatong.plumbing.postgres.account import Account
from yikatong.plumbing.postgres.folder import wait_until_left
from yikatong.plumbing.postgres.launch import start_program

_LOG_BYTES_MAX = 10_000_000
_STOP_STEPS = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0))
"""Fast shutdown, then without a checkpoint, then by force; the next start recovers from either."""


class Postmaster:
    """One postmaster after another on one cluster."""

    def __init__(
        self, command: list[str], *, account: Account | None, cluster: Path, socket_folder: Path, log_path: Path
    ) -> None:
        self._command = command
        self._account = account
        self._cluster = cluster
        self._socket_folder = socket_folder
        self._log_path = log_path
        self._process: subprocess.Popen[bytes] | None = None
        self.was_ready = False

    @property
    def pid(self) -> int | None:
        """The process id of the present postmaster."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start a postmaster, after all processes of the one before have left."""
        wait_until_left(self._cluster, socket_folder=self._socket_folder)
        if self._log_path.exists() and self._log_path.stat().st_size > _LOG_BYTES_MAX:
            self._log_path.replace(self._log_path.with_suffix(".log.old"))
        with self._log_path.open("ab") as output:
            self._log_path.chmod(0o600)
            self._process = start_program(self._command, account=self._account, output=output)

    def wait(self) -> int:
        """Wait for its end; gives the exit code."""
        assert self._process is not None
        return self._process.wait()

    def stop(self) -> None:
        """End it in order, and by force when it does not go."""
        if self._process is None:
            return
        for step, patience_seconds in _STOP_STEPS:
            self._process.send_signal(step)
            try:
                self._process.wait(timeout=patience_seconds)
            except subprocess.TimeoutExpired:
                continue
            return
