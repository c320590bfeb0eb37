"""A province whose trade-in is served in 2024, with everybody in it: by the whole platform, in processes of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import NamedTuple

from msgspec.structs import replace
from rich.console import Console

from simulator.stories.crew import Crew
from simulator.stories.stage import Stage
from simulator.stories.trade_in_cast import BEGINS_ON, JIANGSU, PROVINCES
from simulator.stories.trade_in_morning import Town, open_province
from simulator.story_clock import shift_to
from tests.support.database import folder_of_our_own
from yikatong.app import demo
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.clock import SystemClock
from yikatong.plumbing.settings import Settings


class ServedProvince(NamedTuple):
    """Where a province's platform answers, and who is there."""

    base_url: str
    stage: Stage
    town: Town


@contextmanager
def a_served_province(address: ServerAddress, *, region: str = JIANGSU) -> Iterator[ServedProvince]:
    """Serve an empty database on the day on which the trade-in's story begins, and move a province in."""
    said = Console(file=StringIO())
    folder = folder_of_our_own()
    clock = SystemClock(shift=shift_to(BEGINS_ON))
    with demo.outside_world(said, folder=folder, shift=clock.shift) as outside:
        settings = replace(
            demo.demo_settings(Settings(), folder=folder, outside=outside, region=region, shift=clock.shift), port=0
        )
        with (
            demo.running(settings, address, outside=outside, console=said, regions=()) as platform,
            Stage(
                base_url=platform.base_url,
                outside_url=outside.outside_url,
                first_operators=platform.operators,
                console=said,
                folder=folder,
                crew=Crew(None),
                began=0.0,
                clock=clock,
            ) as stage,
        ):
            yield ServedProvince(platform.base_url, stage, open_province(stage, PROVINCES[region]))
