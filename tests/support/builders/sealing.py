"""A sealed log at work: taps and records that enter it, the sealer, a witness, the audit."""

import base64
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import anyio.from_thread
import msgspec

from simulator.witness import SimulatedWitness
from tests.support.builders.counter import CounterWorld, Phone, a_counter_world
from tests.support.builders.follow_ups import id_of, refunded, reversed_by
from tests.support.builders.ledger import a_hold_draft
from tests.support.database import a_fresh_database, build_schema
from yikatong.access import service as access
from yikatong.app.audits.log import audit_log_in, run_log_audit
from yikatong.kernel.ids import TransferId
from yikatong.kernel.instants import day_of, start_of
from yikatong.kernel.outcomes import Refused
from yikatong.ledger import service as ledger
from yikatong.ledger.model import AccountKind, name_account
from yikatong.payouts import service as payouts
from yikatong.plumbing.database import Connection, Database
from yikatong.plumbing.settings import Settings
from yikatong.sealing import service as sealing
from yikatong.sealing.audit import LogAudit
from yikatong.sealing.model import Head, Seal
from yikatong.sealing.outside import Witness
from yikatong.taps.model import Receipt
from yikatong.terminal.model import Included
from yikatong.trust.model import VerifyingKey

SETTINGS = Settings()
T = TypeVar("T")


@asynccontextmanager
async def a_log_of_its_own(beside: Database) -> AsyncIterator["LogWorld"]:
    """A counter whose taps enter a log, on a database that nothing else writes to."""
    with a_fresh_database(beside.address.conninfo) as address:
        assert {} == build_schema(address.conninfo)
        async with await Database.open(address) as database, a_counter_world(database) as world:
            yield LogWorld(world)


class _Undo(Exception):  # noqa: N818  it ends a transaction that was only tried
    """Roll back."""


class LogWorld:
    """A counter world and its log."""

    def __init__(self, world: CounterWorld) -> None:
        self.world = world
        self.sealer = sealing.Sealer(world.keys, ids=world.ids)

    @property
    def log_keys(self) -> dict[bytes, VerifyingKey]:
        """The log's keys."""
        return sealing.log_keys_of(self.world.keys)

    async def paid(self, phone: Phone, *, amount_fen: int = 100) -> Receipt:
        """A meal that was paid for."""
        return await self.world.tap(self.world.answered(phone, amount_fen=amount_fen))

    async def looked_at(self, phone: Phone) -> None:
        """A look at a resident, in the record."""
        world = self.world
        async with world.db.transaction() as conn:
            await access.write_look_at_many(
                conn,
                operator_id=world.ids.new(),
                region=world.terminal_caller().region,
                what="get_resident",
                bucket=0,
                resident_ids=(phone.resident.resident_id,),
                purpose="a test",
                subject=str(world.ids.new()),
                now=world.clock.now(),
                ids=world.ids,
            )

    async def append(self) -> Head | None:
        """One turn of the sealer."""
        return await self.sealer.run_once(self.world.db, now=self.world.clock.now())

    async def audit(self, *, witness: Witness | None = None) -> LogAudit:
        """The audit of the log and of every row in it."""
        world = self.world
        return await run_log_audit(world.db, settings=SETTINGS, keys=world.keys, witness=witness, clock=world.clock)

    async def differences(self, *, witness: Witness | None = None) -> tuple[str, ...]:
        """What the audit finds."""
        return (await self.audit(witness=witness)).differences

    async def differences_after(self, statement: str) -> tuple[str, ...]:
        """What the audit finds after a change past the platform, which is then undone."""
        world = self.world
        found: tuple[str, ...] = ()
        with suppress(_Undo):
            async with world.db.owner_transaction() as conn:
                changed = await conn.execute(statement.encode())
                assert changed.rowcount > 0, statement
                audited = await audit_log_in(
                    conn, settings=SETTINGS, keys=world.keys, witnessed=None, clock=world.clock
                )
                found = audited.differences
                raise _Undo
        return found

    async def lies_over_nodes(self) -> bool:
        """Whether the database is a cluster's coordinator."""
        async with self.world.db.owner_transaction() as conn:
            found = await conn.execute("SELECT 1 FROM pg_extension WHERE extname = 'citus'")
            return await found.fetchone() is not None

    async def change(self, statement: str, *values: object) -> None:
        """Change the database past the platform, as its owner can."""
        async with self.world.db.owner_transaction() as conn:
            await conn.execute(statement.encode(), values)

    async def prove(self, receipt: Receipt) -> None:
        """Prove a receipt with what a terminal has: the receipt, the log's key and certificate, no database.

        Refuses SEAL_DOES_NOT_MATCH.
        """
        assert receipt.seal is not None
        async with self.world.db.transaction() as conn:
            certificate = await sealing.get_certificate(conn, series=sealing.series_of(receipt.seal.batch))
        prove(receipt, receipt.seal, certificate=certificate, log_keys=self.log_keys)


def leaf_by_the_book(receipt: Receipt, seal: Seal) -> bytes:
    """A tap's leaf as `docs/formats/seal.md` says it, from the receipt's JSON alone and without the platform's code."""
    told = json.loads(msgspec.json.encode(receipt))
    names = ("tap", "request_id", "item", "amount_fen", "reason", "decided_at")
    fields = [*(told.get(name) for name in names), base64.b64encode(seal.rest).decode()]
    return hashlib.sha256(b"\0" + json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode()).digest()


