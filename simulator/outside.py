"""The outside world in one process: a bank, a real-person check, a gateway for messages,
a register of vehicles, and their knobs.

`python -m simulator.outside --port 0` serves them and prints their addresses as one line of JSON; it ends with the
process that started it.
"""

import argparse
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from simulator.answering import guarded, json, read, trouble_route
from simulator.bank import Kept, SimulatedBank
from simulator.bank_http import bank_app
from simulator.face import Capture, SimulatedFaceCheck
from simulator.messages import SimulatedGateway
from simulator.vehicles import Plate, SimulatedVehicleRegister
from yikatong.app.http.server import end_with_parent
from yikatong.app.outside.face import FaceQuestion, FaceSaid
from yikatong.app.outside.messages import Taken
from yikatong.app.outside.vehicles import VehicleQuestion
from yikatong.notices.outside import Message
from yikatong.plumbing.clock import SystemClock


class Addresses(msgspec.Struct, frozen=True, kw_only=True):
    """Where the outside world answers; the last four are settings of the platform by the same names."""

    outside_url: str
    bank_url: str
    face_check_url: str
    message_gateway_url: str
    vehicle_register_url: str


class CapturedShape(msgspec.Struct, frozen=True):
    """The reference of a capture."""

    face: str


class DeliveredShape(msgspec.Struct, frozen=True):
    """What a phone received."""

    messages: list[Message]


class ShiftShape(msgspec.Struct, frozen=True):
    """How far clocks are shifted."""

    seconds: int


def addresses_of(outside_url: str) -> Addresses:
    """The addresses of everything that answers under one address."""
    return Addresses(
        outside_url=outside_url,
        bank_url=outside_url + "/bank",
        face_check_url=outside_url + "/face",
        message_gateway_url=outside_url + "/gateway",
        vehicle_register_url=outside_url + "/vehicles",
    )


def outside_app(
    *,
    bank: SimulatedBank,
    face: SimulatedFaceCheck,
    gateway: SimulatedGateway,
    vehicles: SimulatedVehicleRegister | None = None,
    bank_file: Path | None = None,
    clock: SystemClock | None = None,
) -> Starlette:
    """Serve the whole outside world: each organisation under a path of its own.

    With `bank_file` the bank goes on with what it knew when it was last closed; `clock` is set by a story.
    """

    @asynccontextmanager
    async def live(app: Starlette) -> AsyncIterator[None]:
        if bank_file is not None:
            _take_up(bank, bank_file)
        yield
        if bank_file is not None:
            _keep(bank, bank_file)

    return Starlette(
        lifespan=live,
        routes=[
            Mount("/bank", app=bank_app(bank)),
            Mount("/face", routes=_face_routes(face)),
            Mount("/gateway", routes=_gateway_routes(gateway)),
            Mount("/vehicles", routes=_vehicle_routes(vehicles or SimulatedVehicleRegister())),
            *([] if clock is None else [_clock_route(clock)]),
        ],
    )


def _clock_route(clock: SystemClock) -> Route:
    async def set_clock(request: Request) -> Response:
        clock.shift = timedelta(seconds=(await read(request, ShiftShape)).seconds)
        return json(ShiftShape(int(clock.shift.total_seconds())))

    return Route("/simulator/clock", guarded(set_clock), methods=["PUT"])


def _take_up(bank: SimulatedBank, file: Path) -> None:
    if file.exists():
        bank.take_up(msgspec.json.decode(file.read_bytes(), type=Kept))


def _keep(bank: SimulatedBank, file: Path) -> None:
    if file.parent.exists():
        fresh = file.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode(bank.keep()))
        fresh.replace(file)


def _face_routes(face: SimulatedFaceCheck) -> list[Route]:
    async def compare(request: Request) -> Response:
        question = await read(request, FaceQuestion)
        return json(FaceSaid(answer=await face.compare_face(**msgspec.structs.asdict(question))))

    async def capture(request: Request) -> Response:
        return json(CapturedShape(face.capture(await read(request, Capture))))

    return [
        Route("/faces/compare", guarded(compare), methods=["POST"]),
        Route("/simulator/captures", guarded(capture), methods=["POST"]),
        trouble_route(face.troubles),
    ]


def _gateway_routes(gateway: SimulatedGateway) -> list[Route]:
    async def take(request: Request) -> Response:
        return json(Taken(await gateway.deliver(await read(request, Message))))

    async def list_delivered(request: Request) -> Response:
        return json(DeliveredShape(gateway.delivered_to(UUID(request.path_params["resident"]))))

    return [
        Route("/messages", guarded(take), methods=["POST"]),
        Route("/simulator/messages/{resident}", guarded(list_delivered), methods=["GET"]),
        trouble_route(gateway.troubles),
    ]


def _vehicle_routes(vehicles: SimulatedVehicleRegister) -> list[Route]:
    async def look_up(request: Request) -> Response:
        question = await read(request, VehicleQuestion)
        return json(await vehicles.look_up(**msgspec.structs.asdict(question)))

    async def register(request: Request) -> Response:
        vehicles.register(await read(request, Plate))
        return Response(status_code=204)

    return [
        Route("/vehicles/look-up", guarded(look_up), methods=["POST"]),
        Route("/simulator/plates", guarded(register), methods=["POST"]),
        trouble_route(vehicles.troubles),
    ]


def main() -> None:
    """Serve until ended, by a signal or with the parent process."""
    parser = argparse.ArgumentParser(prog="python -m simulator.outside", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on the loopback address; 0 picks a free one")
    parser.add_argument("--parent", type=int, default=os.getppid(), help="process with which this one ends")
    parser.add_argument("--clock-shift", type=int, default=0, help="seconds by which its clocks are off")
    parser.add_argument("--bank-file", type=Path, help="where the bank keeps its accounts between two runs")
    asked = parser.parse_args()
    if not end_with_parent(asked.parent):
        return
    listener = socket.create_server(("127.0.0.1", asked.port))
    address = addresses_of(f"http://127.0.0.1:{listener.getsockname()[1]}")
    sys.stdout.write(msgspec.json.encode(address).decode() + "\n")
    sys.stdout.flush()
    clock = SystemClock(shift=timedelta(seconds=asked.clock_shift))
    app = outside_app(
        bank=SimulatedBank(clock),
        face=SimulatedFaceCheck(),
        gateway=SimulatedGateway(),
        bank_file=asked.bank_file,
        clock=clock,
    )
    uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run(sockets=[listener])


if __name__ == "__main__":
    main()
