"""A till takes taps back, gives refunds, and brings to an end what stood open."""

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from tests.client.platform import Platform, Play, tap_id_of
from tests.client.world import ATTESTED, CODE, a_till, a_while_later
from tests.support.world import FixedClock
from yikatong.client.journal import Kind
from yikatong.client.problems import AnswerIsUnknown, Problem, RequestIsNotInTheJournal
from yikatong.client.receipts import Admitted, Refused, Reversal


def test_a_tap_is_taken_back_by_its_code_before_anyone_knows_its_id(platform: Platform, tmp_path: Path) -> None:
    platform.plays.extend([Play.CUT_AFTER] * 3)
    with a_till(platform, tmp_path) as till:
        with pytest.raises(AnswerIsUnknown):
            till.tap(item="meal", amount_fen=1_200, code=CODE, answers="00" * 8, request_id="request-1")
        done = till.reverse("request-1")

        assert Reversal(tap=tap_id_of("request-1"), found="admitted", already=False) == done
        assert [] == till.unfinished()
    sent = msgspec.json.decode(platform.heard[-1].body)
    assert {"request_id": "request-1", "code": CODE, "answers": "00" * 8, "item": "meal", "amount_fen": 1_200} == sent
    assert {} == platform.paid()


def test_a_late_original_is_refused_after_its_reversal(platform: Platform, tmp_path: Path) -> None:
    platform.plays.extend([Play.CUT_BEFORE] * 3)
    with a_till(platform, tmp_path) as till:
        with pytest.raises(AnswerIsUnknown):
            till.tap(item="meal", amount_fen=1_200, code=CODE, request_id="request-1")
        assert "nothing" == till.reverse("request-1").found

        late = till.tap(item="meal", amount_fen=1_200, code=CODE, request_id="request-1")

        assert isinstance(late, Refused)
        assert "TAP_WAS_REVERSED" == late.reason
    assert {} == platform.paid()


def test_an_acknowledged_tap_is_taken_back_by_its_id_once(platform: Platform, tmp_path: Path) -> None:
    with a_till(platform, tmp_path) as till:
        tap = till.tap(item="meal", amount_fen=1_200, code=CODE, request_id="request-1")
        assert isinstance(tap, Admitted)

        assert not till.reverse_tap(tap.receipt.tap).already
        assert till.reverse("request-1").already
        assert [] == till.unfinished()
    assert {} == platform.paid()


def test_a_reversal_that_nobody_answered_is_brought_to_an_end_before_its_original(
    platform: Platform, tmp_path: Path
) -> None:
    platform.plays.extend([Play.CUT_AFTER] * 6)
    with a_till(platform, tmp_path) as till:
        with pytest.raises(AnswerIsUnknown):
            till.tap(item="meal", amount_fen=1_200, code=CODE, request_id="request-1")
        with pytest.raises(AnswerIsUnknown):
            till.reverse("request-1")
        platform.heard.clear()

        assert [Kind.REVERSAL] == [found.kind for found in till.recover()]
        assert ["/v1/reversals"] == [heard.path for heard in platform.heard]
        assert [] == till.unfinished()
    assert {} == platform.paid()


def test_an_attested_tap_is_sent_again_to_learn_its_id_and_then_taken_back(platform: Platform, tmp_path: Path) -> None:
    platform.plays.extend([Play.CUT_AFTER] * 3)
    with a_till(platform, tmp_path) as till:
        with pytest.raises(AnswerIsUnknown):
            till.tap(item="meal", amount_fen=1_200, attested=ATTESTED, request_id="request-1")

        assert "admitted" == till.reverse("request-1").found
        assert [] == till.unfinished()
    assert {} == platform.paid()


def test_only_a_tap_of_the_journal_is_taken_back_by_its_request(platform: Platform, tmp_path: Path) -> None:
    with a_till(platform, tmp_path) as till, pytest.raises(RequestIsNotInTheJournal):
        till.reverse("request-1")


def test_a_refund_is_given_once_however_often_it_is_sent(platform: Platform, tmp_path: Path) -> None:
    platform.plays.extend([Play.ANSWER, Play.CUT_HALFWAY, Play.FAULT_AFTER])
    with a_till(platform, tmp_path) as till:
        tap = till.tap(item="meal", amount_fen=1_200, code=CODE)
        assert isinstance(tap, Admitted)
        refund = till.refund(tap.receipt.tap, 500, request_id="refund-01")

        assert (500, 700) == (refund.amount_fen, refund.left_fen)
        assert refund == till.refund(tap.receipt.tap, 500, request_id="refund-01")
        with pytest.raises(Problem) as problem:
            till.refund(tap.receipt.tap, 701)
        assert "REFUND_IS_MORE_THAN_PAID" == problem.value.reason
        assert [] == till.unfinished()
    assert {"refund-01": 500} == platform.refunds


def test_recover_takes_old_taps_back_and_sends_young_ones_again(platform: Platform, tmp_path: Path) -> None:
    platform.plays.extend([Play.CUT_AFTER] * 6)
    clock = FixedClock()
    with a_till(platform, tmp_path, clock=clock) as till:
        for request_id in ("old-request", "new-request"):
            with pytest.raises(AnswerIsUnknown):
                till.tap(item="meal", amount_fen=1_200, code=CODE, request_id=request_id)
            a_while_later(clock, minutes=5)

    with a_till(platform, tmp_path, clock=clock) as till:
        found = till.recover(reverse_older_than=timedelta(minutes=7))

        assert [("old-request", Reversal), ("new-request", Admitted)] == [
            (each.request_id, type(each.result)) for each in found
        ]
        assert [] == till.unfinished()
    assert {"new-request": 1_200} == platform.paid()


def test_recover_asks_how_a_tap_stands_that_cannot_be_taken_back(platform: Platform, tmp_path: Path) -> None:
    platform.plays.extend([Play.CUT_AFTER] * 3)
    with a_till(platform, tmp_path) as till:
        with pytest.raises(AnswerIsUnknown):
            till.tap(item="meal", amount_fen=1_200, code="unreadable", request_id="request-1")

        assert [Refused] == [type(found.result) for found in till.recover(reverse_all=True)]
        assert [] == till.unfinished()
