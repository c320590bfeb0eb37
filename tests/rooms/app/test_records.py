"""What a call leaves behind: one record for a command, one for a look, none for a refusal, and kept answers."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.builders.access import Known, a_wallet, an_operator
from tests.support.builders.http import Toys, bearer, toys
from tests.support.world import SeededIds
from yikatong.access.audit import audit
from yikatong.kernel.ids import show_id
from yikatong.plumbing.database import Database

pytestmark = pytest.mark.anyio


@pytest.fixture
async def toy(db: Database) -> AsyncIterator[Toys]:
    async with toys(db) as made:
        yield made


async def an_operator_known(db: Database, region: str | None = None) -> Known:
    async with db.transaction() as conn:
        return await an_operator(conn, region=region)


async def records_of(db: Database, known: Known) -> list[tuple[Any, ...]]:
    """Kind, what, outcome, purpose of each record of a caller, the oldest first."""
    async with db.transaction() as conn:
        rows = await conn.execute(
            "SELECT kind, what, outcome, purpose FROM access.record WHERE by_id = %s ORDER BY record_id",
            [known.caller.id],
        )
        return await rows.fetchall()


async def test_a_command_leaves_one_record_of_who_what_and_how_it_ended(db: Database, toy: Toys) -> None:
    known = await an_operator_known(db)
    await toy.client.post("/v1/notes", json={"text": "milk"}, headers=bearer(known.token))
    await toy.client.post("/v1/notes/again", json={"text": "milk"}, headers=bearer(known.token))
    await toy.client.post("/v1/notes/waiting", json={"text": "milk"}, headers=bearer(known.token))

    assert [
        ("command", "put_note", "done", None),
        ("command", "put_again", "already_so", None),
        ("command", "wait", "waits", None),
    ] == await records_of(db, known)


async def test_a_refused_command_leaves_none_and_one_that_keeps_its_count_leaves_one(db: Database, toy: Toys) -> None:
    known = await an_operator_known(db)
    raised = await toy.client.post("/v1/notes", json={"text": "too much"}, headers=bearer(known.token))
    returned = await toy.client.post("/v1/notes/failing", json={"text": "milk"}, headers=bearer(known.token))

    assert (409, 409) == (raised.status_code, returned.status_code)
    assert "SHELF_IS_FULL" == returned.json()["reason"]
    assert [("command", "count_failure", "SHELF_IS_FULL", None)] == await records_of(db, known)


async def test_a_record_names_the_ids_in_the_call_and_nothing_else_of_it(db: Database, toy: Toys) -> None:
    known = await an_operator_known(db)
    card = show_id("card", SeededIds().new())
    await toy.client.post("/v1/notes", json={"text": f"王芳 {card}"}, headers=bearer(known.token))
    async with db.transaction() as conn:
        rows = await conn.execute(
            "SELECT subjects, r::text LIKE '%%王芳%%' FROM access.record AS r WHERE by_id = %s", [known.caller.id]
        )
        assert [([card], False)] == await rows.fetchall()


async def test_a_look_leaves_a_record_with_its_purpose_under_the_resident(db: Database, toy: Toys) -> None:
    known = await an_operator_known(db)
    async with db.transaction() as conn:
        wallet = await a_wallet(conn)
    assert wallet.caller.resident_id is not None
    address = f"/v1/residents/{show_id('resident', wallet.caller.resident_id)}/note"
    await toy.client.get(address, headers=bearer(known.token, Purpose="%E6%8C%82%E5%A4%B1"))

    assert [("look", "look_at_note", "done", "挂失")] == await records_of(db, known)
    seen = (await toy.client.get("/v1/wallet/records", headers=bearer(wallet.token))).json()["records"]
    assert [("look", "look_at_note", "operator", show_id("operator", known.caller.id), "挂失")] == [
        (line["kind"], line["what"], line["by_kind"], line["by_id"], line["purpose"]) for line in seen
    ]


async def test_a_query_that_shows_no_person_leaves_no_record(db: Database, toy: Toys) -> None:
    known = await an_operator_known(db)
    await toy.client.get("/v1/notes", headers=bearer(known.token))

    assert [] == await records_of(db, known)


async def test_an_auditor_reads_the_record_and_that_is_a_look_too(db: Database, toy: Toys) -> None:
    known = await an_operator_known(db)
    await toy.client.post("/v1/notes", json={"text": "milk"}, headers=bearer(known.token))
    headers = bearer(known.token, Purpose="yearly audit")
    page = (await toy.client.get("/v1/records?limit=1", headers=headers)).json()

    assert ["put_note"] == [line["what"] for line in page["records"]]
    assert page["next_before"] is None
    assert ["list_records", "put_note"] == [
        line["what"] for line in (await toy.client.get("/v1/records", headers=headers)).json()["records"]
    ]


async def test_a_record_cannot_be_changed_or_removed(db: Database, toy: Toys) -> None:
    import psycopg

    for statement in ("UPDATE access.record SET outcome = ''", "DELETE FROM access.record"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with db.transaction() as conn:
                await conn.execute(statement)


async def test_a_repeated_command_is_answered_and_not_done_again(db: Database, toy: Toys) -> None:
    known = await an_operator_known(db)
    headers = bearer(known.token, Idempotency_Key="one")
    first = await toy.client.post("/v1/notes", json={"text": "milk"}, headers=headers)
    second = await toy.client.post("/v1/notes", json={"text": "milk"}, headers=headers)

    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert "true" == second.headers["idempotent-replay"]
    assert ["milk"] == toy.shelf.notes
    assert 1 == len(await records_of(db, known))


async def test_the_same_key_with_another_body_or_address_is_refused(db: Database, toy: Toys) -> None:
    known = await an_operator_known(db)
    headers = bearer(known.token, Idempotency_Key="one")
    await toy.client.post("/v1/notes", json={"text": "milk"}, headers=headers)

    for address, text in [("/v1/notes", "bread"), ("/v1/notes/again", "milk")]:
        response = await toy.client.post(address, json={"text": text}, headers=headers)
        assert (409, "IDEMPOTENCY_KEY_IS_TAKEN") == (response.status_code, response.json()["reason"])
    assert ["milk"] == toy.shelf.notes


async def test_the_same_key_of_another_caller_is_another_key(db: Database, toy: Toys) -> None:
    for known in (await an_operator_known(db), await an_operator_known(db)):
        response = await toy.client.post(
            "/v1/notes", json={"text": "milk"}, headers=bearer(known.token, Idempotency_Key="one")
        )
        assert 201 == response.status_code
    assert ["milk", "milk"] == toy.shelf.notes


async def test_of_many_at_once_with_one_key_one_is_done_and_all_are_answered_alike(db: Database, toy: Toys) -> None:
    known = await an_operator_known(db)
    headers = bearer(known.token, Idempotency_Key="one")
    answers = await asyncio.gather(
        *(toy.client.post("/v1/notes", json={"text": "milk"}, headers=headers) for _ in range(6))
    )

    assert {201} == {answer.status_code for answer in answers}
    assert 1 == len({answer.content for answer in answers})
    assert ["milk"] == toy.shelf.notes


async def test_a_refused_command_leaves_its_key_free(db: Database, toy: Toys) -> None:
    known = await an_operator_known(db)
    headers = bearer(known.token, Idempotency_Key="one")
    toy.shelf.fault = RuntimeError()
    fault = await toy.client.post("/v1/notes", json={"text": "milk"}, headers=headers)
    toy.shelf.fault = None
    done = await toy.client.post("/v1/notes", json={"text": "milk"}, headers=headers)

    assert (500, 201) == (fault.status_code, done.status_code)


async def test_a_refusal_that_keeps_its_count_is_repeated_without_counting_again(db: Database, toy: Toys) -> None:
    known = await an_operator_known(db)
    headers = bearer(known.token, Idempotency_Key="one")
    for _ in range(2):
        response = await toy.client.post("/v1/notes/failing", json={"text": "milk"}, headers=headers)
        assert (409, "application/problem+json") == (response.status_code, response.headers["content-type"])
    assert ["failed: milk"] == toy.shelf.notes


async def test_a_kept_answer_is_closed_to_another_session_of_the_same_caller(db: Database, toy: Toys) -> None:
    from tests.support.world import NOON
    from yikatong.access import service
    from yikatong.plumbing.http import CallerKind

    known = await an_operator_known(db)
    async with db.transaction() as conn:
        other = await service.open_session(
            conn,
            kind=CallerKind.OPERATOR,
            subject_id=known.caller.id,
            region=known.caller.region,
            now=NOON,
            ids=SeededIds(),
        )
    answers = [
        await toy.client.post("/v1/notes", json={"text": "milk"}, headers=bearer(token, Idempotency_Key="one"))
        for token in (known.token, other.token)
    ]

    assert (201, 409) == (answers[0].status_code, answers[1].status_code)
    assert "ANSWER_CANNOT_BE_REPEATED" == answers[1].json()["reason"]
    assert ["milk"] == toy.shelf.notes


async def test_the_audit_finds_no_difference_in_what_the_edge_wrote(db: Database, toy: Toys) -> None:
    known = await an_operator_known(db)
    await toy.client.post("/v1/notes", json={"text": "milk"}, headers=bearer(known.token, Idempotency_Key="one"))
    async with db.transaction() as conn:
        assert [] == [line for line in await audit(conn) if "answer" in line or "record" in line]
