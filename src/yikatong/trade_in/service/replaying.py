"""Replaying every decision that was ever made, page by page: what an auditor does who holds the keys."""

from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import psycopg

from yikatong.cards import service as cards
from yikatong.cards.model import DataKey, Vault
from yikatong.kernel.ids import ResidentId, show_id
from yikatong.kernel.outcomes import Refused
from yikatong.programmes import service as programmes
from yikatong.programmes.model import Reason as ProgrammeReason
from yikatong.trade_in.model import DecisionRow
from yikatong.trade_in.service.explaining import Opened, open_row
from yikatong.trade_in.store import deeds

Conn = psycopg.AsyncConnection[Any]

PAGE = 500
_ZERO = UUID(int=0)
_NO_KEY_OPENS = "the key of its resident does not open"


class Replay(NamedTuple):
    """What came of a page of decisions: how many were looked at, how many of them of people who were erased and whose
    inputs are gone with their key, and every line about one that differs."""

    visited: int
    erased: int
    differences: tuple[str, ...]


async def count_decisions(conn: Conn) -> int:
    """How many decisions there are, in all buckets."""
    return await deeds.count_decisions(conn)


async def replay_every_decision(
    conn: Conn, *, shelf: programmes.Shelf, vault: Vault, page: int = PAGE
) -> AsyncIterator[Replay]:
    """Open every decision in memory, decide it again under the rule and knowledge of its day, and hold both against
    its row; gives what came of each page.

    A line names the claim and the fields that differ, and nothing that a person stated.
    """
    bucket, decision_id = -1, _ZERO
    while rows := await deeds.page_decisions(conn, bucket=bucket, decision_id=decision_id, limit=page):
        bucket, decision_id = rows[-1].bucket, rows[-1].decision_id
        keys = await _keys_of(conn, rows, vault=vault)
        erased = sum(keys[row.resident_id] is None for row in rows)
        yield Replay(len(rows), erased, tuple(line for row in rows for line in _replay(shelf, row, keys)))


async def _keys_of(conn: Conn, rows: Sequence[DecisionRow], *, vault: Vault) -> dict[UUID, DataKey | str | None]:
    """By resident the key, None for the erased, and a sentence where a key does not open."""
    found: dict[UUID, DataKey | str | None] = {}
    for bucket, group in groupby(rows, key=lambda row: row.bucket):
        residents = sorted({ResidentId(row.resident_id) for row in group})
        found |= await _keys_in(conn, bucket, residents, vault=vault)
    return found


async def _keys_in(
    conn: Conn, bucket: int, residents: Sequence[ResidentId], *, vault: Vault
) -> dict[UUID, DataKey | str | None]:
    """The keys of residents of one bucket; when one does not open, each is tried alone."""
    try:
        opened = await cards.open_applicants(conn, bucket=bucket, resident_ids=residents, vault=vault)
    except Refused:
        if len(residents) == 1:
            return {residents[0]: _NO_KEY_OPENS}
        alone = [await _keys_in(conn, bucket, [resident_id], vault=vault) for resident_id in residents]
        return {resident_id: key for one in alone for resident_id, key in one.items()}
    return {one: opened[one].key if one in opened else None for one in residents}


def _replay(shelf: programmes.Shelf, row: DecisionRow, keys: dict[UUID, DataKey | str | None]) -> Iterator[str]:
    key = keys[row.resident_id]
    if key is None:
        return
    about = f"trade_in: the decision {row.decision_id} ({row.act}) about {show_id('claim', row.claim_id)}"
    if isinstance(key, str):
        yield f"{about} cannot be replayed: {key}"
        return
    try:
        opened = open_row(row, key=key)
    except (Refused, msgspec.DecodeError):
        yield f"{about} cannot be replayed: what is sealed in it was not sealed with its resident's key"
        return
    changed = ", ".join(name for name, _, _ in opened.row_differences())
    if changed:
        yield f"{about} has a row that is not what was sealed: {changed}"
    yield from _recompute(shelf, opened, about)


def _recompute(shelf: programmes.Shelf, opened: Opened, about: str) -> Iterator[str]:
    try:
        differs = ", ".join(found.field for found in programmes.find_differences(shelf, opened.decision))
    except Refused as refused:
        if refused.reason is not ProgrammeReason.RULE_IS_NOT_HELD:
            yield f"{about} cannot be decided again: {refused.reason.name}"
            return
        rule = f"{opened.decision.formula} {opened.decision.formula_digest[:12]}"
        sheet = f"{opened.decision.sheet} {opened.decision.sheet_digest[:12]}"
        yield f"{about} was made by a rule that is not held here as it was: {rule}, {sheet}"
        return
    if differs:
        yield f"{about} comes out otherwise: {differs}"
