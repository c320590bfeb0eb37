"""A budget leased in slices gives its last fen to somebody, and to nobody more than there is."""

import asyncio

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import errors

from tests.support.backends import end_backend
from tests.support.builders.budgets import IDS, a_budget, a_taking
from tests.support.builders.ledger import a_receivable, a_transfer
from tests.support.world import NOON
from yikatong.kernel.ids import TransferId, bucket_of, show_id
from yikatong.kernel.outcomes import Change
from yikatong.ledger import service
from yikatong.ledger.audit import audit
from yikatong.ledger.model import AccountKind, BudgetState, Reason, Taking, TransferKind, name_budget, name_of_budget
from yikatong.ledger.rules import decide_takings, plan_lease
from yikatong.plumbing.database import Database
from yikatong.plumbing.pipeline import BatchMustRerun

pytestmark = pytest.mark.anyio

FEN = st.integers(0, 10_000_000)


@given(main_fen=FEN, slice_fen=FEN, need_fen=FEN, wanted_fen=FEN, bucket_count=st.sampled_from([1, 8, 64]))
def test_a_lease_covers_the_need_and_never_more_than_there_is(
    main_fen: int, slice_fen: int, need_fen: int, wanted_fen: int, bucket_count: int
) -> None:
    main_fen = max(main_fen, need_fen - slice_fen)
    leased_fen = plan_lease(
        main_fen=main_fen, slice_fen=slice_fen, need_fen=need_fen, wanted_fen=wanted_fen, bucket_count=bucket_count
    )

    assert 0 <= leased_fen <= main_fen
    assert need_fen <= slice_fen + leased_fen


def test_leases_become_small_as_the_budget_does_and_end_with_single_places() -> None:
    def leased(main_fen: int) -> int:
        return plan_lease(main_fen=main_fen, slice_fen=0, need_fen=50_000, wanted_fen=0, bucket_count=64)

    assert [100_000_000, 50_000, 50_000] == [leased(128_000_000_00), leased(60_000_00), leased(50_000)]


def test_a_crowd_in_one_bucket_is_leased_what_it_wants_as_far_as_there_is() -> None:
    assert 300 == plan_lease(main_fen=900, slice_fen=0, need_fen=100, wanted_fen=300, bucket_count=64)
    assert 250 == plan_lease(main_fen=250, slice_fen=0, need_fen=100, wanted_fen=300, bucket_count=64)


def test_a_claim_that_is_too_large_does_not_stop_the_next() -> None:
    assert (True, False, True, False) == decide_takings(100, [60, 50, 40, 1])


async def test_a_budget_is_funded_once_per_command(db: Database) -> None:
    world = a_budget(db, bucket_count=8)
    transfer_id, reference = TransferId(IDS.new()), IDS.new()
    for expected in (Change.DONE, Change.ALREADY_SO):
        async with db.transaction() as conn:
            assert expected is await service.fund_budget(
                conn, budget=world.budget, amount_fen=900, transfer_id=transfer_id, reference=reference,
                now=NOON, bucket_count=8,
            )  # fmt: skip

    assert BudgetState(funded_fen=900, main_fen=900, sliced_fen=0, reclaimed_fen=0) == await world.state()


async def test_there_is_nothing_left_of_a_budget_that_does_not_exist(db: Database) -> None:
    world = a_budget(db, bucket_count=8)

    assert await world.left() is None
    assert Reason.ACCOUNT_IS_UNKNOWN is await world.lease(3, 1)


async def test_a_claim_takes_once_from_the_slice_of_its_bucket(db: Database) -> None:
    world = await a_budget(db, bucket_count=8).funded(160_000)
    taking = a_taking(50_000)

    assert (Reason.BUDGET_SLICE_IS_TOO_SMALL,) == await world.take(3, [taking])
    assert Change.DONE is await world.lease(3, 50_000)
    assert (Change.DONE,) == await world.take(3, [taking])
    assert (Change.ALREADY_SO,) == await world.take(3, [taking])

    assert 110_000 == await world.left()
    async with db.transaction() as conn:
        held = await service.get_balance(conn, bucket=3, account=taking.account, now=NOON)
    assert 50_000 == held.available_fen


async def test_a_slice_that_holds_enough_is_leased_nothing(db: Database) -> None:
    world = await a_budget(db, bucket_count=8).funded(160_000)
    await world.lease(3, 50_000)

    assert Change.ALREADY_SO is await world.lease(3, 50_000)


