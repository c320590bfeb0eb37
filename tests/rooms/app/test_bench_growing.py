"""Those who tap among many cards are spread over all of them."""

from uuid import UUID

from yikatong.app.bench.growing import spread
from yikatong.app.bench.shop import Refreshing
from yikatong.kernel.ids import DeviceId, ResidentId

PEOPLE = [Refreshing(ResidentId(UUID(int=at)), DeviceId(UUID(int=at)), b"") for at in range(10)]


def test_some_of_many_are_as_far_apart_as_can_be() -> None:
    assert [0, 3, 6] == [PEOPLE.index(one) for one in spread(PEOPLE, 3)]


def test_more_than_there_are_is_all() -> None:
    assert PEOPLE == spread(PEOPLE, 11)
    assert [] == spread(PEOPLE, 0)
