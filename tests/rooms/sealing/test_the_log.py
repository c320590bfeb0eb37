"""The sealed log: receipts prove their taps, and whatever is changed behind its back is found."""

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from tests.support.builders.follow_ups import reversed_by
from tests.support.builders.sealing import LogWorld, a_day, a_witness
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.statements import run_in_order
from yikatong.sealing import service as sealing
from yikatong.sealing.model import Leaf, LeafKind, Reason
from yikatong.trust import service as trust

pytestmark = pytest.mark.anyio


async def test_a_receipt_proves_its_tap_without_the_database(log: LogWorld) -> None:
    receipt = await log.paid(await log.world.a_phone(purse_fen=5_000))

    await log.prove(receipt)
    for wrong in ({"amount_fen": 101}, {"reason": "CARD_IS_LOCKED"}, {"request_id": "another-1"}, {"item": "another"}):
        with pytest.raises(Refused) as refused:
            await log.prove(msgspec.structs.replace(receipt, **wrong))
        assert refused.value.reason is Reason.SEAL_DOES_NOT_MATCH


async def test_a_refused_tap_is_sealed_like_an_admitted_one(log: LogWorld) -> None:
    receipt = await log.paid(await log.world.a_phone(purse_fen=50))

    assert receipt.reason is not None
    await log.prove(receipt)


async def test_a_repeated_request_gets_the_same_seal(log: LogWorld) -> None:
    world = log.world
    body = world.answered(await world.a_phone(purse_fen=5_000), amount_fen=100)

    assert await world.tap(body) == await world.tap(body)


async def test_a_tap_that_was_taken_back_is_told_without_the_seal_of_its_admission(log: LogWorld) -> None:
    world = log.world
    body = world.answered(await world.a_phone(purse_fen=5_000), amount_fen=100)
    await world.tap(body)
    await reversed_by(world, body)

    assert (await world.tap(body)).seal is None


async def test_batches_enter_the_log_and_are_proven_in_it(log: LogWorld) -> None:
    phone = await log.world.a_phone(purse_fen=5_000)
    receipts = [await log.paid(phone) for _ in range(5)]
    head = await log.append()

    assert head is not None
    async with log.world.db.transaction() as conn:
        for receipt in receipts:
            assert receipt.seal is not None
            series = sealing.series_of(receipt.seal.batch)
            _, key = sealing.verify_series(await sealing.get_certificate(conn, series=series), log_keys=log.log_keys)
            number = sealing.verify_batch(receipt.seal.batch, key=key).number
            proof = await sealing.prove_inclusion(conn, series=series, number=number)
            leaf = sealing.hash_leaf(receipt.seal.batch)
            root = sealing.verify_head(proof.head.signed, log_keys=log.log_keys).root
            sealing.verify_inclusion(leaf, index=proof.position, size=head.size, path=proof.path, root=root)


async def test_the_log_is_proven_to_have_only_grown(log: LogWorld) -> None:
    phone = await log.world.a_phone(purse_fen=5_000)
    heads = []
    for _ in range(4):
        await log.paid(phone)
        heads.append(await log.append())

    async with log.world.db.transaction() as conn:
        for old, new in ((old, new) for old in heads for new in heads if old and new and old.size <= new.size):
            path = await sealing.prove_consistency(conn, old=old.size, new=new.size)
            sealing.verify_consistency(old=old.size, old_root=old.root, new=new.size, new_root=new.root, path=path)


async def test_nothing_new_makes_no_new_head(log: LogWorld) -> None:
    await log.paid(await log.world.a_phone(purse_fen=5_000))
    await log.append()

    assert await log.append() is None


async def test_an_untouched_day_is_audited_without_a_difference(log: LogWorld, tmp_path: Path) -> None:
    world = await a_day(log)
    witness = a_witness(tmp_path, log=log)
    await sealing.show_to_witness(world.db, witness, now=world.clock.now())

    audited = await log.audit(witness=witness)

    assert () == audited.differences
    assert audited.size == audited.witnessed_size
    assert audited.size > 5
    assert 9 <= audited.leaves


async def test_leaves_that_wait_for_the_sealer_are_no_difference(log: LogWorld) -> None:
    await log.looked_at(await log.world.a_phone())

    assert () == await log.differences()


async def test_rows_that_reached_their_term_may_be_gone(log: LogWorld) -> None:
    world = await a_day(log)
    await log.change("DELETE FROM taps.tap WHERE reason IS NOT NULL")
    world.clock.advance(timedelta(days=365 * 20))

    audited = await log.audit()

    assert () == audited.differences
    assert 1 <= audited.forgotten


async def test_after_a_lost_connection_another_series_begins_and_the_log_has_no_gap(log: LogWorld) -> None:
    world = log.world
    phone = await world.a_phone(purse_fen=5_000)
    first = await log.paid(phone)
    async with world.db.owner_transaction() as conn:
        await conn.execute("SELECT pg_terminate_backend(%s::int)", [world.counter.backend_pid])
    second = await log.paid(phone)
    await log.append()

    assert first.seal is not None
    assert second.seal is not None
    assert sealing.series_of(first.seal.batch) != sealing.series_of(second.seal.batch)
    assert () == await log.differences()


async def test_while_no_key_holder_answers_leaves_are_left_for_the_sealer(log: LogWorld, tmp_path: Path) -> None:
    world = log.world
    without = trust.open_key_folder(
        tmp_path / "keys", key_encryption_key=b"k" * 32, wanted=(), now=world.clock.now(), ids=world.ids
    )
    leaf = Leaf(LeafKind.RECORD, world.ids.new(), sealing.hash_leaf(b"a line of the record"))

    sealed = sealing.Writer(without, ids=world.ids).seal([leaf], now=world.clock.now())
    async with world.db.transaction() as conn:
        await run_in_order(conn, sealed.statements)
    head = await log.append()

    assert isinstance(sealed, sealing.Unsealed)
    assert head is not None
    assert (f"log: record {leaf.id} was sealed and is gone",) == await log.differences()


async def test_what_was_sealed_while_no_sealer_ran_for_days_enters_the_log_and_then_its_series_is_closed(
    log: LogWorld,
) -> None:
    world = log.world
    phone = await world.a_phone(purse_fen=5_000)
    await log.paid(phone)
    world.clock.advance(timedelta(days=3))
    head = await log.append()
    world.clock.advance(timedelta(days=2))
    await log.append()
    await world.refreshed(phone)
    await log.paid(phone)
    await log.append()

    async with world.db.owner_transaction() as conn:
        rows = await (await conn.execute("SELECT is_closed FROM sealing.series ORDER BY began_at")).fetchall()
    assert head is not None
    assert [(True,)] * (len(rows) - 1) + [(False,)] == rows
    assert 2 <= len(rows)
    assert () == await log.differences()
