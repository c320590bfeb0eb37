"""Cards and desk over HTTP: a card from the counter to the wallet, and every way to be turned away."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import httpx
import pytest

from tests.support.builders.access import Known, an_operator
from tests.support.builders.cards import (
    A_BANK_CARD,
    PASSWORD,
    VAULT,
    ABank,
    CardWorld,
    FacesThatMatch,
    a_return_file,
    an_id_number,
)
from tests.support.builders.http import a_house, bearer
from tests.support.world import NOON, FixedClock, a_region_code
from yikatong.app.http.application import build_app
from yikatong.cards import api as cards_api
from yikatong.cards import service as cards
from yikatong.cards.model import Terms
from yikatong.desk import api as desk_api
from yikatong.kernel.ids import DeviceId, read_id
from yikatong.kernel.instants import day_of, epoch_ms
from yikatong.plumbing.database import Database
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm, SigningKey

pytestmark = pytest.mark.anyio

TERMS = Terms(bucket_count=1, synthetic_allowed=True)


class Town:
    """A region's platform over HTTP, with an operator at its counter."""

    def __init__(self, client: httpx.AsyncClient, operator: Known, clock: FixedClock, faces: FacesThatMatch) -> None:
        self.client, self.operator, self.clock, self.faces = client, operator, clock, faces
        self.region = operator.caller.region

    async def at_the_counter(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """A call by the operator, who says why."""
        said = bearer(self.operator.token, Purpose="test", **headers)
        return await self.client.request(method, path, json=body, headers=said)

    async def registered(self, *, born_on: date = date(1980, 6, 1), name: str = "王秀英") -> tuple[str, str]:
        """Register somebody; gives resident id and ID number."""
        number = an_id_number(born_on)
        answer = await self.at_the_counter(
            "POST", "/v1/residents", {"division": self.region, "name": name, "id_number": number}
        )
        assert 200 == answer.status_code, answer.text
        return answer.json()["resident_id"], number

    async def card_holder(self) -> tuple[str, str, str]:
        """Somebody with an active card; gives resident id, ID number and card number."""
        resident, number = await self.registered()
        card = f"/v1/residents/{resident}/card"
        steps = [
            await self.at_the_counter("POST", card + "/application", {"bank_code": "102", "has_photo": True}),
            batch := await self.at_the_counter("POST", "/v1/card-batches", {"cards_max": 100}),
        ]
        path = f"/v1/card-batches/{batch.json()['batch_id']}"
        sent = await self.at_the_counter("GET", path + "/file")
        data, _ = a_return_file(sent.json()["file"].encode(), issued_on=day_of(NOON))
        steps += [
            sent,
            await self.at_the_counter("POST", path + "/return", {"file": data.decode()}),
            await self.at_the_counter("POST", card + "/activation"),
            shown := await self.at_the_counter("GET", card),
        ]
        assert [200] * len(steps) == [step.status_code for step in steps], [step.text for step in steps]
        return resident, number, shown.json()["card_number"]

    async def enrol(
        self, number: str, card_number: str, *, key: SigningKey | None = None, password: str = PASSWORD
    ) -> httpx.Response:
        """Enrol a device."""
        signer = key or trust.new_signing_key(Algorithm.ES256)
        now = self.clock.now()
        message = cards.enrolment_message(id_number=number, card_number=card_number, key=signer.public_key, made_at=now)
        body = {
            "name": "王秀英",
            "id_number": number,
            "card_number": card_number,
            "face": "liveness-1",
            "password": password,
            "platform": "android",
            "shell": "native",
            "algorithm": "ES256",
            "public_key": written(signer.public_key.data),
            "made_at_ms": epoch_ms(now),
            "signature": written(signer.sign(message)),
        }
        return await self.client.post("/v1/wallet/enrolments", json=body)


def written(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@asynccontextmanager
async def a_town(db: Database, **operator: Any) -> AsyncIterator[Town]:
    """A platform of cards and desk in a region of its own."""
    clock, faces = FixedClock(NOON), FacesThatMatch()
    routes = (
        *cards_api.routes(terms=TERMS, vault=VAULT),
        *desk_api.routes(terms=TERMS, vault=VAULT, face_check=faces, bank_accounts=ABank()),
    )
    async with db.transaction() as conn:
        known = await an_operator(conn, **operator)
    transport = httpx.ASGITransport(app=build_app(a_house(db, clock), routes))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield Town(client, known, clock, faces)


def reason_of(answer: httpx.Response) -> tuple[int, str]:
    """Status and reason of a refusal."""
    return answer.status_code, answer.json()["reason"]


async def test_a_card_goes_from_the_counter_into_the_wallet(db: Database) -> None:
    async with a_town(db) as town:
        resident, number, card_number = await town.card_holder()
        enrolled = await town.enrol(number, card_number)
        assert 200 == enrolled.status_code, enrolled.text
        wallet = bearer(enrolled.json()["token"])
        bound = await town.client.post(
            "/v1/wallet/bank-account",
            json={"bank_card_number": A_BANK_CARD, "phone": "13800000000", "password": PASSWORD},
            headers=wallet,
        )
        limited = await town.client.put(
            "/v1/wallet/limits",
            json={"tap_limit_fen": 5_000, "day_limit_fen": 20_000, "password": PASSWORD},
            headers=wallet,
        )
        shown = (await town.client.get("/v1/wallet/card", headers=wallet)).json()

    assert ["done", "done"] == [bound.json()["change"], limited.json()["change"]]
    assert resident == enrolled.json()["resident_id"]
    assert (card_number, "active", "1", "signed_l2", 2, ["wallet"], A_BANK_CARD[-4:]) == (
        shown["card_number"],
        shown["state"],
        shown["official_code"],
        shown["e_card_state"],
        shown["level"],
        shown["channels"],
        shown["bank_card_tail"],
    )
    assert {
        "tap_limit_fen": 5_000,
        "day_limit_fen": 20_000,
        "unknown_posture_allowed": False,
        "payments_are_frozen": False,
    } == shown["limits"]


async def test_a_loss_reported_in_the_wallet_is_undone_only_by_face_and_password_together(db: Database) -> None:
    async with a_town(db) as town:
        _, number, card_number = await town.card_holder()
        wallet = bearer((await town.enrol(number, card_number)).json()["token"])

        async def call(path: str, body: Any = None) -> httpx.Response:
            return await town.client.post("/v1/wallet/card/" + path, json=body, headers=wallet)

        proof = {"face": "liveness-2", "password": PASSWORD}
        assert ["done", "already_so"] == [(await call("loss")).json()["change"] for _ in range(2)]
        assert (403, "PASSWORD_IS_WRONG") == reason_of(await call("release", proof | {"password": "000001"}))
        assert (409, "CARD_IS_TEMPORARILY_REPORTED_LOST") == reason_of(await call("association", proof))
        assert "done" == (await call("release", proof)).json()["change"]
        assert "suspended" == (await town.client.get("/v1/wallet/card", headers=wallet)).json()["e_card_state"]
        assert "done" == (await call("association", proof)).json()["change"]
        assert "signed_l1" == (await town.client.get("/v1/wallet/card", headers=wallet)).json()["e_card_state"]


async def test_wrong_passwords_are_counted_although_each_was_refused(db: Database) -> None:
    async with a_town(db) as town:
        _, number, card_number = await town.card_holder()
        wallet = bearer((await town.enrol(number, card_number)).json()["token"])
        wrong = {"tap_limit_fen": 1, "day_limit_fen": 1, "password": "000001"}
        answers = [reason_of(await town.client.put("/v1/wallet/limits", json=wrong, headers=wallet)) for _ in range(7)]
        assert [(403, "PASSWORD_IS_WRONG")] * 6 + [(423, "PASSWORD_IS_LOCKED")] == answers
        assert (423, "PASSWORD_IS_LOCKED") == reason_of(await town.enrol(number, card_number))

        async def reset(password: str, face: str) -> httpx.Response:
            body = {"face": face, "new_password": password}
            return await town.client.put("/v1/wallet/password", json=body, headers=wallet)

        assert (422, "PASSWORD_IS_THE_SAME_AS_BEFORE") == reason_of(await reset(PASSWORD, "liveness-3"))
        assert 200 == (await reset("582914", "liveness-4")).status_code
        assert 200 == (await town.enrol(number, card_number, password="582914")).status_code


async def test_a_session_is_opened_again_by_signature_and_the_one_before_ends(db: Database) -> None:
    async with a_town(db) as town:
        _, number, card_number = await town.card_holder()
        key = trust.new_signing_key(Algorithm.ES256)
        opened = (await town.enrol(number, card_number, key=key)).json()
        later = town.clock.now().replace(minute=2)
        town.clock.set(later)
        async with db.transaction() as conn:
            world = CardWorld(conn)
            found = await cards.find_by_id_number(conn, id_number=number, vault=world.vault)
        assert found is not None
        device = DeviceId(read_id("device", opened["device_id"]))
        message = cards.session_message(resident_id=found, device_id=device, made_at=later)
        body = {
            "resident_id": opened["resident_id"],
            "device_id": opened["device_id"],
            "made_at_ms": epoch_ms(later),
            "signature": written(key.sign(message)),
        }
        again = await town.client.post("/v1/wallet/sessions", json=body)
        replayed = await town.client.post("/v1/wallet/sessions", json=body)
        old = await town.client.get("/v1/wallet/card", headers=bearer(opened["token"]))
        new = await town.client.get("/v1/wallet/card", headers=bearer(again.json()["token"]))

    assert (403, "DEVICE_MESSAGE_IS_STALE") == reason_of(replayed)
    assert (401, "SESSION_HAS_ENDED") == reason_of(old)
    assert 200 == new.status_code


async def test_a_look_needs_a_purpose_and_shows_little_unless_asked(db: Database) -> None:
    async with a_town(db) as town:
        resident, number = await town.registered()
        path = f"/v1/residents/{resident}"
        silent = await town.client.get(path, headers=bearer(town.operator.token))
        masked = (await town.at_the_counter("GET", path)).json()
        whole = (await town.at_the_counter("GET", path + "?whole=true")).json()
        found = await town.at_the_counter("POST", "/v1/residents/search", {"id_number": number})

    assert "PURPOSE_IS_MISSING" == reason_of(silent)[1]
    assert ("王**", number[:3] + "*" * 11 + number[-4:]) == (masked["name"], masked["id_number"])
    assert ("王秀英", number) == (whole["name"], whole["id_number"])
    assert resident == found.json()["resident_id"]


async def test_a_minor_is_shown_only_with_an_approval(db: Database) -> None:
    async with a_town(db) as town:
        child, _ = await town.registered(born_on=date(2016, 3, 1))
        answer = await town.at_the_counter("GET", f"/v1/residents/{child}")

    assert (403, "MINOR_LOOK_NEEDS_APPROVAL") == reason_of(answer)


async def test_another_regions_operator_and_an_unreadable_id_find_nobody(db: Database) -> None:
    async with a_town(db) as town, a_town(db, region=a_region_code()) as elsewhere:
        resident, number = await town.registered()
        answers = [
            await elsewhere.at_the_counter("GET", f"/v1/residents/{resident}"),
            await elsewhere.at_the_counter("POST", "/v1/residents/search", {"id_number": number}),
            await elsewhere.at_the_counter("POST", f"/v1/residents/{resident}/card/loss", {"formal": True}),
        ]
        unknown = [
            await town.at_the_counter("GET", f"/v1/residents/{text}/card")
            for text in ("res_" + "0" * 32, "res_0", "crd_" + "0" * 32, "%00", "王")
        ]
        batches = [
            await town.at_the_counter("GET", f"/v1/card-batches/{text}") for text in ("cbt_0", "cbt_" + "0" * 32)
        ]

    assert {(403, "REGION_IS_OUT_OF_SCOPE")} == {reason_of(answer) for answer in answers}
    assert {(404, "RESIDENT_IS_NOT_KNOWN")} == {reason_of(answer) for answer in unknown}
    assert {(404, "CARD_BATCH_IS_NOT_KNOWN")} == {reason_of(answer) for answer in batches}


async def test_a_division_outside_the_region_is_not_registered(db: Database) -> None:
    async with a_town(db) as town:
        answer = await town.at_the_counter(
            "POST", "/v1/residents", {"division": "110101", "name": "王秀英", "id_number": an_id_number()}
        )

    assert (422, "PERSONAL_FIELD_IS_NOT_VALID") == reason_of(answer)


async def test_a_wrong_return_file_names_its_lines_over_http(db: Database) -> None:
    async with a_town(db) as town:
        resident, _ = await town.registered()
        card = f"/v1/residents/{resident}/card"
        await town.at_the_counter("POST", card + "/application", {"bank_code": "102", "has_photo": True})
        batch = (await town.at_the_counter("POST", "/v1/card-batches", {})).json()["batch_id"]
        answer = await town.at_the_counter("POST", f"/v1/card-batches/{batch}/return", {"file": "not a file"})

    assert (422, "RETURN_FILE_HAS_ERRORS") == reason_of(answer)
    assert "line_1" in answer.text


async def test_a_wallet_cannot_stand_at_the_counter_nor_an_operator_in_a_wallet(db: Database) -> None:
    async with a_town(db) as town:
        resident, number, card_number = await town.card_holder()
        wallet = bearer((await town.enrol(number, card_number)).json()["token"])
        answers = [
            await town.client.post(f"/v1/residents/{resident}/card/release", headers=wallet),
            await town.at_the_counter("GET", "/v1/wallet/card"),
            await town.client.get("/v1/wallet/card"),
        ]

    assert [(403, "CALLER_IS_NOT_ADMITTED"), (403, "CALLER_IS_NOT_ADMITTED"), (401, "KEY_IS_MISSING")] == [
        reason_of(answer) for answer in answers
    ]
