"""A story played on a platform of its own: `yikatong demo`, `yikatong story`."""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

from msgspec import structs
from rich.console import Console
from rich.text import Text

from simulator.stories import STORIES, StoryFailedError, play
from simulator.stories.community_cast import HOME
from simulator.stories.telling import Both, Column, a_table, show_table, tell
from simulator.story_clock import shift_to
from simulator.witness import SimulatedWitness
from yikatong.app.audits.log import run_log_audit
from yikatong.app.audits.rooms import run_audit
from yikatong.app.demo_platform import (
    BANK_FILES_FOLDER,
    LOG_FILE,
    OPERATORS_FILE,
    Platform,
    PlatformDidNotStartError,
    demo_settings,
    end_in_order,
    outside_world,
    platform_of_its_own,
    running,
    say,
    say_place,
)
from yikatong.app.keys import open_keys
from yikatong.kernel.money import show_yuan
from yikatong.ledger import service as ledger
from yikatong.ledger.model import AccountKind
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.clock import SystemClock, clock_of
from yikatong.plumbing.database import Database
from yikatong.plumbing.ids import SystemIds
from yikatong.plumbing.postgres.errors import EmbeddedPostgresError
from yikatong.plumbing.settings import Settings
from yikatong.sealing import service as sealing
from yikatong.sealing.audit import LogAudit

