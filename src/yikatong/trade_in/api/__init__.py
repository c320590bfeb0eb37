"""HTTP routes of trade-ins, by role."""

from yikatong.plumbing.http import Route
from yikatong.trade_in.api import counter, decisions, finance, lists, offices, parties, residents
from yikatong.trade_in.api.claims import Desk

__all__ = ["Desk", "routes"]


def routes(desk: Desk) -> tuple[Route, ...]:
    """The routes of trade-ins."""
    return (
        *residents.routes(desk),
        *counter.routes(desk),
        *parties.store_routes(desk),
        *parties.recycler_routes(desk),
        *parties.police_routes(desk),
        *offices.commerce_routes(desk),
        *finance.finance_routes(desk),
        *decisions.decision_routes(desk.chain.shelf, desk.vault, bucket_count=desk.bucket_count),
        *lists.routes(desk.chain.shelf),
    )
