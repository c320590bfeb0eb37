"""Claims that are paid later, for longer than the week: their rosters are public for seven working days."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

from tests.simulator.week.claimants import DAY_SECONDS, Claimants
from tests.simulator.week.network import Network
from tests.simulator.week.place import Place
from tests.simulator.week.treasury import Treasury

_CLAIMS_A_DAY = 1.1
_FIRST_TURNS_A_DAY, _LATER_TURNS_A_DAY, _BANK_DAYS_A_DAY = 1.3, 3.2, 3.2
"""For each day of the week that is lived; a whole week has seven times as many."""
_TAKEN_IN_DAYS = (1.3, 4.0)
_PAID_IN_DAYS = (10.5, 25.0)


class PaidLater:
    """The town's claimants, its treasury, and its banks, over a network of their own."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._random = Random(place.seed + 40)
        self.network = Network(Random(place.seed + 41), place.history, place.workers)
        self.claimants = Claimants(place, self.network, Random(place.seed + 42))
        self.treasury = Treasury(place, self.network, self.claimants, Random(place.seed + 43))

    async def live(self) -> None:
        """Claims in the first days; turns of the treasury before and after the publicity, and the banks' days."""
        turn = self.treasury.take_a_turn
        await asyncio.gather(
            *self._sometimes(_CLAIMS_A_DAY, (0.0, 0.2 * self._place.days), self.claimants.trade_in),
            *self._sometimes(_FIRST_TURNS_A_DAY, _TAKEN_IN_DAYS, turn),
            *self._sometimes(_LATER_TURNS_A_DAY, _PAID_IN_DAYS, turn),
            *self._sometimes(_BANK_DAYS_A_DAY, _PAID_IN_DAYS, self._bank_at_work),
        )
        await self.network.be_quiet()
        await self.treasury.end()

    def _sometimes(
        self, a_day: float, between: tuple[float, float], deed: Callable[[], Awaitable[None]]
    ) -> list[Awaitable[None]]:
        """As many deeds as belong to the days that are lived, each somewhere in its own share of the time."""
        count, (first, last) = max(1, round(a_day * self._place.days)), between
        share = (last - first) / count
        return [self._at(first + share * (number + self._random.random()), deed) for number in range(count)]

    async def _at(self, day: float, deed: Callable[[], Awaitable[None]]) -> None:
        await asyncio.sleep(day * DAY_SECONDS)
        await deed()

    async def _bank_at_work(self) -> None:
        for bank in self._place.town.banks.values():
            bank.be_at_work()