__all__ = [
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
SECOND_STORY = "trade-in"
WITNESS_FOLDER = "witness"
"""In the demo's data folder, only because nobody else is there to keep it."""
KIND_NAMES = {
    AccountKind.PURSE: Both("居民钱包", "residents' purses"),
    AccountKind.BENEFIT: Both("居民补贴", "residents' benefits"),
    AccountKind.ALLOWANCE: Both("脱机额度", "offline allowances"),
    AccountKind.BUDGET: Both("项目预算", "budgets"),
    AccountKind.CLAIM: Both("补贴申领", "claims of subsidies"),
    AccountKind.PROVIDER_RECEIVABLE: Both("应付服务机构", "due to providers"),
    AccountKind.PROVIDER_DEBT: Both("服务机构欠款", "debts of providers"),
    AccountKind.BANK_CLEARING: Both("银行清算", "clearing with banks"),
    AccountKind.PAYOUT_CLEARING: Both("代发清算", "clearing of payouts"),
    AccountKind.REGION_CLEARING: Both("地区间清算", "clearing between regions"),
    AccountKind.RESERVE_NOSTRO: Both("备付金存款", "the reserve's bank account"),
    AccountKind.RESERVE_CLEARING: Both("备付金清算", "clearing with the reserve"),
    AccountKind.ESCHEAT: Both("无主款项", "unclaimed money"),
    AccountKind.FUNDING: Both("补贴资金", "funds of benefits"),
    AccountKind.BUDGET_SLICE: Both("预算分片", "slices of budgets"),
    AccountKind.BUDGET_LEASES: Both("预算分片往来", "leases of budgets"),
    AccountKind.RECLAIMED: Both("追回补贴", "subsidies that came back"),
}
ROOM_NAMES_ZH = {
    "ledger": "账本",
    "taps": "用卡",
    "payouts": "结算",
    "trade_in": "以旧换新",
    "offline": "离线用卡",
    "desk": "柜台",
    "cards": "卡",
    "codes": "卡码",
    "catalogue": "目录",
    "places": "区划",
    "access": "权限",
    "notices": "通知",
}
EARLIER_DAYS = Both(
    "账本从这个数据目录的第一天记起，含此前演过的各天。",
    "The books begin with the first day in this data folder; the days played before are in them.",
)
CREW_FILE = "crew.json"
INTERRUPTED = 130


def run_demo(settings: Settings, *, once: bool) -> None:
    """Play the two stories, each on a platform of its own, and keep the first one's up while a terminal is attached.

    Its data stand in the folder `demo` of the data folder, with a database of their own whatever the settings name.
    Ends with SystemExit(1) when the story fails or nothing can be started.
    """
    attached = not once and sys.stdin.isatty() and sys.stdout.isatty()
    _run(settings, DEMO_STORY, stay=attached, then=SECOND_STORY)


def play_story(settings: Settings, name: str) -> None:
    """Play one story on the demo's platform and end. Raises KeyError for an unknown name, else as `run_demo`."""
    _run(settings, STORIES[name].name, stay=False)


def _run(settings: Settings, name: str, *, stay: bool, then: str | None = None) -> None:
    began = time.monotonic() - seconds_since_process_began()
    console = Console(highlight=False)
    signal.signal(signal.SIGTERM, end_in_order)
    try:
        _play_beside(settings, name, console=console, began=began, stay=stay, then=then)
    except KeyboardInterrupt:
        console.print("故事未演完即停止 ended before the story was over")
        raise SystemExit(INTERRUPTED) from None
    except (StoryFailedError, EmbeddedPostgresError, PlatformDidNotStartError) as failure:
        console.print(Text(str(failure), style="bold red"), soft_wrap=True)
        raise SystemExit(1) from None


def _play_beside(
    settings: Settings, name: str, *, console: Console, began: float, stay: bool, then: str | None = None
) -> None:
    """Play a story, and `then` another on a platform beside."""
    story = STORIES[name]
    folder, clock = Path(settings.data_folder) / "demo", SystemClock()
    if story.begins_on is not None:
        folder, clock = folder.with_name(f"demo-{name}"), SystemClock(shift=shift_to(story.begins_on))
    with platform_of_its_own(
        settings, folder, regions=story.regions, clock=clock, console=console, anew=story.begins_on is not None
    ) as platform:
        _perform(platform, name, console=console, began=began, clock=clock)
        if then is not None:
            console.print()
            beside = structs.replace(settings, port=0)
            _play_beside(beside, then, console=console, began=time.monotonic(), stay=False)
        if stay:
            _say_where(platform, console)
            _stay(platform, console)
        else:
            _say_what_is_left(platform, console)


def _perform(platform: Platform, name: str, *, console: Console, began: float, clock: SystemClock) -> None:
    day = play(
        name,
        base_url=platform.base_url,
        outside_url=platform.outside.outside_url,
        first_operators=platform.operators,
        console=console,
        crew_file=Path(platform.settings.data_folder) / CREW_FILE,
        began=began,
        clock=clock,
        set_clocks=platform.set_clocks,
        bank_files=Path(platform.settings.data_folder) / BANK_FILES_FOLDER,
    )
    asyncio.run(close_books(platform.settings, platform.address, console, again=day.again))
    seconds = time.monotonic() - began
    first = day.first_tap_seconds or 0.0
    console.print()
    say(console, day.says_what_was_counted())
    say(
        console,
        Both(
            f"启动到第一次用卡{first:.1f}秒；全部与故事一致，共{seconds:.1f}秒。",
            f"First tap after {first:.1f} s; everything came out as the story says, in {seconds:.1f} s.",
        ),
    )


async def close_books(settings: Settings, address: ServerAddress, console: Console, *, again: bool = False) -> None:
    """Show the trial balance, have the log witnessed, audit everything; raises StoryFailedError when one does not fit.

    `again` says that earlier days are in the books too.
    """
    async with await Database.open(address) as database:
        async with database.transaction() as conn:
            lines = await ledger.trial_balance(conn)
        table = a_table(
            Column("账户类别", "kind of account"),
            Column("户数", "accounts", "right"),
            Column("余额", "balance", "right"),
        )
        for line in lines:
            table.add_row(str(KIND_NAMES[line.kind]), str(line.account_count), show_yuan(line.posted_fen))
        total_fen = sum(line.posted_fen for line in lines)
        table.add_row("[bold]合计 sum[/bold]", str(sum(line.account_count for line in lines)), show_yuan(total_fen))
        show_table(console, Both("试算平衡，单位：元", "trial balance, in yuan"), table)
        tell(console, Both("正数为应付，负数为应收。", "Above zero: owed; below: due to us."))
        if again:
            tell(console, EARLIER_DAYS)
        if total_fen != 0:
            raise StoryFailedError(f"the books do not balance: {total_fen} fen are left")
        audited = await run_audit(database)
        log = await _witnessed_and_audited(settings, database)
    differences = [difference for room in audited for difference in room.differences] + list(log.differences)
    if differences:
        raise StoryFailedError(f"the audit found {len(differences)} differences, the first: {differences[0]}")
    rooms_zh = "、".join(ROOM_NAMES_ZH[room.room] for room in audited)
    rooms = ", ".join(room.room for room in audited)
    console.print()
    tell(console, Both(f"审计无差异：{rooms_zh}。", f"The audit finds no difference in {rooms}."))
    tell(
        console,
        Both(
            f"封存日志{log.size}批，封存{log.leaves}行，逐行核对无差异；见证方已签到第{log.witnessed_size}批。",
            f"The sealed log holds {log.size} batches and {log.leaves} rows, each as it was sealed; "
            f"a witness signed {log.witnessed_size} batches.",
        ),
    )


async def _witnessed_and_audited(settings: Settings, database: Database) -> LogAudit:
    """Append what the day left, show the head to the simulated witness, and audit the log against it."""
    clock = clock_of(settings)
    ids = SystemIds(clock)
    keys = open_keys(settings, clock=clock, ids=ids)
    log_keys = [key.public_key for key in sealing.log_keys_of(keys).values()]
    witness = SimulatedWitness(Path(settings.data_folder) / WITNESS_FOLDER, log_keys=log_keys)
    try:
        await sealing.Sealer(keys, ids=ids).run_once(database, now=clock.now())
        await sealing.show_to_witness(database, witness, now=clock.now())
        return await run_log_audit(database, settings=settings, keys=keys, witness=witness, clock=clock)
    finally:
        witness.close()


def seconds_since_process_began() -> float:
    """How old this process is, by the kernel's account, so that loading the program counts too; 0 where unknown."""
    try:
        began_ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        uptime_seconds = float(Path("/proc/uptime").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 0.0
    return max(0.0, uptime_seconds - began_ticks / os.sysconf("SC_CLK_TCK"))


def _say_where(platform: Platform, console: Console) -> None:
    console.print()
    say_place(console, "接口 API", f"{platform.base_url}/v1/items?served=true")
    say_place(console, "接口文档 page", f"{platform.base_url}/docs")
    say_place(console, "指标 metrics", f"{platform.base_url}/metrics")
    _say_data(platform, console)


def _say_what_is_left(platform: Platform, console: Console) -> None:
    console.print()
    _say_data(platform, console)
    console.print()
    say(
        console,
        Both(
            "故事演完，平台随之停止；在终端窗口里运行make demo则保持运行。",
            "The platform ends with the story; make demo in a terminal keeps it up.",
        ),
    )


def _say_data(platform: Platform, console: Console) -> None:
    folder = platform.settings.data_folder
    say_place(console, "数据 data", folder)
    say_place(console, "经办人 operators", f"{folder}/{OPERATORS_FILE}")
    say_place(console, "日志 log", f"{folder}/{LOG_FILE}")
    say_place(console, "审计 audit", f".venv/bin/yikatong audit --data {folder}")
    if Path(folder).name == f"demo-{SECOND_STORY}":
        say_place(console, "核定 explain", f".venv/bin/yikatong explain clm_… --data {folder}")
        say_place(console, "报表 report", f".venv/bin/yikatong report trade-in --until 2024-11-02 --data {folder}")
    say_place(console, "故事 stories", "make story")


def _stay(platform: Platform, console: Console) -> None:
    console.print()
    say(console, Both("平台保持运行，按Ctrl-C结束。", "The platform stays up. Ctrl-C ends it."))
    try:
        platform.server.wait()
    except KeyboardInterrupt:
        console.print("已停止 ended")
        return
    raise PlatformDidNotStartError(f"The platform ended by itself; its log is in {platform.settings.data_folder}.")
