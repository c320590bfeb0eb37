"""A small application of toy routes: a shelf of notes, enough to try every way a route can be declared."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import httpx
import msgspec
from msgspec import Meta, Struct

from tests.support.world import NOON, FixedClock, SeededIds
from yikatong.access import api as access_api
from yikatong.app.house import House
from yikatong.app.http.application import build_app
from yikatong.kernel.ids import read_id
from yikatong.kernel.outcomes import Change, Reason, ReasonText, Refused
from yikatong.plumbing.database import Database
from yikatong.plumbing.http import Answer, Call, CallerKind, Refusal, Route, RouteKind
from yikatong.plumbing.settings import Settings

BUCKET_COUNT = 1


class ToyReason(Reason):
    """Why the shelf refuses."""

    NOTE_IS_UNKNOWN = ReasonText(404, "No such note.", "没有此条。", "Check it.", "请核对。")
    SHELF_IS_FULL = ReasonText(409, "The shelf is full.", "已满。", "Come back.", "请稍后。")


class NoteBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A note."""

    text: Annotated[str, Meta(min_length=1, max_length=100, examples=["milk"])]
    copies_count: Annotated[int, Meta(ge=1, le=9)] = 1


class NoteAnswer(Struct, frozen=True, kw_only=True):
    """A note that stands on the shelf."""

    text: str
    copies_count: int
    change: Change = Change.DONE


class NotesQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which notes."""

    limit: Annotated[int, Meta(ge=1, le=9)] = 5
    since: Annotated[datetime, Meta(tz=True)] | None = None
    label: Annotated[tuple[Annotated[str, Meta(max_length=9)], ...], Meta(max_length=3)] = ()


class NotesAnswer(Struct, frozen=True):
    """What was asked for."""

    limit: int
    labels: tuple[str, ...]


class Shelf:
    """Where the toy routes keep what they did, outside the database, so that tests see each run."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.fault: Exception | None = None

    async def put(self, call: Call, body: NoteBody, query: None) -> NoteAnswer:
        """Keep a note."""
        if self.fault is not None:
            raise self.fault
        if body.text == "too much":
            raise Refused(ToyReason.SHELF_IS_FULL, notes=len(self.notes))
        self.notes.append(body.text)
        return NoteAnswer(text=body.text, copies_count=body.copies_count)

    async def put_again(self, call: Call, body: NoteBody, query: None) -> NoteAnswer:
        """Say that a note stands already."""
        return NoteAnswer(text=body.text, copies_count=1, change=Change.ALREADY_SO)

    async def list(self, call: Call, body: None, query: NotesQuery) -> NotesAnswer:
        """Show what was asked for."""
        return NotesAnswer(query.limit, query.label)

    async def look(self, call: Call, body: None, query: None) -> NoteAnswer:
        """Show a resident's note."""
        resident_id = _read_resident(call.path["resident_id"])
        return NoteAnswer(text=f"res_{resident_id.hex}", copies_count=1)

    async def wait(self, call: Call, body: NoteBody, query: None) -> Answer:
        """Take a note that waits."""
        return Answer(202, NoteAnswer(text=body.text, copies_count=1))

    async def count_failure(self, call: Call, body: NoteBody, query: None) -> Refusal:
        """Refuse and keep what was counted."""
        self.notes.append(f"failed: {body.text}")
        return Refusal(Refused(ToyReason.SHELF_IS_FULL))

    async def store(self, call: Call, body: NoteBody, query: None) -> NoteAnswer:
        """Put a number into a column that may be too small for it."""
        await call.conn.execute("SELECT %s::integer", [body.text])
        return NoteAnswer(text=body.text, copies_count=1)


def _read_resident(text: str) -> UUID:
    try:
        return read_id("resident", text)
    except ValueError:
        raise Refused(ToyReason.NOTE_IS_UNKNOWN) from None


def toy_route(name: str, path: str, **parts: Any) -> Route:
    """A route of the shelf."""
    fields: dict[str, Any] = {
        "method": "POST",
        "path": path,
        "name": name,
        "tag": "shelf",
        "summary_en": "Toy",
        "summary_zh": "玩具",
        "kind": RouteKind.COMMAND,
        "callers": (CallerKind.OPERATOR,),
        "body": NoteBody,
        "answer": NoteAnswer,
        "reasons": (ToyReason.SHELF_IS_FULL, ToyReason.NOTE_IS_UNKNOWN),
        "body_bytes_max": 1024,
    }
    return Route(**{**fields, **parts})


def toy_routes(shelf: Shelf) -> tuple[Route, ...]:
    """One route of each kind."""
    query: dict[str, Any] = {"method": "GET", "kind": RouteKind.QUERY, "body": None}
    return (
        toy_route("put_note", "/v1/notes", handle=shelf.put, permission="shelf.put", status=201),
        toy_route("list_notes_here", "/v1/notes", handle=shelf.list, query=NotesQuery, answer=NotesAnswer, **query),
        toy_route(
            "list_open_notes",
            "/v1/open-notes",
            handle=shelf.list,
            query=NotesQuery,
            answer=NotesAnswer,
            **{**query, "callers": ()},
        ),
        toy_route("put_again", "/v1/notes/again", handle=shelf.put_again),
        toy_route("put_open", "/v1/notes/open", handle=shelf.put, callers=()),
        toy_route("put_with_second", "/v1/notes/second", handle=shelf.put, permission="shelf.put", second_person=True),
        toy_route("wait", "/v1/notes/waiting", handle=shelf.wait, status=202),
        toy_route("count_failure", "/v1/notes/failing", handle=shelf.count_failure),
        toy_route("store_note", "/v1/notes/stored", handle=shelf.store),
        toy_route("of_region", "/v1/regions-of-shelf/{region}/notes", handle=shelf.put),
        toy_route(
            "look_at_note",
            "/v1/residents/{resident_id}/note",
            handle=shelf.look,
            looks=True,
            callers=(CallerKind.OPERATOR, CallerKind.WALLET),
            **query,
        ),
    )


def a_house(db: Database, clock: FixedClock | None = None, **settings: Any) -> House:
    """A house on the test database at noon."""
    return House(
        settings=Settings(bucket_count=BUCKET_COUNT, **settings),
        database=db,
        clock=clock or FixedClock(NOON),
        ids=SeededIds(),
    )


class Toys(msgspec.Struct, frozen=True):
    """A client of an application, and the shelf behind it."""

    client: httpx.AsyncClient
    shelf: Shelf
    clock: FixedClock


@asynccontextmanager
async def toys(db: Database, *, more: Sequence[Route] = (), **parts: Any) -> AsyncIterator[Toys]:
    """An application of the toy routes and those of access."""
    shelf, clock = Shelf(), FixedClock(NOON)
    routes = (*toy_routes(shelf), *access_api.routes(bucket_count=BUCKET_COUNT), *more)
    app = build_app(a_house(db, clock), routes, **parts)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield Toys(client, shelf, clock)


def bearer(token: str, **headers: str) -> dict[str, str]:
    """Headers of a caller; underscores become hyphens."""
    return {"Authorization": f"Bearer {token}"} | {name.replace("_", "-"): value for name, value in headers.items()}
