"""A platform of its own, the outside world beside it, and a story played on it: `yikatong demo`, `yikatong story`."""

import asyncio
import multiprocessing
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType

import httpx
import msgspec
from msgspec.structs import replace
from rich.console import Console
from rich.table import Table

from simulator.outside import Addresses
from simulator.stories import STORIES, Credentials, StoryFailedError, play
from yikatong.access.model import FirstOperator
from yikatong.app.audit import run_audit
from yikatong.app.http.server import end_with_parent
from yikatong.app.prepare import prepare
from yikatong.app.serve import serve
from yikatong.kernel.instants import day_of
from yikatong.kernel.money import show_yuan
from yikatong.ledger import service as ledger
from yikatong.places.model import Region
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.clock import SystemClock
from yikatong.plumbing.database import Database
from yikatong.plumbing.database_server import database_server
from yikatong.plumbing.postgres.errors import EmbeddedPostgresError
from yikatong.plumbing.settings import Settings

DEMO_STORY = "community-day"
HOME, AWAY = "500116", "440100"
"""The regions of the stories: Jiangjin district of Chongqing, and Guangzhou."""
COLUMNS = 100
"""How wide the story is where no terminal says otherwise."""
OPERATORS_FILE = "operators.json"
LOG_FILE = "server.log"
BANK_FILE = "bank.json"
CREW_FILE = "crew.json"
READY_SECONDS_MAX = 60.0
END_SECONDS_MAX = 30.0
INTERRUPTED = 130
_SPAWN = multiprocessing.get_context("spawn")


class KnownOperator(msgspec.Struct, frozen=True, kw_only=True):
    """A region's first operator: the password of their own, and the first one until it was changed."""

    login_name: str
    password: str
    first_password: str | None = None

    def __repr__(self) -> str:
        return f"KnownOperator(login_name={self.login_name!r})"


@dataclass(frozen=True, kw_only=True)
class Platform:
    """A platform that runs, as its demo knows it."""

    settings: Settings
    address: ServerAddress
    base_url: str
    outside: Addresses
    operators: Mapping[str, Credentials]
    process: BaseProcess


def run_demo(settings: Settings, *, once: bool) -> None:
    """Play the first story on a platform of its own, and keep it up while a terminal is attached.

    Its data stand in the folder `demo` of the data folder, with a database of their own whatever the settings name.
    Ends with SystemExit(1) when the story fails or nothing can be started.
    """
    attached = not once and sys.stdin.isatty() and sys.stdout.isatty()
    _run(settings, DEMO_STORY, stay=attached)


def play_story(settings: Settings, name: str) -> None:
    """Play one story on the demo's platform and end. Raises KeyError for an unknown name, else as `run_demo`."""
    _run(settings, STORIES[name].name, stay=False)


def demo_settings(settings: Settings, *, folder: Path, outside: Addresses) -> Settings:
    """The settings of the demo's platform: its own folder, regions with made-up residents, the simulator outside."""
    return replace(
        settings,
        data_folder=str(folder),
        database_url=None,
        serving_database_url=None,
        key_module_socket=None,
        host="127.0.0.1",
        port=free_port_like(settings.port),
        region=HOME,
        allow_synthetic_residents=True,
        bank_url=outside.bank_url,
        face_check_url=outside.face_check_url,
        message_gateway_url=outside.message_gateway_url,
    )


def _run(settings: Settings, name: str, *, stay: bool) -> None:
    began = time.monotonic() - seconds_since_process_began()
    console = Console(highlight=False, width=None if sys.stdout.isatty() else COLUMNS)
    signal.signal(signal.SIGTERM, _end_in_order)
    try:
        folder = Path(settings.data_folder) / "demo"
        with outside_world(console, folder=folder) as outside:
            own = demo_settings(settings, folder=folder, outside=outside)
            with database_server(own) as address, running(own, address, outside=outside, console=console) as platform:
                _perform(platform, name, console=console, began=began)
                _say_where(platform, console)
                if stay:
                    _stay(platform, console)
    except KeyboardInterrupt:
        console.print("ended before the story was over")
        raise SystemExit(INTERRUPTED) from None
    except (StoryFailedError, EmbeddedPostgresError, PlatformDidNotStartError) as failure:
        console.print(f"[bold red]{failure}[/bold red]", soft_wrap=True)
        raise SystemExit(1) from None


def _perform(platform: Platform, name: str, *, console: Console, began: float) -> None:
    day = play(
        name,
        base_url=platform.base_url,
        outside_url=platform.outside.outside_url,
        first_operators=platform.operators,
        console=console,
        crew_file=Path(platform.settings.data_folder) / CREW_FILE,
        began=began,
    )
    asyncio.run(close_books(platform.address, console))
    console.print(
        f"\n{day.told} taps told, the first after [bold]{day.first_tap_seconds:.1f} s[/bold]; "
        f"refused for {len(day.reasons)} different reasons; "
        f"everything came out as the story says, in {time.monotonic() - began:.1f} s"
    )


