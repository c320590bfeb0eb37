"""Power fails at any byte while a terminal fetches: it then holds what it held before or after, never between."""

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from tests.support.world import NOON, FixedClock
from tests.terminal.world import (
    ALLOWANCE,
    REGION,
    Till,
    a_phone,
    a_sheet,
    a_status_delta,
    a_status_list,
    a_trust_list,
    an_allowance,
)
from yikatong.codes.rules.status_delta import edition_digest
from yikatong.kernel.ids import show_id
from yikatong.trust import service as trust

FIVE = timedelta(minutes=5)
_PHONE = a_phone(place=9)
Held = tuple[object, ...]


def held_by(till: Till) -> Held:
    """All that a till holds: its lists bit for bit, its trust list, its sheet, what is left, what it has seen."""
    status, sheet, trust_list = till.kit.lists, till.kit.lists.sheet, till.kit.lists.trust_list
    edition = status.edition(REGION)
    return (
        None if edition is None else (edition.issued_at, edition.expires_at, edition_digest(edition.blocks)),
        None if trust_list is None else trust_list.sequence,
        None if sheet is None else sheet.issued_at,
        till.kit.left_fen().get(show_id("allowance", ALLOWANCE)),
        tuple(one.sequence for one in till.kit.admitted()),
    )


def a_day(till: Till) -> Iterator[Callable[[], object]]:
    """What a till fetches and does, each one write."""
    lists, clock = till.kit.lists, till.clock

    def lists_at(now: datetime, stopped: dict[int, int]) -> Callable[[], object]:
        blocks = [(0, a_status_list(now, stopped=stopped)), (1, a_status_list(now, number=1))]
        return lambda: lists.hold_status_lists(REGION, blocks, now=now)

    def delta(number: int, before: dict[int, int], after: dict[int, int]) -> Callable[[], object]:
        now = NOON + number * FIVE
        signed = a_status_delta(before, after, base=now - FIVE, now=now, blocks_beside=(1,))
        return lambda: lists.hold_status_deltas(REGION, [signed], now=now)

    yield lambda: lists.hold_trust_list(a_trust_list(), now=NOON)
    yield lists_at(NOON, {})
    yield lambda: lists.hold_sheet(a_sheet(an_allowance(_PHONE)), now=NOON)
    yield lambda: till.enter(_PHONE)
    yield delta(1, {}, dict.fromkeys(range(0, 60_000, 7), trust.INVALID))
    yield delta(2, dict.fromkeys(range(0, 60_000, 7), trust.INVALID), {5: trust.SUSPENDED})
    clock.set(NOON + 2 * FIVE)
    yield lambda: till.enter(_PHONE)
    yield lambda: lists.hold_sheet(a_sheet(an_allowance(_PHONE, posted_fen=700), now=clock.now()), now=clock.now())
    yield lambda: lists.hold_trust_list(a_trust_list(clock.now(), sequence=2), now=clock.now())
    yield delta(3, {5: trust.SUSPENDED}, {5: trust.SUSPENDED})
    yield lists_at(NOON + 4 * FIVE, {6: trust.INVALID})


def test_a_file_that_ends_at_any_byte_holds_what_was_held_after_some_write(tmp_path: Path) -> None:
    folder = tmp_path / "whole"
    folder.mkdir()
    till = Till(folder / "m", clock=FixedClock())
    log = folder / "m-wal"
    ends, held = [log.stat().st_size], [held_by(till)]
    for act in a_day(till):
        act()
        ends.append(log.stat().st_size)
        held.append(held_by(till))
    whole, main = log.read_bytes(), (folder / "m").read_bytes()
    till.memory.close()

    assert len(held) == len({msgspec.json.encode([str(part) for part in one]) for one in held}), "each write shows"
    for cut in _cuts(ends, len(whole)):
        broken = tmp_path / "broken"
        shutil.rmtree(broken, ignore_errors=True)
        broken.mkdir()
        (broken / "m").write_bytes(main)
        (broken / "m-wal").write_bytes(whole[:cut])
        again = Till(broken / "m", clock=till.clock)
        found = held_by(again)
        again.memory.close()
        assert held[sum(end <= cut for end in ends) - 1] == found


def _cuts(ends: list[int], size: int) -> list[int]:
    """The end of every write and the bytes around it, every page of every write, and every 1021st byte besides."""
    around = {at for end in ends for at in (end - 1, end, end + 1)}
    pages = set(range(32, size, 24 + 4096))
    return sorted(at for at in around | pages | set(range(ends[0], size, 1021)) if ends[0] <= at <= size)
