"""What must be true of the trade-in after a week: asked of the tables in plain SQL, and of what applicants heard."""

from collections.abc import Iterator
from typing import Any

import psycopg

from tests.simulator.week.life import Life
from tests.simulator.week.place import Place
from tests.simulator.week.store import FUNDED_FEN
from tests.simulator.week.town import FUNDED_LATER_FEN

Conn = psycopg.Connection[Any]
_ENDED_UNPAID = "('draft', 'expired', 'withdrawn')"

BOOKS_OF_THE_SHOP = {
    "a bike counts for two claims": f"""
        SELECT code FROM (SELECT old_code AS code, state FROM trade_in.claim
            UNION ALL SELECT new_code, state FROM trade_in.claim WHERE new_code <> '') AS counted
        WHERE state NOT IN {_ENDED_UNPAID} GROUP BY code HAVING count(*) > 1""",
    "a bike counts for a claim and is not held for it": f"""
        SELECT c.old_code, c.state FROM trade_in.claim c LEFT JOIN trade_in.vehicle v ON v.code = c.old_code
        WHERE c.state NOT IN {_ENDED_UNPAID} AND v.claim_id IS DISTINCT FROM c.claim_id""",
    "a bike that was sold is not held for its claim": """
        SELECT c.new_code, c.state FROM trade_in.claim c LEFT JOIN trade_in.vehicle v ON v.code = c.new_code
        WHERE c.state = 'paid' AND v.claim_id IS DISTINCT FROM c.claim_id""",
    "somebody has more claims than allowed": f"""
        SELECT resident_id FROM trade_in.claim WHERE state NOT IN {_ENDED_UNPAID}
        GROUP BY resident_id HAVING count(*) > 2""",
    "a claim's account has other money than it says": """
        SELECT c.state, c.held_fen, c.to_release_fen, a.posted_fen FROM trade_in.claim c
        LEFT JOIN ledger.account a ON a.kind = 'claim' AND a.label = replace(c.claim_id::text, '-', '')
        WHERE coalesce(a.posted_fen, 0) <> c.held_fen + c.to_release_fen - c.sent_fen""",
    "an ended claim holds money": """
        SELECT state, held_fen FROM trade_in.claim WHERE held_fen > 0
            AND (mode = 'deduct_at_sale' OR state NOT IN ('submitted', 'checked', 'published', 'approved'))""",
    "money of an account is of no claim": """
        SELECT a.posted_fen FROM ledger.account a WHERE a.kind = 'claim' AND a.posted_fen <> 0
            AND NOT EXISTS (SELECT FROM trade_in.claim c WHERE a.label = replace(c.claim_id::text, '-', ''))""",
    "a claim was given its reserve twice, or more came back than it had": """
        SELECT c.state, c.reserved_fen, c.released_fen, x.took, x.gave FROM trade_in.claim c
        JOIN (SELECT a.label, sum(e.amount_fen) FILTER (WHERE t.kind = 'set_aside') AS took,
                -sum(e.amount_fen) FILTER (WHERE t.kind = 'release') AS gave
            FROM ledger.account a JOIN ledger.entry e ON e.account_id = a.id JOIN ledger.transfer t
                ON t.id = e.transfer_id WHERE a.kind = 'claim' GROUP BY a.label) AS x
            ON x.label = replace(c.claim_id::text, '-', '')
        WHERE x.took - coalesce(x.gave, 0) <> c.reserved_fen - c.released_fen + c.to_release_fen
            OR x.took < c.reserved_fen OR x.took > 2 * c.reserved_fen""",
    "a claim is paid and its tap is not, or the other way round": """
        SELECT c.state, t.reason, r.found FROM trade_in.claim c
        LEFT JOIN trade_in.prepared_sale s ON s.claim_id = c.claim_id AND s.tap_id IS NOT NULL
        LEFT JOIN taps.tap t ON t.id = s.tap_id LEFT JOIN taps.reversal r ON r.tap_id = t.id
        WHERE (c.state = 'paid') <> (t.id IS NOT NULL AND t.reason IS NULL AND r.tap_id IS NULL)
            AND c.state <> 'reclaimed' AND c.mode = 'deduct_at_sale'""",
    "a claim paid more than one tap": """
        SELECT x.label FROM (SELECT a.label, -sum(e.amount_fen) AS paid FROM ledger.account a
            JOIN ledger.entry e ON e.account_id = a.id JOIN ledger.transfer t ON t.id = e.transfer_id
            WHERE a.kind = 'claim' AND t.kind IN ('payment', 'reversal') GROUP BY a.label) AS x
        JOIN trade_in.claim c ON x.label = replace(c.claim_id::text, '-', '')
        WHERE x.paid <> c.paid_fen + c.owed_back_fen + c.reclaimed_fen""",
    "what came back to the treasury is not what claims say": """
        SELECT r.fen, c.fen FROM (SELECT coalesce(sum(posted_fen), 0) AS fen FROM ledger.open_account
            WHERE kind = 'reclaimed') AS r, (SELECT coalesce(sum(reclaimed_fen), 0) AS fen FROM trade_in.claim) AS c
        WHERE r.fen <> c.fen""",
    "what ends by itself has not ended": """
        SELECT state FROM trade_in.claim WHERE state IN ('qualified', 'rejected') OR to_release_fen > 0
        UNION ALL SELECT 'a sale that was entered' FROM trade_in.prepared_sale WHERE tap_id IS NULL
        UNION ALL SELECT 'a code that was held' FROM trade_in.vehicle WHERE held_until IS NOT NULL""",
}
"""Each finds nothing."""


def differences_of_the_shop(place: Place, life: Life, conn: Conn) -> Iterator[str]:
    """Everything that is not as it must be."""
    for what, query in BOOKS_OF_THE_SHOP.items():
        rows = conn.execute(query.encode()).fetchall()
        if rows:
            yield f"{what}: {rows}"
    yield from _budget(conn)
    yield from _told(place, life, conn)


def _budget(conn: Conn) -> Iterator[str]:
    """Every fen of the budgets is left, lies with a claim, was paid, is owed back or came back."""
    row = conn.execute(
        "SELECT (SELECT sum(posted_fen) FROM ledger.account WHERE kind = 'budget' AND label LIKE 'trade_in:%')"
        " + (SELECT coalesce(sum(posted_fen), 0) FROM ledger.open_account WHERE kind = 'budget_slice'),"
        " coalesce(sum(reserved_fen - released_fen + to_release_fen), 0)::bigint FROM trade_in.claim"
    ).fetchone()
    assert row is not None
    left_fen, out_fen = row
    if left_fen + out_fen != FUNDED_FEN + FUNDED_LATER_FEN:
        yield f"{FUNDED_FEN} + {FUNDED_LATER_FEN} were in the budgets, {left_fen} are left and {out_fen} are out"


def _told(place: Place, life: Life, conn: Conn) -> Iterator[str]:
    """Whoever was told to be qualified is, for that bike."""
    rows = conn.execute("SELECT claim_id, resident_id, old_code FROM trade_in.claim").fetchall()
    claims = {row[0]: (row[1], row[2]) for row in rows}
    for claim_id, told in life.shop.qualified.items():
        if claims.get(claim_id) != (place.store.buyers[told.buyer].resident.resident_id, told.old_code):
            yield f"buyer {told.buyer} was told of a claim that is not there"
