"""Kill -9 among subsidised sales: a claim is paid if its tap is, and each fen of the budget is somewhere."""

import asyncio
import os
import random
import signal
from collections import defaultdict
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import pytest
from psycopg.conninfo import make_conninfo

from tests.support.builders.subsidised import OWN_FEN, PRICE_FEN, SUBSIDY_FEN
from tests.support.processes import a_python_process
from yikatong.kernel.ids import show_id
from yikatong.ledger import service as ledger
from yikatong.ledger.audit import audit as audit_ledger
from yikatong.ledger.model import AccountKind, name_account, name_budget, name_claim
from yikatong.plumbing.database import Connection, Database
from yikatong.taps.audit import audit as audit_taps
from yikatong.taps.receipts import decode_facts
from yikatong.trade_in.audit import audit as audit_claims

pytestmark = pytest.mark.anyio

ROUNDS = int(os.environ.get("YIKATONG_TESTS_KILLS", "3"))
ANSWERS_MAX = 40


class Told(msgspec.Struct, frozen=True):
    """One line of the tills."""

    provider: UUID | None = None
    place: str = ""
    budget: str = ""
    tap: UUID | None = None
    admitted: bool = False
    reversed: UUID | None = None
    refunded: UUID | None = None


class Taps(NamedTuple):
    """The taps of a store as the database has them: which claim each paid, and what became of it."""

    paid_claim: dict[UUID, UUID]
    refused: set[UUID]
    reversed: set[UUID]
    refunded: set[UUID]

    @property
    def standing(self) -> dict[UUID, list[UUID]]:
        """The taps that stand, by the claim that they paid."""
        found: dict[UUID, list[UUID]] = defaultdict(list)
        for tap, claim in self.paid_claim.items():
            if tap not in self.reversed | self.refunded:
                found[claim].append(tap)
        return found


def named(conninfo: str, name: str) -> str:
    """An address by whose connections one knows who made them."""
    return make_conninfo(conninfo, application_name=name) if conninfo else ""


async def until_gone(db: Database, name: str) -> None:
    """Come back once the server has ended what a dead process left in hand; a COMMIT on its way may still win."""
    for _ in range(2_000):
        async with db.owner_transaction() as conn:
            if not await rows(conn, "SELECT 1 FROM pg_stat_activity WHERE application_name = %s", name):
                return
        await asyncio.sleep(0.005)
    raise AssertionError("the dead process is still served")


async def rows(conn: Connection, question: str, *values: object) -> list[tuple[Any, ...]]:
    return await (await conn.execute(question.encode(), values)).fetchall()


async def taps_of(conn: Connection, provider: UUID) -> Taps:
    taps = await rows(conn, "SELECT id, reason, facts FROM taps.tap WHERE provider_id = %s", provider)
    paid = {tap: decode_facts(facts).parts[0][0] for tap, reason, facts in taps if reason is None}
    ids = [tap for tap, _, _ in taps]
    return Taps(
        {tap: UUID(source.removeprefix("claim:")) for tap, source in paid.items()},
        {tap for tap, reason, _ in taps if reason is not None},
        {tap for (tap,) in await rows(conn, "SELECT tap_id FROM taps.reversal WHERE tap_id = ANY (%s)", ids)},
        {tap for (tap,) in await rows(conn, "SELECT tap_id FROM taps.refund WHERE tap_id = ANY (%s)", ids)},
    )


async def claims_of(conn: Connection, place: str) -> list[tuple[Any, ...]]:
    return await rows(conn, "SELECT claim_id FROM trade_in.claim WHERE place = %s", place)


