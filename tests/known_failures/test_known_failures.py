"""What went wrong in payment and ledger systems elsewhere, each tried here: a test's name says what holds instead."""

import asyncio
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import httpx
import pytest
from structlog.testing import capture_logs

from tests.support.builders.access import an_operator
from tests.support.builders.counter import BUCKET, CounterWorld, Phone, a_second_worker
from tests.support.builders.follow_ups import confirmed, id_of, polled
from tests.support.builders.http import Toys, bearer, toys
from tests.support.builders.ledger import a_benefit, a_hold_draft, a_receivable, a_transfer, open_with
from tests.support.builders.payouts import BUCKETS, a_past_day, a_provider_id, morning_after, sell
from tests.support.world import NOON, SeededIds, a_region_code
from yikatong.access.jobs import jobs as access_jobs
from yikatong.kernel.ids import TapId, show_id
from yikatong.kernel.outcomes import Change, Refused
from yikatong.ledger import service as ledger
from yikatong.ledger.model import AccountName, Balance, HoldDraft
from yikatong.payouts import service as payouts
from yikatong.payouts.audit import audit as audit_payouts
from yikatong.payouts.service import payout_clearing_of, receivable_of
from yikatong.plumbing.database import Database
from yikatong.plumbing.jobs import JobCall
from yikatong.taps.counter.originals import HOLD_GRACE
from yikatong.taps.jobs import end_waiting_taps

pytestmark = pytest.mark.anyio

PURSE_FEN, LARGE_FEN = 20_000, 15_000
"""A meal so large waits for its resident, with the money on hold."""

TERM = timedelta(seconds=121)
"""A little longer than a resident has to confirm."""


class Waiting(NamedTuple):
    """A tap that waits for its resident."""

    phone: Phone
    tap_id: TapId


async def a_waiting_tap(world: CounterWorld) -> Waiting:
    """Someone with 20 000 fen is asked for 15 000."""
    phone = await world.a_phone(purse_fen=PURSE_FEN)
    return Waiting(phone, id_of(await world.tap(world.answered(phone, amount_fen=LARGE_FEN))))


async def commit(db: Database, hold: HoldDraft, shop: AccountName, *, fen: int, now: datetime = NOON) -> Change:
    """Pay a shop out of a hold."""
    draft = a_transfer(hold.account, shop, fen)
    async with db.transaction() as conn:
        return await ledger.post_hold(conn, bucket=BUCKET, writer=1, hold_id=hold.id, draft=draft, now=now)


async def balance(db: Database, account: AccountName, *, now: datetime = NOON) -> Balance:
    """What stands on an account."""
    async with db.transaction() as conn:
        return await ledger.get_balance(conn, bucket=BUCKET, account=account, now=now)


async def test_a_rejected_hold_cannot_be_committed(db: Database) -> None:
    meals, shop = a_benefit(), a_receivable()
    rejected = a_hold_draft(meals, 101)
    async with db.transaction() as conn:
        await open_with(conn, meals, fen=100)
        with pytest.raises(Refused, match="BALANCE_IS_TOO_LOW"):
            await ledger.hold(conn, bucket=BUCKET, draft=rejected, now=NOON)

    with pytest.raises(Refused, match="HOLD_IS_UNKNOWN"):
        await commit(db, rejected, shop, fen=50)

    assert Balance(100, 0, 100) == await balance(db, meals)
    async with db.transaction() as conn:
        assert 0 == await ledger.open_balance(conn, buckets=[BUCKET], account=shop)


async def test_a_tap_that_its_resident_declined_cannot_be_confirmed(world: CounterWorld) -> None:
    phone, tap_id = await a_waiting_tap(world)

    await confirmed(world, phone, tap_id, amount_fen=LARGE_FEN, agreed=False)
    receipt = await confirmed(world, phone, tap_id, amount_fen=LARGE_FEN)

    assert "RESIDENT_DECLINED" == receipt.reason
    assert (PURSE_FEN, 0) == (await world.balance(phone), await world.owed())


