"""A platform of its own for stories: the outside world beside it, its database prepared, its server a child process."""

import asyncio
import multiprocessing
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

import httpx
import msgspec
from msgspec.structs import replace
from rich.cells import cell_len, set_cell_size
from rich.console import Console

from simulator.outside import Addresses
from simulator.stories import Credentials
from simulator.stories.community_cast import AWAY, HOME
from simulator.stories.telling import Both, set_both
from yikatong.access.model import FirstOperator
from yikatong.app.http.server import end_with_parent
from yikatong.app.prepare import prepare
from yikatong.app.serve import serve
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.clock import SystemClock
from yikatong.plumbing.database_server import database_server
from yikatong.plumbing.postgres.folder import FolderLock
from yikatong.plumbing.settings import Settings

OPERATORS_FILE = "operators.json"
LOG_FILE = "server.log"
BANK_FILE = "bank.json"
BANK_FILES_FOLDER = "bank-files"
"""Where a story that pays by files exchanges them with its bank."""
READY_SECONDS_MAX = 60.0
END_SECONDS_MAX = 30.0
PLACE_CELLS = 18
"""Where addresses begin in the list of where to look."""
_SPAWN = multiprocessing.get_context("spawn")


class PlatformDidNotStartError(Exception):
    """A child process of the demo ended before it was ready; the text says where to read why."""


class KnownOperator(msgspec.Struct, frozen=True, kw_only=True):
    """A region's first operator: the password of their own, and the first one until it was changed."""

    login_name: str
    password: str
    first_password: str | None = None

    def __repr__(self) -> str:
        return f"KnownOperator(login_name={self.login_name!r})"


class ServerProcess:
    """The process of the platform's server: it loads the program at once, and serves when it is told what."""

    def __init__(self) -> None:
        """Start the process; `end` ends it, and so does our own end."""
        self._said, saying = _SPAWN.Pipe(duplex=False)
        asked, self._asking = _SPAWN.Pipe(duplex=False)
        self._process = _SPAWN.Process(target=_serve, args=(asked, saying, os.getpid()), name="yikatong server")
        self._process.start()
        saying.close()
        asked.close()

    def begin(self, settings: Settings, address: ServerAddress, *, log: Path) -> str:
        """Have it serve, and give its address once it says that it is ready. Raises PlatformDidNotStartError."""
        deadline = time.monotonic() + READY_SECONDS_MAX
        self._asking.send((settings, address, log))
        if not self._said.poll(READY_SECONDS_MAX):
            raise PlatformDidNotStartError(f"The platform did not start; its log is {log}.")
        try:
            base_url: str = self._said.recv()
        except EOFError:
            raise PlatformDidNotStartError(f"The platform ended while it started; its log is {log}.") from None
        with httpx.Client(base_url=base_url, timeout=5.0, trust_env=False) as client:
            while time.monotonic() < deadline and self._process.is_alive():
                try:
                    if client.get("/health").status_code == httpx.codes.OK:
                        return base_url
                except httpx.TransportError:
                    pass
                time.sleep(0.05)
        raise PlatformDidNotStartError(f"The platform did not become ready; its log is {log}.")

    def wait(self) -> None:
        """Wait until it ends by itself."""
        self._process.join()

    def end(self) -> None:
        """End it in order, and by force when it does not go; ending it twice does nothing."""
        if self._process.is_alive():
            self._process.terminate()
            self._process.join(END_SECONDS_MAX)
        if self._process.is_alive():
            self._process.kill()
        self._process.join()
        self._said.close()
        self._asking.close()


@dataclass(kw_only=True)
class Platform:
    """A platform that runs, as its demo knows it."""

    settings: Settings
    address: ServerAddress
    base_url: str
    outside: Addresses
    operators: Mapping[str, Credentials]
    server: ServerProcess

    def set_clocks(self, shift: timedelta) -> None:
        """Start the server anew, at the same address, with its clocks shifted so far."""
        self.server.end()
        port = urlsplit(self.base_url).port
        assert port is not None
        self.settings = replace(self.settings, port=port, clock_shift_seconds=int(shift.total_seconds()))
        self.server = ServerProcess()
        self.server.begin(self.settings, self.address, log=Path(self.settings.data_folder) / LOG_FILE)


def demo_settings(
    settings: Settings, *, folder: Path, outside: Addresses, region: str = HOME, shift: timedelta = timedelta()
) -> Settings:
    """The settings of the demo's platform: its own folder, regions with made-up residents, the simulator outside."""
    return replace(
        settings,
        data_folder=str(folder),
        database_url=None,
        serving_database_url=None,
        backup_folder=None,
        key_module_socket=None,
        host="127.0.0.1",
        port=free_port_like(settings.port),
        region=region,
        clock_shift_seconds=int(shift.total_seconds()),
        allow_synthetic_residents=True,
        bank_url=outside.bank_url,
        face_check_url=outside.face_check_url,
        message_gateway_url=outside.message_gateway_url,
        vehicle_register_url=outside.vehicle_register_url,
    )


@contextmanager
def platform_of_its_own(
    settings: Settings, folder: Path, *, regions: Sequence[str], clock: SystemClock, console: Console, anew: bool
) -> Iterator[Platform]:
    """A platform in a folder, with the outside world beside it; its server loads while the database starts.

    One that begins `anew` finds its folder empty, and exchanges files with its bank there. Raises DataFolderInUseError
    when another platform is at work in it, and then clears nothing.
    """
    if anew:
        _clear(folder)
        (folder / BANK_FILES_FOLDER).mkdir(parents=True)
    server = ServerProcess()
    try:
        with outside_world(console, folder=folder, shift=clock.shift) as outside:
            own = demo_settings(settings, folder=folder, outside=outside, region=regions[0], shift=clock.shift)
            if anew:
                own = replace(own, bank_files_folder=str(folder / BANK_FILES_FOLDER), bank_files_seconds=1)
            if own.port != settings.port:
                say(console, port_is_taken(settings.port))
            with (
                database_server(own) as address,
                running(own, address, outside=outside, console=console, server=server, regions=regions[1:]) as platform,
            ):
                yield platform
    finally:
        server.end()


