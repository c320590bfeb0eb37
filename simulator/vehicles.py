"""The traffic police's register of vehicles: plates are given, passed on and cancelled; questions are answered."""

from datetime import date

import msgspec

from simulator.trouble import Troubles
from yikatong.trade_in.outside import PlateStanding, VehicleRecord


class Plate(msgspec.Struct, frozen=True, kw_only=True):
    """A plate: of which vehicle, whose, from when, and when it was cancelled."""

    code: str
    name: str
    id_number: str
    registered_on: date
    cancelled_on: date | None = None


class SimulatedVehicleRegister:
    """Answers `trade_in.outside.VehicleRegister`."""

    def __init__(self) -> None:
        """Begin with no plates and no trouble."""
        self.troubles = Troubles()
        self._plates: dict[str, Plate] = {}

    def register(self, plate: Plate) -> None:
        """Give a vehicle a plate, or pass it on, or write that it was cancelled."""
        self._plates[plate.code] = plate

    def cancel(self, code: str, *, on: date) -> None:
        """Cancel a vehicle's plate; raises KeyError for one that has none."""
        self._plates[code] = msgspec.structs.replace(self._plates[code], cancelled_on=on)

    async def look_up(self, *, code: str, name: str, id_number: str) -> VehicleRecord:
        """Say how a plate stands, and whether it is this person's."""
        trouble = self.troubles.take()
        plate = self._plates.get(code)
        await self.troubles.live_through(trouble)
        if plate is None:
            return VehicleRecord(standing=PlateStanding.NONE)
        return VehicleRecord(
            standing=PlateStanding.REGISTERED if plate.cancelled_on is None else PlateStanding.CANCELLED,
            is_theirs=(plate.name, plate.id_number) == (name, id_number),
            registered_on=plate.registered_on,
            cancelled_on=plate.cancelled_on,
        )
