"""HTTP routes of trade-ins, by role."""

from yikatong.plumbing.http import Route
from yikatong.trade_in.api import banks, counter, decisions, finance, lists, offices, parties, residents
from yikatong.trade_in.api.bodies import ApplicationBody
from yikatong.trade_in.api.claims import Desk
from yikatong.trade_in.api.residents import OWN, application_of, look_up_bike, qualify_route, show_qualified

__all__ = [
    "OWN",
    "ApplicationBody",
    "Desk",
    "application_of",
    "look_up_bike",
    "qualify_route",
    "routes",
    "show_qualified",
]


def routes(desk: Desk) -> tuple[Route, ...]:
    """The routes of trade-ins."""
    return (
        *residents.routes(desk),
        *counter.routes(desk),
        *parties.store_routes(desk),
        *parties.recycler_routes(desk),
        *parties.police_routes(desk),
        *banks.bank_routes(desk),
        *offices.commerce_routes(desk),
        *finance.finance_routes(desk),
        *decisions.decision_routes(desk),
        *lists.routes(desk.chain.shelf),
    )
