"""HTTP routes of access."""

from yikatong.access.api.approvals import approval_routes
from yikatong.access.api.keys import key_routes
from yikatong.access.api.operators import operator_routes
from yikatong.access.api.people import outside_people_routes, role_routes
from yikatong.access.api.records import record_routes
from yikatong.access.api.sessions import session_routes
from yikatong.plumbing.http import Route

__all__ = ["routes"]


def routes(*, bucket_count: int) -> tuple[Route, ...]:
    """Every route of access, but for the approval itself, which `app` serves because it runs other rooms' commands."""
    return (
        *session_routes(),
        *operator_routes(),
        *role_routes(),
        *outside_people_routes(),
        *key_routes(),
        *approval_routes(bucket_count=bucket_count),
        *record_routes(bucket_count=bucket_count),
    )
