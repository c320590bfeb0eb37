"""Stories: what the platform does for people, played over HTTP against a running one, every outcome compared."""

import time
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import msgspec
from rich.console import Console

from simulator.calls import ApiRefusal
from simulator.stories.community_cast import AWAY, HOME
from simulator.stories.community_day import play_community_day
from simulator.stories.crew import Credentials, Crew
from simulator.stories.day import Day
from simulator.stories.stage import Stage, StoryFailedError
from simulator.stories.telling import Both, set_both
from simulator.stories.trade_in import play_trade_in
from simulator.stories.trade_in_cast import BEGINS_ON, REGIONS
from yikatong.client.problems import AnswerIsUnknown, Problem, ServerIsAway
from yikatong.plumbing.clock import SystemClock

__all__ = ["STORIES", "Credentials", "Day", "Story", "StoryFailedError", "play"]


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """A story; the regions of its cast must be served by the platform, each with an operator to begin with.

    `begins_on` is the day on which it happens, None for today; one that happens on another day is played anew each
    time, on a platform of its own whose clocks are shifted.
    """

    name: str
    title_zh: str
    title_en: str
    opening: Both
    regions: tuple[str, ...]
    begins_on: date | None = None
    play: Callable[[Stage], Day]


AGAIN = Both(
    "这个数据目录里演过这一天：居民换了新人，服务机构还是原来的，账接着记。",
    "The day was played in this data folder before: the residents are new, the providers are the same, and their "
    "books go on.",
)
UNTOLD = (ApiRefusal, Problem, AnswerIsUnknown, ServerIsAway, httpx.HTTPError)
"""What a call may end in that a story did not foresee."""

STORIES = {
    story.name: story
    for story in (
        Story(
            name="community-day",
            title_zh="亭亭社区的一天",
            title_en="One day in Tingting community",
            opening=Both(
                "亭亭社区在重庆市江津区珞璜镇。两个地区参加：重庆江津（500116）和广东广州（440100），"
                "各有自己的经办人、密钥和卡。人物和商户都是虚构的。",
                "Tingting community lies in Luohuang town, Jiangjin district, Chongqing. Two regions take part, "
                "Jiangjin (500116) and Guangzhou (440100), each with its own operators, keys and cards. People and "
                "shops are invented.",
            ),
            regions=(HOME, AWAY),
            play=play_community_day,
        ),
        Story(
            name="trade-in",
            title_zh="以旧换新：一辆旧车，四个省",
            title_en="Trade-in: one old bike, four provinces",
            opening=Both(
                "2024年10月20日。同样的旧锂电车、同样价格的新车，在云南、江苏、广东、河北各有各的办法，都按公布的规则办。"
                "人物和商户都是虚构的；平台的时钟拨到了那一天。",
                "20 October 2024. The same old lithium bike and a new one at the same price, by the published rules of "
                "Yunnan, Jiangsu, Guangdong and Hebei. People and shops are invented; the platform's clocks are set to "
                "that day.",
            ),
            regions=REGIONS,
            begins_on=BEGINS_ON,
            play=play_trade_in,
        ),
    )
}


def play(
    name: str,
    *,
    base_url: str,
    outside_url: str,
    first_operators: Mapping[str, Credentials],
    console: Console,
    crew_file: Path | None = None,
    began: float | None = None,
    clock: SystemClock | None = None,
    set_clocks: Callable[[timedelta], None] | None = None,
    bank_files: Path | None = None,
) -> Day:
    """Play a story against a running platform; raises StoryFailedError at the first outcome that is not as told.

    Raises KeyError for a name that is no story's. `crew_file` keeps the operators whom the story hires for the next
    time. `began` (of time.monotonic) is when the way to the first tap began. `clock` is how far the platform's clocks
    are shifted, and `set_clocks` shifts them further. `bank_files` is where it exchanges files with banks.
    """
    story = STORIES[name]
    crew = Crew(crew_file)
    console.print(f"[bold]{story.title_zh}  {story.title_en}[/bold]")
    for text in (story.opening, AGAIN) if crew.met_before else (story.opening,):
        for line in set_both(text, cells=console.width):
            console.print(line, soft_wrap=True)
    with TemporaryDirectory(prefix="yikatong-story-") as folder:
        stage = Stage(
            base_url=base_url,
            outside_url=outside_url,
            first_operators=first_operators,
            console=console,
            folder=Path(folder),
            crew=crew,
            began=time.monotonic() if began is None else began,
            clock=clock,
            set_clocks=set_clocks,
            bank_files=bank_files,
        )
        with stage:
            try:
                return story.play(stage)
            except UNTOLD as fault:
                raise StoryFailedError(f"nobody tells of this in the story: {fault}") from fault