@contextmanager
def outside_world(console: Console, *, folder: Path) -> Iterator[Addresses]:
    """The simulator as a child process, which ends with the block and with us; its bank remembers earlier runs."""
    console.print("外部世界 bank, face check and message gateway (simulated)")
    process = subprocess.Popen(  # noqa: S603  our own module
        [sys.executable, "-m", "simulator.outside", "--parent", str(os.getpid()), "--bank-file", folder / BANK_FILE],
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
def running(settings: Settings, address: ServerAddress, *, outside: Addresses, console: Console) -> Iterator[Platform]:
    """The platform on a database that runs: prepared, served by child processes, ready when the block begins."""
    made = asyncio.run(
        prepare(settings, address, regions=_regions(), tell=lambda step: console.print(f"preparing: {step}"))
    )
    folder = Path(settings.data_folder)
    known = _remember(folder / OPERATORS_FILE, made)
    said, saying = _SPAWN.Pipe(duplex=False)
    process = _SPAWN.Process(
        target=_serve, args=(settings, address, saying, folder / LOG_FILE, os.getpid()), name="yikatong server"
    )
    process.start()
    saying.close()
    try:
        console.print("平台启动 the platform starts")
        with console.status("平台启动 the platform starts"):
            base_url = _wait_until_ready(process, said, log=folder / LOG_FILE)
        console.print(f"serving on {base_url}")
        operators = _take_up(base_url, folder / OPERATORS_FILE, known)
        yield Platform(
            settings=settings, address=address, base_url=base_url, outside=outside, operators=operators, process=process
        )
    finally:
        _end(process)
        said.close()


class PlatformDidNotStartError(Exception):
    """A child process of the demo ended before it was ready; the text says where to read why."""


async def close_books(address: ServerAddress, console: Console) -> None:
    """Show the trial balance and audit everything; raises StoryFailedError when either does not come out."""
    async with await Database.open(address) as database:
        async with database.transaction() as conn:
            lines = await ledger.trial_balance(conn)
        table = Table(title="试算平衡 trial balance", title_justify="left")
        for column in ("账户类别 kind", "户数 accounts", "余额 balance"):
            table.add_column(column, justify="left" if "kind" in column else "right")
        for line in lines:
            table.add_row(line.kind.value, str(line.account_count), show_yuan(line.posted_fen))
        total_fen = sum(line.posted_fen for line in lines)
        table.add_row("[bold]合计 sum[/bold]", str(sum(line.account_count for line in lines)), show_yuan(total_fen))
        console.print(table)
        if total_fen != 0:
            raise StoryFailedError(f"the books do not balance: {total_fen} fen are left")
        audited = await run_audit(database)
    differences = [difference for room in audited for difference in room.differences]
    if differences:
        raise StoryFailedError(f"the audit found {len(differences)} differences, the first: {differences[0]}")
    rooms = ", ".join(room.room for room in audited)
    console.print(f"  审计无差异 audit without a difference: {rooms}")


def seconds_since_process_began() -> float:
    """How old this process is, by the kernel's account, so that loading the program counts too; 0 where unknown."""
    try:
        began_ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        uptime_seconds = float(Path("/proc/uptime").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 0.0
    return max(0.0, uptime_seconds - began_ticks / os.sysconf("SC_CLK_TCK"))


def free_port_like(port: int) -> int:
    """The port when nobody listens on it, else 0, by which a free one is picked."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port


def _regions() -> tuple[Region, ...]:
    today = day_of(SystemClock().now())
    return (
        Region(code=HOME, name_zh="重庆市江津区", name_en="Jiangjin, Chongqing", hosted=True, opened_on=today),
        Region(code=AWAY, name_zh="广州市", name_en="Guangzhou", hosted=True, opened_on=today),
    )


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


def _serve(settings: Settings, address: ServerAddress, saying: Connection, log: Path, parent_pid: int) -> None:
    """The main function of the server's process: a session of its own, so that Ctrl-C reaches us first."""
    os.setsid()
    if not end_with_parent(parent_pid):
        return
    log.touch(mode=0o600)
    with log.open("ab") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    serve(settings, address, tell=saying.send)


def _wait_until_ready(process: BaseProcess, said: Connection, *, log: Path) -> str:
    """The server's address, once it answers that it is ready."""
    deadline = time.monotonic() + READY_SECONDS_MAX
    if not said.poll(READY_SECONDS_MAX):
        raise PlatformDidNotStartError(f"The platform did not start; its log is {log}.")
    try:
        base_url: str = said.recv()
    except EOFError:
        raise PlatformDidNotStartError(f"The platform ended while it started; its log is {log}.") from None
    with httpx.Client(base_url=base_url, timeout=5.0, trust_env=False) as client:
        while time.monotonic() < deadline and process.is_alive():
            try:
                if client.get("/health").status_code == httpx.codes.OK:
                    return base_url
            except httpx.TransportError:
                pass
            time.sleep(0.05)
    raise PlatformDidNotStartError(f"The platform did not become ready; its log is {log}.")


def _end(process: BaseProcess) -> None:
    """End the server in order, and by force when it does not go."""
    process.terminate()
    process.join(END_SECONDS_MAX)
    if process.is_alive():
        process.kill()
        process.join()


def _say_where(platform: Platform, console: Console) -> None:
    folder = platform.settings.data_folder
    console.print(f"\nAPI      {platform.base_url}/v1   described in {platform.base_url}/openapi.json")
    console.print(f"page     {platform.base_url}/docs")
    console.print(f"metrics  {platform.base_url}/metrics")
    console.print(f"data     {folder}   (first operators: {OPERATORS_FILE}; the server's log: {LOG_FILE})")
    console.print("stories  yikatong story")


def _stay(platform: Platform, console: Console) -> None:
    console.print("\nThe platform stays up. Ctrl-C ends it.  平台保持运行,按 Ctrl-C 结束。")
    try:
        platform.process.join()
    except KeyboardInterrupt:
        console.print("ended")
        return
    raise PlatformDidNotStartError(f"The platform ended by itself; its log is in {platform.settings.data_folder}.")


def _end_in_order(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
