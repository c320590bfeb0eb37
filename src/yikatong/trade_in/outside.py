"""What the traffic police's register of vehicles must answer. An adapter, and the simulator, stand behind this."""

from datetime import date
from enum import StrEnum
from typing import Protocol

import msgspec


class PlateStanding(StrEnum):
    """How a vehicle's plate stands: never given, registered, or cancelled."""

    NONE = "none"
    REGISTERED = "registered"
    CANCELLED = "cancelled"


class VehicleRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What the register says of a vehicle and one person, and of nobody else.

    `is_theirs` is whether the plate is, or last was, registered to the person who was named.
    """

    standing: PlateStanding
    is_theirs: bool = False
    registered_on: date | None = None
    cancelled_on: date | None = None


class RegisterDidNotAnswer(Exception):  # noqa: N818  says what happened, which may be nothing
    """No answer in time, or one that says nothing."""


class VehicleRegister(Protocol):
    """The register of plates (电动自行车登记)."""

    async def look_up(self, *, code: str, name: str, id_number: str) -> VehicleRecord:
        """Say how the plate of a whole-vehicle code stands, and whether it is this person's.

        May raise RegisterDidNotAnswer.
        """
        ...
