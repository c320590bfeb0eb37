"""A relay in a process of its own that stops in the middle of a delivery, to be killed there."""

import asyncio
import sys

from yikatong.plumbing import versions
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.clock import SystemClock
from yikatong.plumbing.database import Connection, Database
from yikatong.plumbing.outbox import Event, Relay, one_by_one


async def _write_and_stop(conn: Connection, event: Event) -> None:
    await versions.bump(conn, subject=event.topic)
    print("effect written, not committed", flush=True)  # noqa: T201  this is how it answers the test
    await asyncio.Event().wait()


async def main(topic: str, conninfo: str, serving_conninfo: str) -> None:
    """Relay until the topic's event is in hand."""
    address = ServerAddress(conninfo=conninfo, serving_conninfo=serving_conninfo or None)
    async with await Database.open(address) as database:
        relay = Relay(database, clock=SystemClock(), subscribers={topic: [one_by_one(_write_and_stop)]})
        while True:
            await relay.run_once()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