async def test_holds_count_against_the_balance(world: CounterWorld) -> None:
    phone, tap_id = await a_waiting_tap(world)
    rest_fen = PURSE_FEN - LARGE_FEN

    one_fen_more = await world.tap(world.answered(phone, amount_fen=rest_fen + 1))
    the_rest = await world.tap(world.answered(phone, amount_fen=rest_fen))
    await confirmed(world, phone, tap_id, amount_fen=LARGE_FEN)

    assert ("BALANCE_IS_TOO_LOW", None) == (one_fen_more.reason, the_rest.reason)
    assert (0, PURSE_FEN) == (await world.balance(phone), await world.owed())


async def test_of_holds_made_at_once_no_more_are_granted_than_the_balance_covers(db: Database) -> None:
    meals = a_benefit()
    async with db.transaction() as conn:
        await open_with(conn, meals, fen=100)

    async def hold_forty() -> str:
        try:
            async with db.transaction() as conn:
                await ledger.hold(conn, bucket=BUCKET, draft=a_hold_draft(meals, 40), now=NOON)
        except Refused as refused:
            return refused.reason.name
        return "held"

    said = await asyncio.gather(*(hold_forty() for _ in range(5)))

    assert ["BALANCE_IS_TOO_LOW"] * 3 + ["held"] * 2 == sorted(said)


async def test_expiry_survives_the_loss_of_every_process(world: CounterWorld) -> None:
    phone, tap_id = await a_waiting_tap(world)
    await world.counter.close()
    world.clock.advance(TERM + HOLD_GRACE)

    # A worker that never heard of the tap, and no job has run: what ends the hold is the instant alone.
    async with a_second_worker(world) as fresh:
        free_fen = await fresh.balance(phone)
        spent = await fresh.tap(fresh.answered(phone, amount_fen=10_000))
        too_late = await confirmed(fresh, phone, tap_id, amount_fen=LARGE_FEN)
        await end_waiting_taps(database=fresh.db, counter=fresh.counter, debits=fresh.bank, clock=fresh.clock)

        assert (PURSE_FEN, "CONFIRMATION_DID_NOT_COME", None) == (free_fen, too_late.reason, spent.reason)
        assert "CONFIRMATION_DID_NOT_COME" == (await polled(fresh, tap_id)).reason
        assert (PURSE_FEN - 10_000, 10_000) == (await fresh.balance(phone), await fresh.owed())


async def test_a_timed_out_reservation_gives_its_money_back(world: CounterWorld) -> None:
    phone, tap_id = await a_waiting_tap(world)
    world.clock.advance(TERM)

    for _ in range(2):
        await end_waiting_taps(database=world.db, counter=world.counter, debits=world.bank, clock=world.clock)
    too_late = await confirmed(world, phone, tap_id, amount_fen=LARGE_FEN)
    everything = [await world.tap(world.answered(phone, amount_fen=fen)) for fen in (10_000, 10_000, 1)]

    assert "CONFIRMATION_DID_NOT_COME" == too_late.reason
    assert [None, None, "BALANCE_IS_TOO_LOW"] == [receipt.reason for receipt in everything]
    assert (0, PURSE_FEN) == (await world.balance(phone), await world.owed())


async def test_a_hold_past_its_end_cannot_be_committed_and_gives_its_money_back_once(db: Database) -> None:
    meals, shop = a_benefit(), a_receivable()
    draft = a_hold_draft(meals, 80)
    late = NOON + timedelta(hours=1)
    async with db.transaction() as conn:
        await open_with(conn, meals, fen=100)
        await ledger.hold(conn, bucket=BUCKET, draft=draft, now=NOON)

    for _ in range(2):
        with pytest.raises(Refused, match="HOLD_HAS_EXPIRED"):
            await commit(db, draft, shop, fen=80, now=late)
        async with db.transaction() as conn:
            await ledger.tidy_holds(conn, bucket=BUCKET, now=late)
        assert Balance(100, 0, 100) == await balance(db, meals, now=late)


