"""Use cases of recognition: whose cards count where, for what."""

from datetime import date, datetime
from typing import Any

from psycopg import AsyncConnection

from yikatong.catalogue import rules, store
from yikatong.catalogue.model import ItemClass, Reason, Recognition, RecognitionKey, RecognitionScope
from yikatong.catalogue.service.items import SUBJECT
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Change, Refused
from yikatong.places import service as places
from yikatong.plumbing import versions


async def set_recognition(conn: AsyncConnection[Any], *, recognition: Recognition) -> Change:
    """Let one region's cards count in another for a class of items or for one item.

    Refuses, in this order:
        RECOGNITION_NEEDS_TWO_REGIONS
        REGION_IS_UNKNOWN                 either region
        ITEM_IS_NOT_ON_THE_LIST           the subject is no class, or no item code that was ever listed
        RECOGNITION_PERIODS_OVERLAP       another row for the same counts on one of these days, or it ends too early
    """
    if recognition.from_region == recognition.to_region:
        raise Refused(Reason.RECOGNITION_NEEDS_TWO_REGIONS)
    await places.get_region(conn, code=recognition.from_region)
    await places.get_region(conn, code=recognition.to_region)
    await _verify_subject(conn, recognition)
    await versions.bump(conn, subject=SUBJECT)
    rows = await _list_same(conn, recognition.key())
    if recognition in rows:
        return Change.ALREADY_SO
    rules.verify_recognition_fits(rows, recognition)
    await store.insert_recognition(conn, recognition=recognition)
    return Change.DONE


async def end_recognition(
    conn: AsyncConnection[Any],
    *,
    from_region: str,
    to_region: str,
    scope: RecognitionScope,
    subject: str,
    until: date,
    now: datetime,
) -> Change:
    """End a recognition; `until` is the first day on which it no longer counts, today at the earliest.

    Refuses RECOGNITION_IS_UNKNOWN when none without an end is there or the day lies before today.
    """
    await versions.bump(conn, subject=SUBJECT)
    rows = await _list_same(conn, (from_region, to_region, scope, subject))
    if any(row.valid_until == until for row in rows):
        return Change.ALREADY_SO
    open_row = next((row for row in rows if row.valid_until is None and row.valid_from < until), None)
    if open_row is None or until < day_of(now):
        raise Refused(Reason.RECOGNITION_IS_UNKNOWN)
    await store.end_recognition(conn, recognition=open_row, until=until)
    return Change.DONE


async def list_recognitions(conn: AsyncConnection[Any], *, region: str | None = None) -> tuple[Recognition, ...]:
    """The recognitions that a region gives or enjoys, or all of them."""
    return await store.list_recognitions(conn, region=region)


async def _verify_subject(conn: AsyncConnection[Any], recognition: Recognition) -> None:
    if recognition.scope is RecognitionScope.CLASS and recognition.subject in set(ItemClass):
        return
    is_item = recognition.scope is RecognitionScope.ITEM
    if not is_item or await store.find_item_number(conn, code=recognition.subject) is None:
        raise Refused(Reason.ITEM_IS_NOT_ON_THE_LIST, item=recognition.subject)


async def _list_same(conn: AsyncConnection[Any], key: RecognitionKey) -> list[Recognition]:
    return [row for row in await store.list_recognitions(conn, region=key[1]) if row.key() == key]
