"""T21 Secrets in logs: ID numbers, account numbers, codes, tokens, passwords (docs/threats.md)."""

import io
import logging
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
import pytest
import structlog
from msgspec.structs import replace

from simulator.wallet import Wallet
from tests.support.backends import end_backend
from tests.support.builders.access import PASSWORD as OPERATOR_PASSWORD
from tests.support.builders.cards import A_BANK_CARD, PASSWORD, a_return_file, an_id_number
from tests.support.builders.served import Served, a_served_world
from yikatong.cards import service as cards
from yikatong.codes.model import IssuedCertificate, SceneGroup
from yikatong.kernel.ids import DeviceId, read_id
from yikatong.kernel.instants import day_of, epoch_ms
from yikatong.plumbing.database import Database
from yikatong.plumbing.telemetry import configure_logs
from yikatong.taps.model import TapBody

pytestmark = pytest.mark.anyio

NAME, PHONE, ADDRESS = "欧阳静秋", "13912345678", "亭亭社区九栋三单元"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Everything that is logged, from the least level on, ours and that of libraries."""
    stream = io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logs(level="debug", format="json", stream=stream)
    root.setLevel(logging.DEBUG)
    yield stream
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


class Story:
    """Somebody's way from the counter to the till, and every secret met on it."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.secrets: dict[str, str] = {
            "name": NAME,
            "phone": PHONE,
            "address": ADDRESS,
            "password": PASSWORD,
            "bank account": A_BANK_CARD,
            "till's token": served.world.till.token,
            "operator's password": OPERATOR_PASSWORD,
        }

    async def play(self) -> None:
        """Register, make, activate, enrol, bind, tap rightly and wrongly, look, report the loss, lose the database."""
        operator = await self.served.an_operator()
        self.secrets["operator's token"] = operator.token
        resident, number = await self.registered(operator.token)
        card_number = await self.card_made(operator.token, resident)
        wallet, _ = await self.enrolled(number, card_number)
        await self.used(wallet, number, operator.token)
        await self.turned_away(operator.token, resident, number)

    async def by(self, token: str, method: str, path: str, body: Any = None) -> Any:
        """A call that succeeds."""
        answer = await self.served.by(token, method, path, body, Purpose="test")
        assert answer.status_code < 300, f"{path}: {answer.text}"
        return answer.json()

    async def registered(self, token: str) -> tuple[str, str]:
        """Register somebody."""
        number = an_id_number()
        self.secrets["ID number"] = number
        body = {"division": self.served.world.region, "name": NAME, "id_number": number, "phone": PHONE}
        answer = await self.by(token, "POST", "/v1/residents", {**body, "address": ADDRESS})
        return answer["resident_id"], number

    async def card_made(self, token: str, resident: str) -> str:
        """Have a card made, returned and activated."""
        card = f"/v1/residents/{resident}/card"
        await self.by(token, "POST", card + "/application", {"bank_code": "102", "has_photo": True})
        batch = await self.by(token, "POST", "/v1/card-batches", {"cards_max": 10})
        path = f"/v1/card-batches/{batch['batch_id']}"
        sent = (await self.by(token, "GET", path + "/file"))["file"]
        data, _ = a_return_file(sent.encode(), issued_on=day_of(self.served.world.clock.now()))
        await self.by(token, "POST", path + "/return", {"file": data.decode()})
        await self.by(token, "POST", card + "/activation")
        card_number = str((await self.by(token, "GET", card))["card_number"])
        self.secrets["card number"] = card_number
        return card_number

    async def enrolled(self, number: str, card_number: str) -> tuple[Wallet, str]:
        """Enrol a phone, bind the bank account, fill the wallet."""
        wallet, now = Wallet(), self.served.world.clock.now()
        key = wallet.public_key
        message = cards.enrolment_message(id_number=number, card_number=card_number, key=key, made_at=now)
        signature = written(wallet.enrolment_key.sign(message))
        body = {
            "name": NAME,
            "id_number": number,
            "card_number": card_number,
            "face": "liveness-1",
            "password": PASSWORD,
            "platform": "android",
            "shell": "native",
            "algorithm": "ES256",
            "public_key": written(key.data),
            "made_at_ms": epoch_ms(now),
            "signature": signature,
        }
        answer = await self.served.client.post("/v1/wallet/enrolments", json=body)
        assert 200 == answer.status_code, answer.text
        opened = answer.json()
        self.secrets["wallet's token"] = opened["token"]
        self.secrets["signature of the enrolment"] = signature
        wallet.enrolled_as(DeviceId(read_id("device", opened["device_id"])))
        refreshed = await self.by(
            opened["token"], "POST", "/v1/wallet/refresh", {"request": written(wallet.refresh_request(now))}
        )
        wallet.take_certificates(tuple(issued(one) for one in refreshed["certificates"]))
        bank = {"bank_card_number": A_BANK_CARD, "phone": PHONE, "password": PASSWORD}
        await self.by(opened["token"], "POST", "/v1/wallet/bank-account", bank)
        return wallet, opened["token"]

    async def used(self, wallet: Wallet, number: str, operator: str) -> None:
        """Tap at a gate, twice by one code, by a spoilt code, and by an operator's word; take a tap back."""
        world = self.served.world
        code = wallet.show_code(world.clock.now())
        self.secrets["code"], self.secrets["half a code"] = code.removeprefix("YK1:"), code[40:120]
        body = TapBody(request_id="the-first-tap", item=world.entry.code, code=code, learn=("name_masked",))
        attested = {
            "operator_token": operator,
            "document": "resident_id_card",
            "document_number": number,
            "why": "left both at home",
            "attested_at": world.clock.now().isoformat(),
        }
        word = {"request_id": "by-an-operators-word", "item": world.entry.code, "attested": attested}
        reversal = {"request_id": body.request_id, "item": world.entry.code, "code": code}
        answers = [
            await self.served.tap(body),
            await self.served.tap(replace(body, request_id="the-second-tap")),
            await self.served.tap(replace(body, request_id="the-third-tap", code=code[:-1] + "%")),
            await self.served.tap(replace(body, request_id="the-fourth-tap", amount_fen=100)),
            await self.served.tap(body, token=world.till.token[:-1] + "0"),
            await self.served.tap(msgspec.json.encode(word)),
            await self.served.by(world.till.token, "POST", "/v1/reversals", reversal),
        ]
        assert [200, 409] == [answer.status_code for answer in answers[:2]], answers[0].text
        assert 200 == answers[-1].status_code, answers[-1].text

    async def turned_away(self, operator: str, resident: str, number: str) -> None:
        """Everything goes wrong with secrets in hand: passwords, tokens, bodies; a database goes away."""
        calls: list[tuple[str, str, str, Any]] = [
            ("POST", "/v1/sessions", "", {"login_name": "nobody", "password": OPERATOR_PASSWORD}),
            ("POST", "/v1/residents", operator, {"division": "110101", "name": NAME, "id_number": number}),
            ("POST", "/v1/residents", operator, {"name": NAME, "id_number": number, "phone": {"no": PHONE}}),
            ("POST", "/v1/residents/search", operator, {"id_number": number}),
            ("GET", f"/v1/residents/{number}", operator, None),
            ("GET", f"/v1/residents/{resident}?whole=true&id_number={number}", operator, None),
            ("GET", f"/v1/wallet/card?token={operator}", operator, None),
            ("PUT", f"/v1/residents/{resident}/contact", operator, {"phone": PHONE, "address": ADDRESS + "\x00"}),
            ("POST", f"/v1/residents/{resident}/bank-account", operator, {"bank_card_number": A_BANK_CARD}),
        ]
        for method, path, token, body in calls:
            await self.served.by(token or "nobody's", method, path, body, Purpose=f"asked about {number}")
        await end_backend(self.served.world.db, self.served.worker.counter.backend_pid)
        wallet_code = self.secrets["code"]
        await self.served.tap(
            TapBody(request_id="after-the-fall", item=self.served.world.entry.code, code="YK1:" + wallet_code)
        )


