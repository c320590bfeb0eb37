"""The house: what every part of a running process shares."""

from dataclasses import dataclass

from yikatong.plumbing.clock import Clock
from yikatong.plumbing.database import Database
from yikatong.plumbing.ids import Ids
from yikatong.plumbing.settings import Settings


@dataclass(frozen=True, kw_only=True)
class House:
    """Settings, database, clock and ids of one process."""

    settings: Settings
    database: Database
    clock: Clock
    ids: Ids
