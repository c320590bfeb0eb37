"""What offices and their bank remember, against the books: every claim on one roster, in one file, paid once."""

import asyncio
from collections import Counter
from typing import Any, NamedTuple
from uuid import UUID

from tests.crash.claims_town import SUBSIDY_FEN, Town
from tests.crash.serving import read_beside
from yikatong.kernel.ids import read_id
from yikatong.plumbing.database import Connection


class PayoutBooks(NamedTuple):
    """What the database says: rosters with lines and sum, who is listed on which, where each claim stands and is."""

    rosters: dict[UUID, tuple[int, int]]
    listed: list[tuple[UUID, UUID, int]]
    states: dict[UUID, str]
    rostered: dict[UUID, UUID]
    at_odds: int


async def verify_payouts(town: Town) -> None:
    """What was acknowledged is there once: a roster with its lines, a claim on one of them, a payment in one file."""
    offices = town.offices
    books, differences = await asyncio.to_thread(read_beside, town.platform, _read)
    assert [] == differences
    assert {read_id("roster", it.id): (it.line_count, it.amount_fen) for it in offices.rosters} == books.rosters
    checked = {read_id("claim", claim) for claim in offices.checked}
    assert Counter(checked) == Counter(claim for _, claim, _ in books.listed)
    assert {SUBSIDY_FEN} == {fen for _, _, fen in books.listed}
    assert {claim: roster for roster, claim, _ in books.listed} == books.rostered
    assert 0 == books.at_odds
    _verify_paid(town, books)
    _verify_folder(town)


def _verify_paid(town: Town, books: PayoutBooks) -> None:
    """The bank was told of each payment that was approved once, and exactly these claims are paid."""
    paid_by = {read_id("roster", roster.id) for roster in town.offices.paid.values()}
    paying = {claim for roster, claim, _ in books.listed if roster in paid_by}
    assert paying == {claim for claim, state in books.states.items() if state == "paid"}
    payments = town.offices.bank.payments.values()
    assert Counter(dict.fromkeys((payment.handle for payment in payments), 1)) == Counter(
        payment.handle for payment in payments
    )
    assert [SUBSIDY_FEN] * len(paying) == [payment.amount_fen for payment in payments]


def _verify_folder(town: Town) -> None:
    """Nothing lies about: no draft, no file that the bank did not take, none of the bank's that was not applied."""
    left = {name: [each.name for each in (town.offices.folder / name).glob("*")] for name in _EMPTY}
    assert left == {name: [] for name in _EMPTY}


_EMPTY = ("drafts", "to-bank", "from-bank", "refused")


async def _read(conn: Connection) -> PayoutBooks:
    rosters = await _rows(conn, "SELECT id, line_count, amount_fen FROM payouts.roster")
    listed = await _rows(conn, "SELECT roster_id, reference, amount_fen FROM payouts.roster_line")
    claims = await _rows(conn, "SELECT claim_id, state FROM trade_in.claim")
    rostered = await _rows(conn, "SELECT claim_id, roster_id FROM trade_in.rostered")
    ((at_odds,),) = await _rows(conn, "SELECT count(*) FROM trade_in.payment_at_odds")
    return PayoutBooks(
        rosters={roster: (count, fen) for roster, count, fen in rosters},
        listed=[(roster, claim, fen) for roster, claim, fen in listed],
        states=dict(claims),
        rostered=dict(rostered),
        at_odds=at_odds,
    )


async def _rows(conn: Connection, question: str) -> list[tuple[Any, ...]]:
    return await (await conn.execute(question.encode())).fetchall()
