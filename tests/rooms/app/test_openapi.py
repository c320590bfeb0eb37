"""The document says what the routes do, and its page asks no other host for anything."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import jsonschema_rs
import pytest

from tests.fuzz.parsers.calls import house_routes
from tests.support.builders.access import an_operator
from tests.support.builders.http import Toys, bearer, toys
from yikatong.app.http.openapi import write_openapi
from yikatong.plumbing.database import Database
from yikatong.taps.api import tap_route

pytestmark = pytest.mark.anyio


@pytest.fixture
async def toy(db: Database) -> AsyncIterator[Toys]:
    async with toys(db) as made:
        yield made


@pytest.fixture
async def document(toy: Toys) -> dict[str, Any]:
    read: dict[str, Any] = (await toy.client.get("/openapi.json")).json()
    return read


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


async def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def references(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            if "$ref" in value:
                yield value["$ref"]
            for part in value.values():
                yield from references(part)
        elif isinstance(value, list):
            for part in value:
                yield from references(part)

    for reference in references(document):
        place: Any = document
        for step in reference.removeprefix("#/").split("/"):
            assert step in place, reference
            place = place[step]


async def test_it_is_of_version_3_1_in_both_languages(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    for name, operation in operations(document):
        assert re.search("[\u4e00-\u9fff]", operation["summary"]), name
        assert re.search("[A-Za-z]", operation["summary"]), name


async def test_a_description_ends_with_one_stop_however_the_summary_ends(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        assert not re.search(r"\.\.|。。", operation.get("description", "")), name


async def test_objects_are_closed(document: dict[str, Any]) -> None:
    for name, schema in document["components"]["schemas"].items():
        if schema.get("type") == "object":
            assert "additionalProperties" in schema, name
    assert document["components"]["schemas"]["NoteBody"]["additionalProperties"] is False


async def test_a_route_names_who_may_call_it_and_each_reason_it_may_refuse_for(document: dict[str, Any]) -> None:
    put = document["paths"]["/v1/notes"]["post"]
    reference = put["responses"]["409"]["$ref"].rpartition("/")[2]
    conflict = document["components"]["responses"][reference]["content"]["application/problem+json"]

    assert [{"operatorSession": []}] == put["security"]
    assert {"SHELF_IS_FULL", "IDEMPOTENCY_KEY_IS_TAKEN"} <= set(conflict["schema"]["properties"]["reason"]["enum"])
    assert [] == document["paths"]["/v1/notes/open"]["post"]["security"]


async def test_parameters_stand_for_path_query_and_headers(document: dict[str, Any]) -> None:
    look = document["paths"]["/v1/residents/{resident_id}/note"]["get"]["parameters"]
    listed = document["paths"]["/v1/notes"]["get"]["parameters"]

    assert "^res_[0-9a-f]{32}$" == look[0]["schema"]["pattern"]
    assert {"$ref": "#/components/parameters/PurposeOfOwnData"} in look
    assert ["limit", "since", "label"] == [each["name"] for each in listed if each.get("in") == "query"]


async def test_a_free_text_from_a_caller_holds_no_character_that_is_refused(document: dict[str, Any]) -> None:
    text = document["components"]["schemas"]["NoteBody"]["properties"]["text"]
    schema = {"$ref": "#/components/schemas/NoteBody", "components": document["components"]}

    assert "^[^\\u0000]{1,100}$" == text["pattern"]
    assert [True, False] == [jsonschema_rs.is_valid(schema, {"text": text}) for text in ("奶\n", "a\0b")]


def test_an_answer_leads_to_the_calls_that_ask_for_an_id_in_it() -> None:
    routes = house_routes()
    document = json.loads(write_openapi(routes[:-1], (), direct=routes[-1:]))
    registered = document["paths"]["/v1/residents"]["post"]["responses"]["200"]["links"]
    tapped = document["paths"]["/v1/taps"]["post"]["responses"]["202"]["links"]
    listed = document["paths"]["/v1/keys"]["get"]["responses"]["200"]["links"]
    provider = document["paths"]["/v1/providers/{id}"]["get"]["parameters"][0]

    assert {"resident_id": "$response.body#/resident_id"} == registered["apply_for_card"]["parameters"]
    assert {"get_tap", "refund_tap"} == set(tapped)
    assert {"key_id": "$response.body#/keys/0/key_id"} == listed["revoke_key"]["parameters"]
    assert "^prv_[0-9a-f]{32}$" == provider["schema"]["pattern"]


def test_every_link_leads_to_a_call_and_names_its_parts() -> None:
    routes = house_routes()
    document = json.loads(write_openapi(routes[:-1], (), direct=routes[-1:]))
    parts = {
        operation["operationId"]: {part["name"] for part in operation["parameters"] if part.get("in") == "path"}
        for _, operation in operations(document)
    }
    links = [
        link
        for _, operation in operations(document)
        for response in operation["responses"].values()
        for link in response.get("links", {}).values()
    ]

    assert 100 < len(links)
    assert [] == [link for link in links if parts[link["operationId"]] != set(link["parameters"])]


async def test_a_route_past_the_edge_takes_and_gives_no_header_of_the_edge() -> None:
    past = tap_route(())
    document = json.loads(write_openapi([], [], direct=[past]))
    tap = document["paths"]["/v1/taps"]["post"]

    assert [] == tap["parameters"]
    assert [False, False] == ["headers" in tap["responses"][status] for status in ("200", "202")]
    assert not {"IDEMPOTENCY_KEY_IS_MALFORMED", "IDEMPOTENCY_KEY_IS_TAKEN"} & set(document["components"]["examples"])


async def test_what_waits_for_a_second_person_is_answered_202_alone(document: dict[str, Any]) -> None:
    responses = document["paths"]["/v1/notes/second"]["post"]["responses"]

    assert ["202"] == [status for status in responses if status.startswith("2")]


async def test_a_refusal_fits_the_schema_of_problems(document: dict[str, Any], toy: Toys, db: Database) -> None:
    async with db.transaction() as conn:
        token = (await an_operator(conn)).token
    schema = {"$ref": "#/components/schemas/Problem", "components": document["components"]}
    for response in (
        await toy.client.get("/v1/nothing"),
        await toy.client.post("/v1/notes", json={"text": 5}, headers=bearer(token)),
        await toy.client.post("/v1/notes", json={"text": "too much"}, headers=bearer(token)),
    ):
        jsonschema_rs.validate(schema, response.json())


async def test_the_address_alone_leads_to_the_page(toy: Toys) -> None:
    door = await toy.client.get("/", follow_redirects=False)

    assert (307, "/docs") == (door.status_code, door.headers["location"])


async def test_the_page_loads_scripts_and_styles_from_here_alone(toy: Toys) -> None:
    page = await toy.client.get("/docs")

    sources = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert sources
    for source in sources:
        assert source.startswith("/docs/")
        assert 200 == (await toy.client.get(source)).status_code
    assert not re.search(r"https?:", page.text + (await toy.client.get("/docs/start.js")).text)


async def test_the_browser_is_told_to_ask_no_other_host(toy: Toys) -> None:
    policy = (await toy.client.get("/docs")).headers["content-security-policy"]

    assert "default-src 'none'" in policy
    for part in policy.split("; "):
        assert set(part.split()[1:]) <= {"'none'", "'self'", "data:"}, part


async def test_the_styles_of_the_page_name_no_other_host(toy: Toys) -> None:
    styles = (await toy.client.get("/docs/static/swagger-ui.css")).text

    assert [] == re.findall(r"url\(\s*['\"]?(?:https?:)?//|@import", styles)
