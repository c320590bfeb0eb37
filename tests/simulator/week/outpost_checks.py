"""What must be true of tills without a network: each tap is uploaded once, out of its hold, and of no stopped card."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import psycopg

from tests.simulator.week.journal import Commanded
from tests.simulator.week.life import Life
from tests.simulator.week.place import Place
from tests.simulator.week.plastic import BY_CHIP
from tests.simulator.week.told import TakenDark

Conn = psycopg.Connection[Any]
POLICY_AGE = timedelta(hours=24)
"""How long after a stop a card may still be taken without a network, for what the week sells."""
_WRONG_AT_MOST = timedelta(minutes=10)

BOOKS_OF_OUTPOSTS = {
    "an allowance was not spent by what was posted of it": """
        SELECT a.amount_fen, a.spent_fen FROM offline.allowance a WHERE a.spent_fen > a.amount_fen OR a.spent_fen <>
            (SELECT coalesce(sum(u.amount_fen), 0) FROM offline.upload u
             WHERE u.allowance_id = a.id AND u.outcome = 'posted')""",
    "the holds of an allowance are no chain": """
        SELECT a.amount_fen, a.spent_fen FROM offline.allowance a LEFT JOIN ledger.hold h ON h.reference = a.id
        GROUP BY a.id, a.amount_fen, a.spent_fen
        HAVING count(*) FILTER (WHERE h.status = 'posted') <>
                (SELECT count(*) FROM offline.upload u WHERE u.allowance_id = a.id AND u.outcome = 'posted')
            OR coalesce(sum(h.amount_fen) FILTER (WHERE h.status = 'expired'), 0) <> a.amount_fen - a.spent_fen
            OR count(*) FILTER (WHERE h.status NOT IN ('posted', 'expired')) > 0""",
    "an upload and its tap differ": """
        SELECT u.outcome, u.reason, t.reason FROM offline.upload u LEFT JOIN taps.tap t ON t.id = u.tap_id
        WHERE (u.outcome = 'posted' AND (t.id IS NULL OR t.reason IS NOT NULL))
            OR (u.outcome <> 'posted' AND t.id IS NOT NULL AND t.reason IS DISTINCT FROM u.reason)""",
    "a dispute and its upload differ": """
        SELECT u.outcome, d.reason FROM offline.upload u FULL JOIN offline.dispute d ON d.tap_id = u.tap_id
        WHERE (u.outcome = 'disputed') IS DISTINCT FROM (d.tap_id IS NOT NULL)""",
    "a decision and what it moved differ": """
        SELECT d.decided_for, d.amount_fen, x.legs
        FROM (SELECT * FROM ledger.transfer WHERE kind = 'correction') AS x
        FULL JOIN (SELECT * FROM offline.dispute WHERE decided_for = 'provider') AS d ON d.tap_id = x.reference
        WHERE d.tap_id IS NULL OR x.id IS NULL OR x.id <> d.transfer_id
            OR (SELECT sum(leg) FROM unnest(x.legs) AS leg WHERE leg > 0) <> d.amount_fen""",
    "one dispute was paid twice": """
        SELECT reference FROM ledger.transfer WHERE kind = 'correction' GROUP BY reference HAVING count(*) > 1""",
}
"""Each finds nothing."""


def differences_of_outposts(place: Place, life: Life, conn: Conn) -> Iterator[str]:
    """Everything that is not as it must be."""
    for what, query in BOOKS_OF_OUTPOSTS.items():
        rows = conn.execute(query.encode()).fetchall()
        if rows:
            yield f"{what}: {rows}"
    yield from _uploads(place, life, conn)
    yield from _chips(life)
    yield from _disputes(life, conn)
    yield from _stopped(place, life, conn)


def _uploads(place: Place, life: Life, conn: Conn) -> Iterator[str]:
    """What was taken in the dark has one upload, no other upload is there, and its outpost heard how it ended."""
    rows = conn.execute("SELECT terminal_id, sequence, body, outcome, reason FROM offline.upload").fetchall()
    uploads = Counter(bytes(row[2]) for row in rows)
    for body, taken in life.told.dark.items():
        if uploads.pop(body, 0) != 1:
            yield f"tap {taken.sent.request} was taken in the dark and was not uploaded once"
    if uploads:
        yield f"{len(uploads)} uploads are of no tap that was taken"
    written = {(row[0], row[1]): (row[3], row[4]) for row in rows}
    for outpost, registered in zip(life.outposts, place.outposts, strict=True):
        for said in outpost.uploaded:
            if written.pop((registered.terminal.id, said.sequence), None) != (said.outcome, said.reason):
                yield f"{outpost.name} heard {said.outcome} {said.reason} of {said.sequence}, which is not so"
    if written:
        yield f"{len(written)} uploads were answered to nobody"


def _chips(life: Life) -> Iterator[str]:
    """What a chip said is for one terminal, once: never is it taken again, wherever it is shown."""
    taken = Counter(one.sent.code for one in life.told.dark.values() if one.sent.how in BY_CHIP)
    yield from (f"what a chip said was taken {count} times" for count in taken.values() if count > 1)


def _disputes(life: Life, conn: Conn) -> Iterator[str]:
    """A dispute that was told decided is decided so, and both sides were heard before or could be."""
    rows = conn.execute("SELECT tap_id, decided_for FROM offline.dispute").fetchall()
    decided = {row[0]: row[1] for row in rows}
    for tap_id, for_whom in life.court.decided.items():
        if decided.get(tap_id) != for_whom.rsplit(" ", 1)[-1]:
            yield f"a dispute was told {for_whom} and is decided for {decided.get(tap_id)}"


def _stopped(place: Place, life: Life, conn: Conn) -> Iterator[str]:
    """No card is taken longer after its acknowledged stop than the policy's age, until it is in order again."""
    posted = {bytes(row[0]) for row in conn.execute("SELECT body FROM offline.upload WHERE outcome = 'posted'")}
    for body, taken in life.told.dark.items():
        for stopped_at in _stops_before(place, life, taken):
            if taken.at - stopped_at > POLICY_AGE + _WRONG_AT_MOST:
                what = "taken and posted" if body in posted else "taken"
                yield f"tap {taken.sent.request} was {what} {taken.at - stopped_at} after its card was stopped"


def _stops_before(place: Place, life: Life, taken: TakenDark) -> Iterator[datetime]:
    """When the card of a tap was reported lost, as far as it was not in order again before the tap.

    Plastic is in order once the card is released, an e-card only when it is associated again.
    """
    by_what = "release" if taken.sent.how in BY_CHIP else "associate"
    mended = [
        one.decided_at
        for one in place.journal
        if isinstance(one, Commanded) and one.what == by_what and one.resident == taken.sent.resident
    ]
    for report in life.told.commands:
        is_stop = report.what == "report lost" and report.came_to in ("done", "already")
        if not is_stop or report.resident != taken.sent.resident or report.at is None or report.at > taken.at:
            continue
        if not any(report.sent_at < at <= taken.at for at in mended):
            yield report.at
