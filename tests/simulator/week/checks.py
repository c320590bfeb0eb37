"""What must be true of a week, whatever happened in it: asked of the tables in plain SQL, and of what clients heard.

Nothing here uses the product's decisions; only ids and receipts are read by its types.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg

from tests.simulator.week.bank import SlowBank
from tests.simulator.week.journal import Commanded, Taken
from tests.simulator.week.later_checks import differences_of_what_is_paid_later
from tests.simulator.week.life import Life
from tests.simulator.week.outpost_checks import differences_of_outposts
from tests.simulator.week.place import MEALS_FEN, TILLS, Place, has_bank, purse_fen
from tests.simulator.week.serial import Serial
from tests.simulator.week.shop_checks import differences_of_the_shop
from tests.simulator.week.store import BUYERS, FUNDED_FEN, buyers_purse_fen
from tests.simulator.week.town import FUNDED_LATER_FEN
from tests.stateful.deeds import Sent
from tests.stateful.reference import Resident
from tests.support.builders.follow_ups import id_of
from yikatong.taps.counter.works import TapWork
from yikatong.taps.model import Outcome, TapRow

_MEALS = "benefit:elder-meal"
Conn = psycopg.Connection[Any]

BOOKS = {
    "the sides of a transfer do not sum to zero": """
        SELECT id FROM ledger.transfer WHERE (SELECT sum(leg) FROM unnest(legs) AS leg) <> 0""",
    "the entries of a transfer do not sum to zero": """
        SELECT transfer_id FROM ledger.entry GROUP BY transfer_id HAVING sum(amount_fen) <> 0""",
    "a transfer and its entries differ": """
        SELECT t.id FROM ledger.transfer t WHERE
            (SELECT array_agg((e.account_id, e.amount_fen)::text ORDER BY e.account_id, e.amount_fen)
                FROM ledger.entry e WHERE e.transfer_id = t.id)
            IS DISTINCT FROM
            (SELECT array_agg((a, l)::text ORDER BY a, l) FROM unnest(t.accounts, t.legs) AS side (a, l))""",
    "a balance is not the sum of its entries": """
        SELECT a.kind, a.posted_fen FROM ledger.account a WHERE a.posted_fen <>
            (SELECT coalesce(sum(e.amount_fen), 0) FROM ledger.entry e WHERE e.account_id = a.id)""",
    "an open balance is not the sum of its entries": """
        SELECT o.account_id FROM ledger.open_account o GROUP BY o.account_id HAVING sum(o.posted_fen) <>
            (SELECT coalesce(sum(e.amount_fen), 0) FROM ledger.entry e WHERE e.account_id = o.account_id)""",
    "what is held is not what its holds say": """
        SELECT a.kind, a.held_fen FROM ledger.account a WHERE a.held_fen <>
            (SELECT coalesce(sum(h.amount_fen), 0) FROM ledger.hold h
             WHERE h.account_id = a.id AND h.status = 'pending')""",
    "an account is below its floor": """
        SELECT kind, posted_fen, held_fen FROM ledger.account WHERE posted_fen - held_fen < floor_fen""",
    "a hold has not ended": "SELECT amount_fen FROM ledger.hold WHERE status = 'pending'",
    "a hold was posted without its tap": """
        SELECT h.amount_fen FROM ledger.hold h LEFT JOIN taps.tap t ON t.transfer_id = h.transfer_id
        WHERE h.status = 'posted'
            AND (t.id IS NULL OR (t.id <> h.reference AND h.reference NOT IN (SELECT id FROM offline.allowance)))""",
    "a tap was paid and its hold was not posted": """
        SELECT h.amount_fen FROM ledger.hold h JOIN taps.tap t ON t.id = h.reference
        WHERE t.transfer_id IS NOT NULL AND h.status <> 'posted'""",
    "a refused tap kept its hold until that ended by itself": """
        SELECT t.reason, h.amount_fen FROM taps.tap t JOIN ledger.hold h ON h.reference = t.id
        WHERE t.reason IS NOT NULL AND h.status <> 'voided' AND t.decided_at < h.expires_at""",
    "a tap still waits": "SELECT waits_for FROM taps.waiting",
    "one code was spent twice": """
        SELECT code_at FROM taps.tap WHERE spends_nonce GROUP BY resident_id, code_at, nonce HAVING count(*) > 1""",
    "one code was admitted twice": """
        SELECT code_at FROM taps.tap WHERE reason IS NULL GROUP BY resident_id, code_at, nonce HAVING count(*) > 1""",
    "what was refused moved money": """
        SELECT t.reason FROM taps.tap t JOIN ledger.transfer x ON x.reference = t.id
        WHERE t.reason IS NOT NULL AND x.kind <> 'correction'""",
    "a payment has no admitted tap": """
        SELECT x.kind FROM ledger.transfer x LEFT JOIN taps.tap t ON t.transfer_id = x.id
        WHERE x.kind = 'payment' AND (t.id IS NULL OR t.reason IS NOT NULL)""",
    "a paid tap has no payment of its amount": """
        SELECT t.amount_fen FROM taps.tap t LEFT JOIN ledger.transfer x ON x.id = t.transfer_id
        WHERE t.reason IS NULL AND t.amount_fen IS NOT NULL AND t.amount_fen IS DISTINCT FROM
            (SELECT sum(leg) FROM unnest(x.legs) AS leg WHERE leg > 0)""",
    "more was given back than paid": """
        SELECT t.amount_fen FROM taps.tap t JOIN ledger.transfer x ON x.reference = t.id
        WHERE x.kind IN ('refund', 'reversal') GROUP BY t.id, t.amount_fen
        HAVING sum((SELECT sum(leg) FROM unnest(x.legs) AS leg WHERE leg > 0)) > t.amount_fen""",
    "a tap was taken back and its money was not": """
        SELECT t.amount_fen FROM taps.reversal r JOIN taps.tap t ON t.id = r.tap_id
        WHERE t.transfer_id IS NOT NULL AND t.amount_fen IS DISTINCT FROM
            (SELECT sum((SELECT sum(leg) FROM unnest(x.legs) AS leg WHERE leg > 0))
             FROM ledger.transfer x WHERE x.reference = t.id AND x.kind IN ('refund', 'reversal'))""",
    "a tap was admitted after it was taken back": """
        SELECT r.found FROM taps.reversal r JOIN taps.tap t ON t.id = r.tap_id
        WHERE t.reason IS NULL AND r.found <> 'admitted'""",
    "a tap has no request, or a request no tap": """
        SELECT 1 FROM taps.tap t FULL JOIN taps.request q ON q.tap_id = t.id
        WHERE t.id IS NULL OR q.tap_id IS NULL OR (q.terminal_id, q.request_id) <> (t.terminal_id, t.request_id)""",
}
"""Each finds nothing."""


def differences(place: Place, life: Life, conn: Conn) -> list[str]:
    """Everything that is not as it must be."""
    found = [f"{what}: {rows}" for what, query in BOOKS.items() if (rows := conn.execute(query.encode()).fetchall())]
    faults = life.network.faults + life.later.network.faults
    found += [f"a request came to no answer: {fault}" for fault in faults]
    found += list(_receipts(place, life, conn))
    found += list(_reversals_and_refunds(life, conn))
    found += list(_commands(place, life, conn))
    found += list(_losses(place, life))
    found += list(_revoked_till(place, life))
    found += list(_bank(place.bank, conn))
    found += list(differences_of_outposts(place, life, conn))
    found += list(differences_of_the_shop(place, life, conn))
    found += list(differences_of_what_is_paid_later(place, life, conn))
    found += list(_one_order(place, life, conn))
    return found


def _receipts(place: Place, life: Life, conn: Conn) -> Iterator[str]:
    """Every acknowledged tap is there with the receipt that was told, or was taken back since."""
    reasons = {row[0]: row[1:] for row in conn.execute("SELECT id, reason, amount_fen FROM taps.tap").fetchall()}
    taken_back = {row[0] for row in conn.execute("SELECT tap_id FROM taps.reversal").fetchall()}
    admitted_codes: dict[int, set[object]] = {}
    for heard in life.told.receipts:
        tap_id, receipt = id_of(heard.receipt), heard.receipt
        if tap_id not in reasons:
            yield f"tap {heard.sent.request} was told and is not there"
            continue
        reason, amount_fen = reasons[tap_id]
        if receipt.outcome is Outcome.ADMITTED:
            admitted_codes.setdefault(heard.sent.code, set()).add(tap_id)
            paid_fen = sum(part.amount_fen for part in receipt.paid_by)
            if reason is not None or paid_fen != (amount_fen or 0):
                yield f"tap {heard.sent.request} was told admitted for {paid_fen} and is {reason} for {amount_fen}"
        elif receipt.outcome is Outcome.REFUSED and receipt.reason != reason and tap_id not in taken_back:
            yield f"tap {heard.sent.request} was told {receipt.reason} and is {reason}"
    yield from (
        f"code {code} was admitted in {len(taps)} taps" for code, taps in admitted_codes.items() if len(taps) > 1
    )


def _reversals_and_refunds(life: Life, conn: Conn) -> Iterator[str]:
    reversals = {row[0] for row in conn.execute("SELECT tap_id FROM taps.reversal").fetchall()}
    refunds = Counter(tuple(row) for row in conn.execute("SELECT tap_id, amount_fen FROM taps.refund").fetchall())
    for back in life.told.taken_back:
        if back.answer.tap_id not in reversals:
            yield f"tap {back.sent.request} was told taken back and is not"
    told = Counter({(given.answer.tap_id, given.key): given.fen for given in life.told.given_back})
    wanted = Counter((tap_id, fen) for (tap_id, _), fen in told.items())
    yield from (f"a refund of {fen} was told and is not there" for _, fen in (wanted - refunds))


def _commands(place: Place, life: Life, conn: Conn) -> Iterator[str]:
    """Every acknowledged command has exactly one record, and none has two."""
    rows = conn.execute("SELECT request_id, outcome FROM access.record WHERE request_id LIKE 'command-%'").fetchall()
    records: dict[str, list[str]] = {}
    for request_id, outcome in rows:
        records.setdefault(request_id, []).append(outcome)
    top_ups_fen = 0
    for command in life.told.commands:
        kept = records.get(command.key, [])
        # A refusal keeps nothing, so a copy that comes later may still be carried out, once.
        is_kept = command.came_to not in ("done", "already") or kept == [command.came_to]
        if len(kept) > 1 or not is_kept:
            yield f"{command.key} {command.what} came to {command.came_to} and has the records {kept}"
        top_ups_fen += command.fen if command.what == "top up" and kept else 0
    given = conn.execute(
        "SELECT coalesce(sum(amount), 0) FROM ledger.transfer, LATERAL (SELECT legs[2] AS amount) AS one"
        " WHERE kind = 'grant'"
    ).fetchone()
    began_fen = sum(purse_fen(number) + MEALS_FEN for number in range(len(place.phones)))
    began_fen += sum(map(buyers_purse_fen, range(BUYERS))) + FUNDED_FEN + FUNDED_LATER_FEN
    if given is None or given[0] != began_fen + top_ups_fen:
        yield f"{given} was granted and not {began_fen} + {top_ups_fen}"


def _losses(place: Place, life: Life) -> Iterator[str]:
    """From a report of loss that was acknowledged to the next release, nothing of the card is admitted."""
    releases = [one for one in place.journal if isinstance(one, Commanded) and one.what == "release"]
    for report in life.told.commands:
        if report.what != "report lost" or report.at is None or report.came_to != "done":
            continue
        later = [one for one in releases if one.resident == report.resident and one.decided_at > report.sent_at]
        until = min((one.decided_at for one in later), default=None)
        for sent, ended in _newly_ended(place, life):
            is_within = ended.decided_at > report.at and (until is None or ended.decided_at < until)
            if sent.resident == report.resident and is_within and ended.reason is None:
                yield f"tap {sent.request} was admitted after its card was reported lost"


def _revoked_till(place: Place, life: Life) -> Iterator[str]:
    """A till whose keys were revoked is served no more, from the acknowledgement on."""
    revoked = [one.at for one in life.told.commands if one.what == "revoke the last till" and one.at is not None]
    for sent, ended in _newly_ended(place, life):
        if revoked and sent.till == TILLS - 1 and ended.decided_at > revoked[0]:
            yield f"tap {sent.request} was taken of a till whose key was revoked"


def _newly_ended(place: Place, life: Life) -> Iterator[tuple[Sent, TapRow]]:
    """Taps that ended with the request that brought them, at the time of their batch."""
    for entry in place.journal:
        if not (isinstance(entry, Taken) and isinstance(entry.work, TapWork) and isinstance(entry.ended, TapRow)):
            continue
        if entry.ended.decided_at == entry.decided_at:
            yield life.told.meant_by(entry.work.terminal_id, entry.work.body), entry.ended


def _bank(bank: SlowBank, conn: Conn) -> Iterator[str]:
    """A debit is of a paid tap, or was asked back; a tap that a bank paid was debited; nothing was asked twice."""
    published = conn.execute("SELECT payload FROM plumbing.outbox WHERE topic = 'taps'").fetchall()
    events = [event for (payload,) in published for event in payload["events"]]
    backs = {event["tap"] for event in events if event["kind"] == "bank_back"}
    paid = {
        row[0]: row[1]
        for row in conn.execute(
            "SELECT t.id, -sum(e.amount_fen) FROM taps.tap t JOIN ledger.entry e ON e.transfer_id = t.transfer_id"
            " JOIN (SELECT DISTINCT account_id FROM ledger.open_account WHERE kind = 'bank_clearing') AS o"
            " USING (account_id) GROUP BY t.id"
        ).fetchall()
    }
    for tap_id, fen in bank.debited.items():
        if paid.get(tap_id) != fen and str(tap_id) not in backs:
            yield f"a debit of {fen} paid {paid.get(tap_id)} and was not asked back"
        if tap_id in paid and str(tap_id) in backs:
            yield f"a debit of {fen} paid a tap and was asked back"
    yield from (f"{fen} of a bank was never debited" for tap_id, fen in paid.items() if tap_id not in bank.debited)
    yield from ("a bank was asked for one debit twice" for _ in bank.asked_twice)


def _one_order(place: Place, life: Life, conn: Conn) -> Iterator[str]:
    """The order of the commits explains every answer, and at the end every balance; but of the store's sales."""
    residents = [Resident(has_bank=has_bank(number)) for number in range(len(place.phones))]
    for number, person in enumerate(residents):
        person.money = {_MEALS: MEALS_FEN, "purse": purse_fen(number)}
    serial = Serial(life.told, residents, [phone.resident.resident_id for phone in place.phones])
    sales = _sales(place)
    for entry in place.journal:
        if isinstance(entry, Taken) and entry.work.tap_id in sales:
            continue
        difference = serial.explain(entry)
        if difference is not None:
            yield difference
            return
    for phone, person in zip(place.phones, residents, strict=True):
        rows = conn.execute("SELECT kind, posted_fen FROM ledger.account WHERE owner_id = %s",
                            [phone.resident.resident_id]).fetchall()  # fmt: skip
        wanted = {("purse", person.money["purse"]), ("benefit", person.money[_MEALS])}
        if set(map(tuple, rows)) != wanted:
            yield f"a resident has {rows}, in this order it is {sorted(wanted)}"


def _sales(place: Place) -> set[UUID]:
    """The taps of the store's till, whose books are checked apart."""
    till = place.store.till.terminal.id
    taken = (entry.work for entry in place.journal if isinstance(entry, Taken))
    return {work.tap_id for work in taken if isinstance(work, TapWork) and work.terminal_id == till}