def _clear(folder: Path) -> None:
    if not folder.exists():
        return
    lock = FolderLock(folder)
    lock.take()
    try:
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        lock.release()


@contextmanager
def outside_world(console: Console, *, folder: Path, shift: timedelta = timedelta()) -> Iterator[Addresses]:
    """The simulator as a child process, which ends with the block and with us; its bank remembers earlier runs."""
    console.print("模拟银行、人脸核验、消息网关 a simulated bank, face check, message gateway")
    process = subprocess.Popen(  # noqa: S603  our own module
        [
            *(sys.executable, "-m", "simulator.outside", "--parent", str(os.getpid())),
            *("--bank-file", folder / BANK_FILE, "--clock-shift", str(int(shift.total_seconds()))),
        ],
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        if not line:
            raise PlatformDidNotStartError("The simulated outside world did not start.")
        yield msgspec.json.decode(line, type=Addresses)
    finally:
        process.terminate()
        process.wait(END_SECONDS_MAX)
        process.stdout.close()


@contextmanager
def running(
    settings: Settings,
    address: ServerAddress,
    *,
    outside: Addresses,
    console: Console,
    server: ServerProcess | None = None,
    regions: Sequence[str] = (AWAY,),
) -> Iterator[Platform]:
    """The platform on a database that runs: prepared, served by child processes, ready when the block begins.

    `server` may have been started before, so that it loads the program while other things are done. `regions` are
    served beside the settings' own.
    """
    server = server or ServerProcess()
    platform: Platform | None = None
    try:
        made = asyncio.run(
            prepare(
                settings,
                address,
                more_regions=tuple(regions),
                tell=lambda step: console.print(f"准备数据库 preparing: {step}"),
            )
        )
        folder = Path(settings.data_folder)
        known = _remember(folder / OPERATORS_FILE, made)
        with console.status("平台启动 the platform starts"):
            base_url = server.begin(settings, address, log=folder / LOG_FILE)
        console.print(f"平台已启动 serving on {base_url}")
        operators = _take_up(base_url, folder / OPERATORS_FILE, known)
        platform = Platform(
            settings=settings, address=address, base_url=base_url, outside=outside, operators=operators, server=server
        )
        yield platform
    finally:
        (server if platform is None else platform.server).end()


def port_is_taken(port: int) -> Both:
    """What is said when the demo cannot have the port that the settings name."""
    return Both(
        f"端口{port}已被其他程序占用，演示改用一个空闲端口（YIKATONG_PORT可另指定）。",
        f"Port {port} is taken by another program, so the demo uses a free one (YIKATONG_PORT names another).",
    )


def say(console: Console, text: Both) -> None:
    """Say something in both languages, in lines that fit."""
    for line in set_both(text, cells=console.width):
        console.print(line, soft_wrap=True)


def say_place(console: Console, what: str, where: str) -> None:
    """Say where something is, on a line of its own where both do not fit."""
    line = set_cell_size(what, PLACE_CELLS) + where
    console.print(line if cell_len(line) <= console.width else f"{what}\n  {where}", soft_wrap=True)


def end_in_order(number: int, frame: FrameType | None) -> None:
    """End as Ctrl-C ends, so that every process is ended before ours."""
    raise KeyboardInterrupt


def free_port_like(port: int) -> int:
    """The port when nobody listens on it, else 0, by which a free one is picked."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port


def _remember(file: Path, made: Mapping[str, FirstOperator]) -> dict[str, KnownOperator]:
    """The first operators of this and of earlier runs, kept before anything is done with them."""
    known = msgspec.json.decode(file.read_bytes(), type=dict[str, KnownOperator]) if file.exists() else {}
    for region, first in made.items():
        known[region] = KnownOperator(
            login_name=first.login_name, password=secrets.token_urlsafe(15), first_password=first.password
        )
    _write_operators(file, known)
    return known


def _write_operators(file: Path, known: Mapping[str, KnownOperator]) -> None:
    fresh = file.with_suffix(".new")
    with os.fdopen(os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as out:
        out.write(msgspec.json.encode(known))
    fresh.replace(file)


def _take_up(base_url: str, file: Path, known: Mapping[str, KnownOperator]) -> dict[str, Credentials]:
    """Let first operators replace their first passwords; one that was replaced before a crash is only forgotten."""
    for region, operator in known.items():
        if operator.first_password is None:
            continue
        sign_in = {
            "kind": "operator",
            "region": region,
            "login_name": operator.login_name,
            "password": operator.first_password,
            "new_password": operator.password,
        }
        httpx.post(f"{base_url}/v1/sessions", json=sign_in, timeout=READY_SECONDS_MAX, trust_env=False)
    _write_operators(file, {region: replace(operator, first_password=None) for region, operator in known.items()})
    return {
        region: Credentials(login_name=operator.login_name, password=operator.password)
        for region, operator in known.items()
    }


def _serve(asked: Connection, saying: Connection, parent_pid: int) -> None:
    """The main function of the server's process: a session of its own, so that Ctrl-C reaches us first."""
    os.setsid()
    if not end_with_parent(parent_pid):
        return
    try:
        settings, address, log = asked.recv()
    except EOFError:
        return
    log.touch(mode=0o600)
    with log.open("ab") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    serve(settings, address, tell=saying.send)
