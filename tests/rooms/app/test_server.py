"""The server as a process: workers are replaced, it ends when told, and it does what its document says."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from msgspec import structs

from yikatong.app.http.server import verify_listening
from yikatong.plumbing.database import Database
from yikatong.plumbing.settings import SettingsError, read_settings

pytestmark = pytest.mark.anyio

REPOSITORY = Path(__file__).parents[3]
PATIENCE_SECONDS = 60.0


def wait_for(holds: Callable[[], bool]) -> None:
    """Wait until something holds; fails when it does not within a minute."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < until, "it did not come to hold"
        time.sleep(0.05)


def read_of(pid: int, name: str) -> str:
    """What the kernel says of a process; nothing once it has ended, though nobody may have asked how it ended."""
    try:
        return Path(f"/proc/{pid}/{name}").read_text()
    except OSError:
        return ""


def command_of(pid: int) -> str:
    """What a process runs."""
    return read_of(pid, "cmdline")


class Served:
    """A running server of the toy routes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process = subprocess.Popen(  # noqa: S603  our own interpreter and our own words
            [sys.executable, "-m", "tests.support.toy_server", str(folder)],
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'src'}"},
        )
        wait_for((folder / "address").exists)
        self.address = (folder / "address").read_text()
        wait_for(self.answers)

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.address}/health/live", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def workers(self) -> set[int]:
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return {int(child) for child in children if "spawn_main" in command_of(int(child))}

    def newcomer(self, *, besides: set[int]) -> int:
        """The process that comes for one that is gone."""
        wait_for(lambda: bool(self.workers() - besides))
        (pid,) = self.workers() - besides
        return pid

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_SECONDS)


@pytest.fixture(scope="module")
def served(db: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    server = Served(tmp_path_factory.mktemp("served"))
    yield server
    if server.process.poll() is None:
        server.end()


def explore(served: Served, *, token: str, phases: str, only: str) -> tuple[int, str]:
    """Have schemathesis read the document and try what it says and what it forbids; 0 is without a difference."""
    answer = subprocess.run(  # noqa: S603  our own interpreter and our own words
        [
            sys.executable,
            "-m",
            "schemathesis.cli",
            "--config-file",
            str(REPOSITORY / "tests" / "support" / "schemathesis.toml"),
            "run",
            f"{served.address}/openapi.json",
            "--header",
            f"Authorization: Bearer {(served.folder / token).read_text()}",
            "--phases",
            phases,
            "--max-examples",
            "8",
            "--generation-deterministic",
            "--suppress-health-check",
            "all",
            "--exclude-operation-id",
            "sign_out",
            "--exclude-operation-id",
            "store_note",
            "--include-path-regex",
            only,
        ],
        cwd=served.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.returncode, answer.stdout[-6000:]


def test_what_the_document_says_is_what_an_operator_meets(served: Served) -> None:
    only = "^/v1/(notes|records|roles|whoami)"
    code, said = explore(served, token="operator", phases="examples,coverage", only=only)

    assert 0 == code, said


def test_what_the_document_says_is_what_a_wallet_meets(served: Served) -> None:
    only = "^/v1/(wallet|residents|whoami|time)"
    code, said = explore(served, token="wallet", phases="examples,coverage", only=only)

    assert 0 == code, said


def test_a_worker_that_dies_is_replaced(served: Served) -> None:
    wait_for(lambda: len(served.workers()) == 2)
    victim = min(served.workers())
    os.kill(victim, signal.SIGKILL)

    wait_for(lambda: victim not in served.workers() and len(served.workers()) == 2)
    wait_for(served.answers)


@pytest.mark.parametrize("which", [0, 1])
def test_a_worker_that_does_nothing_holds_up_no_other(served: Served, which: int) -> None:
    wait_for(lambda: len(served.workers()) == 2)
    stopped, victim = sorted(served.workers(), reverse=which == 1)
    os.kill(stopped, signal.SIGSTOP)
    try:
        for _ in range(2):
            os.kill(victim, signal.SIGKILL)
            victim = served.newcomer(besides={stopped, victim})
            assert stopped in served.workers()
        wait_for(served.answers)
        assert stopped in served.workers()
    finally:
        os.kill(stopped, signal.SIGCONT)


def test_a_worker_that_dies_while_it_loads_holds_up_no_other(served: Served) -> None:
    wait_for(lambda: len(served.workers()) == 2)
    first, second = sorted(served.workers())
    seen = {first, second}
    os.kill(first, signal.SIGKILL)
    young = served.newcomer(besides=seen)
    wait_for(lambda: "psycopg" in read_of(young, "maps"))
    os.kill(young, signal.SIGKILL)
    os.kill(second, signal.SIGKILL)

    wait_for(lambda: len(served.workers() - seen - {young}) == 2)
    wait_for(served.answers)


def test_metrics_are_those_of_all_workers(served: Served) -> None:
    for _ in range(20):
        httpx.get(f"{served.address}/v1/time")
    first = httpx.get(f"{served.address}/metrics").text
    lines = [line for line in first.splitlines() if line.startswith("yikatong_request_seconds_count")]

    counts = {line.partition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}
    assert 20 <= counts['yikatong_request_seconds_count{route="time",status="200"}']


def test_when_the_parent_is_killed_no_worker_keeps_the_port(served: Served) -> None:
    workers = served.workers()
    served.process.kill()
    served.process.wait(PATIENCE_SECONDS)

    wait_for(lambda: not any(command_of(pid) for pid in workers))
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{served.address}/health/live")


def test_told_to_end_it_ends_without_an_error(db: Database, tmp_path: Path) -> None:
    served = Served(tmp_path)

    assert served.end() in (0, -signal.SIGTERM)
    assert not served.answers()


async def test_a_port_that_is_taken_is_named_with_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"127.0.0.1 port {port}.*YIKATONG_PORT"):
            verify_listening(structs.replace(read_settings({}), port=port))
