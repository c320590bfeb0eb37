"""Lists of stores and recyclers: taken in whole or not at all, and asked whether somebody is on them."""

import asyncio
from datetime import date
from typing import Any

from yikatong.kernel.outcomes import Change
from yikatong.places.model import NATIONAL, enclosing_codes
from yikatong.plumbing import versions
from yikatong.plumbing.rows import Conn
from yikatong.trade_in.messages.tables import read_table
from yikatong.trade_in.model import ImportedList, ListedParty, ListMerge, PartyKind
from yikatong.trade_in.rules.columns import refuse_lines
from yikatong.trade_in.rules.lists import merge_parties, read_parties
from yikatong.trade_in.store import lists as kept

SUBJECT = "trade_in_lists"
"""Whoever changes a list or a pledge moves this version on first, so that two files take turns."""


async def import_parties(conn: Conn, *, place: str, data: bytes) -> ImportedList:
    """Take a list of a place in, whole; the same list again is ALREADY_SO.

    Refuses, in this order: LIST_FILE_IS_TOO_LARGE, LIST_FILE_CANNOT_BE_READ; LIST_HAS_ERRORS with every wrong line.
    """
    table = await asyncio.to_thread(read_table, data)
    read = read_parties(table, place=place)
    await versions.bump(conn, subject=SUBJECT)
    merged = merge_parties(read, await kept.list_parties_of_place(conn, place=place))
    if merged.errors:
        raise refuse_lines(merged.errors)
    await kept.put_parties(conn, (*merged.added, *merged.changed), place=place)
    return tell_imported(merged, encoding=table.encoding)


def tell_imported(merged: ListMerge[Any], *, encoding: str) -> ImportedList:
    """What a file brought, as whoever gave it is told."""
    return ImportedList(
        change=Change.of(bool(merged.added or merged.changed)),
        encoding=encoding,
        added_count=len(merged.added),
        changed_count=len(merged.changed),
        same_count=merged.same_count,
    )


async def find_listed(conn: Conn, *, place: str, kind: PartyKind, credit_code: str, on: date) -> ListedParty | None:
    """The entry of a party on the list of a place, its city or its province on a day, or None."""
    return await kept.find_listed_party(conn, places=places_of(place), kind=kind, credit_code=credit_code, on=on)


async def list_parties(
    conn: Conn, *, place: str, kind: PartyKind, on: date, after: str, limit: int
) -> tuple[ListedParty, ...]:
    """A page of whom a place lists on a day, in order of credit code."""
    return await kept.list_listed_parties(conn, place=place, kind=kind, on=on, after=after, limit=limit)


def places_of(place: str) -> tuple[str, ...]:
    """The places whose lists count for a place: itself, its city, its province."""
    return tuple(code for code in enclosing_codes(place) if code != NATIONAL)
