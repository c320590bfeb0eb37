"""Who meets the platform in a trade-in: each role one kind of caller with one permission, each route one role."""

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Any, NamedTuple

from yikatong.kernel.outcomes import Reason as AnyReason
from yikatong.plumbing.http import Call, CallerKind, Route, RouteKind


class _Party(NamedTuple):
    caller: CallerKind
    permission: str | None


class Role(Enum):
    """A role, as whom it calls and by which permission; a wallet is its resident and needs none."""

    RESIDENT = _Party(CallerKind.WALLET, None)
    COUNTER = _Party(CallerKind.OPERATOR, "trade_in.counter")
    STORE = _Party(CallerKind.STAFF, "trade_in.store")
    RECYCLER = _Party(CallerKind.STAFF, "trade_in.recycler")
    POLICE = _Party(CallerKind.PARTNER, "trade_in.police")
    COMMERCE = _Party(CallerKind.OPERATOR, "trade_in.commerce")
    FINANCE = _Party(CallerKind.OPERATOR, "trade_in.finance")
    BANK = _Party(CallerKind.PARTNER, "trade_in.bank")


def route_of(
    role: Role,
    method: str,
    path: str,
    name: str,
    summary_en: str,
    summary_zh: str,
    handle: Callable[[Call, Any, Any], Awaitable[Any]],
    *,
    reasons: tuple[AnyReason, ...] = (),
    **parts: Any,
) -> Route:
    """A route of one role."""
    return Route(
        method=method,
        path=path,
        name=f"trade_in.{name}",
        tag="trade-in",
        summary_en=summary_en,
        summary_zh=summary_zh,
        kind=RouteKind.QUERY if method == "GET" else RouteKind.COMMAND,
        callers=(role.value.caller,),
        permission=role.value.permission,
        handle=handle,
        reasons=reasons,
        **parts,
    )
