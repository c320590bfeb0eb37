"""Refreshes in batches: neighbours do not harm each other, a stop races them, and a key's answer is given once."""

import asyncio
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator

import msgspec
import psycopg
import pytest

from tests.support.backends import end_backend, until_waits
from tests.support.builders.refreshing import RefreshingWorld, SignedIn, a_refreshing_world
from tests.support.cut_line import a_cut_line
from yikatong.access import service as access
from yikatong.access.model import Reason as AccessReason
from yikatong.app.wallets.calls import Answered
from yikatong.app.wallets.door import WalletDoor
from yikatong.app.wallets.refreshing import RefreshCall
from yikatong.cards.model import Reason as CardReason
from yikatong.codes.api import RefreshAnswer
from yikatong.codes.model import Reason
from yikatong.kernel.outcomes import Reason as AnyReason
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.database import Database
from yikatong.trust import service as trust

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world(db: Database) -> AsyncIterator[RefreshingWorld]:
    async with a_refreshing_world(db) as made:
        yield made


def certificates_of(answered: Answered) -> list[bytes]:
    """The certificates in an answer."""
    answer = msgspec.json.decode(answered.content, type=RefreshAnswer)
    return [urlsafe_b64decode(one.certificate + "=" * (-len(one.certificate) % 4)) for one in answer.certificates]


async def ends(world: RefreshingWorld, *calls: RefreshCall) -> list[int | AnyReason]:
    """How calls that came at once ended: the number of certificates, or the reason."""

    async def end(call: RefreshCall) -> int | AnyReason:
        try:
            return len(certificates_of(await world.refreshing.refresh(call)))
        except Refused as refused:
            return refused.reason

    return list(await asyncio.gather(*(end(call) for call in calls)))


async def test_wallets_that_come_at_once_each_get_their_own_certificates_and_record(world: RefreshingWorld) -> None:
    phones = [await world.a_phone() for _ in range(6)]
    answers = await asyncio.gather(*(world.refreshing.refresh(world.call(phone)) for phone in phones))
    given = [certificate for answer in answers for certificate in certificates_of(answer)]

    assert [8] * 6 == [await world.count_certificates(phone) for phone in phones]
    assert 48 == len(set(given))
    assert [["refresh_wallet"]] * 6 == [await world.records_of(phone) for phone in phones]


async def test_two_phones_of_one_resident_in_one_batch_share_no_serial_and_no_index(world: RefreshingWorld) -> None:
    phone = await world.a_phone()
    tablet = await world.a_phone(of=phone.resident)
    answers = await asyncio.gather(*(world.refreshing.refresh(world.call(one)) for one in (phone, tablet, phone)))
    claims = [
        trust.decode_claims(trust.decode_sign1(one, 256).payload)
        for answer in answers
        for one in certificates_of(answer)
    ]
    indexes = {claim.standing.status_index for claim in claims if claim.standing is not None}

    assert 24 == len({claim.cwt_id for claim in claims}) == len(indexes)
    assert 24 == await world.count_certificates(phone)


async def test_one_that_is_refused_leaves_nothing_and_its_neighbours_get_theirs(world: RefreshingWorld) -> None:
    good, lost, false, unread = await world.some_phones(4)
    async with world.db.transaction() as conn:
        await world.lost(conn, lost)

    assert [8, CardReason.CARD_IS_TEMPORARILY_REPORTED_LOST, Reason.REFRESH_SIGNATURE_IS_FALSE, 8] == await ends(
        world,
        world.call(good),
        world.call(lost),
        world.call(false, request=good.wallet.refresh_request(world.clock.now())),
        world.call(good),
    )
    assert [Reason.REFRESH_IS_NOT_READABLE] == await ends(world, world.call(unread, request=b""))
    assert [16, 0, 0, 0] == [await world.count_certificates(phone) for phone in (good, lost, false, unread)]
    assert [[], [], []] == [await world.records_of(phone) for phone in (lost, false, unread)]