async def test_a_position_is_never_doubled_by_settlement(db: Database) -> None:
    provider, day = a_provider_id(), a_past_day()
    now = morning_after(day)
    async with db.transaction() as conn:
        for bucket in BUCKETS:
            await sell(conn, provider, day, [300, 200], refunds=[50], bucket=bucket)
        await payouts.make_statements(conn, day=day, now=now)

    async def settle() -> None:
        async with db.transaction() as conn:
            await payouts.settle_provider(conn, provider_id=provider, day=day, term_days=3, now=now)

    # Four that settle at once, and one that comes after them, as after a crash.
    await asyncio.gather(*(settle() for _ in range(4)))
    await settle()

    async with db.owner_transaction() as conn:
        accounts = (receivable_of(provider), payout_clearing_of(provider))
        positions = [await ledger.open_balance(conn, buckets=(0, *BUCKETS), account=each) for each in accounts]
        differences = [line for line in await audit_payouts(conn) if show_id("provider", provider) in line]
    assert [0, 900] == positions
    assert [] == differences


class ThePartner:
    """A partner's system with a key that expires, and the operators of its region."""

    def __init__(self, db: Database, toy: Toys, *, expires_at: datetime) -> None:
        self._db = db
        self._toy = toy
        self._expires_at = expires_at
        self._region = a_region_code()
        self._token = ""
        self._key_id = ""

    async def begin(self) -> None:
        """Make the partner and give it its key."""
        made = await self._as_operator("POST", "/v1/partners", json={"name_zh": "图书馆", "name_en": "Library"})
        key = {"label": "borrowing desk", "permissions": [], "expires_at": self._expires_at.isoformat()}
        issued = await self._as_operator("POST", f"/v1/partners/{made['partner_id']}/keys", json=key)
        self._token, self._key_id = issued["token"], issued["key_id"]

    async def call(self) -> httpx.Response:
        """Anything that the partner asks."""
        return await self._toy.client.get("/v1/whoami", headers=bearer(self._token))

    async def announced(self) -> tuple[str | None, list[tuple[str, int]], bool]:
        """What the partner hears with its answer, what the log says, whether the operators' list has the key."""
        heard = await self.call()
        page = await self._as_operator("GET", "/v1/keys?only_ending=true")
        return (
            heard.headers.get("key-expires-at"),
            await self._logged(),
            self._key_id in {key["key_id"] for key in page["keys"]},
        )

    async def _logged(self) -> list[tuple[str, int]]:
        """The warnings of one day's run of the job."""
        (job,) = [
            job
            for job in access_jobs(session_days=1, record_days=1, bucket_count=1)
            if job.name == "access.tell_of_keys_that_end"
        ]
        with capture_logs() as lines:
            await job.run(JobCall(database=self._db, clock=self._toy.clock, ids=SeededIds()))
        return [(line["expires_at"], line["days"]) for line in lines if line.get("key") == self._key_id]

    async def _as_operator(self, method: str, path: str, **parts: Any) -> Any:
        async with self._db.transaction() as conn:
            operator = await an_operator(conn, region=self._region, now=self._toy.clock.now())
        answer = await self._toy.client.request(method, path, headers=bearer(operator.token), **parts)
        assert answer.is_success, answer.text
        return answer.json()


async def test_an_expired_partner_key_is_announced_thirty_days_before_and_on_the_day_gives_a_clear_reason(
    db: Database,
) -> None:
    expires_at = NOON + timedelta(days=90)
    when = expires_at.isoformat()
    async with toys(db) as toy:
        partner = ThePartner(db, toy, expires_at=expires_at)
        await partner.begin()
        announced = {}
        for days in (31, 30, 1):
            toy.clock.set(expires_at - timedelta(days=days))
            announced[days] = await partner.announced()
        toy.clock.set(expires_at)
        refused = await partner.call()

    assert {31: (None, [], False), 30: (when, [(when, 30)], True), 1: (when, [(when, 1)], True)} == announced
    problem = refused.json()
    assert (401, "KEY_HAS_EXPIRED", {"expired_at": when}) == (refused.status_code, problem["reason"], problem["about"])
    assert {"zh": "密钥已过期。", "en": "The key's time is over."} == problem["says"]
    assert "ask an operator of the region for a new key" in problem["remedy"]["en"].lower()
