"""The traffic police's register of vehicles, asked over HTTP as the platform asks it."""

from collections.abc import AsyncIterator
from datetime import date

import httpx
import pytest

from simulator.bank import SimulatedBank
from simulator.face import SimulatedFaceCheck
from simulator.messages import SimulatedGateway
from simulator.outside import addresses_of, outside_app
from simulator.trouble import Trouble
from simulator.vehicles import Plate, SimulatedVehicleRegister
from tests.support.world import FixedClock
from yikatong.app.outside.vehicles import HttpVehicleRegister, NoVehicleRegister, verify_record
from yikatong.trade_in.outside import PlateStanding, RegisterDidNotAnswer, VehicleRecord

pytestmark = pytest.mark.anyio

CODE = "117612400000001"
GIVEN, CANCELLED = date(2023, 3, 7), date(2024, 10, 2)
PLATE = Plate(code=CODE, name="王秀英", id_number="1", registered_on=GIVEN)


class Asked:
    """A register, and the platform's adapter to it."""

    def __init__(self) -> None:
        self.register = SimulatedVehicleRegister()
        app = outside_app(
            bank=SimulatedBank(FixedClock()),
            face=SimulatedFaceCheck(),
            gateway=SimulatedGateway(),
            vehicles=self.register,
        )
        url = addresses_of("http://outside.test").vehicle_register_url
        self.client = httpx.AsyncClient(base_url=url, transport=httpx.ASGITransport(app=app))
        self._adapter = HttpVehicleRegister(self.client)

    async def look_up(self, *, code: str = CODE, name: str = "王秀英", id_number: str = "1") -> VehicleRecord:
        return await self._adapter.look_up(code=code, name=name, id_number=id_number)


@pytest.fixture
async def asked() -> AsyncIterator[Asked]:
    """A register without plates and without trouble."""
    asked = Asked()
    yield asked
    await asked.client.aclose()


async def test_a_plate_is_followed_from_none_to_given_to_cancelled(asked: Asked) -> None:
    assert VehicleRecord(standing=PlateStanding.NONE) == await asked.look_up()

    asked.register.register(PLATE)
    assert (
        VehicleRecord(standing=PlateStanding.REGISTERED, is_theirs=True, registered_on=GIVEN) == await asked.look_up()
    )

    asked.register.cancel(CODE, on=CANCELLED)
    assert (
        VehicleRecord(standing=PlateStanding.CANCELLED, is_theirs=True, registered_on=GIVEN, cancelled_on=CANCELLED)
        == await asked.look_up()
    )


async def test_whose_a_plate_is_is_not_said_to_others(asked: Asked) -> None:
    asked.register.register(PLATE)

    for name, id_number in (("王秀英", "2"), ("李国强", "1")):
        record = await asked.look_up(name=name, id_number=id_number)
        assert not record.is_theirs
        assert {"standing", "is_theirs", "registered_on", "cancelled_on"} == set(record.__struct_fields__)


@pytest.mark.parametrize("trouble", [Trouble.LOST_BEFORE, Trouble.LOST_AFTER])
async def test_silence_is_no_answer(asked: Asked, trouble: Trouble) -> None:
    asked.register.register(PLATE)
    asked.register.troubles.add(trouble)
    with pytest.raises(RegisterDidNotAnswer):
        await asked.look_up()
    assert (await asked.look_up()).is_theirs


async def test_without_a_register_nobody_answers() -> None:
    with pytest.raises(RegisterDidNotAnswer):
        await NoVehicleRegister().look_up(code=CODE, name="王秀英", id_number="1")


@pytest.mark.parametrize(
    "record",
    [
        VehicleRecord(standing=PlateStanding.NONE, is_theirs=True),
        VehicleRecord(standing=PlateStanding.NONE, registered_on=GIVEN),
        VehicleRecord(standing=PlateStanding.REGISTERED),
        VehicleRecord(standing=PlateStanding.REGISTERED, registered_on=GIVEN, cancelled_on=CANCELLED),
        VehicleRecord(standing=PlateStanding.CANCELLED, registered_on=GIVEN),
        VehicleRecord(standing=PlateStanding.CANCELLED, registered_on=CANCELLED, cancelled_on=GIVEN),
    ],
)
def test_a_record_that_contradicts_itself_is_no_answer(record: VehicleRecord) -> None:
    with pytest.raises(RegisterDidNotAnswer):
        verify_record(record)