async def test_a_batch_that_waits_for_a_stop_gives_the_stopped_card_nothing(world: RefreshingWorld) -> None:
    stopped, other = await world.some_phones(2)
    await world.refreshing.refresh(world.call(stopped))
    async with world.db.transaction() as stopping:
        assert 8 == await world.lost(stopping, stopped)
        batch = asyncio.create_task(ends(world, world.call(other), world.call(stopped)))
        await until_waits(world.db, world.refreshing.backend_pid, for_pid=stopping.info.backend_pid)

    assert [8, CardReason.CARD_IS_TEMPORARILY_REPORTED_LOST] == await batch
    assert [0, 8] == [await world.count_certificates(phone) for phone in (stopped, other)]


async def lost(world: RefreshingWorld, phone: SignedIn, who: asyncio.Future[int]) -> int:
    """Stop a card in a transaction of its own, whose server process is told to `who`."""
    async with world.db.transaction() as conn:
        who.set_result(conn.info.backend_pid)
        return await world.lost(conn, phone)


async def test_a_stop_that_waits_for_a_batch_stops_what_the_batch_gave(world: RefreshingWorld) -> None:
    held, stopped = await world.some_phones(2)
    await ends(world, world.call(held))
    async with world.db.transaction() as holding:
        # A block held by a stranger: the batch has locked its residents and waits for the number of the next one.
        await holding.execute("LOCK TABLE codes.status_block IN EXCLUSIVE MODE")
        batch = asyncio.create_task(ends(world, world.call(stopped), world.call(held)))
        await until_waits(world.db, world.refreshing.backend_pid, for_pid=holding.info.backend_pid)
        who_stops: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        stop = asyncio.create_task(lost(world, stopped, who_stops))
        await until_waits(world.db, await who_stops, for_pid=world.refreshing.backend_pid)

    assert ([8, 8], 8) == (await batch, await stop)
    assert [16, 0] == [await world.count_certificates(phone) for phone in (held, stopped)]


async def test_the_same_key_again_gets_the_same_answer_and_gives_nothing_new(world: RefreshingWorld) -> None:
    phone = await world.a_phone()
    call = world.call(phone, key="once")
    first, at_once = await asyncio.gather(world.refreshing.refresh(call), world.refreshing.refresh(call))
    later = await world.refreshing.refresh(call)

    assert (False, True, True) == (first.is_repeated, at_once.is_repeated, later.is_repeated)
    assert first.content == at_once.content == later.content
    assert 8 == await world.count_certificates(phone)
    assert ["refresh_wallet"] == await world.records_of(phone)


async def test_a_key_taken_by_another_request_is_refused_before_the_room_looks(world: RefreshingWorld) -> None:
    phone = await world.a_phone()
    await world.refreshing.refresh(world.call(phone, key="once"))
    async with world.db.transaction() as conn:
        await world.lost(conn, phone)

    assert [AccessReason.IDEMPOTENCY_KEY_IS_TAKEN] == await ends(world, world.call(phone, key="once"))


async def test_a_refused_refresh_leaves_its_key_free(world: RefreshingWorld) -> None:
    phone = await world.a_phone()
    refused = await ends(world, world.call(phone, key="once", request=b""))

    assert [Reason.REFRESH_IS_NOT_READABLE] == refused
    assert [8] == await ends(world, world.call(phone, key="once"))


async def test_of_two_workers_with_one_key_the_second_waits_and_hears_the_answer(world: RefreshingWorld) -> None:
    phone, neighbour = await world.some_phones(2)
    call = world.call(phone, key="once")
    async with world.another_worker() as other:
        await other.refresh(world.call(neighbour))
        async with world.db.transaction() as holding:
            await holding.execute("LOCK TABLE access.idempotency IN SHARE MODE")
            first = asyncio.create_task(other.refresh(call))
            await until_waits(world.db, other.backend_pid, for_pid=holding.info.backend_pid)
            second = asyncio.create_task(world.refreshing.refresh(call))
        answers = [await first, await second]

    assert [False, True] == [one.is_repeated for one in answers]
    assert answers[0].content == answers[1].content
    assert 8 == await world.count_certificates(phone)
    assert ["refresh_wallet"] == await world.records_of(phone)


