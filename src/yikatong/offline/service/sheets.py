"""The sheet of a terminal: what it may do without a network, signed by its region."""

from collections import defaultdict
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
import structlog

from yikatong.cards import service as cards
from yikatong.catalogue import service as catalogue
from yikatong.catalogue.model import Terminal
from yikatong.codes import service as codes
from yikatong.codes.model import OfflineAllowance, OfflineItem, OfflineSheet, UploadedLine
from yikatong.kernel.ids import ResidentId
from yikatong.kernel.instants import day_of
from yikatong.offline import store
from yikatong.offline.model import Allowance
from yikatong.offline.rules import SHEET_LIFE, find_offline_item, fit_allowances
from yikatong.trust.model import KeyHolder

Conn = psycopg.AsyncConnection[Any]
ALLOWANCES_OF_A_PLACE_MAX = 20_000
LINES_OF_A_PLACE_MAX = 2_000
ALLOWANCES_BYTES_MAX = 3_500_000
"""Of the 4 MiB of a sheet; items and memories take the rest."""

log = structlog.get_logger("yikatong.offline")


async def make_sheet(
    conn: Conn, *, region: str, terminal_id: UUID, holder: KeyHolder, now: datetime
) -> tuple[OfflineSheet, bytes]:
    """The sheet of a terminal and its signed form. Refuses TERMINAL_IS_UNKNOWN, REGION_ISSUES_NO_CODES."""
    terminal = await catalogue.get_terminal(conn, region=region, terminal_id=terminal_id)
    provider = await catalogue.get_provider(conn, region=region, provider_id=terminal.provider_id)
    issuer = codes.get_issuer(holder, region)
    issued_at = now.replace(microsecond=0)
    # Before the allowances: an upload that comes in between is counted twice by the terminal, never left out.
    uploaded = await _uploaded_at(conn, terminal)
    sheet = OfflineSheet(
        region=region,
        terminal_id=terminal.id,
        payee_id=provider.id,
        payee_name=provider.name_zh,
        issued_at=issued_at,
        expires_at=issued_at + SHEET_LIFE,
        items=await _items_of(conn, terminal, now=now),
        allowances=await _allowances_of(conn, terminal, now=now),
        uploaded=uploaded,
    )
    return sheet, codes.sign_sheet(sheet, issuer.key, key_id=issuer.key_id)


async def _uploaded_at(conn: Conn, terminal: Terminal) -> tuple[UploadedLine, ...]:
    """Up to which number the memories of the place have uploaded: its terminals may share a memory."""
    beside = await catalogue.list_terminals_of_provider(conn, region=terminal.region, provider_id=terminal.provider_id)
    ids = [one.id for one in beside if one.place_id == terminal.place_id]
    return await store.list_lines(conn, terminal_ids=ids, count_max=LINES_OF_A_PLACE_MAX)


async def _items_of(conn: Conn, terminal: Terminal, *, now: datetime) -> tuple[OfflineItem, ...]:
    found: dict[str, OfflineItem] = {}
    for scene in terminal.purposes:
        items = await catalogue.list_items(
            conn, region=terminal.region, on=day_of(now), scene=scene, served=True, limit=500
        )
        served = (find_offline_item(item, terminal) for item in items)
        found.update((item.code, item) for item in served if item is not None)
    return tuple(found[code] for code in sorted(found))


async def _allowances_of(conn: Conn, terminal: Terminal, *, now: datetime) -> tuple[OfflineAllowance, ...]:
    places = await store.list_of_place(conn, place_id=terminal.place_id, now=now, count_max=ALLOWANCES_OF_A_PLACE_MAX)
    by_bucket: defaultdict[int, list[tuple[ResidentId, UUID]]] = defaultdict(list)
    for bucket, resident_id, allowance_id in places:
        by_bucket[bucket].append((resident_id, allowance_id))
    found: list[OfflineAllowance] = []
    for bucket, pairs in by_bucket.items():
        residents = sorted({resident_id for resident_id, _ in pairs})
        keys = await codes.list_show_keys(conn, bucket=bucket, resident_ids=residents, now=now)
        chips: defaultdict[ResidentId, list[bytes]] = defaultdict(list)
        for resident_id, key in await cards.list_chip_keys(conn, bucket=bucket, resident_ids=residents):
            chips[resident_id].append(key)
        allowances = await store.list_of_bucket(
            conn, bucket=bucket, resident_ids=residents, ids=[allowance_id for _, allowance_id in pairs]
        )
        found += [
            _shown(one, [*keys.get((one.resident_id, one.scene_group), []), *chips[one.resident_id]])
            for one in allowances
            if one.terminal_id in (None, terminal.id)
        ]
    in_order = sorted(found, key=lambda one: one.id.int)
    fitting = fit_allowances(in_order, bytes_max=ALLOWANCES_BYTES_MAX)
    if len(fitting) < len(in_order):
        log.error("a place has more allowances than its sheet holds", place=terminal.place_id.hex, count=len(in_order))
    return fitting


def _shown(allowance: Allowance, keys: list[bytes]) -> OfflineAllowance:
    return OfflineAllowance(
        id=allowance.id,
        scene_group=allowance.scene_group,
        amount_fen=allowance.amount_fen,
        posted_fen=allowance.spent_fen,
        begins_at=allowance.granted_at,
        accept_until=allowance.accept_until,
        key_digests=tuple(codes.key_digest(key) for key in keys),
        without_pin=allowance.without_pin,
    )