async def test_claims_of_one_bucket_take_together_and_each_has_its_own_answer(db: Database) -> None:
    world = await a_budget(db, bucket_count=1).funded(100)
    await world.lease(0, 100)
    takings = [a_taking(60), a_taking(50), a_taking(40), a_taking(1)]

    small = Reason.BUDGET_SLICE_IS_TOO_SMALL
    assert (Change.DONE, small, Change.DONE, small) == await world.take(0, takings)
    assert 0 == await world.left()


async def test_what_lies_idle_in_other_slices_is_called_back_before_anybody_is_refused(db: Database) -> None:
    world = await a_budget(db, bucket_count=64).funded(300)
    for bucket in (5, 9, 60):
        await world.lease(bucket, 100)
    assert 0 == (await world.state()).main_fen

    assert Change.DONE is await world.claim(33, a_taking(250))
    assert Change.DONE is await world.claim(9, a_taking(50))
    assert Reason.BUDGET_HAS_TOO_LITTLE is await world.claim(60, a_taking(1))
    assert BudgetState(funded_fen=300, main_fen=0, sliced_fen=0, reclaimed_fen=0) == await world.state()


async def test_one_fen_too_little_is_too_little_and_nothing_moves(db: Database) -> None:
    world = await a_budget(db, bucket_count=64).funded(299)
    for bucket in (5, 9):
        await world.lease(bucket, 100)
    before = await world.state()

    assert Reason.BUDGET_HAS_TOO_LITTLE is await world.lease(33, 300)
    assert before == await world.state()


async def test_what_a_claim_gives_back_can_be_taken_in_any_bucket(db: Database) -> None:
    world = await a_budget(db, bucket_count=64).funded(100)
    first = a_taking(100)
    assert Change.DONE is await world.claim(5, first)
    assert Reason.BUDGET_HAS_TOO_LITTLE is await world.claim(6, a_taking(100))
    transfer_id = IDS.new()

    assert Change.DONE is await world.release(5, first, transfer_id=transfer_id)
    assert Change.ALREADY_SO is await world.release(5, first, transfer_id=transfer_id)
    assert Change.DONE is await world.claim(6, a_taking(100))


async def test_the_home_of_the_main_row_has_a_slice_like_every_bucket(db: Database) -> None:
    world = await a_budget(db, bucket_count=64).funded(100)
    home = bucket_of(world.budget.owner_id, 64)

    assert Change.DONE is await world.claim(home, a_taking(40))
    assert Change.DONE is await world.claim((home + 1) % 64, a_taking(60))
    assert 0 == await world.left()


async def test_a_frozen_budget_leases_nothing_more(db: Database) -> None:
    world = await a_budget(db, bucket_count=8).funded(100)
    async with db.transaction() as conn:
        home = bucket_of(world.budget.owner_id, 8)
        await service.freeze_account(conn, bucket=home, account=world.budget, now=NOON)

    assert Reason.ACCOUNT_IS_FROZEN is await world.lease(3, 50)


async def test_no_transfer_lowers_a_slice_below_zero_whoever_posts_it(db: Database) -> None:
    world = await a_budget(db, bucket_count=8).funded(100)
    await world.lease(3, 100)
    share = name_of_budget(world.budget, AccountKind.BUDGET_SLICE)
    with pytest.raises(BatchMustRerun):
        async with db.transaction() as conn:
            draft = a_transfer(share, a_receivable(), 101, kind=TransferKind.SET_ASIDE)
            await service.post(conn, bucket=3, writer=0, draft=draft, now=NOON)
    with pytest.raises(errors.CheckViolation, match="slice_is_one_row_and_not_negative"):
        async with db.transaction() as conn:
            await conn.execute("UPDATE ledger.open_account SET posted_fen = -1 WHERE account_id = %s", [share.id])


class Undo(Exception):  # noqa: N818  no fault, but the way out of a transaction that shall not stay
    """Takes a test's transaction back."""


