"""Disputes: both sides are heard, operators decide, sometimes two at once and for different sides."""

import asyncio
from random import Random
from uuid import UUID

from tests.simulator.week.journal import Late
from tests.simulator.week.office import ANSWERS, DECISIONS, STATES, Office
from tests.simulator.week.outpost import Outpost
from tests.simulator.week.place import Place
from yikatong.kernel.ids import read_id


class Court:
    """Hears every dispute of which an outpost was told, once."""

    def __init__(self, place: Place, office: Office, random: Random) -> None:
        self._place = place
        self._office = office
        self._random = random
        self._heard: set[UUID] = set()
        self.decided: dict[UUID, str] = {}

    async def hear(self, outpost: Outpost) -> None:
        """Hear what came up since."""
        for said in outpost.uploaded:
            if said.outcome == "disputed" and said.tap is not None:
                tap_id = read_id("tap", said.tap)
                if tap_id not in self._heard:
                    self._heard.add(tap_id)
                    await self._hear(tap_id)

    async def _hear(self, tap_id: UUID) -> None:
        late = next(one for one in self._place.journal if isinstance(one, Late) and one.row.tap_id == tap_id)
        resident, fen, command = late.sent.resident, late.sent.fen, self._office.command
        agrees = (self._place.seed + len(self._heard)) % 2 == 0
        sides = [command(STATES, resident, tap_id=tap_id), command(ANSWERS[not agrees], resident, tap_id=tap_id)]
        if self._random.random() < 0.3:
            sides.append(command(ANSWERS[agrees], resident, tap_id=tap_id))
        for_whom, against = list(DECISIONS) if agrees else list(DECISIONS)[::-1]
        if self._random.random() < 0.3:
            sides.append(command(against, resident, fen=fen, tap_id=tap_id))
        await asyncio.gather(*sides, asyncio.sleep(self._random.choice((0.0, 0.01, 3_600.0))))
        came_to = await command(for_whom, resident, fen=fen, tap_id=tap_id)
        if came_to == "BALANCE_IS_TOO_LOW":
            await command("top up", resident, fen=2 * fen)
            came_to = await command(for_whom, resident, fen=fen, tap_id=tap_id)
        if came_to in ("done", "already"):
            self.decided[tap_id] = for_whom
            self._place.history.write(f"a dispute of {fen} is decided: {for_whom}")
            await command(against, resident, fen=fen, tap_id=tap_id)
