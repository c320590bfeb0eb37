"""A second person: what needs one waits, another decides, and it runs once with the asker's rights."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import NamedTuple

import httpx
import pytest

from tests.support.builders.access import Known, a_wallet, an_operator
from tests.support.builders.http import Shelf, Toys, bearer, toy_route, toys
from tests.support.world import NOON, SeededIds, a_region_code
from yikatong.access import service
from yikatong.access.audit import audit
from yikatong.kernel.ids import show_id
from yikatong.plumbing.database import Database

pytestmark = pytest.mark.anyio


@pytest.fixture
async def toy(db: Database) -> AsyncIterator[Toys]:
    async with toys(db) as made:
        yield made


class Pair(NamedTuple):
    """Two operators of one region."""

    asker: Known
    approver: Known


async def a_pair(db: Database, *, approver_may: tuple[str, ...] = ("access.approve", "shelf.put")) -> Pair:
    region = a_region_code()
    async with db.transaction() as conn:
        return Pair(
            await an_operator(conn, region=region, permissions=["shelf.put", "access.approve", "access.minors"]),
            await an_operator(conn, region=region, permissions=approver_may),
        )


async def ask(toy: Toys, asker: Known, text: str = "milk") -> str:
    response = await toy.client.post("/v1/notes/second", json={"text": text}, headers=bearer(asker.token))
    assert 202 == response.status_code
    approval_id: str = response.json()["approval_id"]
    return approval_id


async def decide(toy: Toys, known: Known, approval_id: str, verb: str = "approve") -> httpx.Response:
    return await toy.client.post(f"/v1/approvals/{approval_id}/{verb}", headers=bearer(known.token))


async def test_what_needs_a_second_person_waits_and_runs_when_another_approves(db: Database, toy: Toys) -> None:
    pair = await a_pair(db)
    approval_id = await ask(toy, pair.asker)
    assert [] == toy.shelf.notes

    approved = await decide(toy, pair.approver, approval_id)
    assert (200, "put_with_second", 200) == (
        approved.status_code,
        approved.json()["what"],
        approved.json()["status"],
    )
    assert "milk" == approved.json()["answer"]["text"]
    assert ["milk"] == toy.shelf.notes


async def test_nobody_approves_what_they_asked_for(db: Database, toy: Toys) -> None:
    pair = await a_pair(db)
    response = await decide(toy, pair.asker, await ask(toy, pair.asker))

    assert (403, "APPROVER_IS_THE_ASKER") == (response.status_code, response.json()["reason"])
    assert [] == toy.shelf.notes


async def test_of_approvals_at_once_one_runs_the_command(db: Database, toy: Toys) -> None:
    pair = await a_pair(db)
    approval_id = await ask(toy, pair.asker)
    answers = await asyncio.gather(*(decide(toy, pair.approver, approval_id) for _ in range(5)))

    assert [200, 409, 409, 409, 409] == sorted(answer.status_code for answer in answers)
    assert ["milk"] == toy.shelf.notes


async def test_a_declined_request_is_over(db: Database, toy: Toys) -> None:
    pair = await a_pair(db)
    approval_id = await ask(toy, pair.asker)

    assert 200 == (await decide(toy, pair.approver, approval_id, "decline")).status_code
    response = await decide(toy, pair.approver, approval_id)
    assert (409, "APPROVAL_IS_DECIDED") == (response.status_code, response.json()["reason"])
    assert [] == toy.shelf.notes


async def test_a_request_that_nobody_decided_in_time_is_over(db: Database, toy: Toys) -> None:
    pair = await a_pair(db)
    approval_id = await ask(toy, pair.asker)
    toy.clock.advance(timedelta(hours=72))
    async with db.transaction() as conn:
        session = await service.open_session(
            conn,
            kind=pair.approver.caller.kind,
            subject_id=pair.approver.caller.id,
            region=pair.approver.caller.region,
            now=toy.clock.now(),
            ids=SeededIds(),
        )
    response = await decide(toy, Known(session.token, pair.approver.caller), approval_id)

    assert (409, "APPROVAL_HAS_EXPIRED") == (response.status_code, response.json()["reason"])


async def test_whoever_approves_needs_the_permission_of_the_command_too(db: Database, toy: Toys) -> None:
    pair = await a_pair(db, approver_may=("access.approve",))
    response = await decide(toy, pair.approver, await ask(toy, pair.asker))

    assert (403, "PERMISSION_IS_MISSING") == (response.status_code, response.json()["reason"])


async def test_an_operator_of_another_region_knows_no_such_request(db: Database, toy: Toys) -> None:
    pair, stranger = await a_pair(db), await a_pair(db)
    approval_id = await ask(toy, pair.asker)

    for unknown in (approval_id, "apr_" + "0" * 32, "apr_x", "%00"):
        response = await decide(toy, stranger.approver, unknown)
        assert (404, "APPROVAL_IS_UNKNOWN") == (response.status_code, response.json()["reason"])


async def test_what_was_asked_by_someone_who_has_lost_the_right_does_not_run(db: Database, toy: Toys) -> None:
    pair = await a_pair(db)
    approval_id = await ask(toy, pair.asker)
    async with db.transaction() as conn:
        (role,) = await service.list_granted_roles(conn, operator_id=pair.asker.caller.id)
        await service.withdraw_role(
            conn, operator_id=pair.asker.caller.id, region=pair.asker.caller.region, name=role.name
        )
    response = await decide(toy, pair.approver, approval_id)

    assert (409, "ASKER_IS_NO_LONGER_ADMITTED") == (response.status_code, response.json()["reason"])
    assert [] == toy.shelf.notes


async def test_a_command_that_refuses_when_it_runs_still_waits(db: Database, toy: Toys) -> None:
    pair = await a_pair(db)
    approval_id = await ask(toy, pair.asker, "too much")
    refused = await decide(toy, pair.approver, approval_id)
    listed = (await toy.client.get("/v1/approvals", headers=bearer(pair.approver.token))).json()["approvals"]

    assert "SHELF_IS_FULL" == refused.json()["reason"]
    assert [(approval_id, "pending", {"text": "too much"})] == [
        (each["approval_id"], each["state"], each["body"]) for each in listed
    ]


async def test_asking_approving_and_running_each_leave_one_record(db: Database, toy: Toys) -> None:
    pair = await a_pair(db)
    approval_id = await ask(toy, pair.asker)
    await decide(toy, pair.approver, approval_id)
    async with db.transaction() as conn:
        rows = await conn.execute(
            "SELECT by_id, what, outcome, approval_id IS NULL FROM access.record WHERE region = %s ORDER BY record_id",
            [pair.asker.caller.region],
        )
        assert [
            (pair.asker.caller.id, "put_with_second", "waits", True),
            (pair.asker.caller.id, "put_with_second", "done", False),
            (pair.approver.caller.id, "approve", "done", True),
        ] == await rows.fetchall()
        assert [] == [line for line in await audit(conn) if approval_id[4:] in line.replace("-", "")]


async def test_a_look_at_a_minor_is_asked_for_and_agreed_by_another(db: Database, toy: Toys) -> None:
    pair = await a_pair(db, approver_may=("access.approve", "access.minors"))
    async with db.transaction() as conn:
        minor = (await a_wallet(conn)).caller.resident_id
    assert minor is not None
    asked = await toy.client.post(
        "/v1/minor-looks",
        json={"resident_id": show_id("resident", minor), "purpose": "school card"},
        headers=bearer(pair.asker.token),
    )
    approved = await decide(toy, pair.approver, asked.json()["approval_id"])

    assert 200 == approved.status_code
    async with db.transaction() as conn:
        await service.verify_minor_look(conn, caller=pair.asker.caller, resident_id=minor, now=NOON, bucket_count=1)


async def test_nobody_suspends_themselves(db: Database, toy: Toys) -> None:
    async with db.transaction() as conn:
        known = await an_operator(conn)
    address = f"/v1/operators/{show_id('operator', known.caller.id)}/suspend"
    response = await toy.client.post(address, headers=bearer(known.token))

    assert (409, "OPERATOR_IS_ONESELF") == (response.status_code, response.json()["reason"])


async def test_what_would_wait_in_vain_is_refused_at_once(db: Database) -> None:
    seconded = toy_route(
        "of_resident",
        "/v1/residents/{resident_id}/seconded",
        handle=Shelf().put,
        permission="shelf.put",
        second_person=True,
    )
    async with toys(db, more=[seconded]) as toy:
        pair = await a_pair(db)
        asked = [
            await toy.client.post(
                f"/v1/residents/{who}/seconded", json={"text": "milk"}, headers=bearer(pair.asker.token)
            )
            for who in ("nobody", "dev_" + "0" * 32, "res_" + "0" * 31 + "%EF%BC%91", "res_" + "0" * 32)
        ]

    assert [404, 404, 404, 202] == [answer.status_code for answer in asked]
    assert "ROUTE_IS_UNKNOWN" == asked[0].json()["reason"]