async def test_the_audit_names_money_of_a_budget_that_went_elsewhere_and_a_lease_that_was_not_taken_up(
    db: Database,
) -> None:
    with pytest.raises(Undo):
        async with db.owner_transaction() as conn:
            budget = name_budget(f"trade_in:{IDS.new().hex}")
            home = bucket_of(budget.owner_id, 8)
            other = (home + 1) % 8
            await service.fund_budget(
                conn, budget=budget, amount_fen=100, transfer_id=TransferId(IDS.new()), reference=IDS.new(),
                now=NOON, bucket_count=8,
            )  # fmt: skip
            await service.lease_slice(
                conn, budget=budget, bucket=other, need_fen=100, now=NOON, ids=IDS, bucket_count=8
            )
            share = name_of_budget(budget, AccountKind.BUDGET_SLICE)
            leases = name_of_budget(budget, AccountKind.BUDGET_LEASES)
            wrong = a_transfer(share, a_receivable(), 40, kind=TransferKind.SET_ASIDE)
            await service.post(conn, bucket=other, writer=0, draft=wrong, now=NOON)
            lost = a_transfer(leases, a_receivable(), 7, kind=TransferKind.LEASE)
            await service.post(conn, bucket=other, writer=0, draft=lost, now=NOON)

            found = await audit(conn)
            name = show_id("transfer", wrong.id)
            assert f"ledger: transfer {name} in bucket {other} gave others than claims 0 fen of a budget: 40" in found
            account, least = show_id("account", leases.id), min(home, other)
            assert (
                f"ledger: the leases of account {account} from bucket {least} on should sum to 0 fen and sum to -7"
                in found
            )
            raise Undo


ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("fund"), st.integers(1, 300), st.just(0)),
        st.tuples(st.just("lease"), st.integers(1, 120), st.integers(0, 7)),
        st.tuples(st.just("claim"), st.integers(1, 120), st.integers(0, 7)),
        st.tuples(st.just("release"), st.integers(0, 20), st.just(0)),
    ),
    max_size=14,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS, bucket_count=st.sampled_from([1, 8]))
async def test_whatever_the_buckets_do_a_budget_behaves_as_one_heap(
    db: Database, acts: list[tuple[str, int, int]], bucket_count: int
) -> None:
    world = await a_budget(db, bucket_count=bucket_count).funded(1)
    left_fen, funded_fen = 1, 1
    held: list[tuple[int, Taking]] = []
    for what, number, bucket in acts:
        bucket %= bucket_count
        if what == "fund":
            await world.funded(number)
            left_fen, funded_fen = left_fen + number, funded_fen + number
        elif what == "lease":
            outcome = await world.lease(bucket, number)
            assert (number > left_fen) is (outcome is Reason.BUDGET_HAS_TOO_LITTLE)
        elif what == "claim":
            taking = a_taking(number)
            expected = Change.DONE if number <= left_fen else Reason.BUDGET_HAS_TOO_LITTLE
            assert expected is await world.claim(bucket, taking)
            if expected is Change.DONE:
                held.append((bucket, taking))
                left_fen -= number
        elif held:
            at, taking = held.pop(number % len(held))
            await world.release(at, taking)
            left_fen += taking.amount_fen

    state = await world.state()
    assert (funded_fen, left_fen) == (state.funded_fen, state.left_fen)
    assert funded_fen == left_fen + sum(taking.amount_fen for _, taking in held)
    async with db.transaction() as conn:
        ids = [show_id("account", name_of_budget(world.budget, kind).id) for kind in AccountKind]
        assert [] == [line for line in await audit(conn) if any(id in line for id in ids)]


@pytest.mark.parametrize("bucket_count", [1, 64])
async def test_of_a_crowd_that_comes_at_once_as_many_win_as_there_are_places(db: Database, bucket_count: int) -> None:
    places, crowd, fen = 20, 120, 50_000
    world = await a_budget(db, bucket_count=bucket_count).funded(places * fen)
    takings = [(number * 7 % bucket_count, a_taking(fen)) for number in range(crowd)]
    turns = asyncio.Semaphore(8)

    async def comes(bucket: int, taking: Taking) -> Change | Reason:
        async with turns:
            return await world.claim(bucket, taking)

    outcomes = await asyncio.gather(*(comes(bucket, taking) for bucket, taking in takings))

    assert {Change.DONE: places, Reason.BUDGET_HAS_TOO_LITTLE: crowd - places} == {
        each: outcomes.count(each) for each in set(outcomes)
    }
    assert 0 == await world.left()


async def test_a_lease_that_dies_between_its_two_sides_leaves_nothing(db: Database) -> None:
    world = await a_budget(db, bucket_count=8).funded(100)
    home = bucket_of(world.budget.owner_id, 8)
    conn = await db.connect_serving()
    await conn.set_autocommit(False)
    await service.lease_slice(
        conn, budget=world.budget, bucket=(home + 1) % 8, need_fen=60, now=NOON, ids=IDS, bucket_count=8
    )
    await end_backend(db, conn.info.backend_pid)
    with pytest.raises(psycopg.OperationalError):
        await conn.commit()
    await conn.close()

    assert BudgetState(funded_fen=100, main_fen=100, sliced_fen=0, reclaimed_fen=0) == await world.state()
    assert Change.DONE is await world.claim((home + 2) % 8, a_taking(100))
