"""Batches and their files: money set aside, sent, paid, given back, corrected; to the fen at every step."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from msgspec import structs
from psycopg.errors import CheckViolation

from tests.support.builders.benefits import (
    BUCKET_COUNT,
    BUDGET_FEN,
    FINANCE,
    BenefitWorld,
    a_folder,
    handle_of,
)
from tests.support.builders.cards import VAULT
from tests.support.database import a_database_of_its_own
from tests.support.world import NOON
from yikatong.access import service as access
from yikatong.cards import service as cards
from yikatong.kernel.ids import bucket_of
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Change, Refused
from yikatong.payouts import service
from yikatong.payouts.audit import audit
from yikatong.payouts.model import (
    ApplicationState,
    Batch,
    BatchState,
    DifferenceKind,
    FileState,
    PartState,
    PaymentState,
    ReturnReason,
    StopReason,
)
from yikatong.payouts.store import batches as store
from yikatong.plumbing.database import Database

pytestmark = pytest.mark.anyio

A_DAY_BEFORE = NOON - timedelta(days=1)
"""When the batches here are applied for, a day before they are due."""


@pytest.fixture(scope="module")
async def db(db: Database) -> AsyncIterator[Database]:
    """A database of this module alone: where everything that is due is sent, nothing of other worlds must be due."""
    async with a_database_of_its_own(db) as database:
        yield database


def sums_of(batch: Batch) -> tuple[int, int, int, int, int]:
    """Issued, open, paid, returned, stopped, in fen."""
    sums = batch.sums
    return sums.issued_fen, sums.open_fen, sums.paid_fen, sums.returned_fen, sums.stopped_fen


async def audited(db: Database, batch: Batch) -> list[str]:
    async with db.transaction() as conn:
        return [line for line in await audit(conn) if batch.id.hex in line]


async def test_a_batch_is_paid_and_every_fen_is_in_the_ledger(db: Database) -> None:
    world = BenefitWorld(db, now=A_DAY_BEFORE)
    people = await world.populated(7, banks=("102", "105"))
    await world.funded()
    batch = await world.issued([(who, 1_000 + place) for place, who in enumerate(people)])
    assert (7_021, 7_021, 0, 0, 0) == sums_of(batch)
    applied = await world.applied(batch)
    assert (BUDGET_FEN - 7_021, 7_021) == (await world.in_budget(), await world.on_its_way(batch))
    with a_folder() as root:
        banks = [world.bank(root, code) for code in ("102", "105")]
        exchange = world.exchange(root, plain=["105"], lines_in_part=2)
        assert 1 == await exchange.send_due()
        assert BatchState.SENT is (await world.batch(batch.id)).state
        assert 7 == sum(bank.take_in() for bank in banks)
        for bank in banks:
            bank.answer(pieces=2)
        files = await exchange.fetch_returns()
    paid = await world.batch(batch.id)
    assert {FileState.APPLIED} == {file.state for file in files}
    assert (7_021, 0, 7_021, 0, 0) == sums_of(paid)
    assert BatchState.CLOSED is paid.state
    assert applied.pay_on == paid.pay_on
    assert (BUDGET_FEN - 7_021, 0) == (await world.in_budget(), await world.on_its_way(batch))
    assert [] == await audited(db, batch)


async def test_what_comes_back_returns_to_the_budget_and_is_paid_again_under_its_source(db: Database) -> None:
    world = BenefitWorld(db)
    good, closed, late = await world.populated(3)
    await world.funded()
    batch = await world.applied(await world.issued([(good, 500), (closed, 700), (late, 900)]))
    with a_folder() as root:
        bank = world.bank(root)
        bank.refusals = {handle_of(closed): "AC04"}
        exchange = world.exchange(root)
        await exchange.send_batch(batch.id)
        bank.take_in()
        bank.answer()
        await exchange.fetch_returns()
        assert (2_100, 0, 1_400, 700, 0) == sums_of(await world.batch(batch.id))
        world.clock.advance(timedelta(days=3))
        bank.give_back([handle_of(late)], reason="BE01")
        await exchange.fetch_returns()
        returned = await world.batch(batch.id)
        assert (2_100, 0, 500, 1_600, 0) == sums_of(returned)
        assert BUDGET_FEN - 500 == await world.in_budget()
        lines = {line.resident_id: line for line in await world.lines(batch)}
        assert (ReturnReason.ACCOUNT_IS_CLOSED, ReturnReason.NAME_DIFFERS) == (
            lines[closed].reason,
            lines[late].reason,
        )
        async with db.transaction() as conn:
            with pytest.raises(Refused, match="CORRECTION_IS_ABOVE_ITS_SOURCE"):
                async with conn.transaction():
                    await service.correct_batch(
                        conn,
                        batch_id=batch.id,
                        amounts={lines[late].line: 901},
                        by=FINANCE,
                        now=world.now,
                        ids=world.ids,
                        bucket_count=BUCKET_COUNT,
                    )
            correction = await service.correct_batch(
                conn,
                batch_id=batch.id,
                amounts={lines[late].line: 850},
                by=FINANCE,
                now=world.now,
                ids=world.ids,
                bucket_count=BUCKET_COUNT,
            )
            with pytest.raises(Refused, match="NO_LINE_CAN_BE_CORRECTED"):
                async with conn.transaction():
                    await service.correct_batch(
                        conn,
                        batch_id=batch.id,
                        amounts={},
                        by=FINANCE,
                        now=world.now,
                        ids=world.ids,
                        bucket_count=BUCKET_COUNT,
                    )
        assert (1, batch.id, 1_550) == (correction.round, correction.source_batch_id, correction.sums.issued_fen)
        bank.refusals = {}
        await world.applied(correction)
        await exchange.send_batch(correction.id)
        bank.take_in()
        bank.answer()
        await exchange.fetch_returns()
        assert (1_550, 0, 1_550, 0, 0) == sums_of(await world.batch(correction.id))
    assert BUDGET_FEN - 500 - 1_550 == await world.in_budget()
    assert [] == await audited(db, batch) + await audited(db, correction)


async def test_a_deleted_correction_lets_its_sources_be_corrected_again(db: Database) -> None:
    world = BenefitWorld(db)
    (who,) = await world.populated(1)
    await world.funded()
    batch = await world.applied(await world.issued([(who, 500)]))
    with a_folder() as root:
        bank = world.bank(root)
        bank.refusals = {handle_of(who): "AC06"}
        exchange = world.exchange(root)
        await exchange.send_batch(batch.id)
        bank.take_in()
        bank.answer()
        await exchange.fetch_returns()
    for _ in range(2):
        async with db.transaction() as conn:
            correction = await service.correct_batch(
                conn,
                batch_id=batch.id,
                amounts={},
                by=FINANCE,
                now=world.now,
                ids=world.ids,
                bucket_count=BUCKET_COUNT,
            )
            await service.delete_batch(conn, batch_id=correction.id, now=world.now, bucket_count=BUCKET_COUNT)
    assert (500, 0, 0, 0, 500) == sums_of(await world.batch(correction.id))


async def test_who_died_since_the_batch_was_issued_is_stopped_before_the_bank_has_the_file(db: Database) -> None:
    world = BenefitWorld(db)
    dead, living = await world.populated(2)
    await world.funded()
    batch = await world.applied(await world.issued([(dead, 500), (living, 700)]))
    await world.died(dead)
    with a_folder() as root:
        bank = world.bank(root)
        await world.exchange(root).send_batch(batch.id)
        bank.take_in()
        assert [700] == [payment.amount_fen for payment in bank.payments.values()]
    sent = await world.batch(batch.id)
    assert (1_200, 700, 0, 0, 500) == sums_of(sent)
    assert (BUDGET_FEN - 700, 700) == (await world.in_budget(), await world.on_its_way(batch))
    stopped = next(line for line in await world.lines(batch) if line.resident_id == dead)
    assert (PaymentState.STOPPED, StopReason.PERSON_IS_DECEASED) == (stopped.state, stopped.reason)
    assert [] == await audited(db, batch)


async def test_a_batch_whose_people_all_died_closes_without_a_file(db: Database) -> None:
    world = BenefitWorld(db)
    (dead,) = await world.populated(1)
    await world.funded()
    batch = await world.applied(await world.issued([(dead, 500)]))
    await world.died(dead)
    with a_folder() as root:
        bank = world.bank(root)
        await world.exchange(root).send_batch(batch.id)
        assert 0 == bank.take_in()
    closed = await world.batch(batch.id)
    assert (BatchState.CLOSED, BUDGET_FEN, 0) == (
        closed.state,
        await world.in_budget(),
        await world.on_its_way(batch),
    )


async def test_an_application_can_be_revoked_until_the_files_go_out(db: Database) -> None:
    world = BenefitWorld(db, now=A_DAY_BEFORE)
    people = await world.populated(2)
    await world.funded()
    batch = await world.applied(
        await world.issued([(who, 500) for who in people]), pay_on=day_of(world.now) + timedelta(days=2)
    )
    with a_folder() as root:
        world.bank(root)
        exchange = world.exchange(root)
        assert 0 == await exchange.send_due()
        async with db.transaction() as conn:
            line = (await service.list_batch_lines(conn, batch_id=batch.id, bucket_count=BUCKET_COUNT))[0].line
            for expected in (Change.DONE, Change.ALREADY_SO):
                assert expected is await service.stop_line(
                    conn, batch_id=batch.id, line=line, now=world.now, ids=world.ids, bucket_count=BUCKET_COUNT
                )
            for expected in (Change.DONE, Change.ALREADY_SO):
                assert expected is await service.revoke_application(
                    conn, batch_id=batch.id, now=world.now, bucket_count=BUCKET_COUNT
                )
        assert (BUDGET_FEN, 0) == (await world.in_budget(), await world.on_its_way(batch))
        again = await world.applied(batch)
        assert 500 == await world.on_its_way(again)
        await exchange.send_due()
        async with db.transaction() as conn:
            with pytest.raises(Refused, match="PAYOUT_BATCH_IS_IN_ANOTHER_STATE"):
                await service.revoke_application(conn, batch_id=batch.id, now=world.now, bucket_count=BUCKET_COUNT)
    assert [] == await audited(db, batch)


async def test_a_batch_without_an_amount_is_not_paid_and_a_paid_one_not_deleted(db: Database) -> None:
    world = BenefitWorld(db)
    (who,) = await world.populated(1)
    await world.funded()
    batch = await world.issued([(who, 500)])
    async with db.transaction() as conn:
        await service.stop_line(
            conn, batch_id=batch.id, line=1, now=world.now, ids=world.ids, bucket_count=BUCKET_COUNT
        )
    with pytest.raises(Refused, match="PAYOUT_BATCH_HAS_NOTHING_TO_PAY"):
        await world.applied(batch)
    other = await world.applied(await world.issued([(who, 500)], period="2026-12"))
    async with db.transaction() as conn:
        with pytest.raises(Refused, match="PAID_BATCH_CANNOT_BE_DELETED"):
            await service.delete_batch(conn, batch_id=other.id, now=world.now, bucket_count=BUCKET_COUNT)


async def test_a_budget_that_does_not_hold_enough_sets_nothing_aside(db: Database) -> None:
    world = BenefitWorld(db)
    (who,) = await world.populated(1)
    await world.funded(499)
    batch = await world.issued([(who, 500)])
    with pytest.raises(Refused, match="BUDGET_CANNOT_PAY_THE_BATCH"):
        await world.applied(batch)
    async with db.transaction() as conn:
        assert BatchState.NEW is (await service.get_batch(conn, batch_id=batch.id)).state
        assert Change.DONE is await service.delete_batch(
            conn, batch_id=batch.id, now=world.now, bucket_count=BUCKET_COUNT
        )
        roster = await service.get_roster(conn, roster_id=batch.roster_id)
    assert None is roster.batch_id


async def test_everybody_in_a_file_finds_the_look_and_the_file_holds_no_id_number(db: Database) -> None:
    world = BenefitWorld(db)
    people = await world.populated(3)
    await world.funded()
    batch = await world.applied(await world.issued([(who, 500) for who in people]))
    with a_folder() as root:
        world.bank(root)
        await world.exchange(root).send_batch(batch.id)
        (path,) = list((root / "102" / "to-bank").iterdir())[:1]
        text = path.read_text()
    async with db.transaction() as conn:
        for who in people:
            concerns = await access.list_concerns(
                conn, resident_id=who, before=None, limit=10, bucket_count=BUCKET_COUNT
            )
            assert ["payouts.write_bank_file"] == [concern.what for concern in concerns]
            person = await cards.view_person(conn, bucket=bucket_of(who, BUCKET_COUNT), resident_id=who, vault=VAULT)
            assert person.id_number not in text
        parts = await service.list_parts(conn, batch_id=batch.id)
    assert {PartState.SENT} == {part.state for part in parts}


async def test_return_files_may_come_twice_and_in_pieces_and_say_nothing_of_some(db: Database) -> None:
    world = BenefitWorld(db)
    people = await world.populated(5)
    await world.funded()
    batch = await world.applied(await world.issued([(who, 100) for who in people]))
    with a_folder() as root:
        bank = world.bank(root)
        bank.silent = {handle_of(people[4])}
        exchange = world.exchange(root, lines_in_part=100)
        await exchange.send_batch(batch.id)
        bank.take_in()
        bank.answer(pieces=3, twice=True)
        first = await exchange.fetch_returns()
        assert 8 > len({file.digest for file in first}) < len(first)
        sent = await world.batch(batch.id)
        assert (500, 100, 400, 0, 0) == sums_of(sent)
        assert BatchState.SENT is sent.state
        async with db.transaction() as conn:
            unanswered = await service.list_unanswered(
                conn, batch_id=batch.id, before=world.now + timedelta(days=1), bucket_count=BUCKET_COUNT
            )
        assert [(1, 100)] == [(each.line_count, each.amount_fen) for each in unanswered]
        bank.statement(day_of(world.now))
        (statement,) = await exchange.fetch_returns()
        assert (1, 100, 4) == (statement.paid_count, statement.paid_fen, statement.already_count)
    closed = await world.batch(batch.id)
    assert (BatchState.CLOSED, 500) == (closed.state, closed.sums.paid_fen)
    assert {day_of(world.now)} == {line.booked_on for line in await world.lines(batch)}
    assert [] == await audited(db, batch)


async def test_a_payment_that_a_bank_books_twice_is_paid_once_and_kept_as_a_difference(db: Database) -> None:
    world = BenefitWorld(db)
    people = await world.populated(3)
    await world.funded()
    batch = await world.applied(await world.issued([(who, 100) for who in people]))
    with a_folder() as root:
        bank, exchange = world.bank(root), world.exchange(root, lines_in_part=100)
        await exchange.send_batch(batch.id)
        bank.take_in()
        bank.answer()
        twice, back, _ = bank.payments.values()
        bank.give_back([back.handle])
        await exchange.fetch_returns()
        (file,) = root.rglob(bank.statement(day_of(world.now)))
        file.write_text(_with_one_more_debit(file.read_text(), twice.name))
        (statement,) = await exchange.fetch_returns()
    async with db.transaction() as conn:
        differences = await service.list_differences(conn, batch_id=batch.id)

    assert (0, 0, 1) == (statement.paid_count, statement.returned_count, statement.difference_count)
    assert [(DifferenceKind.BOOKED_TWICE, 100, 100)] == [(one.kind, one.our_fen, one.bank_fen) for one in differences]
    assert [twice.name.rpartition("-")[2]] == [str(one.line) for one in differences]
    assert 200 == (await world.batch(batch.id)).sums.paid_fen
    assert [] == await audited(db, batch)


def _with_one_more_debit(statement: str, name: str) -> str:
    """A statement with one more entry, which takes a payment of 1.00 yuan from our account again."""
    detail = f'<TxDtls><Refs><EndToEndId>{name}</EndToEndId></Refs><Amt Ccy="CNY">1.00</Amt></TxDtls>'
    head = '<Ntry><Amt Ccy="CNY">1.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BkTxCd/>'
    return statement.replace("</Stmt>", f"{head}<NtryDtls>{detail}</NtryDtls></Ntry></Stmt>")


async def test_sums_that_lose_a_fen_do_not_commit(db: Database) -> None:
    world = BenefitWorld(db)
    (who,) = await world.populated(1)
    batch = await world.issued([(who, 100)])
    async with db.transaction() as conn:
        wrong = structs.replace(batch, sums=structs.replace(batch.sums, open_fen=99))
        with pytest.raises(CheckViolation, match="every_fen_is_somewhere"):
            async with conn.transaction():
                await store.update_batch(conn, batch=wrong, state_before=batch.state)


async def test_an_application_is_submitted_then_paid(db: Database) -> None:
    world = BenefitWorld(db)
    (who,) = await world.populated(1)
    await world.funded()
    batch = await world.applied(await world.issued([(who, 100)]))
    with a_folder() as root:
        world.bank(root)
        await world.exchange(root).send_batch(batch.id)
    async with db.transaction() as conn:
        applications = await service.list_applications(conn, batch_id=batch.id)
    assert [ApplicationState.PAID] == [application.state for application in applications]
