"""Residents are told in both languages, with the transaction or not at all, and each message goes out once."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders.access import a_wallet
from tests.support.builders.http import bearer, toys
from tests.support.world import NOON, FixedClock, SeededIds
from yikatong.notices import api, rules, service
from yikatong.notices.audit import audit
from yikatong.notices.jobs import jobs
from yikatong.notices.model import Draft, Notice, Template, TemplateWords, Words
from yikatong.notices.outside import Message, MessageNotTakenError
from yikatong.plumbing.database import Connection, Database
from yikatong.plumbing.jobs import JobCall

pytestmark = pytest.mark.anyio

PAID: dict[str, str | int] = {
    "amount_fen": 1234,
    "place": "亭亭食堂",
    "place_en": "Tingting canteen",
    "item": "午餐",
    "happened_at": "2026-11-25T04:00:00+00:00",
}
_buckets = iter(range(SeededIds().new().int % 20_000, 32_767))


def a_bucket() -> int:
    """A bucket that no other test delivers from."""
    return next(_buckets)


class Gateway:
    """A gateway that takes a message id once, and fails when it is told to."""

    def __init__(self, fails: Callable[[Message], Exception | None] = lambda _: None) -> None:
        self.asked: list[Message] = []
        self.sent: dict[UUID, Message] = {}
        self._fails = fails

    async def deliver(self, message: Message) -> str:
        """Take a message."""
        self.asked.append(message)
        if failure := self._fails(message):
            raise failure
        self.sent.setdefault(message.message_id, message)
        return "push"


async def tell(conn: Connection, bucket: int, *, now: datetime = NOON) -> UUID:
    """Tell some resident of a payment."""
    return await service.send(
        conn,
        bucket=bucket,
        resident_id=SeededIds().new(),
        template=Template.TAP_PAID,
        params=PAID,
        now=now,
        ids=SeededIds(),
    )


async def state_of(db: Database, bucket: int) -> list[tuple[Any, ...]]:
    """Tries, whether sent, channel, failure, seconds to the next try of each notice of a bucket."""
    async with db.transaction() as conn:
        rows = await conn.execute(
            "SELECT tries_count, sent_at IS NOT NULL, channel, failure, extract(epoch FROM next_try_at - %s)::int"
            " FROM notices.notice WHERE bucket = %s",
            [NOON, bucket],
        )
        return await rows.fetchall()


def test_every_template_has_words_in_both_languages() -> None:
    words = service.read_templates()

    assert set(Template) == set(words)
    for template, both in words.items():
        assert re.search("[\u4e00-\u9fff]", both.zh.title + both.zh.text), template
        assert not re.search("[\u4e00-\u9fff]", both.en.title + both.en.text), template


def test_both_languages_of_a_template_ask_for_the_same() -> None:
    for template, both in service.read_templates().items():
        asked = [set(re.findall(r"\{([a-z_]+)\}", words.title + words.text)) for words in (both.zh, both.en)]
        assert asked[0] == asked[1], template


def test_amounts_are_shown_in_yuan_and_instants_in_shanghai_time() -> None:
    words = rules.word_notice(service.read_templates()[Template.TAP_PAID], params=PAID)

    assert "您于2026-11-25 12:00在亭亭食堂用卡支付12.34元（午餐）" in words.zh.text
    assert "You paid 12.34 yuan at Tingting canteen at 2026-11-25 12:00 (午餐)." in words.en.text


def test_braces_in_a_parameter_are_text() -> None:
    words = TemplateWords(zh=Words("{a}", "{a}"), en=Words("{a}", "{a}"))

    assert "{a} {b}" == rules.word_notice(words, params={"a": "{a} {b}"}).zh.text


@pytest.mark.parametrize(
    "params",
    [
        {},
        {**PAID, "name": "王芳"},
        {**PAID, "amount_fen": "12.34"},
        {**PAID, "happened_at": "noon"},
        {**PAID, "place": "x" * 121},
    ],
    ids=["none", "one too many", "an amount as text", "no instant", "too long"],
)
def test_parameters_that_are_not_the_template_s_are_a_mistake_of_the_sender(params: dict[str, str | int]) -> None:
    with pytest.raises(ValueError, match=r"notice|isoformat"):
        rules.verify_params(params, words=service.read_templates()[Template.TAP_PAID])


@given(tries=st.integers(1, 7))
def test_each_pause_is_twice_the_one_before_until_the_eighth_try_is_the_last(tries: int) -> None:
    next_try_at = rules.decide_next_try(tries_count=tries, now=NOON).next_try_at

    assert NOON + timedelta(seconds=30 * 2 ** (tries - 1)) == next_try_at
    assert rules.decide_next_try(tries_count=8, now=NOON).next_try_at is None


async def test_a_notice_stands_with_its_transaction_or_not_at_all(db: Database) -> None:
    bucket = a_bucket()
    with pytest.raises(RuntimeError):
        async with db.transaction() as conn:
            await tell(conn, bucket)
            raise RuntimeError

    assert [] == await state_of(db, bucket)


async def test_a_notice_that_is_due_goes_out_in_words_and_only_once(db: Database) -> None:
    bucket, gateway = a_bucket(), Gateway()
    async with db.transaction() as conn:
        notice_id = await tell(conn, bucket)
    counts = [await service.deliver_due(db, gateway, bucket=bucket, clock=FixedClock()) for _ in range(2)]

    assert [1, 0] == counts
    assert [notice_id] == list(gateway.sent)
    assert "12.34" in gateway.sent[notice_id].words.zh.text
    assert [(1, True, "push", None, None)] == await state_of(db, bucket)


async def test_a_failed_delivery_is_tried_again_later_under_the_same_id(db: Database) -> None:
    bucket, clock = a_bucket(), FixedClock()
    failures: list[Exception | None] = [MessageNotTakenError("full"), TimeoutError(), None]
    gateway = Gateway(lambda _: failures.pop(0))
    async with db.transaction() as conn:
        notice_id = await tell(conn, bucket)

    await service.deliver_due(db, gateway, bucket=bucket, clock=clock)
    assert [(1, False, None, "MessageNotTakenError: full", 30)] == await state_of(db, bucket)
    assert 0 == await service.deliver_due(db, gateway, bucket=bucket, clock=clock)

    clock.advance(timedelta(seconds=30))
    await service.deliver_due(db, gateway, bucket=bucket, clock=clock)
    clock.advance(timedelta(seconds=60))
    await service.deliver_due(db, gateway, bucket=bucket, clock=clock)
    assert [notice_id] * 3 == [message.message_id for message in gateway.asked]
    assert [(3, True, "push", None, None)] == await state_of(db, bucket)


async def test_one_that_fails_does_not_hold_up_the_others(db: Database) -> None:
    bucket = a_bucket()
    async with db.transaction() as conn:
        poisoned = await tell(conn, bucket)
        good = [await tell(conn, bucket) for _ in range(3)]
    gateway = Gateway(lambda message: KeyError("x") if message.message_id == poisoned else None)
    await service.deliver_due(db, gateway, bucket=bucket, clock=FixedClock())

    assert set(good) == set(gateway.sent)


async def test_after_the_eighth_try_a_notice_is_given_up_and_still_shown(db: Database) -> None:
    bucket, clock = a_bucket(), FixedClock()
    gateway = Gateway(lambda _: MessageNotTakenError("gone"))
    async with db.transaction() as conn:
        await tell(conn, bucket)
    for _ in range(10):
        await service.deliver_due(db, gateway, bucket=bucket, clock=clock)
        clock.advance(timedelta(hours=3))

    assert 8 == len(gateway.asked)
    assert [(8, False, None, "MessageNotTakenError: gone", None)] == await state_of(db, bucket)


async def test_a_notice_whose_worker_died_is_tried_again_and_arrives_once(db: Database) -> None:
    bucket, clock, gateway = a_bucket(), FixedClock(), Gateway()
    async with db.transaction() as conn:
        notice_id = await tell(conn, bucket)
    await service.deliver_due(db, gateway, bucket=bucket, clock=clock)
    async with db.transaction() as conn:  # as if the worker had died between the gateway's answer and writing it down
        await conn.execute(
            "UPDATE notices.notice SET sent_at = NULL, channel = NULL, next_try_at = %s WHERE bucket = %s",
            [NOON + rules.LEASE, bucket],
        )
    assert 0 == await service.deliver_due(db, gateway, bucket=bucket, clock=clock)
    clock.advance(rules.LEASE)
    await service.deliver_due(db, gateway, bucket=bucket, clock=clock)

    assert [notice_id] * 2 == [message.message_id for message in gateway.asked]
    assert 1 == len(gateway.sent)


async def test_many_are_made_in_one_statement_in_order(db: Database) -> None:
    bucket = a_bucket()
    drafts = [
        Draft(
            resident_id=SeededIds().new(), template=Template.TAP_PAID, params=PAID | {"amount_fen": fen}, made_at=NOON
        )
        for fen in (1, 2, 3)
    ]
    async with db.transaction() as conn:
        notice_ids = await service.send_many(conn, bucket=bucket, drafts=drafts, ids=SeededIds())
        listed: list[Notice] = []
        for draft in drafts:
            listed += await service.list_notices(
                conn, bucket=bucket, resident_id=draft.resident_id, before=None, limit=9
            )

    assert list(notice_ids) == [notice.notice_id for notice in listed]
    assert [1, 2, 3] == [notice.params["amount_fen"] for notice in listed]
    assert () == await service.send_many(conn, bucket=bucket, drafts=[], ids=SeededIds())


async def test_a_wallet_reads_its_resident_s_notices_page_by_page_the_newest_first(db: Database) -> None:
    async with db.transaction() as conn:
        wallet, other = await a_wallet(conn), await a_wallet(conn)
        ids = SeededIds()
        assert wallet.caller.resident_id is not None
        for fen in (100, 200, 300):
            await service.send(
                conn,
                bucket=0,
                resident_id=wallet.caller.resident_id,
                template=Template.TAP_PAID,
                params=PAID | {"amount_fen": fen},
                now=NOON,
                ids=ids,
            )
    async with toys(db, more=api.routes(bucket_count=1)) as toy:
        first = (await toy.client.get("/v1/wallet/notices?limit=2", headers=bearer(wallet.token))).json()
        address = f"/v1/wallet/notices?limit=2&before={first['next_before']}"
        second = (await toy.client.get(address, headers=bearer(wallet.token))).json()
        others = (await toy.client.get("/v1/wallet/notices", headers=bearer(other.token))).json()

    assert ["3.00", "2.00"] == [re.search(r"\d\.\d\d", each["en"]["text"])[0] for each in first["notices"]]  # type: ignore[index]
    assert 1 == len(second["notices"])
    assert second["next_before"] is None
    assert [] == others["notices"]


async def test_the_jobs_deliver_every_bucket_and_forget_what_was_told_long_ago(db: Database) -> None:
    gateway = Gateway()
    deliver, forget = jobs(gateway, bucket_count=2, notice_days=400)
    call = JobCall(database=db, clock=FixedClock(), ids=SeededIds())
    async with db.transaction() as conn:
        made_long_ago = [await tell(conn, bucket, now=NOON - timedelta(days=401)) for bucket in (0, 1)]
    await deliver.run(call)
    await forget.run(call)

    assert set(made_long_ago) <= set(gateway.sent)
    async with db.transaction() as conn:
        left = await conn.execute("SELECT count(*) FROM notices.notice WHERE notice_id = ANY (%s)", [made_long_ago])
        assert (0,) == await left.fetchone()


async def test_the_audit_finds_a_notice_of_no_known_template(db: Database) -> None:
    bucket = a_bucket()
    async with db.transaction() as conn:
        notice_id = await tell(conn, bucket)
        assert not [line for line in await audit(conn) if str(notice_id) in line]
        await conn.execute("UPDATE notices.notice SET template = 'none' WHERE bucket = %s", [bucket])
        assert [line for line in await audit(conn) if str(notice_id) in line]
        await conn.execute("DELETE FROM notices.notice WHERE bucket = %s", [bucket])
