"""A terminal without a network: what it admits, what it refuses and in which order, what it remembers."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.world import NOON, FixedClock
from tests.terminal.world import (
    ALLOWANCE,
    DESK,
    ENTRY,
    MEAL,
    REGION,
    TILL,
    Till,
    a_code,
    a_phone,
    a_sheet,
    a_status_list,
    a_trust_list,
    an_allowance,
)
from yikatong.codes.model import OfflineAllowance
from yikatong.codes.rules.challenge import read_challenge
from yikatong.kernel.ids import show_id
from yikatong.kernel.outcomes import Refused
from yikatong.terminal.model import Taken, Uploaded
from yikatong.terminal.rules import left_of
from yikatong.trust import service as trust


def refusal(act: Callable[[], Any]) -> str:
    """The name of the reason for which something is refused."""
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.reason.name


def test_a_code_is_admitted_once_also_by_a_till_that_was_switched_off(tmp_path: Path) -> None:
    till, phone = Till(tmp_path / "m"), a_phone()
    till.hold_all()
    code = a_code(phone, NOON)

    assert 1 == till.kit.tap(item=ENTRY, code=code).sequence
    assert "CODE_WAS_SEEN_BEFORE" == refusal(lambda: till.kit.tap(item=ENTRY, code=code))
    till.memory.close()
    assert "CODE_WAS_SEEN_BEFORE" == refusal(lambda: Till(tmp_path / "m").kit.tap(item=ENTRY, code=code))


def test_what_was_fetched_is_held_by_a_till_that_was_switched_off(tmp_path: Path) -> None:
    till, phone = Till(tmp_path / "m"), a_phone()
    till.hold_all(an_allowance(phone))
    till.pay(phone)
    till.memory.close()
    again = Till(tmp_path / "m")

    assert {show_id("allowance", ALLOWANCE): 3_800} == again.kit.left_fen()
    assert 2 == again.pay(phone).sequence
    assert [1, 2] == [one.sequence for one in again.kit.admitted()]


def test_refusals_come_in_their_order_each_when_those_before_it_are_put_right(tmp_path: Path) -> None:
    clock = FixedClock()
    till, phone = Till(tmp_path / "m", clock=clock), a_phone()
    code = a_code(phone, NOON)

    def act(item: str = "unknown", amount_fen: int | None = None, text: str = "YK1:no") -> str:
        return refusal(lambda: till.kit.tap(item=item, amount_fen=amount_fen, code=text))

    found = [act()]
    till.kit.lists.hold_trust_list(a_trust_list(NOON), now=NOON)
    till.kit.lists.hold_sheet(a_sheet(an_allowance(phone)), now=NOON)
    clock.advance(-timedelta(hours=1))
    found.append(act())
    clock.set(NOON + timedelta(days=7))
    found.append(act())
    clock.set(NOON)
    found += [act(), act(MEAL), act(ENTRY, 5), act(MEAL, 10_001), act(ENTRY)]
    clock.set(NOON + timedelta(minutes=2))
    found.append(act(ENTRY, None, code))
    clock.set(NOON)
    found.append(act(ENTRY, None, code))
    till.kit.lists.hold_status_lists(REGION, [(0, a_status_list(NOON))], now=NOON)
    found += [act(DESK, None, code), act(MEAL, 5, code)]

    assert [
        "SHEET_IS_NOT_HELD",
        "TERMINAL_CLOCK_IS_BEHIND",
        "SHEET_IS_TOO_OLD",
        "ITEM_IS_NOT_SERVED_OFFLINE",
        "OFFLINE_AMOUNT_IS_MISSING",
        "OFFLINE_AMOUNT_IS_NOT_TAKEN",
        "OFFLINE_AMOUNT_IS_TOO_LARGE",
        "CODE_IS_NOT_READABLE",
        "CODE_IS_TOO_OLD",
        "STATUS_LIST_IS_MISSING",
        "CODE_MUST_ANSWER_THE_TERMINAL",
        "CODE_MUST_ANSWER_THE_TERMINAL",
    ] == found


def test_value_is_taken_only_from_an_allowance_of_this_key_within_its_time_and_amount(tmp_path: Path) -> None:
    phone, stranger = a_phone(), a_phone()
    clock = FixedClock()
    till = Till(tmp_path / "m", clock=clock)
    till.hold_all(an_allowance(phone, amount_fen=2_000, accept_until=NOON + timedelta(hours=2)))
    till.pay(phone)

    assert "ALLOWANCE_IS_NOT_HELD" == refusal(lambda: till.pay(stranger))
    assert "ALLOWANCE_IS_USED_UP" == refusal(lambda: till.pay(phone, 801))
    clock.advance(timedelta(hours=2))
    assert "ALLOWANCE_HAS_ENDED" == refusal(lambda: till.pay(phone, 800))


def test_an_answer_counts_for_the_challenge_amount_and_item_that_were_asked_and_once(tmp_path: Path) -> None:
    till, phone = Till(tmp_path / "m"), a_phone()
    till.hold_all(an_allowance(phone))
    asked = till.kit.challenge(MEAL, 500)
    answer = read_challenge(asked.text, now=NOON)

    def send(amount_fen: int, nonce: str | None = asked.nonce) -> Any:
        code = a_code(phone, NOON, answer=answer)
        return till.kit.tap(item=MEAL, amount_fen=amount_fen, code=code, answers=nonce)

    assert "CODE_ANSWERS_ANOTHER_AMOUNT" == refusal(lambda: send(400))
    assert "CODE_ANSWERS_ANOTHER_CHALLENGE" == refusal(lambda: send(500, None))
    assert 1 == send(500).sequence
    assert "CODE_ANSWERS_ANOTHER_CHALLENGE" == refusal(lambda: send(500))


@pytest.mark.parametrize(
    ("status", "reason"), [(trust.INVALID, "CERTIFICATE_IS_REVOKED"), (trust.SUSPENDED, "CERTIFICATE_IS_SUSPENDED")]
)
def test_a_stopped_certificate_is_refused(tmp_path: Path, status: int, reason: str) -> None:
    till = Till(tmp_path / "m")
    till.hold_all(stopped={5: status})

    assert reason == refusal(lambda: till.enter(a_phone(place=5)))
    assert 1 == till.enter(a_phone(place=6)).sequence


def test_each_item_has_its_own_largest_age_of_the_status_list(tmp_path: Path) -> None:
    clock = FixedClock()
    till, phone = Till(tmp_path / "m", clock=clock), a_phone()
    till.hold_all(days=3)

    def desk() -> Any:
        asked = till.kit.challenge(DESK)
        code = a_code(phone, clock.now(), answer=read_challenge(asked.text, now=clock.now()))
        return till.kit.tap(item=DESK, code=code, answers=asked.nonce)

    clock.set(NOON + timedelta(hours=12))
    assert 1 == desk().sequence
    clock.advance(timedelta(seconds=1))
    assert "STATUS_LIST_IS_TOO_OLD" == refusal(desk)
    assert 2 == till.enter(phone).sequence
    clock.set(NOON + timedelta(hours=24, seconds=1))
    assert "STATUS_LIST_IS_TOO_OLD" == refusal(lambda: till.enter(phone))


def test_older_lists_and_sheets_of_others_change_nothing(tmp_path: Path) -> None:
    clock = FixedClock()
    till, phone = Till(tmp_path / "m", clock=clock), a_phone()
    till.hold_all(an_allowance(phone))
    later = NOON + timedelta(hours=1)
    before = NOON - timedelta(hours=1)
    hold = till.kit.lists

    assert "SHEET_IS_ROLLED_BACK" == refusal(lambda: hold.hold_sheet(a_sheet(now=before), now=later))
    assert "SHEET_IS_NOT_READABLE" == refusal(lambda: hold.hold_sheet(b"sheet", now=later))
    assert "STATUS_LIST_IS_ROLLED_BACK" == refusal(
        lambda: hold.hold_status_lists(REGION, [(0, a_status_list(before))], now=NOON)
    )
    forged = bytearray(a_sheet(now=later))
    forged[-1] ^= 1
    assert "SIGNATURE_DOES_NOT_MATCH" == refusal(lambda: hold.hold_sheet(bytes(forged), now=later))
    assert 1 == till.pay(phone).sequence


@given(
    amount_fen=st.integers(0, 5_000),
    posted_fen=st.integers(0, 6_000),
    fen=st.integers(0, 6_000),
    uncounted_fen=st.integers(0, 6_000),
)
@settings(max_examples=200)
def test_what_is_left_never_counts_less_than_was_taken_or_posted(
    amount_fen: int, posted_fen: int, fen: int, uncounted_fen: int
) -> None:
    allowance: OfflineAllowance = an_allowance(a_phone_once(), amount_fen=amount_fen, posted_fen=posted_fen)
    left = left_of(allowance, {ALLOWANCE: Taken(fen=fen, uncounted_fen=uncounted_fen)})

    assert 0 <= left <= amount_fen
    assert 0 == left or left + fen <= amount_fen
    assert 0 == left or left + posted_fen + uncounted_fen <= amount_fen


_PHONE = a_phone()


def a_phone_once() -> Any:
    """One phone for all examples."""
    return _PHONE


def test_what_was_refused_at_upload_is_free_again_and_what_was_posted_is_not(tmp_path: Path) -> None:
    till, phone = Till(tmp_path / "m"), a_phone()
    till.hold_all(an_allowance(phone))
    for _ in range(2):
        till.pay(phone)
    for sequence, outcome in ((1, "posted"), (2, "refused")):
        said = Uploaded(sequence=sequence, outcome=outcome, decided_at=NOON)
        with till.memory.writing():
            till.memory.answer(TILL, said)

    assert {show_id("allowance", ALLOWANCE): 3_800} == till.kit.left_fen()
    assert [] == till.kit.admitted()
