"""The simulated bank over HTTP, as `yikatong.app.outside.bank` calls it, and the knobs that only a simulator has."""

from datetime import date
from uuid import UUID

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.answering import guarded, json, read, trouble_route
from simulator.bank import SimulatedBank
from yikatong.app.outside.bank import AccountCheckShape, shape_of
from yikatong.payouts.outside import DebitRequest


class OpenAccountShape(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account to open."""

    number: str
    name: str
    id_number: str
    phone: str
    balance_fen: int
    is_active: bool = True


def bank_app(bank: SimulatedBank) -> Starlette:
    """Serve a simulated bank; an answer that is lost is a silence."""

    async def check_account(request: Request) -> Response:
        shape = await read(request, AccountCheckShape)
        return json(await bank.confirm_account(**msgspec.structs.asdict(shape)))

    async def ask(request: Request) -> Response:
        return json(shape_of(await bank.ask(await read(request, DebitRequest))))

    async def query(request: Request) -> Response:
        return json(shape_of(await bank.query(bank_code=_bank(request), request_id=_id(request))))

    async def reverse(request: Request) -> Response:
        return json(shape_of(await bank.reverse(bank_code=_bank(request), request_id=_id(request))))

    async def list_day(request: Request) -> Response:
        day = date.fromisoformat(request.path_params["day"])
        return json(await bank.list_day(bank_code=_bank(request), day=day))

    async def open_account(request: Request) -> Response:
        shape = await read(request, OpenAccountShape)
        return json({"token": bank.open_account(**msgspec.structs.asdict(shape))})

    async def open_payee(request: Request) -> Response:
        bank.open_payee(request.path_params["token"])
        return Response(status_code=204)

    return Starlette(
        routes=[
            Route("/account-checks", guarded(check_account), methods=["POST"]),
            Route("/requests", guarded(ask), methods=["POST"]),
            Route("/requests/{bank}/{id}", guarded(query), methods=["GET"]),
            Route("/requests/{bank}/{id}/reversal", guarded(reverse), methods=["POST"]),
            Route("/days/{bank}/{day}", guarded(list_day), methods=["GET"]),
            Route("/simulator/accounts", guarded(open_account), methods=["POST"]),
            Route("/simulator/payees/{token}", guarded(open_payee), methods=["PUT"]),
            trouble_route(bank.troubles),
        ]
    )


def _bank(request: Request) -> str:
    bank_code: str = request.path_params["bank"]
    return bank_code


def _id(request: Request) -> UUID:
    return UUID(request.path_params["id"])
