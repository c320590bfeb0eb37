"""HTTP routes of taps: around a tap, and what is kept of those that were wrong."""

from collections.abc import Callable

from yikatong.plumbing.http import Route
from yikatong.taps.api import around, evidence
from yikatong.taps.api.around import WaitingTap, WaitingTaps, tap_route
from yikatong.taps.follow_ups import FollowUps

__all__ = ["WaitingTap", "WaitingTaps", "routes", "tap_route"]


def routes(follow_ups: Callable[[], FollowUps]) -> tuple[Route, ...]:
    """Every route of the room but the tap's own; `follow_ups` gives the worker's, once its counter is open."""
    return (*around.routes(follow_ups), *evidence.routes())
