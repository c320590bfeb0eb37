"""What was kept of a cancelled card is claimed over HTTP: at a counter, with a second person, once."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.builders.access import Known
from tests.support.builders.counter import BUCKET, Phone
from tests.support.builders.served import Served, a_served_world
from yikatong.kernel.ids import show_id
from yikatong.ledger import service as ledger
from yikatong.ledger.model import AccountKind, name_account
from yikatong.plumbing.database import Database

pytestmark = pytest.mark.anyio

IN_THE_PURSE = 8_800


@pytest.fixture
async def served(db: Database) -> AsyncIterator[Served]:
    """The whole application of a fresh region."""
    async with a_served_world(db) as served:
        yield served


async def asked(served: Served, by: Known, phone: Phone, path: str, body: Any) -> str:
    """Ask for what a second person has to approve; gives the id of the request."""
    resident = show_id("resident", phone.resident.resident_id)
    answer = await served.by(by.token, "POST", f"/v1/residents/{resident}{path}", body)
    assert 202 == answer.status_code, answer.text
    approval_id: str = answer.json()["approval_id"]
    return approval_id


async def approved(served: Served, by: Known, approval_id: str) -> tuple[int, Any]:
    """What comes of an approval: its status and answer, or that of the refusal."""
    answer = await served.by(by.token, "POST", f"/v1/approvals/{approval_id}/approve")
    said = answer.json()
    return (said["status"], said["answer"]) if answer.status_code == 200 else (answer.status_code, said["reason"])


async def kept_of(served: Served, phone: Phone) -> int:
    """What is kept of somebody's balance."""
    account = name_account(phone.resident.resident_id, AccountKind.ESCHEAT)
    async with served.world.db.transaction() as conn:
        return await ledger.open_balance(conn, buckets=[BUCKET], account=account)


async def test_an_heir_claims_what_was_kept_once_and_with_a_second_person(served: Served) -> None:
    phone = await served.world.a_phone(purse_fen=IN_THE_PURSE)
    counter, second = await served.an_operator(), await served.an_operator()
    cancelled = await approved(
        served, second, await asked(served, counter, phone, "/card/cancellation", {"why": "death"})
    )
    claim = {"claimant": "heir"}
    path = "/kept-balance/claims"
    assert IN_THE_PURSE == await kept_of(served, phone)

    own = await approved(served, counter, await asked(served, counter, phone, path, claim))
    by_the_dead = await approved(served, second, await asked(served, counter, phone, path, {"claimant": "holder"}))
    status, paid = await approved(served, second, await asked(served, counter, phone, path, claim))
    again = await approved(served, second, await asked(served, counter, phone, path, claim))

    assert (200, IN_THE_PURSE) == (cancelled[0], cancelled[1]["moved_fen"])
    assert (403, "APPROVER_IS_THE_ASKER") == own
    assert (409, "CLAIMANT_DOES_NOT_FIT") == by_the_dead
    assert (200, "heir", IN_THE_PURSE) == (status, paid["claimant"], paid["amount_fen"])
    assert paid["transfer"].startswith("trf_")
    assert (409, "NOTHING_IS_KEPT") == again
    assert 0 == await kept_of(served, phone)


async def test_a_claim_needs_its_right_its_resident_and_a_claimant_that_is_one(served: Served) -> None:
    phone = await served.world.a_phone()
    resident = show_id("resident", phone.resident.resident_id)
    counter, other = await served.an_operator(), await served.an_operator(permissions=["ledger.read"])
    calls = [
        (other, resident, {"claimant": "holder"}),
        (counter, "res_" + "0" * 32, {"claimant": "holder"}),
        (counter, resident, {"claimant": "neighbour"}),
        (counter, resident, {"claimant": "holder", "amount_fen": 1}),
    ]

    answers = [
        await served.by(by.token, "POST", f"/v1/residents/{whose}/kept-balance/claims", body)
        for by, whose, body in calls
    ]

    assert (403, "PERMISSION_IS_MISSING") == (answers[0].status_code, answers[0].json()["reason"])
    assert [422, 422] == [answer.status_code for answer in answers[2:]]
    assert answers[1].status_code in (202, 404)
