"""The real-person check and the gateway for messages, asked over HTTP as the platform asks them."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest

from simulator.bank import SimulatedBank
from simulator.face import Capture, SimulatedFaceCheck
from simulator.messages import CHANNEL, SimulatedGateway
from simulator.outside import addresses_of, outside_app
from simulator.trouble import Trouble
from tests.support.world import FixedClock
from yikatong.app.outside.face import HttpFaceCheck
from yikatong.app.outside.messages import HttpMessageGateway
from yikatong.app.outside.reasons import Reason
from yikatong.cards.outside import FaceAnswer
from yikatong.kernel.outcomes import Refused
from yikatong.notices.model import TemplateWords, Words
from yikatong.notices.outside import Message, MessageNotTakenError

pytestmark = pytest.mark.anyio

RESIDENT = UUID(int=7)
ADDRESSES = addresses_of("http://outside.test")


class Outside:
    """The simulated organisations, and the platform's adapters to them."""

    def __init__(self) -> None:
        self.face = SimulatedFaceCheck()
        self.gateway = SimulatedGateway()
        app = outside_app(bank=SimulatedBank(FixedClock()), face=self.face, gateway=self.gateway)
        transport = httpx.ASGITransport(app=app)
        self.clients = [
            httpx.AsyncClient(base_url=url, transport=transport)
            for url in (ADDRESSES.face_check_url, ADDRESSES.message_gateway_url)
        ]
        self.ask_face = HttpFaceCheck(self.clients[0])
        self.ask_gateway = HttpMessageGateway(self.clients[1])


@pytest.fixture
async def outside() -> AsyncIterator[Outside]:
    """A world outside without trouble."""
    outside = Outside()
    yield outside
    for client in outside.clients:
        await client.aclose()


def a_message(number: int = 1) -> Message:
    """A message to the resident."""
    words = Words(title="用卡", text="已付款")
    return Message(
        message_id=UUID(int=number), resident_id=RESIDENT, template="tap_paid", words=TemplateWords(zh=words, en=words)
    )


async def compare(outside: Outside, face: str, *, name: str = "王秀英", id_number: str = "1") -> FaceAnswer:
    return await outside.ask_face.compare_face(name=name, id_number=id_number, face=face)


async def test_a_face_is_matched_once_with_the_person_who_looked_into_the_camera(outside: Outside) -> None:
    face = outside.face.capture(Capture(name="王秀英", id_number="1"))

    assert FaceAnswer.MATCHED is await compare(outside, face)
    assert FaceAnswer.NOT_LIVE is await compare(outside, face)


@pytest.mark.parametrize(
    ("capture", "answer"),
    [
        (Capture(name="王秀英", id_number="1", is_live=False), FaceAnswer.NOT_LIVE),
        (Capture(name="李国强", id_number="2"), FaceAnswer.ANOTHER_PERSON),
        (Capture(name="王秀兰", id_number="1"), FaceAnswer.NAME_DOES_NOT_MATCH),
    ],
)
async def test_another_face_is_told_apart(outside: Outside, capture: Capture, answer: FaceAnswer) -> None:
    assert answer is await compare(outside, outside.face.capture(capture))


@pytest.mark.parametrize("trouble", [Trouble.LOST_BEFORE, Trouble.LOST_AFTER])
async def test_a_face_check_that_does_not_answer_refuses_by_name(outside: Outside, trouble: Trouble) -> None:
    outside.face.troubles.add(trouble)

    with pytest.raises(Refused) as refused:
        await compare(outside, outside.face.capture(Capture(name="王秀英", id_number="1")))
    assert Reason.FACE_CHECK_DID_NOT_ANSWER is refused.value.reason


async def test_a_message_is_delivered_once_however_often_it_comes(outside: Outside) -> None:
    for _ in range(2):
        assert CHANNEL == await outside.ask_gateway.deliver(a_message())

    assert [a_message()] == outside.gateway.delivered_to(RESIDENT)


async def test_a_message_whose_receipt_got_lost_is_delivered_once_when_it_is_tried_again(outside: Outside) -> None:
    outside.gateway.troubles.add(Trouble.LOST_AFTER)

    with pytest.raises(MessageNotTakenError):
        await outside.ask_gateway.deliver(a_message())
    await outside.ask_gateway.deliver(a_message())

    assert [a_message()] == outside.gateway.delivered_to(RESIDENT)


async def test_a_gateway_that_refuses_delivers_nothing(outside: Outside) -> None:
    outside.gateway.troubles.add(Trouble.LOST_BEFORE)

    with pytest.raises(MessageNotTakenError):
        await outside.ask_gateway.deliver(a_message())

    assert [] == outside.gateway.delivered_to(RESIDENT)


async def test_what_a_phone_received_can_be_read_over_http(outside: Outside) -> None:
    await outside.ask_gateway.deliver(a_message())

    response = await outside.clients[1].get(f"/simulator/messages/{RESIDENT}")

    assert [a_message()] == msgspec.json.decode(response.content, type=dict[str, list[Message]])["messages"]


async def test_trouble_is_asked_for_over_http(outside: Outside) -> None:
    body = {"trouble": Trouble.LOST_BEFORE.value, "times": 2}
    await outside.clients[1].post("/simulator/trouble", json=body)

    for _ in range(2):
        with pytest.raises(MessageNotTakenError):
            await outside.ask_gateway.deliver(a_message())
    assert CHANNEL == await outside.ask_gateway.deliver(a_message())


async def test_what_does_not_fit_is_a_bad_request(outside: Outside) -> None:
    response = await outside.clients[0].post("/faces/compare", content=b'{"name": 1}')

    assert httpx.codes.BAD_REQUEST == response.status_code


async def test_a_caller_who_goes_away_in_the_middle_of_a_question_is_no_fault_of_the_simulator() -> None:
    app = outside_app(bank=SimulatedBank(FixedClock()), face=SimulatedFaceCheck(), gateway=SimulatedGateway())
    said: list[Any] = []

    async def gone() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def hear(message: Any) -> None:
        said.append(message)

    path = "/gateway/messages"
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
    }
    await app(scope, gone, hear)

    assert 400 == said[0]["status"]