def written(data: bytes) -> str:
    """Base64url without padding."""
    return urlsafe_b64encode(data).decode().rstrip("=")


def issued(one: dict[str, str]) -> IssuedCertificate:
    """A certificate as the wallet keeps it."""
    return IssuedCertificate(
        scene_group=SceneGroup(one["scene_group"]),
        show_key=urlsafe_b64decode(one["show_key"] + "=="),
        certificate=urlsafe_b64decode(one["certificate"] + "=="),
        expires_at=datetime.fromisoformat(one["expires_at"]),
    )


async def test_a_whole_story_leaves_no_secret_in_any_line(db: Database, lines: io.StringIO) -> None:
    async with a_served_world(db) as served:
        story = Story(served)
        await story.play()

    said = lines.getvalue()
    found = [what for what, secret in story.secrets.items() if secret in said]
    assert "route" in said
    assert [] == found


def test_what_is_given_to_the_logger_under_a_secrets_name_is_hidden(lines: io.StringIO) -> None:
    given = {
        "full_name": NAME,
        "phone": PHONE,
        "address_line": ADDRESS,
        "password": PASSWORD,
        "authorization": "Bearer x1y2z3",
        "card_number": "A12345678",
        "nonce": "0123456789abcdef",
    }

    structlog.get_logger("yikatong.test").warning("all of them", deeper=[given], **given)
    logging.getLogger("a.library").warning("all of them", extra=given)

    said = lines.getvalue()
    assert 2 == said.count("all of them")
    assert [] == [name for name, secret in given.items() if secret in said]
