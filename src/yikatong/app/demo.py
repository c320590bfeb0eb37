"""A story played on a platform of its own: `yikatong demo`, `yikatong story`."""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.table import Table
from rich.text import Text

from simulator.stories import STORIES, StoryFailedError, play
from yikatong.app.audit import run_audit
from yikatong.app.demo_platform import (
    HOME,
    LOG_FILE,
    OPERATORS_FILE,
    Platform,
    PlatformDidNotStartError,
    ServerProcess,
    demo_settings,
    outside_world,
    running,
)
from yikatong.kernel.money import show_yuan
from yikatong.ledger import service as ledger
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.database import Database
from yikatong.plumbing.database_server import database_server
from yikatong.plumbing.postgres.errors import EmbeddedPostgresError
from yikatong.plumbing.settings import Settings

__all__ = [
    "COLUMNS",
    "CREW_FILE",
    "DEMO_STORY",
    "HOME",
    "INTERRUPTED",
    "LOG_FILE",
    "Platform",
    "close_books",
    "demo_settings",
    "outside_world",
    "play_story",
    "run_demo",
    "running",
]

DEMO_STORY = "community-day"
COLUMNS = 100
"""How wide the story is where no terminal says otherwise."""
CREW_FILE = "crew.json"
INTERRUPTED = 130


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


def _run(settings: Settings, name: str, *, stay: bool) -> None:
    began = time.monotonic() - seconds_since_process_began()
    console = Console(highlight=False, width=None if sys.stdout.isatty() else COLUMNS)
    signal.signal(signal.SIGTERM, _end_in_order)
    try:
        _play_beside(settings, name, console=console, began=began, stay=stay)
    except KeyboardInterrupt:
        console.print("ended before the story was over")
        raise SystemExit(INTERRUPTED) from None
    except (StoryFailedError, EmbeddedPostgresError, PlatformDidNotStartError) as failure:
        console.print(Text(str(failure), style="bold red"), soft_wrap=True)
        raise SystemExit(1) from None


def _play_beside(settings: Settings, name: str, *, console: Console, began: float, stay: bool) -> None:
    """The server's process loads the program while the outside world and the database are started."""
    folder = Path(settings.data_folder) / "demo"
    server = ServerProcess()
    try:
        with outside_world(console, folder=folder) as outside:
            own = demo_settings(settings, folder=folder, outside=outside)
            with (
                database_server(own) as address,
                running(own, address, outside=outside, console=console, server=server) as platform,
            ):
                _perform(platform, name, console=console, began=began)
                if stay:
                    _say_where(platform, console)
                    _stay(platform, console)
                else:
                    _say_what_is_left(platform, console)
    finally:
        server.end()


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


def _say_where(platform: Platform, console: Console) -> None:
    console.print(f"\nAPI      {platform.base_url}/v1")
    console.print(f"page     {platform.base_url}/docs")
    console.print(f"metrics  {platform.base_url}/metrics")
    _say_data(platform, console)


def _say_what_is_left(platform: Platform, console: Console) -> None:
    console.print()
    _say_data(platform, console)
    console.print(
        "\nThe platform ends with the story; make demo in a terminal keeps it up.  "
        "故事演完,平台随之停止;在终端窗口里运行make demo则保持运行。",
        soft_wrap=True,
    )


def _say_data(platform: Platform, console: Console) -> None:
    folder = platform.settings.data_folder
    console.print(f"data     {folder}", soft_wrap=True)
    console.print(f"         first operators: {OPERATORS_FILE}; the server's log: {LOG_FILE}")
    console.print(f"audit    .venv/bin/yikatong audit --data {folder}", soft_wrap=True)
    console.print("stories  make story")


def _stay(platform: Platform, console: Console) -> None:
    console.print("\nThe platform stays up. Ctrl-C ends it.  平台保持运行,按 Ctrl-C 结束。")
    try:
        platform.server.wait()
    except KeyboardInterrupt:
        console.print("ended")
        return
    raise PlatformDidNotStartError(f"The platform ended by itself; its log is in {platform.settings.data_folder}.")


def _end_in_order(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
