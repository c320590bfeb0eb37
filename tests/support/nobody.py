"""Every route of a worker that does not run: to be looked at, not to be called."""

from typing import Any, cast

from tests.support.builders.trade_in import some_chain_terms
from yikatong.app.worker import Worker
from yikatong.plumbing.http import Route
from yikatong.programmes.service import read_shelf


class Nobody:
    """Whatever a room's routes hold to do their work; here nobody works, under the published sheets."""

    chain = some_chain_terms(read_shelf())

    def __getattr__(self, name: str) -> Any:
        return self


NOBODY: Any = Nobody()


def every_route() -> tuple[Route, ...]:
    """The routes of every room."""
    return Worker.routes(cast(Worker, NOBODY))
