"""What must be true of claims that are paid later: the banks' own books, the tables, and what offices were told agree.

A bank knows what it was asked, what it booked and what it gave back; nothing of that is read from the platform.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg

from tests.simulator.week.life import Life
from tests.simulator.week.place import Place
from tests.simulator.week.town import BANKS
from yikatong.payouts import service as payouts

Conn = psycopg.Connection[Any]

BOOKS_OF_ROSTERS = {
    "a batch and its lines differ": """
        SELECT b.state, b.issued_fen, x.* FROM payouts.batch b LEFT JOIN (SELECT batch_id, count(*) AS lines,
                sum(amount_fen) AS fen, coalesce(sum(amount_fen) FILTER (WHERE state = 'issued'), 0) AS open,
                coalesce(sum(amount_fen) FILTER (WHERE state = 'paid'), 0) AS paid,
                coalesce(sum(amount_fen) FILTER (WHERE state = 'returned'), 0) AS returned,
                coalesce(sum(amount_fen) FILTER (WHERE state = 'stopped'), 0) AS stopped
            FROM payouts.batch_line GROUP BY batch_id) AS x ON x.batch_id = b.id
        WHERE (b.issued_count, b.issued_fen, b.open_fen, b.paid_fen, b.returned_fen, b.stopped_fen) IS DISTINCT FROM
            (coalesce(x.lines, 0), coalesce(x.fen, 0), coalesce(x.open, 0), coalesce(x.paid, 0),
                coalesce(x.returned, 0), coalesce(x.stopped, 0))""",
    "a payment that a bank has answered is open": """
        SELECT b.state FROM payouts.batch b JOIN payouts.batch_line l ON l.batch_id = b.id
        WHERE l.state = 'issued' AND b.state IN ('sending', 'sent', 'closed')""",
    "a claim stands to be paid on two rosters": """
        SELECT l.reference FROM payouts.roster_line l JOIN payouts.roster r ON r.id = l.roster_id
        WHERE l.state = 'clear' AND r.state IN ('published', 'final') GROUP BY l.reference HAVING count(*) > 1""",
    "a claim was paid twice": """
        SELECT reference FROM payouts.batch_line WHERE state = 'paid' GROUP BY reference HAVING count(*) > 1""",
    "a claim may be paid twice": """
        SELECT l.reference FROM payouts.batch_line l JOIN payouts.batch b ON b.id = l.batch_id
        WHERE l.state IN ('paid', 'issued') OR (l.state IN ('returned', 'stopped') AND l.corrected_by IS NULL
            AND l.given_up_at IS NULL AND b.state <> 'deleted')
        GROUP BY l.reference HAVING count(*) > 1""",
    "what left its roster may be paid by it": """
        SELECT l.state, l.reason FROM payouts.batch_line l JOIN payouts.batch b ON b.id = l.batch_id
        WHERE (l.state = 'issued' OR (l.corrected_by IS NULL AND l.given_up_at IS NULL
                AND l.state IN ('stopped', 'returned') AND b.state <> 'deleted'))
            AND NOT EXISTS (SELECT FROM trade_in.rostered x
                WHERE x.claim_id = l.reference AND x.roster_id = b.roster_id)""",
    "something was issued that no final roster pays": """
        SELECT l.state FROM payouts.batch_line l JOIN payouts.batch b ON b.id = l.batch_id
        LEFT JOIN payouts.roster r ON r.id = b.roster_id LEFT JOIN payouts.roster_line s
            ON s.roster_id = r.id AND s.reference = l.reference AND s.amount_fen = l.amount_fen
        WHERE r.state IS DISTINCT FROM 'final' AND b.state <> 'deleted' OR s.reference IS NULL""",
    "somebody was paid before the roster had been public": """
        SELECT l.booked_on, r.public_until FROM payouts.batch_line l JOIN payouts.batch b ON b.id = l.batch_id
        JOIN payouts.roster r ON r.id = b.roster_id WHERE l.state = 'paid' AND l.booked_on < r.public_until""",
    "somebody was paid to whom an objection was upheld": """
        SELECT l.state FROM payouts.batch_line l JOIN payouts.batch b ON b.id = l.batch_id
        JOIN payouts.roster_line s ON s.roster_id = b.roster_id AND s.reference = l.reference
        JOIN payouts.objection o ON o.roster_id = s.roster_id AND o.line = s.line AND o.state = 'upheld'""",
    "a claim has other money from the treasury than its payments": """
        SELECT c.state, c.paid_fen, c.owed_back_fen, c.reclaimed_fen, p.fen FROM trade_in.claim c
        LEFT JOIN (SELECT reference, sum(amount_fen) AS fen FROM payouts.batch_line WHERE state = 'paid'
            GROUP BY reference) AS p ON p.reference = c.claim_id
        WHERE c.mode = 'claim_later' AND c.paid_fen + c.owed_back_fen + c.reclaimed_fen <> coalesce(p.fen, 0)
            AND NOT EXISTS (SELECT FROM trade_in.payment_at_odds o WHERE o.claim_id = c.claim_id)""",
    "a roster's money is not that of its claims": """
        SELECT r.state, a.fen, w.fen, c.fen, o.fen FROM payouts.roster r
        LEFT JOIN (SELECT owner_id, sum(posted_fen) AS fen FROM ledger.account
            WHERE kind = 'budget' AND label = 'trade-in' GROUP BY owner_id) AS a ON a.owner_id = r.id
        LEFT JOIN (SELECT roster_id, sum(open_fen) AS fen FROM payouts.batch
            WHERE state IN ('applied', 'sending', 'sent') GROUP BY roster_id) AS w ON w.roster_id = r.id
        LEFT JOIN (SELECT x.roster_id, sum(c.sent_fen) AS fen FROM trade_in.rostered x
            JOIN trade_in.claim c ON c.claim_id = x.claim_id GROUP BY x.roster_id) AS c ON c.roster_id = r.id
        LEFT JOIN (SELECT x.roster_id, sum(l.amount_fen) AS fen FROM trade_in.payment_at_odds x
            JOIN payouts.batch_line l ON l.reference = x.claim_id AND l.back_by = x.about AND l.corrected_by IS NULL
            WHERE x.told = 'returned' GROUP BY x.roster_id) AS o ON o.roster_id = r.id
        WHERE coalesce(a.fen, 0) + coalesce(w.fen, 0) <> coalesce(c.fen, 0) + coalesce(o.fen, 0)""",
    "money is held outside every roster": """
        SELECT state, sent_fen FROM trade_in.claim c WHERE sent_fen > 0 AND (state <> 'approved'
            OR NOT EXISTS (SELECT FROM trade_in.rostered x WHERE x.claim_id = c.claim_id))""",
    "something lies between a claim and its roster": """
        SELECT sum(posted_fen) FROM ledger.open_account WHERE kind = 'payout_clearing' AND label = 'trade-in'
        GROUP BY account_id HAVING sum(posted_fen) <> 0""",
    "what is on its way is not what batches say": """
        SELECT b.state, b.open_fen, a.fen FROM payouts.batch b
        LEFT JOIN (SELECT owner_id, sum(posted_fen) AS fen FROM ledger.open_account
            WHERE kind = 'payout_clearing' AND label = '' GROUP BY owner_id) AS a ON a.owner_id = b.id
        WHERE coalesce(a.fen, 0) <> CASE WHEN b.state IN ('applied', 'sending', 'sent') THEN b.open_fen ELSE 0 END""",
    "a claim is public or approved and stands on no roster": """
        SELECT c.state FROM trade_in.claim c WHERE c.state = 'approved'
            AND NOT EXISTS (SELECT FROM trade_in.rostered x WHERE x.claim_id = c.claim_id)""",
    "news were not heard": """
        SELECT topic, tries_count, last_error FROM plumbing.outbox
        WHERE topic LIKE 'payouts.%' OR topic LIKE 'trade_in.%'""",
    "a claim could not follow what it could": """
        SELECT o.told, o.reason, c.state FROM trade_in.payment_at_odds o JOIN trade_in.claim c USING (claim_id)
        WHERE NOT (o.told IN ('paid', 'returned') AND c.state IN ('refunded', 'reclaimed'))""",
    "what was acknowledged was done twice": """
        SELECT act FROM trade_in.deed GROUP BY claim_id, request_id, act HAVING count(*) > 1""",
}
"""Each finds nothing."""


def differences_of_what_is_paid_later(place: Place, life: Life, conn: Conn) -> Iterator[str]:
    """Everything that is not as it must be."""
    for what, query in BOOKS_OF_ROSTERS.items():
        rows = conn.execute(query.encode()).fetchall()
        if rows:
            yield f"{what}: {rows}"
    yield from _told(life, conn)
    yield from _asked_of_banks(place, conn)
    yield from _paid_by_banks(place, conn)


def _told(life: Life, conn: Conn) -> Iterator[str]:
    """What was told done is written down, of that claim; whoever was told to be qualified is, for that bike."""
    deeds = Counter(
        tuple(row) for row in conn.execute("SELECT claim_id, request_id, act FROM trade_in.deed").fetchall()
    )
    for told in life.later.claimants.told:
        count = deeds[told.claim_id, told.request_id, told.act.value]
        if count != 1:
            yield f"{told.act} was told done and is written down {count} times"
    made_at = dict(conn.execute("SELECT request_id, made_at FROM trade_in.deed").fetchall())
    for no in life.later.claimants.told_no:
        if no.request_id in made_at and made_at[no.request_id] < no.sent_at:
            yield "somebody who asked again was refused what had been done"
    rows = conn.execute("SELECT claim_id, resident_id, old_code FROM trade_in.claim").fetchall()
    claims = {row[0]: (row[1], row[2]) for row in rows}
    for claim_id, qualified in life.later.claimants.qualified.items():
        if claims.get(claim_id) != qualified:
            yield "somebody of the town was told of a claim that is not there"


def _asked_of_banks(place: Place, conn: Conn) -> Iterator[str]:
    """A bank was asked once for each payment that it was to have, for its amount and to its account, and no other."""
    rows = conn.execute(
        "SELECT l.batch_id, l.line, l.bank_code, l.bank_token, l.amount_fen FROM payouts.batch_line l"
        " JOIN payouts.batch b ON b.id = l.batch_id"
        " WHERE b.state IN ('sending', 'sent', 'closed') AND l.state <> 'stopped'"
    ).fetchall()
    wanted = {_name(batch_id, line): (bank, token, fen) for batch_id, line, bank, token, fen in rows}
    for code, bank in place.town.banks.items():
        yield from (f"bank {code} was asked for one payment twice" for _ in bank.taken_twice)
        for name, payment in bank.payments.items():
            had = (code, payment.handle, payment.amount_fen)
            if wanted.pop(name, None) != had:
                yield f"bank {code} was asked for {payment.amount_fen}, which is no payment of its"
    yield from (f"bank {bank} was never asked for {fen}" for bank, _, fen in wanted.values())


def _paid_by_banks(place: Place, conn: Conn) -> Iterator[str]:
    """What banks booked and kept is what lines say was paid, what we owe the banks, and each claim has it once."""
    rows = conn.execute("SELECT batch_id, line, reference, state, amount_fen FROM payouts.batch_line").fetchall()
    lines = {_name(batch_id, line): (reference, state, fen) for batch_id, line, reference, state, fen in rows}
    owed = dict(
        conn.execute(
            "SELECT label, sum(posted_fen) FROM ledger.open_account WHERE kind = 'bank_clearing' GROUP BY label"
        ).fetchall()
    )
    paid: defaultdict[UUID, int] = defaultdict(int)
    for code in BANKS:
        bank = place.town.banks[code]
        for name in bank.payments:
            reference, state, fen = lines[name]
            net_fen = bank.net_fen(name)
            paid[reference] += net_fen > 0
            if net_fen != (fen if state == "paid" else 0):
                yield f"bank {code} keeps {net_fen} of a payment that is {state}"
        net_fen = sum(bank.net_fen(name) for name in bank.payments)
        if owed.get(code, 0) != net_fen:
            yield f"bank {code} paid {net_fen} and is owed {owed.get(code, 0)}"
    yield from (f"a claim was paid {count} times by banks" for count in paid.values() if count > 1)


def _name(batch_id: UUID, line: int) -> str:
    return f"{payouts.show_number(batch_id)}-{line}"
