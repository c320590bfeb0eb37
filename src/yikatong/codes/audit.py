"""What `yikatong audit` recomputes of codes: serials, status indexes, published lists, certificates against cards."""

import zlib
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from psycopg import AsyncConnection

from yikatong.cards import service as cards
from yikatong.cards.model import CardState, Holder
from yikatong.codes import store
from yikatong.codes.model import CertificateState
from yikatong.codes.rules.status import BITS, BLOCK_SIZE, STATUS_OF, block_and_place
from yikatong.codes.rules.status_delta import edition_digest
from yikatong.codes.service.status_lists import packed_in
from yikatong.kernel.ids import show_id
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.statements import run_in_order
from yikatong.trust import service as trust
from yikatong.trust.model import StatusList

_SETTLED_AFTER = timedelta(minutes=2)
"""A change may commit some time after the instant it carries; a list made in between may not have seen it."""
_RESIDENTS_AT_ONCE = 1_000
_ANY_DAY = date(2000, 1, 1)


async def audit(conn: AsyncConnection[Any]) -> list[str]:
    """Name every serial or index given twice, every list that differs from the states, every active code of a card that
    is not in order.
    """
    found = [
        f"{show_id('resident', resident_id)} was given serial {last}, the next is {following}"
        for resident_id, last, following in await store.list_rows(conn, query="audit_serials")
    ]
    found += [
        f"status index {index} of region {region} belonged to two certificates at one time"
        for region, index in await store.list_rows(conn, query="audit_indexes")
    ]
    found += [
        f"the block of status index {index} of region {region} is missing, or dead before its certificate"
        for region, index in await store.list_rows(conn, query="audit_blocks")
    ]
    found += await _audit_lists(conn)
    found += await _audit_cards(conn)
    return [f"codes: {difference}" for difference in found]


async def _audit_lists(conn: AsyncConnection[Any]) -> list[str]:
    found = []
    blocks: defaultdict[str, dict[int, bytes]] = defaultdict(dict)
    for region, number, made_at, token in await store.list_rows(conn, query="audit_published"):
        name = f"status list {number} of region {region}"
        published = _read(token, made_at)
        if published is None:
            found.append(f"{name} cannot be read")
            continue
        blocks[region][number] = published.data
        rows = await store.list_rows(
            conn,
            query="audit_states_settled",
            region=region,
            first_index=number * BLOCK_SIZE,
            made_at=made_at,
            settled_at=made_at - _SETTLED_AFTER,
        )
        for index, state in rows:
            _, place = block_and_place(index)
            if trust.status_at(published, place) != STATUS_OF[CertificateState(state)]:
                found.append(f"{name} does not say at place {place} that its certificate is {state}")
    for region, digest in await store.list_rows(conn, query="audit_steps"):
        if edition_digest(blocks[region]) != digest:
            found.append(f"the last delta of region {region} does not lead to its status lists")
    return found


def _read(token: bytes, made_at: datetime) -> StatusList | None:
    """The list in a token, without its signature: the audit compares contents and holds no keys."""
    try:
        data = packed_in(token)
    except (Refused, ValueError, KeyError, TypeError, zlib.error):
        return None
    return StatusList(subject="", issued_at=made_at, expires_at=None, ttl_seconds=None, bits=BITS, data=data)


async def _audit_cards(conn: AsyncConnection[Any]) -> list[str]:
    rows = await store.list_rows(conn, query="audit_active_residents")
    found = []
    for bucket, residents in groupby(rows, key=lambda row: row[0]):
        for some in _pieces([row[1] for row in residents]):
            [result] = await run_in_order(conn, [cards.load_holders(bucket=bucket, resident_ids=some, on=_ANY_DAY)])
            found += [_active_of(holder) for holder in result.rows if holder.card_state is not CardState.ACTIVE]
    return found


def _active_of(holder: Holder) -> str:
    state = "missing" if holder.card_state is None else holder.card_state.value
    return f"{show_id('resident', holder.resident_id)} has active certificates, the card is {state}"


def _pieces(resident_ids: list[Any]) -> Iterable[list[Any]]:
    for start in range(0, len(resident_ids), _RESIDENTS_AT_ONCE):
        yield resident_ids[start : start + _RESIDENTS_AT_ONCE]
