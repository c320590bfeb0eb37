"""T30 Rewritten rows (docs/threats.md): whoever owns the database changes what was written or what was sealed of it."""

import re
from datetime import timedelta

import pytest
from psycopg import errors

from tests.support.builders.sealing import a_day_of_money, a_log_of_its_own
from yikatong.plumbing.database import Database

pytestmark = pytest.mark.anyio


def _later(column: str, by: str) -> str:
    """An instant moved on, in a form that a cluster plans too: it adds nothing that goes by a session's time zone."""
    return f"{column} = ({column} AT TIME ZONE 'UTC' + interval '1 {by}') AT TIME ZONE 'UTC'"


_MOVED = "UPDATE ledger.transfer SET legs = ARRAY[legs[1] - 1, legs[2] + 1] WHERE kind = '{kind}'"
_PUT_IN = (
    "INSERT INTO ledger.transfer SELECT bucket, reference, kind, reference, accounts, legs, posted_at"
    " FROM ledger.transfer WHERE kind = '{kind}' LIMIT 1"
)
_LEFT = "INSERT INTO sealing.loose (id, kind, hash, mark, left_at) SELECT"
_LOOK_WITH_A_LEAF = (
    "WITH look AS (INSERT INTO access.record SELECT bucket, gen_random_uuid(), recorded_at, kind, what, by_kind, by_id,"
    " region, resident_ids, subjects, request_id, request_digest, outcome, purpose, approval_id FROM access.record"
    f" WHERE kind = 'look' LIMIT 1 RETURNING record_id) {_LEFT} record_id, 4, sha256(''), sha256(''), now() FROM look"
)

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
    "a tap that is put where nobody finds it": ("UPDATE taps.tap SET bucket = 1", "taps.tap lie in a bucket"),
    "a reversal that is put where nobody finds it": (
        "UPDATE taps.reversal SET bucket = 1",
        "taps.reversal lie in a bucket",
    ),
    "a look that is put where nobody finds it": (
        "UPDATE access.record SET bucket = 1 WHERE kind = 'look'",
        "access.record lie in a bucket",
    ),
    "a hold that is put where nobody finds it": ("UPDATE ledger.hold SET bucket = 1", "ledger.hold lie in a bucket"),
    "a transfer that is put where nobody finds it": (
        "UPDATE ledger.transfer SET bucket = 1 WHERE kind = 'top_up'",
        "ledger.transfer lie in a bucket",
    ),
    "a refund": ("UPDATE taps.refund SET amount_fen = 1", "refund .* was edited"),
    "a reversal that is taken out": ("DELETE FROM taps.reversal", "reversal .* is gone"),
    "a look's purpose": ("UPDATE access.record SET purpose = 'another' WHERE kind = 'look'", "record .* was edited"),
    "a look that is taken out": ("DELETE FROM access.record WHERE kind = 'look'", "record .* is gone"),
    "a payment's amount": (_MOVED.format(kind="payment"), "transfer .* was edited"),
    "a payment's payee": (
        "UPDATE ledger.transfer SET accounts = ARRAY[accounts[1], reference] WHERE kind = 'payment'",
        "transfer .* was edited",
    ),
    "a payment's instant": (
        f"UPDATE ledger.transfer SET {_later('posted_at', 'day')} WHERE kind = 'payment'",
        "transfer .* was edited",
    ),
    "a payment that is taken out": ("DELETE FROM ledger.transfer WHERE kind = 'payment'", "transfer .* is gone"),
    "a payment that is put in": (_PUT_IN.format(kind="payment"), "transfer .* was put in"),
    "a tap that is taken out with its payment": (
        "WITH tap AS (DELETE FROM taps.tap WHERE transfer_id IS NOT NULL RETURNING transfer_id)"
        " DELETE FROM ledger.transfer USING tap WHERE ledger.transfer.id = tap.transfer_id",
        "paid tap .* is gone",
    ),
    "what moved, refund": (_MOVED.format(kind="refund"), "transfer .* was edited"),
    "what moved, reversal": (_MOVED.format(kind="reversal"), "transfer .* was edited"),
    "what moved, load": (_MOVED.format(kind="top_up"), "transfer .* was edited"),
    "what moved, grant": (_MOVED.format(kind="grant"), "transfer .* was edited"),
    "what moved, reserve": (_MOVED.format(kind="reserve"), "transfer .* was edited"),
    "what moved, settlement": (_MOVED.format(kind="settlement"), "transfer .* was edited"),
    "what moved, payout": (_MOVED.format(kind="payout"), "transfer .* was edited"),
    "a load that is taken out": ("DELETE FROM ledger.transfer WHERE kind = 'top_up'", "transfer .* is gone"),
    "a load that is put in": (_PUT_IN.format(kind="top_up"), "transfer .* was put in"),
    "a settlement that is taken out": ("DELETE FROM ledger.transfer WHERE kind = 'settlement'", "transfer .* is gone"),
    "a reserve that is taken out": ("DELETE FROM ledger.transfer WHERE kind = 'reserve'", "transfer .* is gone"),
    "what is held": ("UPDATE ledger.hold SET amount_fen = 1 WHERE status = 'pending'", "hold .* was edited"),
    "until when it is held": (
        f"UPDATE ledger.hold SET {_later('expires_at', 'day')}",
        "hold .* was edited",
    ),
    "a hold that is taken out": ("DELETE FROM ledger.hold WHERE status = 'pending'", "hold .* is gone"),
    "a hold that is ended": (
        "UPDATE ledger.hold SET status = 'expired', ended_at = expires_at WHERE status = 'pending'",
        "hold end .* was put in",
    ),
    "how a hold ended": (
        "UPDATE ledger.hold SET status = 'posted', transfer_id = id WHERE status = 'voided'",
        "hold end .* was edited",
    ),
    "a hold that is open again": (
        "UPDATE ledger.hold SET status = 'pending', ended_at = NULL WHERE status = 'voided'",
        "hold end .* is gone",
    ),
    "a statement": (
        f"UPDATE payouts.provider_statement SET {_later('made_at', 'day')}",
        "statement .* was edited",
    ),
    "a statement that is taken out": ("DELETE FROM payouts.provider_statement", "statement .* is gone"),
    "a statement that is put in": (
        "INSERT INTO payouts.provider_statement SELECT provider_id, day_on + 1, opening_fen, sales_count, sales_fen,"
        " refunds_count, refunds_fen, reversals_count, reversals_fen, settled_fen, netted_fen, other_fen, closing_fen,"
        " digest, made_at FROM payouts.provider_statement",
        "statement .* was put in",
    ),
    "what a leaf stands for": (
        "UPDATE sealing.batch SET kinds = overlay(kinds PLACING '\\x04'::bytea FROM 1) WHERE kinds <> '\\x04'::bytea",
        "is not what its series signed",
    ),
    "a leaf of no kind": (
        "UPDATE sealing.batch SET kinds = overlay(kinds PLACING '\\xff'::bytea FROM 1)",
        "is not what its series signed",
    ),
    "a look that is put in with a leaf": (_LOOK_WITH_A_LEAF, "record .* the platform did not leave it"),
    "a leaf that waits and is of no kind": (
        f"{_LEFT} gen_random_uuid(), 99, sha256(''), sha256(''), now()",
        r"leaf of no kind \(99\) .* the platform did not leave it",
    ),
    "a second leaf of a payment": (
        f"{_LEFT} id, 6, sha256(''), sha256(''), posted_at FROM ledger.transfer WHERE kind = 'payment'",
        "transfer .* the platform did not leave it",
    ),
    "a leaf": (
        "UPDATE sealing.batch SET hashes = overlay(hashes PLACING '\\x00'::bytea FROM 1) WHERE number = 1",
        "is not what its series signed",
    ),
    "a batch's instant": (
        f"UPDATE sealing.batch SET {_later('made_at', 'second')} WHERE number = 1",
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


async def test_whoever_edits_the_database_is_found(db: Database) -> None:
    async with a_log_of_its_own(db) as log:
        await a_day_of_money(log)
        assert () == await log.differences()

        missed = []
        for what, (statement, said) in EDITS.items():
            try:
                found = await log.differences_after(statement)
            except (errors.FeatureNotSupported, errors.InternalError_):
                # Whoever owns a cluster goes to its workers; over the coordinator not every statement can be planned.
                if not await log.lies_over_nodes():
                    raise
                continue
            if not any(re.search(said, one) for one in found):
                missed.append(what)

        assert [] == missed


async def test_a_tap_that_moved_money_is_missed_after_any_term(db: Database) -> None:
    async with a_log_of_its_own(db) as log:
        world = await a_day_of_money(log)
        world.clock.advance(timedelta(days=365 * 30))
        statement, said = EDITS["a tap that is taken out with its payment"]

        assert [one for one in await log.differences_after(statement) if re.search(said, one)]
