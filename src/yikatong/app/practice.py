"""What `yikatong practice` does: a platform with the trade-in open in four provinces, for whoever connects a system."""

import signal
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.text import Text

from simulator.stories import StoryFailedError
from simulator.stories.crew import Crew
from simulator.stories.practice import PayingBank, Practice
from simulator.stories.stage import Stage
from simulator.stories.telling import Both
from simulator.stories.trade_in_cast import BEGINS_ON, REGIONS
from simulator.story_clock import shift_to
from yikatong.app.demo_platform import (
    BANK_FILES_FOLDER,
    Platform,
    PlatformDidNotStartError,
    end_in_order,
    platform_of_its_own,
    say,
    say_place,
)
from yikatong.plumbing.clock import SystemClock
from yikatong.plumbing.postgres.errors import EmbeddedPostgresError
from yikatong.plumbing.settings import Settings

FOLDER = "practice"
KEYS_FOLDER = "parties"
DAYS_MOST = 60
OPENING = Both(
    "2024年10月20日，云南、江苏、广东、河北四省同时开办以旧换新。各方的登录名、密码和令牌写入文件；"
    "人物和商户都是虚构的。",
    "20 October 2024: the trade-in is open in Yunnan, Jiangsu, Guangdong and Hebei. Login names, passwords and "
    "tokens of every party are written into files. People and shops are invented.",
)
GUIDE = "docs/trade-in/README.md"
HOW_TO_GO_ON = Both(
    "按回车：各方重新登录；输入天数再按回车：时间前进这么多天；按Ctrl-C结束。",
    "Enter: everybody signs in anew. A number and Enter: so many days later. Ctrl-C ends it.",
)


def run_practice(settings: Settings, *, lines: Iterable[str] = sys.stdin) -> None:
    """Open the ground anew, in a folder of its own, and go on as the lines say; stay up while nobody says anything.

    Ends with SystemExit(1) when nothing can be started.
    """
    console = Console(highlight=False)
    signal.signal(signal.SIGTERM, end_in_order)
    try:
        with practice_ground(settings, console) as (platform, practice):
            _stay(platform, practice, console, lines)
    except KeyboardInterrupt:
        console.print("已停止 ended")
    except (StoryFailedError, EmbeddedPostgresError, PlatformDidNotStartError) as failure:
        console.print(Text(str(failure), style="bold red"), soft_wrap=True)
        raise SystemExit(1) from None


@contextmanager
def practice_ground(settings: Settings, console: Console) -> Iterator[tuple[Platform, Practice]]:
    """The platform with four provinces open and the keys written, until the block ends."""
    clock = SystemClock(shift=shift_to(BEGINS_ON))
    folder = Path(settings.data_folder) / FOLDER
    say(console, OPENING)
    with (
        platform_of_its_own(settings, folder, regions=REGIONS, clock=clock, console=console, anew=True) as platform,
        _stage_on(platform, console, clock=clock, folder=folder) as stage,
    ):
        practice = Practice(stage, folder=folder / KEYS_FOLDER)
        practice.write()
        bank = PayingBank(stage)
        bank.start()
        try:
            yield platform, practice
        finally:
            bank.end()


def _stage_on(platform: Platform, console: Console, *, clock: SystemClock, folder: Path) -> Stage:
    journals = folder / "journals"
    journals.mkdir()
    return Stage(
        base_url=platform.base_url,
        outside_url=platform.outside.outside_url,
        first_operators=platform.operators,
        console=console,
        folder=journals,
        crew=Crew(None),
        began=time.monotonic(),
        clock=clock,
        set_clocks=platform.set_clocks,
        bank_files=folder / BANK_FILES_FOLDER,
    )


def _stay(platform: Platform, practice: Practice, console: Console, lines: Iterable[str]) -> None:
    console.print()
    say_place(console, "接口 API", platform.base_url)
    say_place(console, "接口文档 page", f"{platform.base_url}/docs")
    for file in practice.files:
        say_place(console, "令牌 keys", str(file))
    say_place(console, "数据 data", f"--data {platform.settings.data_folder}")
    say_place(console, "怎样练 guide", GUIDE)
    say(console, HOW_TO_GO_ON)
    for line in lines:
        days = line.strip()
        if days and not (days.isascii() and days.isdigit() and int(days) <= DAYS_MOST):
            say(console, Both(f"请输入0到{DAYS_MOST}的天数。", f"A number of days, {DAYS_MOST} at most, please."))
            continue
        with practice.stage.work("时钟与登录 clocks and sessions"):
            practice.go_on(days=int(days or 0))
        say(
            console,
            Both(
                f"今天是{practice.stage.today}，令牌已重写。", f"It is {practice.stage.today}; keys are written anew."
            ),
        )
    platform.server.wait()
