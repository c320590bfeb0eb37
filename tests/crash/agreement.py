"""What tills remember against the books: everything once, the same receipts again, one serial order."""

import asyncio
from collections import defaultdict
from typing import Any
from uuid import UUID

from tests.crash.serial_order import Deed, NoSerialOrderError, Terms, explain
from tests.crash.serving import Books, Kept, Platform, read_books
from tests.crash.tills import Tills
from yikatong.app.bench.people import PURSE_FEN

_AT_ONCE = 50


async def verify_kept(platform: Platform, tills: Tills) -> Books:
    """What was acknowledged is there once, what was refused moved nothing, and one serial order explains it all.

    Every receipt is given again, or told as taken back; the books have each tap once, and balance.
    """
    receipts = {request_id: receipt for request_id, (_, receipt) in tills.acknowledged.items()}
    again: dict[str, Any] = {}
    for some in _pieces(sorted(receipts)):
        again |= await tills.ask_again(some)
    taken_back = {it for it in tills.reversed if receipts[it]["outcome"] == "admitted"}
    assert {it: receipt for it, receipt in receipts.items() if it not in taken_back} == {
        it: receipt for it, receipt in again.items() if it not in taken_back
    }
    assert {"TAP_WAS_REVERSED"} >= {again[it]["reason"] for it in taken_back}
    books = await asyncio.to_thread(read_books, platform)

    assert [] == books.differences
    assert {it: receipt.get("reason") for it, receipt in receipts.items()} == {
        request_id: tapped.reason for request_id, tapped in books.taps.items()
    }
    assert [] == faults_of_history(tills.history, books)
    return books


def faults_of_history(history: list[Deed], books: Books) -> list[str]:
    """For each resident whose deeds no serial order explains, or not with what the books say: what is wrong."""
    by_resident: dict[UUID, list[Deed]] = defaultdict(list)
    for deed in history:
        by_resident[books.taps[deed.request_id].resident_id].append(deed)
    found = ((one, fault_of(by_resident[one], kept)) for one, kept in books.residents.items())
    return [f"resident {one}: {fault}" for one, fault in found if fault is not None]


def fault_of(deeds: list[Deed], kept: Kept) -> str | None:
    """What is wrong with one resident's deeds; None when an order explains them and leads to what the books say."""
    try:
        standing = explain(Terms(PURSE_FEN, kept.limit_fen, kept.day_limit_fen), deeds)
    except NoSerialOrderError as fault:
        return str(fault)
    shown_fen = 0 if kept.shown_on is None else standing.shown_fen(kept.shown_on)
    follows, books = (standing.purse_fen, 0, shown_fen), (kept.purse_fen, kept.held_fen, kept.shown_fen)
    return None if follows == books else f"purse, hold and bare codes are {books}, of the deeds follows {follows}"


def _pieces(request_ids: list[str]) -> list[list[str]]:
    return [request_ids[start : start + _AT_ONCE] for start in range(0, len(request_ids), _AT_ONCE)]
