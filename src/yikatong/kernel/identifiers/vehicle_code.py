"""Whole-vehicle code of bicycles and e-bikes (整车编码): 15 digits, no check digit.

Places 1 to 4 name the maker, 5 the type, 6 and 7 the year, 8 to 15 are the serial number. The 17-character codes
of motorcycles are another number and are refused.
"""

import re
from enum import StrEnum

import msgspec

from yikatong.kernel.identifiers.reasons import Reason
from yikatong.kernel.outcomes import Refused

_SHAPE = re.compile(r"[0-9]{15}")


class VehicleType(StrEnum):
    """What the fifth digit says."""

    BICYCLE = "bicycle"
    E_BIKE = "e_bike"
    PETROL_MOPED = "petrol_moped"


TYPE_BY_DIGIT = {"1": VehicleType.BICYCLE, "2": VehicleType.E_BIKE, "3": VehicleType.PETROL_MOPED}


class VehicleCode(msgspec.Struct, frozen=True):
    """A whole-vehicle code that was read."""

    text: str
    type: VehicleType

    @property
    def maker(self) -> str:
        """Four digits that the China article numbering centre gave the maker."""
        return self.text[:4]

    @property
    def produced_in(self) -> int:
        """Year of production; the code has two digits of it, and no vehicle is older than 2000."""
        return 2000 + int(self.text[5:7])

    @property
    def serial(self) -> str:
        """Eight digits of the maker's own numbering."""
        return self.text[7:]


def make_vehicle_code(*, maker: int, vehicle_type: VehicleType, produced_in: int, serial: int) -> str:
    """Write the code of a vehicle; `maker` has at most four digits, `serial` at most eight."""
    digit = next(digit for digit, kind in TYPE_BY_DIGIT.items() if kind is vehicle_type)
    return f"{maker:04d}{digit}{produced_in % 100:02d}{serial:08d}"


def read_vehicle_code(text: str) -> VehicleCode:
    """Read exactly 15 digits.

    Refuses, in this order:
        VEHICLE_CODE_IS_MALFORMED     not 15 ASCII digits
        VEHICLE_CODE_TYPE_IS_UNKNOWN  the fifth digit is none of 1, 2, 3
    """
    if not _SHAPE.fullmatch(text):
        raise Refused(Reason.VEHICLE_CODE_IS_MALFORMED)
    vehicle_type = TYPE_BY_DIGIT.get(text[4])
    if vehicle_type is None:
        raise Refused(Reason.VEHICLE_CODE_TYPE_IS_UNKNOWN)
    return VehicleCode(text, vehicle_type)
