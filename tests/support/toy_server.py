"""A server of the toy routes in a process of its own: `python -m tests.support.toy_server FOLDER`.

It writes its address and the tokens of an operator and a wallet to files in the folder.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from tests.support.builders.access import an_operator
from tests.support.builders.http import BUCKET_COUNT, Shelf, toy_routes
from tests.support.builders.trust import a_holder_of_the_leaf_secret
from yikatong.access import api as access_api
from yikatong.access import service as access
from yikatong.app.house import House
from yikatong.app.http.application import build_app
from yikatong.app.http.frame import Frame
from yikatong.app.http.server import run_server
from yikatong.notices import api as notices_api
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.clock import SystemClock
from yikatong.plumbing.database import Database
from yikatong.plumbing.http import CallerKind
from yikatong.plumbing.ids import SystemIds
from yikatong.plumbing.metrics import share_among_workers
from yikatong.plumbing.settings import Settings
from yikatong.sealing import service as sealing


@asynccontextmanager
async def compose(settings: Settings, address: ServerAddress) -> AsyncIterator[Frame]:
    """The application of one worker."""
    sealing.mark_leaves_by(a_holder_of_the_leaf_secret())
    async with await Database.open(address) as database:
        house = House(settings=settings, database=database, clock=SystemClock(), ids=SystemIds())
        routes = (
            *toy_routes(Shelf()),
            *access_api.routes(bucket_count=BUCKET_COUNT),
            *notices_api.routes(bucket_count=BUCKET_COUNT),
        )
        yield build_app(house, routes)


async def write_tokens(address: ServerAddress, folder: Path) -> None:
    """Sign an operator and a wallet in."""
    now, ids = datetime.now(UTC), SystemIds()
    async with await Database.open(address) as database, database.transaction() as conn:
        operator = await an_operator(conn, now=now)
        device_id = ids.new()
        session = await access.open_session(
            conn,
            kind=CallerKind.WALLET,
            subject_id=device_id,
            region=operator.caller.region,
            resident_id=ids.new(),
            device_id=device_id,
            now=now,
            ids=ids,
        )
    (folder / "operator").write_text(operator.token)
    (folder / "wallet").write_text(session.token)


def main(folder: Path) -> None:
    """Serve until told to end."""
    address = ServerAddress(
        conninfo=os.environ["YIKATONG_TESTS_OWNER"],
        serving_conninfo=os.environ["YIKATONG_TESTS_SERVING"] or None,
    )
    asyncio.run(write_tokens(address, folder))
    settings = Settings(data_folder=str(folder), port=0, workers=2, log_level="error")

    def tell(where: str) -> None:
        (folder / "address").write_text(where)

    share_among_workers(folder / "metrics")
    run_server(settings, address=address, compose=compose, tell=tell)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
