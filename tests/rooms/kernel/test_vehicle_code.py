"""A whole-vehicle code is read exactly, or refused for a named reason."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rooms.kernel.vectors import vectors
from yikatong.kernel.identifiers.reasons import Reason
from yikatong.kernel.identifiers.vehicle_code import VehicleType, make_vehicle_code, read_vehicle_code
from yikatong.kernel.outcomes import Refused


@pytest.mark.parametrize("vector", vectors("vehicle_codes", "read"), ids=lambda vector: vector["text"])
def test_a_code_names_maker_type_year_and_serial(vector: dict[str, Any]) -> None:
    code = read_vehicle_code(vector["text"])

    assert (vector["maker"], vector["type"], vector["produced_in"], vector["serial"]) == (
        code.maker,
        code.type,
        code.produced_in,
        code.serial,
    )


@pytest.mark.parametrize("vector", vectors("vehicle_codes", "refused"), ids=str)
def test_a_code_that_cannot_be_is_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refusal:
        read_vehicle_code(vector["text"])

    assert Reason[vector["reason"]] is refusal.value.reason


@given(
    maker=st.integers(0, 9_999),
    vehicle_type=st.sampled_from(VehicleType),
    produced_in=st.integers(2000, 2099),
    serial=st.integers(0, 99_999_999),
)
def test_every_code_that_is_made_reads_back(
    maker: int, vehicle_type: VehicleType, produced_in: int, serial: int
) -> None:
    text = make_vehicle_code(maker=maker, vehicle_type=vehicle_type, produced_in=produced_in, serial=serial)
    code = read_vehicle_code(text)

    assert (f"{maker:04d}", vehicle_type, produced_in, f"{serial:08d}") == (
        code.maker,
        code.type,
        code.produced_in,
        code.serial,
    )