def prove(receipt: Receipt, seal: Seal, *, certificate: bytes, log_keys: dict[bytes, VerifyingKey]) -> None:
    """Prove that a receipt stands in a batch that its series signed. Refuses SEAL_DOES_NOT_MATCH."""
    _, key = sealing.verify_series(certificate, log_keys=log_keys)
    batch = sealing.verify_batch(seal.batch, key=key)
    leaf = leaf_by_the_book(receipt, seal)
    sealing.verify_inclusion(leaf, index=seal.index, size=batch.size, path=seal.path, root=batch.root)


def a_witness(folder: Path, *, log: LogWorld) -> SimulatedWitness:
    """A witness that was given the log's keys."""
    return SimulatedWitness(folder, log_keys=[key.public_key for key in log.log_keys.values()])


async def make_the_log_anew(log: LogWorld) -> None:
    """Rewrite the whole log from the batches as they stand now, with the log's own keys: the most a thief can do."""
    for table in ("entry", "node", "head", "cosignature"):
        await log.change(f"DELETE FROM sealing.{table}")
    await log.change("UPDATE sealing.series SET appended = 0")
    await log.append()


async def a_day(log: LogWorld) -> CounterWorld:
    """Taps paid and refused, one taken back, one given back, and a look: the look alone in its batch."""
    world = log.world
    phone = await world.a_phone(purse_fen=50_000)
    for _ in range(3):
        await log.paid(phone)
    body = world.answered(phone, amount_fen=700)
    await world.tap(body)
    await reversed_by(world, body)
    await refunded(world, id_of(await log.paid(phone, amount_fen=900)), 400, request_id="refund-1")
    await world.tap(world.answered(phone, amount_fen=60_000))
    await log.append()
    await log.looked_at(phone)
    await log.append()
    return world


async def a_day_of_money(log: LogWorld) -> CounterWorld:
    """The same, and money that moved without a tap: loads, holds made and ended, a statement and its settlement."""
    world = await a_day(log)
    phone = await world.a_phone(purse_fen=40_000)
    await world.tap(world.answered(phone, amount_fen=15_000))
    waiting = world.answered(phone, amount_fen=15_000)
    await world.tap(waiting)
    await reversed_by(world, waiting)
    resident_id, now = phone.resident.resident_id, world.clock.now()
    morning = start_of(day_of(now) + timedelta(days=1)) + timedelta(minutes=10)
    async with world.db.transaction() as conn:
        await ledger.top_up_purse(
            conn,
            bucket=0,
            resident_id=resident_id,
            bank_code="102",
            amount_fen=5_000,
            transfer_id=TransferId(world.ids.new()),
            reference=world.ids.new(),
            now=now,
        )
        kept, freed = (
            a_hold_draft(name_account(resident_id, AccountKind.PURSE), 100, expires_at=now + timedelta(hours=1))
            for _ in range(2)
        )
        await ledger.hold(conn, bucket=0, draft=kept, now=now)
        await ledger.hold(conn, bucket=0, draft=freed, now=now)
        await ledger.void_hold(conn, bucket=0, hold_id=freed.id, now=now)
        await payouts.make_statements(conn, day=day_of(now), now=morning)
        settled = await payouts.settle_provider(
            conn, provider_id=world.provider.id, day=day_of(now), term_days=30, now=morning
        )
        assert settled is not None
        await payouts.send_settlement(conn, settlement=settled, now=morning)
        await payouts.end_settlement(conn, settlement=settled, bank_code="102", is_paid=True, now=morning)
    await log.append()
    return world


class ToldToATerminal:
    """The log's answers to a terminal that asks from a thread of its own, straight from the database."""

    def __init__(self, log: LogWorld) -> None:
        self._log = log

    def heads(self) -> tuple[bytes | None, bytes | None]:
        """The head as it is signed; no witness."""

        async def ask(conn: Connection) -> bytes | None:
            head, _ = await sealing.get_head(conn)
            return None if head is None else head.signed

        return self._ask(ask), None

    def certificate(self, series: UUID) -> bytes:
        """The certificate of a series."""
        return self._ask(lambda conn: sealing.get_certificate(conn, series=series))

    def consistency(self, *, old: int, new: int) -> tuple[bytes, ...] | None:
        """The log's proof, None where it is shorter."""
        try:
            return self._ask(lambda conn: sealing.prove_consistency(conn, old=old, new=new))
        except Refused:
            return None

    def inclusion(self, *, series: UUID, number: int) -> Included | None:
        """The log's proof, None where it has no such batch."""
        try:
            found = self._ask(lambda conn: sealing.prove_inclusion(conn, series=series, number=number))
        except Refused:
            return None
        return Included(position=found.position, path=found.path, head=found.head.signed)

    def _ask(self, ask: Callable[[Connection], Awaitable[T]]) -> T:
        async def within() -> T:
            async with self._log.world.db.transaction() as conn:
                return await ask(conn)

        return anyio.from_thread.run(within)
