"""The whole platform in processes of its own on the day on which the trade-in's story begins, to play on."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import StringIO

from msgspec.structs import replace
from rich.console import Console

from simulator.stories.crew import Crew
from simulator.stories.stage import Stage
from simulator.stories.trade_in_cast import BEGINS_ON
from simulator.story_clock import shift_to
from tests.support.database import folder_of_our_own
from yikatong.app import demo
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.clock import SystemClock
from yikatong.plumbing.settings import Settings


@contextmanager
def a_served_stage(address: ServerAddress, *, region: str = demo.HOME, regions: Sequence[str] = ()) -> Iterator[Stage]:
    """Serve an empty database to a region and others beside it; what is written in its folder ends with the block."""
    said = Console(file=StringIO())
    folder = folder_of_our_own()
    clock = SystemClock(shift=shift_to(BEGINS_ON))
    try:
        with demo.outside_world(said, folder=folder, shift=clock.shift) as outside:
            settings = replace(
                demo.demo_settings(Settings(), folder=folder, outside=outside, region=region, shift=clock.shift), port=0
            )
            with (
                demo.running(settings, address, outside=outside, console=said, regions=regions) as platform,
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
                yield stage
    finally:
        shutil.rmtree(folder, ignore_errors=True)
