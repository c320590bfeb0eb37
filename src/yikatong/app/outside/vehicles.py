"""The traffic police's register of vehicles over HTTP, behind `trade_in.outside.VehicleRegister`.

Whatever is not a clear answer within the client's time is RegisterDidNotAnswer; its words never repeat what was sent.
"""

import httpx
import msgspec

from yikatong.app.outside.reading import read_answer
from yikatong.trade_in.outside import PlateStanding, RegisterDidNotAnswer, VehicleRecord


class VehicleQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A vehicle, and the person whose it may be, on the wire."""

    code: str
    name: str
    id_number: str


class HttpVehicleRegister:
    """Asks the register within the client's time limit."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def look_up(self, *, code: str, name: str, id_number: str) -> VehicleRecord:
        """Ask of a vehicle and a person; raises RegisterDidNotAnswer."""
        question = msgspec.json.encode(VehicleQuestion(code=code, name=name, id_number=id_number))
        try:
            response = await self._client.post("/vehicles/look-up", content=question)
            if response.status_code != httpx.codes.OK:
                raise RegisterDidNotAnswer(f"status {response.status_code}")
            return verify_record(read_answer(response.content, VehicleRecord))
        except (httpx.HTTPError, ValueError) as error:
            raise RegisterDidNotAnswer(type(error).__name__) from None


def verify_record(record: VehicleRecord) -> VehicleRecord:
    """The record, if its days fit how the plate stands; raises RegisterDidNotAnswer for one that says nothing."""
    was_given = record.standing is not PlateStanding.NONE
    is_cancelled = record.standing is PlateStanding.CANCELLED
    if was_given != (record.registered_on is not None) or is_cancelled != (record.cancelled_on is not None):
        raise RegisterDidNotAnswer("a record whose days do not fit")
    if record.registered_on is not None and (record.cancelled_on or record.registered_on) < record.registered_on:
        raise RegisterDidNotAnswer("a plate cancelled before it was given")
    if record.is_theirs and not was_given:
        raise RegisterDidNotAnswer("a plate that was never given is nobody's")
    return record


class NoVehicleRegister:
    """No register is connected."""

    async def look_up(self, *, code: str, name: str, id_number: str) -> VehicleRecord:
        """Nobody answers."""
        raise RegisterDidNotAnswer("vehicle_register_url is not set")
