"""T33 Old status lists (docs/threats.md): a stopped card is kept alive by old lists, and by old or false deltas."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.world import NOON, FixedClock
from tests.terminal.world import REGION, Till, a_phone, a_status_delta, a_status_list
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
