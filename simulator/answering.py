"""How a simulated organisation answers over HTTP: typed bodies in and out, and silence as a status without a body."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.trouble import NoAnswer, Trouble, Troubles
from yikatong.payouts.outside import BankDidNotAnswer

Shape = TypeVar("Shape")
Endpoint = Callable[[Request], Awaitable[Response]]


class TroubleShape(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How an organisation fails at the next questions."""

    trouble: Trouble
    times: int = 1


def guarded(endpoint: Endpoint) -> Endpoint:
    """What does not fit is 400; an organisation that refuses or is silent gives 503 without a body.

    A caller who goes away in the middle of a question, as a platform does that starts anew, hears nothing.
    """

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except (NoAnswer, BankDidNotAnswer):
            return Response(status_code=503)
        except (msgspec.DecodeError, ValueError, ClientDisconnect):
            return Response(status_code=400)

    return answer


async def read(request: Request, shape: type[Shape]) -> Shape:
    """The body, as a type."""
    return msgspec.json.decode(await request.body(), type=shape)


def json(value: Any) -> Response:
    """An answer with a body."""
    return Response(msgspec.json.encode(value), media_type="application/json")


def trouble_route(troubles: Troubles) -> Route:
    """The knob of one organisation by which it fails."""

    async def fail_next(request: Request) -> Response:
        shape = await read(request, TroubleShape)
        troubles.add(shape.trouble, times=shape.times)
        return Response(status_code=204)

    return Route("/simulator/trouble", guarded(fail_next), methods=["POST"])
