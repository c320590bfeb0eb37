"""HTTP routes of offline: a wallet's allowances, a terminal's sheet, uploads, disputes."""

from collections.abc import Awaitable, Callable
from typing import Any

from yikatong.cards.model import Terms, Vault
from yikatong.codes.service import RegionView
from yikatong.offline.api import counter, disputes, terminals, wallet
from yikatong.plumbing.http import Route
from yikatong.trust.model import KeyHolder


def routes(
    *,
    terms: Terms,
    vault: Vault,
    holder: KeyHolder,
    regions: Callable[[Any], Awaitable[RegionView]],
    locator_key: bytes,
) -> tuple[Route, ...]:
    """Every route of the room; `regions` gives the regions a worker knows, renewed on an open transaction."""
    return (
        *wallet.routes(terms=terms, vault=vault),
        *counter.routes(terms=terms, vault=vault),
        *disputes.routes(terms=terms, locator_key=locator_key),
        *terminals.routes(holder=holder, regions=regions, locator_key=locator_key),
    )
