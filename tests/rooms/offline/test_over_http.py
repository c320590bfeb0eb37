"""Offline taps from the allowance to the books, over HTTP with the whole application and the simulator's wallets."""

import random
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from simulator.wallet import KEYS_PER_SCENE
from tests.support.builders.offline import MEAL_FEN, a_region_with_lists, a_session, a_till, another_till, grant
from tests.support.builders.served import Served
from yikatong.codes import service as codes
from yikatong.codes.store import SHOW_KEYS_HELD_MAX
from yikatong.kernel.outcomes import Refused
from yikatong.ledger import audit as ledger_audit
from yikatong.offline import audit as offline_audit
from yikatong.plumbing.database import Database
from yikatong.taps import audit as taps_audit

pytestmark = pytest.mark.anyio
HOUR = timedelta(hours=1)


async def audited(served: Served) -> list[str]:
    """What the audits of offline, the ledger and taps find, in the whole database."""
    async with served.world.db.owner_transaction() as conn:
        found = [*await offline_audit.audit(conn), *await ledger_audit.audit(conn)]
        return [*found, *await taps_audit.audit(conn)]


async def test_a_till_serves_a_day_without_a_network_and_every_fen_balances(db: Database, tmp_path: Path) -> None:
    async with a_region_with_lists(db) as served:
        world = served.world
        phone = await world.a_phone(purse_fen=10_000)
        token = await a_session(served, phone)
        granted = await grant(served, phone, token=token)
        assert 200 == granted.status_code, granted.text
        assert 5_000 == await world.balance(phone)
        till = a_till(served, tmp_path / "memory")
        await till.fetch()

        world.clock.advance(20 * HOUR)
        till.pay(phone)
        till.enter(phone)
        world.clock.advance(HOUR)
        till.pay(phone)
        with pytest.raises(Refused) as refused:
            till.pay(phone, 2_700)
        assert "ALLOWANCE_IS_USED_UP" == refused.value.reason.name
        world.clock.advance(3 * HOUR)
        said = await till.upload()

        assert ["posted"] * 3 == [one.outcome for one in said]
        assert 2 * MEAL_FEN == await world.owed()
        listed = (await served.by(token, "GET", "/v1/wallet/allowances", Purpose="own")).json()["allowances"]
        assert [2 * MEAL_FEN] == [one["spent_fen"] for one in listed]
        assert [] == till.kit.admitted()
        assert [] == await audited(served)


async def test_uploads_that_come_doubled_and_out_of_order_are_posted_once_each(db: Database, tmp_path: Path) -> None:
    async with a_region_with_lists(db) as served:
        world = served.world
        phone = await world.a_phone(purse_fen=10_000)
        token = await a_session(served, phone)
        await grant(served, phone, token=token, amount_fen=20_00)
        till = a_till(served, tmp_path / "memory")
        await till.fetch()
        for _ in range(4):
            till.pay(phone, 300)
        bodies = [msgspec.json.encode(one) for one in till.kit.admitted()]
        chance = random.Random(7)
        answers: dict[int, set[str]] = {}
        for at in chance.choices(range(4), k=40):
            answer = await till.send(bodies[at])
            if answer.status_code == 200:
                answers.setdefault(at, set()).add(answer.text)
            else:
                assert "UPLOAD_IS_OUT_OF_ORDER" == answer.json()["reason"]

        assert dict.fromkeys(range(4), 1) == {at: len(texts) for at, texts in answers.items()}
        assert 1_200 == await world.owed()
        assert [] == await audited(served)


async def test_a_stopped_card_is_refused_once_the_list_is_newer_and_nothing_is_served_by_a_list_that_is_too_old(
    db: Database, tmp_path: Path
) -> None:
    async with a_region_with_lists(db) as served:
        world = served.world
        phone = await world.a_phone(purse_fen=10_000)
        await grant(served, phone, token=await a_session(served, phone))
        till = a_till(served, tmp_path / "memory")
        await till.fetch()
        async with db.transaction() as conn:
            await codes.suspend_certificates(
                conn, bucket=0, resident_id=phone.resident.resident_id, now=world.clock.now()
            )

        world.clock.advance(2 * HOUR)
        till.pay(phone)  # The till cannot know yet: the hold bounds what this costs.
        await till.fetch()
        with pytest.raises(Refused) as stopped:
            till.pay(phone)
        world.clock.advance(25 * HOUR)
        with pytest.raises(Refused) as too_old:
            till.pay(phone)

        assert "CERTIFICATE_IS_SUSPENDED" == stopped.value.reason.name
        assert too_old.value.reason.name in ("STATUS_LIST_IS_EXPIRED", "STATUS_LIST_IS_TOO_OLD")
        assert ["posted"] == [one.outcome for one in await till.upload()]


