"""What callers send over HTTP: every body and every query that a route takes, and the bytes of a connection."""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, cast

import jsonschema_rs
import msgspec

from tests.fuzz.parsers.harness import Harness, said
from tests.support.builders.cards import ABank, FacesThatMatch
from tests.support.world import NOON, FixedClock, SeededIds
from yikatong.app.house import House
from yikatong.app.http.decoding import body_reader, query_reader
from yikatong.app.http.openapi import write_openapi
from yikatong.app.keys import LOCATOR
from yikatong.app.outside.missing import NoBank
from yikatong.app.outside.organisations import Organisations
from yikatong.app.worker import Worker
from yikatong.plumbing.database import Database
from yikatong.plumbing.http import Route
from yikatong.plumbing.settings import Settings
from yikatong.taps import api as taps_api
from yikatong.trust import service as trust
from yikatong.trust.model import KeyKind, WantedKey


class Taken(NamedTuple):
    """A route that takes a body or a query: its reader, and the schema that the document gives."""

    route: Route
    schema: dict[str, Any]
    example: Any


@cache
def house_routes() -> tuple[Route, ...]:
    """Every route of every room, the tap's too; nothing is open behind them."""
    ids = SeededIds(1)
    with TemporaryDirectory() as folder:
        keys = trust.open_key_folder(
            Path(folder) / "keys",
            key_encryption_key=b"k" * 32,
            wanted=[*trust.wanted_keys("990101"), WantedKey(name=LOCATOR, kind=KeyKind.MARKING)],
            now=NOON,
            ids=ids,
        )
    nowhere = cast(Database, None)
    house = House(settings=Settings(region="990101"), database=nowhere, clock=FixedClock(), ids=ids)
    outside = Organisations(bank=NoBank(), accounts=ABank(), face=FacesThatMatch(), gateway=None, witness=None)
    return (*Worker(house, keys=keys, organisations=outside).routes(), taps_api.tap_route(()))


@cache
def _document() -> dict[str, Any]:
    routes = house_routes()
    document: dict[str, Any] = json.loads(write_openapi(routes[:-1], (), direct=routes[-1:]))
    return document


@cache
def taken_bodies() -> tuple[Taken, ...]:
    """Every route with a body, with its schema and example."""
    found = []
    for route in house_routes():
        if route.body is not None:
            operation = _document()["paths"][route.path][route.method.lower()]
            content = operation["requestBody"]["content"]["application/json"]
            found.append(Taken(route, content["schema"], content.get("example", {})))
    return tuple(found)


@cache
def _readers() -> tuple[Any, ...]:
    return tuple(body_reader(taken.route.body) for taken in taken_bodies())


@cache
def _validator(at: int) -> Any:
    schema = {**taken_bodies()[at].schema, "components": _document()["components"]}
    return jsonschema_rs.validator_for(schema)


def take_body(data: bytes) -> bool:
    """The first byte chooses a route. A body that is read fits the document's schema, and is read the same again."""
    at = data[0] % len(_readers()) if data else 0
    body = data[1:]
    read = said(lambda: _readers()[at](body))
    if read.value is None:
        return False
    again = msgspec.json.encode(read.value)
    assert _readers()[at](again) == read.value
    written = json.loads(body)
    assert _validator(at).is_valid(written), [str(error) for error in _validator(at).iter_errors(written)][:1]
    return True


@cache
def _queries() -> tuple[tuple[Route, Any], ...]:
    return tuple((route, query_reader(route.query)) for route in house_routes() if route.query is not None)


def take_query(data: bytes) -> bool:
    """The first byte chooses a route; its query is read or refused."""
    _, read = _queries()[data[0] % len(_queries()) if data else 0]
    return said(lambda: read(data[1:].decode("latin-1"))).refused is None


def _bodies() -> Sequence[bytes]:
    return [bytes((at,)) + json.dumps(taken.example).encode() for at, taken in enumerate(taken_bodies())]


def _query_seeds() -> Sequence[bytes]:
    return [
        bytes((at,)) + "&".join(f"{name}=1" for name in route.query.__struct_fields__).encode()
        for at, (route, _) in enumerate(_queries())
    ]


_JSON_WORDS = (
    b"\\u0000", b"\\n", b"\\ud800", b"null", b"true", b"1.0", b"1e3", b"1e400", b"-0", b"99999999999999999999", b"[]",
    b"{}", b'""', b'"x":1,', b"2026-11-25T04:00:00Z", b"2026-11-25", b"[" * 100, b'{"a":' * 100,
)  # fmt: skip
_QUERY_WORDS = (b"%00", b"%0a", b"%ff", b"&", b"=", b"+", b"limit=1", b"2026-11-25", b"null", b"0x1", b"1_0")

HARNESSES = (
    Harness("body", take_body, _bodies, _JSON_WORDS),
    Harness("query", take_query, _query_seeds, _QUERY_WORDS, 1_024),
)