async def test_a_key_that_another_command_takes_meanwhile_makes_the_batch_run_again(world: RefreshingWorld) -> None:
    phone, neighbour = await world.some_phones(2)
    await ends(world, world.call(neighbour))
    (line,) = await world.concerns_of(neighbour)
    async with world.db.transaction() as commanding:
        command = access.KeptCommand(caller_id=phone.caller.id, key="once", token=phone.token, request_digest=bytes(32))
        assert None is await command.claim(commanding, now=world.clock.now())
        batch = asyncio.create_task(ends(world, world.call(phone, key="once"), world.call(neighbour)))
        await until_waits(world.db, world.refreshing.backend_pid, for_pid=commanding.info.backend_pid)
        await command.keep(commanding, status=200, answer=b"{}", record_id=line.record_id, ids=world.ids)

    assert [AccessReason.IDEMPOTENCY_KEY_IS_TAKEN, 8] == await batch
    assert [0, 16] == [await world.count_certificates(one) for one in (phone, neighbour)]
    assert ([], 2) == (await world.records_of(phone), len(await world.records_of(neighbour)))


async def test_a_server_process_that_ends_under_a_batch_leaves_nothing_and_the_batch_runs_again(
    world: RefreshingWorld,
) -> None:
    phone, neighbour = await world.some_phones(2)
    await ends(world, world.call(phone))
    async with world.db.transaction() as holding:
        await holding.execute("LOCK TABLE codes.certificate IN EXCLUSIVE MODE")
        batch = asyncio.create_task(ends(world, world.call(phone), world.call(neighbour)))
        await until_waits(world.db, world.refreshing.backend_pid, for_pid=holding.info.backend_pid)
        await end_backend(world.db, world.refreshing.backend_pid)

    assert [8, 8] == await batch
    assert [16, 8] == [await world.count_certificates(one) for one in (phone, neighbour)]
    assert 2 == len(await world.records_of(phone))


async def test_a_refresh_whose_commit_arrived_and_whose_answer_was_lost_is_given_once(world: RefreshingWorld) -> None:
    phone = await world.a_phone()
    call = world.call(phone, key="once")
    async with a_cut_line(world.db, lets_commit_through=True) as line, world.another_worker(line.connect) as cut_off:
        answer = await cut_off.refresh(call)

    assert answer.content == (await world.refreshing.refresh(call)).content
    assert 8 == await world.count_certificates(phone)
    assert ["refresh_wallet"] == await world.records_of(phone)


async def test_nothing_is_acknowledged_whose_commit_never_arrived(world: RefreshingWorld) -> None:
    phone = await world.a_phone()
    call = world.call(phone, key="once")
    async with a_cut_line(world.db, lets_commit_through=False) as line, world.another_worker(line.connect) as cut_off:
        with pytest.raises(psycopg.OperationalError, match="conn"):
            await cut_off.refresh(call)

    assert 0 == await world.count_certificates(phone)
    assert not (await world.refreshing.refresh(call)).is_repeated


async def test_a_wallet_whose_session_ended_is_not_let_in_with_the_others(world: RefreshingWorld) -> None:
    phone, gone = await world.a_phone(), await world.a_phone()
    async with world.db.transaction() as conn:
        await access.end_session(conn, caller=gone.caller, now=world.clock.now())
    door = WalletDoor(world.house)
    known = await asyncio.gather(
        *(door.authenticate(token) for token in (phone.token, gone.token, "yks_" + "A" * 43)),
        return_exceptions=True,
    )

    assert phone.caller == known[0]
    assert [AccessReason.SESSION_HAS_ENDED, AccessReason.KEY_IS_UNKNOWN] == [
        one.reason for one in known[1:] if isinstance(one, Refused)
    ]
