"""T30 Rewritten rows (docs/threats.md): whoever owns the database changes what was written or what was sealed of it."""

import re

import pytest

from tests.support.builders.sealing import a_day, a_log_of_its_own
from yikatong.plumbing.database import Database

pytestmark = pytest.mark.anyio

EDITS = {
    "a tap's amount": ("UPDATE taps.tap SET amount_fen = amount_fen + 1 WHERE reason IS NULL", "tap .* was edited"),
    "a tap's card": ("UPDATE taps.tap SET card_id = resident_id", "tap .* was edited"),
    "a tap's evidence": ("UPDATE taps.tap SET evidence = evidence || '\\x00'::bytea", "tap .* was edited"),
    "a tap that is taken out": ("DELETE FROM taps.tap WHERE reason IS NOT NULL", "tap .* is gone"),
    "a tap that is put in": (
        "INSERT INTO taps.tap SELECT bucket, terminal_id, resident_id, card_id, terminal_id, provider_id, request_id,"
        " item, form, strength, amount_fen, reason, code_at, nonce, false, NULL, learned, decided_at, facts, evidence"
        " FROM taps.tap WHERE reason IS NULL LIMIT 1",
        "tap .* was put in",
    ),
    "a refund": ("UPDATE taps.refund SET amount_fen = 1", "refund .* was edited"),
    "a reversal that is taken out": ("DELETE FROM taps.reversal", "reversal .* is gone"),
    "a look's purpose": ("UPDATE access.record SET purpose = 'another' WHERE kind = 'look'", "record .* was edited"),
    "a look that is taken out": ("DELETE FROM access.record WHERE kind = 'look'", "record .* is gone"),
    "a leaf": (
        "UPDATE sealing.batch SET hashes = overlay(hashes PLACING '\\x00'::bytea FROM 1) WHERE number = 1",
        "is not what its series signed",
    ),
    "a batch's instant": (
        "UPDATE sealing.batch SET made_at = made_at + interval '1 second' WHERE number = 1",
        "is not what its series signed",
    ),
    "a batch that is taken out": ("DELETE FROM sealing.batch WHERE number = 1", "is gone"),
    "a signature": ("UPDATE sealing.batch SET signed = overlay(signed PLACING '\\x00'::bytea FROM 150)", "not signed"),
    "an entry that is taken out": ("DELETE FROM sealing.entry WHERE position = 1", "entry 1 is gone"),
    "the last entry": (
        "DELETE FROM sealing.entry WHERE position = (SELECT max(position) FROM sealing.entry)",
        "a head says",
    ),
    "a subtree": ("UPDATE sealing.node SET hash = sha256(hash) WHERE level = 1 AND position = 0", "subtrees below"),
    "a head": ("UPDATE sealing.head SET root = sha256(root)", "is not that of its entries"),
    "the heads": ("DELETE FROM sealing.head", "no head at its end"),
    "a certificate": (
        "UPDATE sealing.series SET certificate = overlay(certificate PLACING '\\x00'::bytea FROM 150)",
        "is not by a key of the log",
    ),
}


@pytest.mark.parametrize("edit", EDITS)
async def test_whoever_edits_the_database_is_found(db: Database, edit: str) -> None:
    statement, said = EDITS[edit]
    async with a_log_of_its_own(db) as log:
        await a_day(log)
        await log.change(statement)

        assert [one for one in await log.differences() if re.search(said, one)]
