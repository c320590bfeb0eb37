"""What buyers of a bike town remember, against the books: claims, taps, bikes and money once and where they belong."""

import asyncio
from collections import Counter
from typing import Any, NamedTuple
from uuid import UUID

from tests.crash.bike_town import BUDGET, PLACES, SUBSIDY_FEN, Town
from tests.crash.buyers import PRICE_FEN, Buyers, Deal, Plan
from tests.crash.serving import read_beside
from yikatong.app.bench.people import PURSE_FEN
from yikatong.kernel.ids import read_id
from yikatong.ledger import service as ledger
from yikatong.ledger.model import AccountKind, BudgetState, name_account, name_budget
from yikatong.plumbing.database import Connection

OWN_FEN = PRICE_FEN - SUBSIDY_FEN


class KeptClaim(NamedTuple):
    """A claim as the database has it, with its bikes, what lies in its account, and its resident's purse."""

    state: str
    old_code: str
    new_code: str
    in_account_fen: int
    purse_fen: int


class ChainBooks(NamedTuple):
    """What the database says of a bike town."""

    claims: dict[UUID, KeptClaim]
    taps: dict[str, str | None]
    vehicles: dict[str, UUID]
    budget: BudgetState
    receivable_fen: int
    records: int


async def verify_chain(town: Town) -> None:
    """What was acknowledged is there once, what was refused moved nothing, and every fen of the budget is somewhere."""
    buyers = town.buyers
    for deal, name, said in await buyers.ask_again():
        assert _first_said(deal, name) == _now_said(name, said), f"{deal.plan}, {name}"
    books, differences = await asyncio.to_thread(
        read_beside, town.platform, lambda conn: _read(conn, buyers.provider_id)
    )
    assert [] == differences
    won = {read_id("claim", deal.claim): deal for deal in buyers.deals if deal.claim is not None}
    assert won.keys() == books.claims.keys()
    for claim_id, deal in won.items():
        _verify_claim(deal, books.claims[claim_id])
    _verify_vehicles(won, books)
    _verify_taps(buyers, books)
    _verify_money(buyers, books)
    assert {"BUDGET_IS_USED_UP", "VEHICLE_IS_COUNTED_ALREADY"} >= {
        deal.refused_for for deal in buyers.deals if deal.claim is None
    }


def _first_said(deal: Deal, name: str) -> Any:
    step = deal.steps[name].said
    if name == "apply":
        return step["claim"]["claim_id"]
    if name == "tap" and deal.plan is Plan.IS_TAKEN_BACK:
        return "TAP_WAS_REVERSED"
    return step


def _now_said(name: str, said: Any) -> Any:
    if name == "apply":
        return said["claim"]["claim_id"]
    return said["reason"] if name == "tap" and "reason" in said else said


def _verify_claim(deal: Deal, kept: KeptClaim) -> None:
    assert deal.state == kept.state, deal.plan
    own_fen = OWN_FEN if deal.has_bought else 0
    assert PURSE_FEN - own_fen == kept.purse_fen, deal.plan
    waits_fen = SUBSIDY_FEN if kept.state == "qualified" else 0
    assert kept.in_account_fen in (waits_fen, SUBSIDY_FEN if deal.plan is Plan.WITHDRAWS else waits_fen), deal.plan


def _verify_vehicles(won: dict[UUID, Deal], books: ChainBooks) -> None:
    """A bike counts for one claim: the old one for who hands it in, the new one for who was sold it."""
    standing = {claim_id for claim_id, deal in won.items() if deal.plan is not Plan.WITHDRAWS}
    old = Counter(books.claims[claim_id].old_code for claim_id in standing)
    assert {1} >= set(old.values()), old.most_common(3)
    for claim_id in standing:
        assert claim_id == books.vehicles[books.claims[claim_id].old_code]
    for claim_id in (one for one, deal in won.items() if deal.has_bought):
        assert claim_id == books.vehicles[books.claims[claim_id].new_code]


def _verify_taps(buyers: Buyers, books: ChainBooks) -> None:
    """Every tap that was answered is there once, as it was answered, and none besides."""
    answered = [deal.steps[name].said for deal in buyers.deals for name in ("tap", "other tap") if name in deal.steps]
    receipts = [said.get("receipt", said) for said in answered]
    assert {said["request_id"]: said.get("reason") for said in receipts} == books.taps


def _verify_money(buyers: Buyers, books: ChainBooks) -> None:
    bought = sum(deal.has_bought for deal in buyers.deals)
    refunded = sum(deal.claim is not None and deal.plan is Plan.RETURNS_THE_BIKE for deal in buyers.deals)
    in_accounts = sum(kept.in_account_fen for kept in books.claims.values())
    assert PRICE_FEN * bought == books.receivable_fen
    assert SUBSIDY_FEN * refunded == books.budget.reclaimed_fen
    assert PLACES * SUBSIDY_FEN == books.budget.funded_fen
    assert books.budget.funded_fen == books.budget.left_fen + in_accounts + SUBSIDY_FEN * (bought + refunded)
    assert books.records >= len(buyers.deals)


async def _read(conn: Connection, provider_id: UUID) -> ChainBooks:
    claims = await _rows(
        conn,
        "SELECT c.claim_id, c.state, c.old_code, c.new_code, c.held_fen + c.to_release_fen, a.posted_fen"
        " FROM trade_in.claim AS c JOIN ledger.account AS a ON a.owner_id = c.resident_id AND a.kind = 'purse'",
    )
    taps = await _rows(conn, "SELECT request_id, reason FROM taps.tap")
    assert len(taps) == len({request_id for request_id, _ in taps})
    vehicles = await _rows(conn, "SELECT code, claim_id FROM trade_in.vehicle")
    budget = await ledger.find_budget(conn, budget=name_budget(BUDGET), bucket_count=1)
    assert budget is not None
    receivable = name_account(provider_id, AccountKind.PROVIDER_RECEIVABLE)
    ((records,),) = await _rows(conn, "SELECT count(*) FROM access.record WHERE what = 'trade_in.qualify'")
    return ChainBooks(
        claims={claim_id: KeptClaim(*kept) for claim_id, *kept in claims},
        taps=dict(taps),
        vehicles=dict(vehicles),
        budget=budget,
        receivable_fen=await ledger.open_balance(conn, buckets=[0], account=receivable),
        records=records,
    )


async def _rows(conn: Connection, question: str) -> list[tuple[Any, ...]]:
    return await (await conn.execute(question.encode())).fetchall()
