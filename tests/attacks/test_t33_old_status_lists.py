"""T33 Old status lists (docs/threats.md): a stopped card is kept alive by old lists, and by old or false deltas."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.world import NOON, FixedClock
from tests.terminal.world import (
    ENTRY,
    REGION,
    Till,
    a_code,
    a_phone,
    a_status_delta,
    a_status_list,
    a_trust_list,
    an_allowance,
)
from yikatong.kernel.outcomes import Refused
from yikatong.trust import service as trust

FIVE = timedelta(minutes=5)


def test_a_terminal_that_knows_of_a_stop_cannot_be_made_to_forget_it(tmp_path: Path) -> None:
    till = Till(tmp_path / "m", clock=FixedClock())
    till.hold_all()
    stopped = {5: trust.INVALID}
    lists = till.kit.lists
    lists.hold_status_deltas(REGION, [a_status_delta({}, stopped, base=NOON, now=NOON + FIVE)], now=NOON + FIVE)
    till.clock.set(NOON + 2 * FIVE)
    now = till.clock.now()
    before = a_status_delta({}, {}, base=NOON - FIVE, now=NOON)
    beside = a_status_delta({}, {}, base=NOON, now=now)
    false = a_status_delta({}, {}, base=NOON + FIVE, now=now)

    found = []
    for attack in (
        lambda: lists.hold_status_lists(REGION, [(0, a_status_list(NOON))], now=now),
        lambda: lists.hold_status_deltas(REGION, [before], now=now),
        lambda: lists.hold_status_deltas(REGION, [beside], now=now),
        lambda: lists.hold_status_deltas(REGION, [false], now=now),
        lambda: till.enter(a_phone(place=5)),
    ):
        with pytest.raises(Refused) as refused:
            attack()
        found.append(refused.value.reason.name)

    assert [
        "STATUS_LIST_IS_ROLLED_BACK",
        "STATUS_DELTA_IS_ROLLED_BACK",
        "STATUS_DELTA_LEAVES_A_GAP",
        "STATUS_DELTA_DOES_NOT_ADD_UP",
        "CERTIFICATE_IS_REVOKED",
    ] == found


@pytest.mark.parametrize("is_opened_again", [False, True])
@pytest.mark.parametrize("left", [(), (1,)], ids=["nothing", "another block"])
def test_a_block_that_was_left_out_comes_back_no_older(
    tmp_path: Path, left: tuple[int, ...], is_opened_again: bool
) -> None:
    till = Till(tmp_path / "m", clock=FixedClock())
    till.hold_all()
    later = NOON + FIVE
    till.clock.set(later)
    stopped = a_status_list(later, stopped={5: trust.INVALID})
    till.kit.lists.hold_status_lists(REGION, [(0, stopped)], now=later)
    till.kit.lists.hold_status_lists(REGION, [(one, a_status_list(later, number=one)) for one in left], now=later)
    if is_opened_again:
        till = Till(tmp_path / "m", clock=till.clock)

    with pytest.raises(Refused, match="STATUS_LIST_IS_ROLLED_BACK"):
        till.kit.lists.hold_status_lists(REGION, [(0, a_status_list(NOON))], now=later)
    with pytest.raises(Refused, match="STATUS_LIST_IS_MISSING"):
        till.enter(a_phone(place=5))
    till.kit.lists.hold_status_lists(REGION, [(0, stopped)], now=later)
    with pytest.raises(Refused, match="CERTIFICATE_IS_REVOKED"):
        till.enter(a_phone(place=5))


def test_a_till_that_shares_a_memory_makes_no_trust_list_older(tmp_path: Path) -> None:
    one, other = (Till(tmp_path / "m", clock=FixedClock()) for _ in range(2))
    first = a_trust_list()
    for till in (one, other):
        till.kit.lists.hold_trust_list(first, now=NOON)
    one.kit.lists.hold_trust_list(a_trust_list(sequence=3, revoked_at=NOON), now=NOON)

    with pytest.raises(Refused, match="TRUST_LIST_IS_ROLLED_BACK"):
        other.kit.lists.hold_trust_list(a_trust_list(sequence=2), now=NOON)

    held = Till(tmp_path / "m", clock=FixedClock()).kit.lists.trust_list
    assert held is not None
    assert 3 == held.sequence


def test_a_clock_that_runs_ahead_makes_a_till_forget_no_code(tmp_path: Path) -> None:
    till = Till(tmp_path / "m", clock=FixedClock())
    phone = a_phone()
    till.hold_all(an_allowance(phone, amount_fen=1_200))
    till.pay(phone)
    code = a_code(phone, NOON)
    till.kit.tap(item=ENTRY, code=code)
    till.clock.set(NOON + timedelta(days=3_650))
    till.kit.forget()
    till.clock.set(NOON)

    with pytest.raises(Refused, match="CODE_WAS_SEEN_BEFORE"):
        till.kit.tap(item=ENTRY, code=code)
    with pytest.raises(Refused, match="ALLOWANCE_IS_USED_UP"):
        till.pay(phone)
