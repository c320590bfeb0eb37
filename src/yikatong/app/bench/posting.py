"""One process that posts transfers through the ledger's batch entry, as many as it can."""

import asyncio
import time
from collections.abc import Sequence
from itertools import count
from multiprocessing.connection import Connection
from uuid import UUID

import msgspec

from yikatong.app.keys import open_keys
from yikatong.kernel.ids import ResidentId, TransferId
from yikatong.kernel.outcomes import Change
from yikatong.ledger import service as ledger
from yikatong.ledger.model import AccountKind, AccountName, Leg, TransferDraft, TransferKind, name_account
from yikatong.lines.rules import account_of_source
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.clock import SystemClock
from yikatong.plumbing.database import Database
from yikatong.plumbing.ids import SystemIds
from yikatong.plumbing.pipeline import BatchConnection
from yikatong.plumbing.settings import Settings
from yikatong.sealing import service as sealing


class PostingOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What one process posts: batches of transfers from payers' purses, in turn, to providers in turn."""

    bucket: int
    writer: int
    payers: tuple[UUID, ...]
    payees: tuple[UUID, ...]
    batch: int
    seconds: float


class Posted(msgspec.Struct, frozen=True):
    """What one process posted, in how many seconds."""

    transfers: int
    seconds: float


def run_posting(order: PostingOrder, settings: Settings, address: ServerAddress, result: Connection) -> None:
    """Post for so long, and send back what was posted; the main function of its process."""
    result.send_bytes(msgspec.json.encode(asyncio.run(_run(order, settings, address))))


async def _run(order: PostingOrder, settings: Settings, address: ServerAddress) -> Posted:
    clock = SystemClock()
    ids = SystemIds(clock)
    seals = sealing.Writer(open_keys(settings, clock=clock, ids=ids), ids=ids)
    numbers = count()
    purses = [account_of_source(ResidentId(payer), "purse") for payer in order.payers]
    receivables = [name_account(payee, AccountKind.PROVIDER_RECEIVABLE) for payee in order.payees]
    async with await Database.open(address) as database:
        conn = await BatchConnection.over(await database.connect_serving())
        posted, began = 0, time.perf_counter()
        while time.perf_counter() < began + order.seconds:
            now = clock.now()
            drafts = [_draft(next(numbers), purses, receivables, ids) for _ in range(order.batch)]
            outcomes = await ledger.post_pipelined(
                conn, bucket=order.bucket, writer=order.writer, seals=seals, drafts=drafts, now=now
            )
            refused = next((outcome for outcome in outcomes if outcome is not Change.DONE), None)
            if refused is not None:
                raise RuntimeError(f"a transfer was not posted: {refused}")
            posted += len(outcomes)
        took = time.perf_counter() - began
        await conn.close()
    return Posted(posted, took)


def _draft(
    number: int, purses: Sequence[AccountName], receivables: Sequence[AccountName], ids: SystemIds
) -> TransferDraft:
    purse, receivable = purses[number % len(purses)], receivables[number % len(receivables)]
    return TransferDraft(
        TransferId(ids.new()), TransferKind.CORRECTION, ids.new(), (Leg(purse, -1), Leg(receivable, 1))
    )
