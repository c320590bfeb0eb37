"""HTTP routes of trade-ins, by role."""

from yikatong.plumbing.http import Route
from yikatong.programmes.service import Shelf
from yikatong.trade_in.api import lists

__all__ = ["routes"]


def routes(shelf: Shelf) -> tuple[Route, ...]:
    """The routes of trade-ins."""
    return lists.routes(shelf)