async def verify_claims(conn: Connection, place: str, taps: Taps) -> None:
    """A claim is paid by the one tap that stands, or by none; what it holds lies in its account."""
    claims = await rows(
        conn,
        "SELECT c.claim_id, c.resident_id, c.state, c.held_fen + c.to_release_fen, s.tap_id FROM trade_in.claim AS c"
        " LEFT JOIN trade_in.prepared_sale AS s USING (bucket, claim_id) WHERE c.place = %s",
        place,
    )
    for claim, resident, state, in_account, tap in claims:
        standing = taps.standing.get(claim, [])
        assert ([tap] if tap else []) == standing, f"{claim} is {state}"
        assert (state == "paid") is bool(standing)
        refunded = [one for one in taps.refunded if taps.paid_claim[one] == claim]
        assert (state == "refunded") is bool(refunded)
        account = name_claim(resident, claim)
        assert [(in_account,)] == await rows(conn, "SELECT posted_fen FROM ledger.account WHERE id = %s", account.id)
        purse = name_account(resident, AccountKind.PURSE)
        left_fen = OWN_FEN if standing else 2 * OWN_FEN
        assert [(left_fen,)] == await rows(conn, "SELECT posted_fen FROM ledger.account WHERE id = %s", purse.id)


async def verify_money(conn: Connection, provider: UUID, budget: str, taps: Taps) -> None:
    """The store is owed each sale that stands, the treasury has each subsidy that came back, the rest is there."""
    receivable = name_account(provider, AccountKind.PROVIDER_RECEIVABLE)
    assert PRICE_FEN * len(taps.standing) == await ledger.open_balance(conn, buckets=[0], account=receivable)
    state = await ledger.find_budget(conn, budget=name_budget(budget), bucket_count=1)
    assert state is not None
    assert SUBSIDY_FEN * len(taps.refunded) == state.reclaimed_fen
    ((in_claims,),) = await rows(
        conn,
        "SELECT coalesce(sum(a.posted_fen), 0)::bigint FROM ledger.account AS a JOIN trade_in.claim AS c"
        " ON c.bucket = a.bucket AND c.resident_id = a.owner_id WHERE a.kind = 'claim' AND c.budget = %s",
        budget,
    )
    gone = SUBSIDY_FEN * (len(taps.standing) + len(taps.refunded))
    assert state.funded_fen == state.left_fen + in_claims + gone


@pytest.mark.parametrize("round_number", range(ROUNDS))
async def test_whenever_the_tills_die_what_was_answered_stands_and_claims_and_taps_agree(
    db: Database, seed: int, round_number: int
) -> None:
    chance = random.Random(f"{seed} {round_number}")
    name = f"tills-{seed}-{round_number}"
    address = [named(one, name) for one in (db.address.conninfo, db.address.serving_conninfo or "")]
    heard: list[Told] = []
    with a_python_process("tests.support.selling_child", str(seed), *address) as child:
        assert child.stdout is not None
        wanted = 1 + chance.randrange(ANSWERS_MAX)
        while len(heard) <= wanted:
            heard.append(msgspec.json.decode(child.stdout.readline(), type=Told))
        child.send_signal(signal.SIGKILL)
        heard += [msgspec.json.decode(line, type=Told) for line in child.stdout if line.endswith("\n")]
    store = heard[0]
    assert store.provider is not None
    await until_gone(db, name)

    async with db.owner_transaction() as conn:
        taps = await taps_of(conn, store.provider)
        assert {told.tap for told in heard if told.tap and told.admitted} <= set(taps.paid_claim)
        assert {told.tap for told in heard if told.tap and not told.admitted} <= taps.refused
        assert {told.reversed for told in heard if told.reversed} <= taps.reversed
        assert {told.refunded for told in heard if told.refunded} <= taps.refunded
        await verify_claims(conn, store.place, taps)
        await verify_money(conn, store.provider, store.budget, taps)
        mine = [show_id("tap", tap) for tap in taps.paid_claim]
        assert [] == [line for line in await audit_taps(conn) if any(tap in line for tap in mine)]
        assert [] == [line for line in await audit_ledger(conn) if "budget" in line or "leases" in line]
        claims = [show_id("claim", claim) for (claim,) in await claims_of(conn, store.place)]
        assert [] == [line for line in await audit_claims(conn) if any(claim in line for claim in claims)]
