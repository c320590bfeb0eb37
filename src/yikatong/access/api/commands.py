"""What the commands of access share: how a route is written, and what most answer."""

from typing import Any

from msgspec import Struct

from yikatong.plumbing.http import CallerKind, ChangeAnswer, Route, RouteKind


class NewAccountAnswer(Struct, frozen=True, kw_only=True):
    """The account that was made; the first password serves once, to choose another."""

    id: str
    login_name: str
    first_password: str


def access_command(method: str, path: str, name: str, summary_en: str, summary_zh: str, **parts: Any) -> Route:
    """A command of access; operators may call it and it answers whether anything changed, unless `parts` say else."""
    return Route(
        method=method,
        path=path,
        name=name,
        tag="access",
        summary_en=summary_en,
        summary_zh=summary_zh,
        kind=RouteKind.COMMAND,
        **{"callers": (CallerKind.OPERATOR,), "answer": ChangeAnswer, **parts},
    )