async def test_a_card_stopped_longer_before_than_the_largest_age_is_not_posted(db: Database, tmp_path: Path) -> None:
    async with a_region_with_lists(db) as served:
        world = served.world
        phone = await world.a_phone(purse_fen=10_000)
        await grant(served, phone, token=await a_session(served, phone))
        till = a_till(served, tmp_path / "memory")
        await till.fetch()
        async with db.transaction() as conn:
            stopped_at = world.clock.now() + timedelta(seconds=1)
            await codes.revoke_certificates(conn, bucket=0, resident_id=phone.resident.resident_id, now=stopped_at)
        world.clock.advance(23 * HOUR)
        till.pay(phone)
        body = msgspec.json.encode(till.kit.admitted()[0])
        async with db.owner_transaction() as conn:
            # The stop, as if it had come two hours earlier: now the till broke its own age.
            await conn.execute(
                "UPDATE codes.certificate SET made_at = %s, state_at = %s WHERE resident_id = %s",
                (stopped_at - 3 * HOUR, stopped_at - 2 * HOUR, phone.resident.resident_id),
            )

        answer = (await till.send(body)).json()

        assert ("refused", "OFFLINE_CERTIFICATE_WAS_STOPPED") == (answer["outcome"], answer["reason"])
        assert 0 == await world.owed()


async def test_two_tills_of_a_place_that_share_no_memory_spend_no_more_than_the_hold(
    db: Database, tmp_path: Path
) -> None:
    async with a_region_with_lists(db) as served:
        world = served.world
        phone = await world.a_phone(purse_fen=10_000)
        token = await a_session(served, phone)
        other = await another_till(served)
        await grant(served, phone, token=token, amount_fen=2_000, whole_place=True)
        first, second = a_till(served, tmp_path / "one"), a_till(served, tmp_path / "two", other)
        for till in (first, second):
            await till.fetch()
        first.pay(phone, 1_500)
        second.pay(phone, 1_500)

        said = [*await first.upload(), *await second.upload()]

        assert [("posted", None), ("disputed", "ALLOWANCE_WAS_SPENT")] == [(one.outcome, one.reason) for one in said]
        assert 1_500 == await world.owed()
        assert 8_000 == await world.balance(phone)
        disputes = (await served.by(token, "GET", "/v1/wallet/offline-disputes", Purpose="own")).json()["disputes"]
        assert [1_500] == [one["amount_fen"] for one in disputes]
        assert [] == await audited(served)


async def test_tills_that_share_a_memory_see_what_the_other_took(db: Database, tmp_path: Path) -> None:
    async with a_region_with_lists(db) as served:
        world = served.world
        phone = await world.a_phone(purse_fen=10_000)
        other = await another_till(served)
        await grant(served, phone, token=await a_session(served, phone), amount_fen=2_000, whole_place=True)
        first, second = a_till(served, tmp_path / "one"), a_till(served, tmp_path / "one", other)
        for till in (first, second):
            await till.fetch()
        first.pay(phone, 1_500)

        with pytest.raises(Refused) as refused:
            second.pay(phone, 1_500)

        assert "ALLOWANCE_IS_USED_UP" == refused.value.reason.name


async def test_a_code_that_was_also_used_online_is_found_at_upload_with_both_codes_kept(
    db: Database, tmp_path: Path
) -> None:
    async with a_region_with_lists(db) as served:
        world = served.world
        phone = await world.a_phone(purse_fen=10_000)
        till = a_till(served, tmp_path / "memory")
        await till.fetch()
        shown = world.shown(phone)
        assert shown.code is not None
        till.kit.tap(item=world.entry.code, code=shown.code)
        assert 200 == (await served.tap(shown)).status_code

        said = await till.upload()

        assert [("refused", "CODE_ALREADY_USED")] == [(one.outcome, one.reason) for one in said]
        async with db.owner_transaction() as conn:
            cursor = await conn.execute(
                "SELECT s.second_code = t.evidence FROM taps.second_use AS s"
                " JOIN taps.tap AS t ON (t.bucket, t.id) = (s.bucket, s.first_tap_id) WHERE t.resident_id = %s",
                (phone.resident.resident_id,),
            )
            assert [(True,)] == await cursor.fetchall()


