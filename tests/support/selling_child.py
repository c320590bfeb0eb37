"""Tills that sell bikes in a process of their own, to be killed at any moment; they say what they were answered."""

import asyncio
import random
import sys

import msgspec

from tests.support.builders.follow_ups import id_of, refunded, reversed_by
from tests.support.builders.subsidised import OWN_FEN, PRICE_FEN, BikeStore, a_bike_store
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.database import Database
from yikatong.taps.model import Outcome, Receipt, TapBody

TILLS = 4


def say(**told: object) -> None:
    """One line for whoever started this process."""
    print(msgspec.json.encode(told).decode(), flush=True)  # noqa: T201  this is how it answers the test


async def sell(store: BikeStore, chance: random.Random) -> None:
    """One buyer after the other: some taps come twice, some are taken back, some bikes come back."""
    while True:
        buyer = await store.a_buyer(purse_fen=2 * OWN_FEN)
        await store.enters(buyer)
        bodies = [store.tap(buyer) for _ in range(chance.choice((1, 1, 2)))]
        receipts = await store.at_once([(body, None) for body in bodies])
        for receipt in receipts:
            say(tap=id_of(receipt).hex, admitted=receipt.outcome is Outcome.ADMITTED)
        paid = [pair for pair in zip(bodies, receipts, strict=True) if pair[1].outcome is Outcome.ADMITTED]
        await undo(store, paid, chance)


async def undo(store: BikeStore, paid: list[tuple[TapBody, Receipt]], chance: random.Random) -> None:
    """Some sales are taken back by their till, some by their buyer."""
    for body, receipt in paid:
        what = chance.randrange(4)
        if what == 0:
            await reversed_by(store.world, body)
            say(reversed=id_of(receipt).hex)
        if what == 1:
            await refunded(store.world, id_of(receipt), PRICE_FEN, request_id=f"return-{receipt.tap}"[:60])
            say(refunded=id_of(receipt).hex)


async def main(seed: str, conninfo: str, serving_conninfo: str) -> None:
    """Sell until killed."""
    address = ServerAddress(conninfo=conninfo, serving_conninfo=serving_conninfo or None)
    async with await Database.open(address) as database, a_bike_store(database) as store:
        say(provider=store.world.provider.id.hex, place=store.place, budget=store.budget.label)
        await asyncio.gather(*(sell(store, random.Random(f"{seed} {number}")) for number in range(TILLS)))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
