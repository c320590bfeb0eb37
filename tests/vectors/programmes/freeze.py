"""Freezes receipts of sheets that have none: `python -m tests.vectors.programmes.freeze`.

Of each case file the last case that gets something, and the last refusal for a reason of which no receipt is kept;
of one that gives nobody anything its last refusal; all decided as they are today. What is frozen stays; `--anew`
freezes everything again, which is right only while the formulas themselves are not released.
"""

import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec

from tests.tables.case_files import Expected, case_files, decide_expected, lay_out, read_case_file
from yikatong.kernel.outcomes import Refused
from yikatong.programmes import service
from yikatong.programmes.model import Decision

RECEIPTS = Path(__file__).with_name("receipts.jsonl")
KNOWN_ON = date(2026, 11, 26)


def read_receipts() -> list[Decision]:
    """Every frozen receipt."""
    lines = RECEIPTS.read_bytes().splitlines() if RECEIPTS.exists() else []
    return [msgspec.json.decode(line, type=Decision) for line in lines]


def freeze(*, anew: bool) -> int:
    """Add what is missing; returns how many receipts there are."""
    kept = [] if anew else read_receipts()
    frozen = {receipt.sheet for receipt in kept}
    for file in case_files():
        found = read_case_file(file)
        if found.sheet not in frozen:
            told = {receipt.reason for receipt in kept if receipt.programme == found.sheet.partition("/")[0]}
            kept += _some_of(found.sheet, list(lay_out(found)), told=told)
    RECEIPTS.write_bytes(b"".join(msgspec.json.encode(receipt) + b"\n" for receipt in kept))
    return len(kept)


def _some_of(sheet: str, cases: list[Expected], *, told: set[str | None]) -> Iterator[Decision]:
    decided = [decision for case in cases if (decision := _decide(sheet, case)) is not None]
    paid = [decision for decision in decided if decision.reason is None]
    refused = [decision for decision in decided if decision.reason is not None]
    untold = [decision for decision in refused if decision.reason not in told]
    yield from (*paid[-1:], *(untold if paid or untold else refused)[-1:])


def _decide(sheet: str, case: Expected) -> Decision | None:
    try:
        decision = decide_expected(service.read_shelf(), sheet, case, known_on=KNOWN_ON)
    except Refused:
        return None
    return decision if decision.sheet == sheet else None


if __name__ == "__main__":
    sys.stdout.write(f"{freeze(anew='--anew' in sys.argv)} receipts\n")