async def test_an_upload_after_the_term_is_a_dispute_and_the_purse_is_whole_again(db: Database, tmp_path: Path) -> None:
    async with a_region_with_lists(db) as served:
        world = served.world
        phone = await world.a_phone(purse_fen=10_000)
        await grant(served, phone, token=await a_session(served, phone), days=1)
        till = a_till(served, tmp_path / "memory")
        await till.fetch()
        till.pay(phone)
        world.clock.advance(timedelta(days=15))

        said = await till.upload()

        assert [("disputed", "UPLOAD_CAME_TOO_LATE")] == [(one.outcome, one.reason) for one in said]
        assert 10_000 == await world.balance(phone)
        assert 0 == await world.owed()


async def test_an_ended_allowance_is_on_no_newer_sheet_and_what_was_taken_before_is_still_paid(
    db: Database, tmp_path: Path
) -> None:
    async with a_region_with_lists(db) as served:
        world = served.world
        phone = await world.a_phone(purse_fen=10_000)
        token = await a_session(served, phone)
        allowance = (await grant(served, phone, token=token)).json()["allowance"]
        till = a_till(served, tmp_path / "memory")
        await till.fetch()
        till.pay(phone)
        ended = await served.by(token, "DELETE", f"/v1/wallet/allowances/{allowance}")
        assert "done" == ended.json()["change"]
        world.clock.advance(HOUR)
        await till.fetch()
        with pytest.raises(Refused) as refused:
            till.pay(phone)

        assert "ALLOWANCE_IS_NOT_HELD" == refused.value.reason.name
        assert ["posted"] == [one.outcome for one in await till.upload()]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"password": "000001"}, "PASSWORD_IS_WRONG"),
        ({"terminal": "trm_" + "0" * 32}, "TERMINAL_IS_UNKNOWN"),
        ({"amount_fen": 20_001}, "ALLOWANCE_IS_TOO_LARGE"),
        ({"days": 31}, "ALLOWANCE_IS_TOO_LONG"),
        ({"amount_fen": 10_001}, "BALANCE_IS_TOO_LOW"),
    ],
)
async def test_an_allowance_that_may_not_be_granted_sets_nothing_aside(
    db: Database, body: dict[str, Any], reason: str
) -> None:
    async with a_region_with_lists(db) as served:
        phone = await served.world.a_phone(purse_fen=10_000)

        said = await grant(served, phone, token=await a_session(served, phone), **body)

        assert reason == said.json()["reason"]
        assert 10_000 == await served.world.balance(phone)


async def test_a_memory_put_back_from_an_older_copy_numbers_on_behind_what_was_uploaded(
    db: Database, tmp_path: Path
) -> None:
    async with a_region_with_lists(db) as served:
        phone = await served.world.a_phone(purse_fen=10_000)
        await grant(served, phone, token=await a_session(served, phone))
        file, copy = tmp_path / "memory", tmp_path / "copy"
        till = a_till(served, file)
        await till.fetch()
        till.pay(phone, 300)
        till.memory.close()
        shutil.copy(file, copy)
        till = a_till(served, file)
        till.pay(phone, 300)
        await till.upload()
        till.memory.close()
        shutil.copy(copy, file)

        till = a_till(served, file)
        await till.fetch()
        assert 3 == till.pay(phone, 300).sequence
        assert ["posted", "posted"] == [one.outcome for one in await till.upload()]
        assert 900 == await served.world.owed()
        assert [] == await audited(served)


async def test_a_wallet_that_refreshes_without_end_makes_no_sheet_long(db: Database, tmp_path: Path) -> None:
    async with a_region_with_lists(db) as served:
        world = served.world
        phone = await world.a_phone(purse_fen=10_000)
        await grant(served, phone, token=await a_session(served, phone))
        for _ in range(SHOW_KEYS_HELD_MAX // KEYS_PER_SCENE):
            await world.refreshed(phone)
        till = a_till(served, tmp_path / "memory")
        await till.fetch()
        assert till.kit.lists.sheet is not None
        (allowance,) = till.kit.lists.sheet.allowances

        # The card's chip has a key too.
        assert 1 + SHOW_KEYS_HELD_MAX == len(allowance.key_digests)
        assert MEAL_FEN == till.pay(phone).amount_fen
