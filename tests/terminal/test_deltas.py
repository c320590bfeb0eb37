"""A terminal brings its status lists up to date by deltas: in order, whole or not at all, else by whole lists."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.world import NOON, FixedClock
from tests.terminal.world import (
    REGION,
    Till,
    a_phone,
    a_sheet,
    a_status_delta,
    a_status_list,
    a_trust_list,
)
from yikatong.kernel.outcomes import Refused
from yikatong.terminal.platform import PlatformIsAway
from yikatong.trust import service as trust

FIVE = timedelta(minutes=5)
STOPPED: list[dict[int, int]] = [{}, {5: trust.INVALID}, {5: trust.INVALID, 6: trust.SUSPENDED}, {5: trust.INVALID}]
"""What is stopped at noon and at each publication after it."""


def at(number: int) -> datetime:
    """When a publication was issued."""
    return NOON + number * FIVE


def the_delta(base: int, number: int) -> bytes:
    """The delta that leads from one publication to another."""
    return a_status_delta(STOPPED[base], STOPPED[number], base=at(base), now=at(number))


def refusal(act: Callable[[], Any]) -> str:
    """The name of the reason for which something is refused."""
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.reason.name


def a_till(file: Path) -> Till:
    """A till that holds the lists of noon; its clock stands a quarter of an hour later."""
    clock = FixedClock()
    till = Till(file, clock=clock)
    till.hold_all()
    clock.set(at(3))
    return till


def hold(till: Till, *deltas: bytes) -> None:
    """Hold deltas."""
    till.kit.lists.hold_status_deltas(REGION, deltas, now=till.clock.now())


def says(till: Till) -> tuple[datetime | None, list[int]]:
    """Of when the lists are that a till holds, and what they say of places 5 and 6."""
    held = till.kit.lists.status_list(REGION, 0, now=till.clock.now())
    assert held is not None
    assert held.issued_at == till.kit.lists.edition_issued_at(REGION)
    return held.issued_at, [trust.status_at(held, place) for place in (5, 6)]


def test_deltas_in_order_lead_where_whole_lists_lead_also_after_a_restart(tmp_path: Path) -> None:
    till = a_till(tmp_path / "m")
    seen = [says(till)]
    for number in range(1, 4):
        hold(till, the_delta(number - 1, number))
        seen.append(says(till))
    till.memory.close()
    again = Till(tmp_path / "m", clock=till.clock)

    assert [(at(0), [0, 0]), (at(1), [1, 0]), (at(2), [1, 2]), (at(3), [1, 0])] == seen
    assert (at(3), [1, 0]) == says(again)
    assert "CERTIFICATE_IS_REVOKED" == refusal(lambda: again.enter(a_phone(place=5)))
    assert 1 == again.enter(a_phone(place=6)).sequence


def test_a_delta_over_several_publications_and_a_run_of_deltas_lead_to_the_same(tmp_path: Path) -> None:
    at_once, one_by_one = a_till(tmp_path / "a"), a_till(tmp_path / "b")
    hold(at_once, the_delta(0, 3))
    hold(one_by_one, the_delta(0, 1), the_delta(1, 2), the_delta(2, 3))

    assert says(at_once) == says(one_by_one)


def test_the_age_counts_from_the_newest_delta(tmp_path: Path) -> None:
    till = a_till(tmp_path / "m")
    hold(till, the_delta(0, 3))
    till.kit.lists.hold_sheet(a_sheet(now=at(3)), now=at(3))
    till.clock.set(at(3) + timedelta(hours=23, minutes=59))

    assert 1 == till.enter(a_phone(place=9)).sequence
    till.clock.set(at(3) + timedelta(hours=24, seconds=1))
    assert "STATUS_LIST_IS_EXPIRED" == refusal(lambda: till.enter(a_phone(place=9)))


def another_region() -> bytes:
    """A delta whose region is another one."""
    return a_status_delta({}, {5: 1}, base=at(1), now=at(2), region="990102")


def forged() -> bytes:
    """A delta with a place put right again by somebody."""
    signed = the_delta(1, 2)
    return signed[:-1] + bytes((signed[-1] ^ 1,))


BAD: dict[str, tuple[str, Callable[[], bytes]]] = {
    "forged": ("SIGNATURE_DOES_NOT_MATCH", forged),
    "reordered": ("STATUS_DELTA_LEAVES_A_GAP", lambda: the_delta(2, 3)),
    "older": ("STATUS_DELTA_IS_ROLLED_BACK", lambda: a_status_delta({}, {}, base=NOON - FIVE, now=at(0))),
    "over what is held": ("STATUS_DELTA_LEAVES_A_GAP", lambda: the_delta(0, 3)),
    "of another region": ("STATUS_DELTA_IS_OF_ANOTHER_REGION", another_region),
    "too large": ("STATUS_DELTA_IS_NOT_READABLE", lambda: the_delta(1, 2) + bytes(512 * 1024)),
    "not one": ("STATUS_DELTA_IS_NOT_READABLE", lambda: b"delta"),
    "of other lists": (
        "STATUS_DELTA_DOES_NOT_ADD_UP",
        lambda: a_status_delta({5: 1, 9: 1}, {5: 1, 9: 1}, base=at(1), now=at(2)),
    ),
    "from the future": (
        "STATUS_LIST_IS_FROM_THE_FUTURE",
        lambda: a_status_delta(STOPPED[1], {}, base=at(1), now=at(4)),
    ),
    "expired": (
        "STATUS_LIST_IS_EXPIRED",
        lambda: a_status_delta(STOPPED[1], {}, base=at(1), now=at(2), expires_at=at(3)),
    ),
    "a whole list": ("STATUS_DELTA_IS_NOT_READABLE", lambda: a_status_list(at(2))),
    "a sheet": ("STATUS_DELTA_IS_NOT_READABLE", lambda: a_sheet(now=at(2))),
}


@pytest.mark.parametrize("what", BAD)
def test_a_delta_that_is_not_right_leaves_what_is_held_untouched(tmp_path: Path, what: str) -> None:
    reason, bad = BAD[what]
    till = a_till(tmp_path / "m")
    hold(till, the_delta(0, 1))
    before = (says(till), _rows(till))

    assert reason == refusal(lambda: hold(till, bad()))
    assert before == (says(till), _rows(till))
    hold(till, the_delta(1, 2))
    assert (at(2), [1, 2]) == says(till)


def _rows(till: Till) -> list[tuple[str, bytes]]:
    return till.memory.held_under("status ")


def test_the_same_delta_again_changes_nothing_and_whole_lists_of_before_are_refused(tmp_path: Path) -> None:
    till = a_till(tmp_path / "m")
    hold(till, the_delta(0, 2))
    hold(till, the_delta(0, 2), the_delta(1, 2))

    assert "STATUS_LIST_IS_ROLLED_BACK" == refusal(
        lambda: till.kit.lists.hold_status_lists(REGION, [(0, a_status_list(at(1)))], now=till.clock.now())
    )
    assert (at(2), [1, 2]) == says(till)


def test_of_a_run_those_before_a_bad_one_stand(tmp_path: Path) -> None:
    till = a_till(tmp_path / "m")

    assert "SIGNATURE_DOES_NOT_MATCH" == refusal(lambda: hold(till, the_delta(0, 1), forged(), the_delta(1, 2)))
    assert (at(1), [1, 0]) == says(till)


def test_without_lists_of_one_instant_no_delta_builds_on_anything(tmp_path: Path) -> None:
    till = Till(tmp_path / "m", clock=FixedClock())
    till.kit.lists.hold_trust_list(a_trust_list(), now=NOON)

    assert till.kit.lists.edition_issued_at(REGION) is None
    assert "STATUS_DELTA_LEAVES_A_GAP" == refusal(
        lambda: hold(till, a_status_delta({}, {}, base=NOON - FIVE, now=NOON))
    )


def test_two_tills_on_one_memory_see_the_lists_that_the_other_fetched(tmp_path: Path) -> None:
    first = a_till(tmp_path / "m")
    second = Till(tmp_path / "m", clock=first.clock)
    before = says(second)
    hold(first, the_delta(0, 1))

    assert (at(0), [0, 0]) == before
    assert (at(1), [1, 0]) == says(second)


def test_lists_of_a_key_that_is_revoked_count_no_more(tmp_path: Path) -> None:
    till = a_till(tmp_path / "m")
    hold(till, the_delta(0, 1))
    says(till)
    till.kit.lists.hold_trust_list(a_trust_list(at(2), sequence=2, revoked_at=at(2)), now=at(3))

    assert till.kit.lists.status_list(REGION, 0, now=at(3)) is None


class Line:
    """A platform that gives what it is told to, and counts what it is asked."""

    def __init__(self, deltas: list[bytes] | None) -> None:
        self.deltas = deltas
        self.asked: list[str] = []

    def trust_list(self) -> bytes:
        """A list of a little later."""
        return a_trust_list(at(1), sequence=2)

    def status_lists(self, region: str) -> list[tuple[int, bytes]]:
        """The whole lists of now."""
        self.asked.append("lists")
        return [(0, a_status_list(at(3), stopped=STOPPED[3]))]

    def status_deltas(self, region: str, *, since: datetime) -> list[bytes] | None:
        """Deltas, whatever is held."""
        self.asked.append(f"deltas since {since:%H:%M}")
        return self.deltas

    def sheet(self) -> bytes:
        """A sheet of now."""
        return a_sheet(now=at(3))

    def upload(self, body: bytes) -> Any:
        """Not asked here."""
        raise PlatformIsAway


@pytest.mark.parametrize(
    ("deltas", "falls_back"),
    [
        (lambda: [the_delta(0, 1), the_delta(1, 3)], False),
        (lambda: None, True),
        (lambda: [the_delta(2, 3)], True),
        (lambda: [the_delta(0, 1), forged()], True),
    ],
)
def test_a_till_that_fetches_asks_for_deltas_and_where_they_do_not_fit_for_whole_lists(
    tmp_path: Path, deltas: Callable[[], list[bytes] | None], falls_back: bool
) -> None:
    till, line = a_till(tmp_path / "m"), Line(deltas())
    till.kit.fetch(line)

    assert [f"deltas since {NOON:%H:%M}", *(["lists"] if falls_back else [])] == line.asked
    assert (at(3), [1, 0]) == says(till)


def test_a_till_without_lists_fetches_them_whole(tmp_path: Path) -> None:
    till, line = Till(tmp_path / "m", clock=FixedClock()), Line([])
    till.clock.set(at(3))
    till.kit.fetch(line)

    assert ["lists"] == line.asked
    assert (at(3), [1, 0]) == says(till)
