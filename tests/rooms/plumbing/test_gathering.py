"""Works that arrive while others are served form the next batch, and each hears its own end."""

import asyncio
from collections.abc import Sequence

import pytest

from yikatong.app.http.reasons import Reason
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.gathering import Gathering

pytestmark = pytest.mark.anyio


class Kitchen:
    """Serves dishes in batches, and remembers which came together; closed, it lets nobody go."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.began = asyncio.Event()
        self.is_open = asyncio.Event()
        self.is_open.set()

    async def serve(self, dishes: Sequence[str]) -> list[str | Exception]:
        """Everything but stones."""
        self.batches.append(list(dishes))
        self.began.set()
        await self.is_open.wait()
        if "fire" in dishes:
            raise RuntimeError("the kitchen burns")
        return [ValueError(dish) if dish == "stone" else dish.upper() for dish in dishes]

    def line(self, *, batch_max: int = 4, line_max: int = 100) -> Gathering[str, str]:
        """Guests in line; a batch is of dishes with one first letter."""
        return Gathering(
            self.serve, key_of=lambda dish: dish[0], batch_max=batch_max, line_max=line_max, busy=Reason.SERVER_IS_BUSY
        )


async def test_who_comes_while_others_are_served_is_served_together_with_his_like() -> None:
    kitchen = Kitchen()
    line = kitchen.line()
    kitchen.is_open.clear()
    first = asyncio.create_task(line.submit("soup"))
    await kitchen.began.wait()
    others = [asyncio.create_task(line.submit(dish)) for dish in ("noodles", "rice", "nuts", "stew")]
    await asyncio.sleep(0)
    kitchen.is_open.set()

    assert ["SOUP", "NOODLES", "RICE", "NUTS", "STEW"] == [await one for one in (first, *others)]
    assert [["soup"], ["noodles", "nuts"], ["rice"], ["stew"]] == kitchen.batches
    await line.close()


async def test_a_batch_is_no_longer_than_it_may_be() -> None:
    kitchen = Kitchen()
    line = kitchen.line(batch_max=2)
    await asyncio.gather(*(line.submit("soup") for _ in range(5)))

    assert [2, 2, 1] == [len(batch) for batch in kitchen.batches]


async def test_an_end_that_is_an_error_is_raised_to_its_own_work_alone() -> None:
    line = Kitchen().line()
    ends = await asyncio.gather(line.submit("stone"), line.submit("soup"), return_exceptions=True)

    assert isinstance(ends[0], ValueError)
    assert "SOUP" == ends[1]


async def test_a_fault_of_a_batch_is_raised_to_all_of_it_and_the_next_is_served() -> None:
    line = Kitchen().line()
    ends = await asyncio.gather(line.submit("fire"), line.submit("fish"), return_exceptions=True)

    assert [RuntimeError, RuntimeError] == [type(end) for end in ends]
    assert "FISH" == await line.submit("fish")


async def test_a_line_that_is_full_or_closed_refuses() -> None:
    kitchen = Kitchen()
    line = kitchen.line(line_max=1)
    kitchen.is_open.clear()
    served = asyncio.create_task(line.submit("soup"))
    await kitchen.began.wait()
    waits = asyncio.create_task(line.submit("stew"))
    await asyncio.sleep(0)
    with pytest.raises(Refused) as refused:
        await line.submit("salad")
    closing = asyncio.create_task(line.close())
    await asyncio.sleep(0)
    kitchen.is_open.set()
    await closing

    assert Reason.SERVER_IS_BUSY is refused.value.reason
    assert "SOUP" == await served
    with pytest.raises(Refused):
        await waits
