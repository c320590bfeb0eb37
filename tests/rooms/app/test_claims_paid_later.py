"""Claims that are paid later go through payouts: public with their roster, approved with it, paid as the bank says."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import pytest

from tests.support.builders.benefits import FINANCE, handle_of
from tests.support.builders.chain import BUCKETS
from tests.support.builders.paying_town import a_database_of_its_own, a_paying_town
from yikatong.kernel.outcomes import Change, Refused
from yikatong.payouts import service as payouts
from yikatong.plumbing.database import Connection, Database
from yikatong.plumbing.outbox import Event, Relay
from yikatong.trade_in import service
from yikatong.trade_in.model import Act, Acted, ClaimState

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def own(db: Database) -> AsyncIterator[Database]:
    async with a_database_of_its_own(db) as database:
        yield database


async def test_claims_are_public_with_their_roster_approved_with_it_and_paid_as_the_bank_says(own: Database) -> None:
    async with a_paying_town(own) as town:
        claims = [await town.checked() for _ in range(4)]
        closed, late, disputed = claims[1:]
        roster = await town.public()
        assert [ClaimState.PUBLISHED] * 4 == await town.states(claims)
        assert {roster.public_until} == {
            (await town.place.claim(kept.claim.claim_id)).claim.public_until for kept in claims
        }
        assert await town.rostered() is None

        await town.upheld(await town.objected(roster, disputed))
        await town.relayed()
        assert ClaimState.REJECTED is (await town.place.claim(disputed.claim.claim_id)).claim.state
        final = await town.final(roster)
        approved = claims[:3]
        assert [ClaimState.APPROVED] * 3 == await town.states(approved)
        amounts = [kept.claim.amount_fen for kept in approved]
        assert sum(amounts) == await town.in_source(final) == final.clear_fen
        await town.conserved(claims)

        batch = await town.issued(final)
        town.bank.refusals = {handle_of(closed.claim.resident_id): "AC04"}
        await town.answered(batch)
        assert [ClaimState.PAID, ClaimState.APPROVED, ClaimState.PAID] == await town.states(approved)
        assert amounts[1] == await town.in_source(final)
        town.passed(timedelta(days=2))
        town.bank.give_back([handle_of(late.claim.resident_id)], reason="AC06")
        await town.exchange.fetch_returns()
        # The bank was heard, the claims have not heard of it yet: no audit finds anything in between.
        await town.verified()
        await town.relayed()
        assert [ClaimState.PAID, ClaimState.APPROVED, ClaimState.APPROVED] == await town.states(approved)
        assert amounts[1] + amounts[2] == await town.in_source(final)
        await town.conserved(claims)

        town.bank.refusals = {}
        async with own.transaction() as conn:
            correction = await payouts.correct_batch(
                conn,
                batch_id=batch.id,
                amounts={},
                by=FINANCE,
                now=town.place.now,
                ids=town.place.ids,
                bucket_count=BUCKETS,
            )
        await town.answered(correction)
        assert [ClaimState.PAID] * 3 == await town.states(approved)
        assert 0 == await town.in_source(final)
        await town.conserved(claims)
        await town.verified()
        deeds = [await town.acts_of(kept) for kept in approved]
        assert ["publish", "approve", "pay"] == deeds[0][-3:] == deeds[1][-3:]
        assert ["approve", "pay", "bank_returns", "pay"] == deeds[2][-4:]


async def test_a_stopped_claim_has_its_money_back_and_is_never_paid_by_payouts(own: Database) -> None:
    async with a_paying_town(own) as town:
        claims = [await town.checked() for _ in range(2)]
        final = await town.final(await town.public())
        batch = await town.issued(final)
        await town.applied(batch)
        order = town.place.an_order(claims[0], Act.STOP)
        for expected in (Change.DONE, Change.ALREADY_SO):
            async with own.transaction() as conn:
                stopped = await service.stop_payment(
                    conn, order=order, chain=town.place.chain, vault=town.place.vault, now=town.place.now,
                    ids=town.place.ids,
                )  # fmt: skip
            assert isinstance(stopped, Acted)
            assert expected is stopped.change
        assert [ClaimState.REJECTED, ClaimState.APPROVED] == await town.states(claims)
        await town.conserved(claims)
        assert await town.exchange.send_batch(batch.id)
        town.bank.take_in()
        assert [handle_of(claims[1].claim.resident_id)] == [one.handle for one in town.bank.payments.values()]
        town.bank.answer()
        await town.exchange.fetch_returns()
        await town.relayed()
        assert [ClaimState.REJECTED, ClaimState.PAID] == await town.states(claims)
        with pytest.raises(Refused, match="NO_LINE_CAN_BE_CORRECTED"):
            async with own.transaction() as conn:
                await payouts.correct_batch(
                    conn, batch_id=batch.id, amounts={}, by=FINANCE, now=town.place.now, ids=town.place.ids,
                    bucket_count=BUCKETS,
                )  # fmt: skip
        with pytest.raises(Refused, match="PAYOUT_LINE_HAS_ENDED"):
            async with own.transaction() as conn:
                await service.stop_payment(
                    conn, order=town.place.an_order(claims[1], Act.STOP), chain=town.place.chain,
                    vault=town.place.vault, now=town.place.now, ids=town.place.ids,
                )  # fmt: skip
        assert 0 == await town.in_source(final)
        await town.verified()


async def test_a_claim_that_was_stopped_in_a_correction_is_not_paid_by_another_when_that_is_deleted(
    own: Database,
) -> None:
    async with a_paying_town(own) as town:
        claims = [await town.checked() for _ in range(2)]
        batch = await town.issued(await town.final(await town.public()))
        town.bank.refusals = {handle_of(kept.claim.resident_id): "AC04" for kept in claims}
        await town.answered(batch)
        by: dict[str, Any] = {"by": FINANCE, "now": town.place.now, "ids": town.place.ids, "bucket_count": BUCKETS}
        async with own.transaction() as conn:
            correction = await payouts.correct_batch(conn, batch_id=batch.id, amounts={}, **by)
        async with own.transaction() as conn:
            await service.stop_payment(
                conn, order=town.place.an_order(claims[0], Act.STOP), chain=town.place.chain,
                vault=town.place.vault, now=town.place.now, ids=town.place.ids,
            )  # fmt: skip
            await payouts.delete_batch(conn, batch_id=correction.id, now=town.place.now, bucket_count=BUCKETS)
            again = await payouts.correct_batch(conn, batch_id=batch.id, amounts={}, **by)
            lines = await payouts.list_batch_lines(conn, batch_id=again.id, bucket_count=BUCKETS)
        assert [claims[1].claim.claim_id] == [line.reference for line in lines]
        assert [ClaimState.REJECTED, ClaimState.APPROVED] == await town.states(claims)
        await town.verified()


async def test_news_that_are_cut_short_are_heard_again_and_move_a_claim_once(own: Database) -> None:
    async with a_paying_town(own) as town:
        claims = [await town.checked() for _ in range(2)]
        batch = await town.issued(await town.final(await town.public()))
        await town.applied(batch)
        assert await town.exchange.send_batch(batch.id)
        town.bank.take_in()
        town.bank.answer()
        await town.exchange.fetch_returns()

        deaths = iter(range(1, 100))

        def dying(hear: object) -> object:
            async def hear_and_die(conn: Connection, events: Sequence[Event]) -> None:
                await hear(conn, events)  # type: ignore[operator]  # a subscriber
                if next(deaths) <= 4:
                    raise RuntimeError("power")

            return hear_and_die

        relay = town.relay()
        subscribers = {topic: tuple(dying(hear) for hear in heard) for topic, heard in relay._subscribers.items()}
        broken = Relay(own, clock=town.clock, subscribers=subscribers)  # type: ignore[arg-type]  # wrapped ones
        for _ in range(8):
            await broken.run_once()
            town.passed(timedelta(hours=1))
        await town.relayed()
        assert [ClaimState.PAID] * 2 == await town.states(claims)
        assert [1, 1] == [(await town.acts_of(kept)).count("pay") for kept in claims]
        await town.conserved(claims)
        await town.verified()
