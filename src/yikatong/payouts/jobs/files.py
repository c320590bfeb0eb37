"""Bank files: what is due goes out, what banks left is applied. Between the transactions here lies a bank's folder."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import msgspec
import psycopg
import structlog

from yikatong.cards.model import Vault
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Refused
from yikatong.payouts import service
from yikatong.payouts.messages.payment_file import write_file
from yikatong.payouts.messages.return_file import BYTES_MAX, digest_file, read_return_file
from yikatong.payouts.model import FileFormat, FileState, Part, PartState, ReadFile, Reason, ReturnFile
from yikatong.payouts.outside import BankFiles, BankFilesAreAway
from yikatong.payouts.rules.batches import LINES_IN_PART, file_name_of
from yikatong.plumbing.clock import Clock
from yikatong.plumbing.database import Database
from yikatong.plumbing.ids import Ids
from yikatong.plumbing.jobs import Job, JobCall, every
from yikatong.trust import service as trust

log = structlog.get_logger("yikatong.payouts")

OFTEN = timedelta(seconds=30)
PARTS_AT_ONCE = 2
"""A part is some sixty megabytes while it is written."""

REFUSED_FOR_GOOD = frozenset(
    {
        Reason.BANK_FILE_IS_TOO_LARGE,
        Reason.BANK_FILE_CANNOT_BE_READ,
        Reason.BANK_FILE_IS_NOT_VALID,
        Reason.BANK_FILE_TOTALS_DIFFER,
        Reason.BANK_FILE_DIGEST_DIFFERS,
        Reason.BANK_FILE_NAMES_AN_UNKNOWN_PAYMENT,
        Reason.BANK_FILE_AMOUNT_DIFFERS,
        Reason.BANK_FILE_CONTRADICTS_ITSELF,
        Reason.BANK_FILE_CONTRADICTS_AN_EARLIER_ONE,
    }
)
"""What is wrong with a file itself. A file refused for anything else (a frozen budget) stays and is tried again."""


class FileTerms(msgspec.Struct, frozen=True, kw_only=True):
    """How files are exchanged: which bank reads what (ISO 20022 unless said), how long a file may be, how often.

    `return_bytes_max` bounds what a bank leaves.
    """

    formats: Mapping[str, FileFormat] = {}
    lines_in_part: int = LINES_IN_PART
    return_bytes_max: int = BYTES_MAX
    often: timedelta = OFTEN


class BankFileExchange:
    """Brings batches to banks and what banks say of them back."""

    def __init__(
        self,
        *,
        database: Database,
        files: BankFiles,
        vault: Vault,
        clock: Clock,
        ids: Ids,
        bucket_count: int,
        terms: FileTerms | None = None,
    ) -> None:
        self._database = database
        self._files = files
        self._vault = vault
        self._clock = clock
        self._ids = ids
        self._bucket_count = bucket_count
        self._terms = terms or FileTerms()
        self._away: list[BankFilesAreAway] = []

    def verify_reached(self) -> None:
        """Go on if every bank's files could be reached so far; raises the first BankFilesAreAway that was met."""
        if self._away:
            raise self._away[0]

    async def send_due(self) -> int:
        """Send every batch whose day has come, or that was half sent; returns how many batches were sent whole.

        One that cannot go out now, for its budget or its bank, holds up no other.
        """
        async with self._database.transaction() as conn:
            due = await service.list_due_batches(conn, today=day_of(self._clock.now()))
        sent = 0
        for batch_id in due:
            try:
                sent += await self.send_batch(batch_id)
            except Refused as why:
                log.error("a batch has to wait", batch_id=batch_id.hex, why=str(why))
            except BankFilesAreAway as away:
                log.error("a batch has to wait", batch_id=batch_id.hex, why=str(away))
                self._away.append(away)
        return sent

    async def send_batch(self, batch_id: UUID) -> bool:
        """Send what is not sent yet of a batch; whether all of it is sent now. False also while another sends it."""
        async with self._alone_with(batch_id) as is_alone:
            return is_alone and await self._send_batch(batch_id)

    @asynccontextmanager
    async def _alone_with(self, batch_id: UUID) -> AsyncIterator[bool]:
        """Keep other senders from a batch: between two transactions one of them could draft anew what the other sent.

        The lock is a session's, on a connection of its own, and ends with it however the sender ends.
        """
        conn = await self._database.connect_serving()
        try:
            yield await service.try_to_hold_batch(conn, batch_id=batch_id)
        finally:
            with suppress(psycopg.OperationalError):
                await service.let_go_of_batches(conn)
            await conn.close()

    async def _send_batch(self, batch_id: UUID) -> bool:
        async with self._database.transaction() as conn:
            parts = await service.begin_sending(
                conn,
                batch_id=batch_id,
                formats=self._terms.formats,
                bucket_count=self._bucket_count,
                lines_in_part=self._terms.lines_in_part,
            )
        unsent = [part for part in parts if part.state is not PartState.SENT]
        if not all(await self._side_by_side(unsent)):
            return False
        async with self._database.transaction() as conn:
            await service.end_sending(conn, batch_id=batch_id, now=self._clock.now())
        return True

    async def _side_by_side(self, parts: Sequence[Part]) -> list[bool]:
        """Send parts, two at a time, so that one is read while another is written; each goes as far as it comes."""
        places = asyncio.Semaphore(PARTS_AT_ONCE)

        async def send(part: Part) -> bool:
            async with places:
                return await self._send_part(part)

        ended = await asyncio.gather(*(send(part) for part in parts), return_exceptions=True)
        for one in ended:
            if isinstance(one, BaseException):
                raise one
        return [one is True for one in ended]

    async def _send_part(self, part: Part) -> bool:
        """Draft, journal, publish and mark a part; whether the bank has it. One that was published is only marked."""
        name = file_name_of(part)
        published = await self._files.find_published(bank_code=part.bank_code, name=name)
        if published is None:
            digest = await self._draft(part, name=name)
            if digest is None:
                return True
            await self._files.publish(bank_code=part.bank_code, name=name)
            published = await self._files.find_published(bank_code=part.bank_code, name=name)
        else:
            digest = part.digest
        if published is None or published != digest:
            log.error("another file lies under the name of a part", reason=Reason.BANK_FILE_IS_ANOTHER.name, name=name)
            return False
        async with self._database.transaction() as conn:
            await service.end_part(conn, batch_id=part.batch_id, part=part.part, now=self._clock.now())
        return True

    async def _draft(self, part: Part, *, name: str) -> bytes | None:
        """Write the draft of a part and journal it in one transaction; its digest, or None when nobody is left."""
        now = self._clock.now()
        async with self._database.transaction() as conn:
            draft = await service.draft_part(
                conn,
                batch_id=part.batch_id,
                part=part.part,
                vault=self._vault,
                now=now,
                ids=self._ids,
                bucket_count=self._bucket_count,
            )
            if draft is None:
                return None
            digest = trust.Sm3()
            pieces = _hashed(write_file(draft.head, draft.rows, format=part.format), digest)
            await self._files.put_draft(bank_code=part.bank_code, name=name, pieces=pieces)
            await service.journal_draft(conn, draft=draft, digest=digest.digest(), now=now)
            return digest.digest()

    async def fetch_returns(self) -> list[ReturnFile]:
        """Apply every file that banks left; what became of each that was dealt with. A bank holds up no other."""
        dealt_with: list[ReturnFile] = []
        for bank_code in self._files.bank_codes():
            try:
                names = await self._files.list_returns(bank_code=bank_code)
                await self._apply_each(bank_code, names, into=dealt_with)
            except BankFilesAreAway as away:
                log.warning("a bank's files are away", bank_code=bank_code, why=str(away))
                self._away.append(away)
        return dealt_with

    async def _apply_each(self, bank_code: str, names: Sequence[str], *, into: list[ReturnFile]) -> None:
        """Apply files in their order; the next one is read while one is applied."""
        reading = asyncio.create_task(self._read(bank_code, names[0])) if names else None
        try:
            for place, name in enumerate(names):
                assert reading is not None
                read = await reading
                following = names[place + 1 : place + 2]
                reading = asyncio.create_task(self._read(bank_code, following[0])) if following else None
                file = await self._apply(bank_code, name, read)
                if file is not None:
                    into.append(file)
        finally:
            if reading is not None:
                reading.cancel()

    async def apply_file(self, *, bank_code: str, name: str) -> ReturnFile | None:
        """Apply one file, whole; then put it away. None when it has to wait, as for a budget that is frozen."""
        return await self._apply(bank_code, name, await self._read(bank_code, name))

    async def _read(self, bank_code: str, name: str) -> ReadFile | Refused | None:
        """Read a file in another thread, whole; a refusal is given, so that it is met where the file is dealt with.

        None for a file that is no longer there: another process has dealt with it, or will find it again.
        """
        try:
            opened = self._files.open_return(bank_code=bank_code, name=name)
        except BankFilesAreAway as away:
            log.warning("a bank's file is no longer there", bank_code=bank_code, name=name, why=str(away))
            return None
        with opened:
            try:
                read = partial(read_return_file, opened, bytes_max=self._terms.return_bytes_max)
                return await asyncio.to_thread(read)
            except Refused as refused:
                return refused

    async def _apply(self, bank_code: str, name: str, read: ReadFile | Refused | None) -> ReturnFile | None:
        now = self._clock.now()
        if read is None:
            return None
        try:
            if isinstance(read, Refused):
                raise read
            async with self._database.transaction() as conn:
                file = await service.apply_return_file(
                    conn,
                    bank_code=bank_code,
                    name=name,
                    read=read,
                    now=now,
                    ids=self._ids,
                    bucket_count=self._bucket_count,
                )
        except Refused as refused:
            if refused.reason not in REFUSED_FOR_GOOD:
                log.error("a bank's file has to wait", bank_code=bank_code, name=name, reason=refused.reason.name)
                return None
            file = await self._note_refused(bank_code=bank_code, name=name, refused=refused, now=now)
        await self._files.put_away(bank_code=bank_code, name=name, is_refused=file.state is FileState.REFUSED)
        return file

    async def _note_refused(self, *, bank_code: str, name: str, refused: Refused, now: datetime) -> ReturnFile:
        log.error("a bank's file was refused", bank_code=bank_code, name=name, reason=refused.reason.name,
                  line=refused.about.get("line"))  # fmt: skip
        with self._files.open_return(bank_code=bank_code, name=name) as opened:
            digest = await asyncio.to_thread(digest_file, opened)
        async with self._database.transaction() as conn:
            return await service.note_refused_file(
                conn, bank_code=bank_code, name=name, digest=digest, refused=refused, now=now
            )


def _hashed(pieces: Iterator[bytes], digest: trust.Sm3) -> Iterator[bytes]:
    for piece in pieces:
        digest.update(piece)
        yield piece


def file_jobs(*, files: BankFiles, vault: Vault, bucket_count: int, terms: FileTerms | None = None) -> tuple[Job, ...]:
    """Files that are due go out, and what banks left is applied, as often as the terms say.

    Files that are away fail their job, so that `yikatong jobs` and the metrics say so.
    """
    often = (terms or FileTerms()).often

    def exchange_of(call: JobCall) -> BankFileExchange:
        return BankFileExchange(
            database=call.database,
            files=files,
            vault=vault,
            clock=call.clock,
            ids=call.ids,
            bucket_count=bucket_count,
            terms=terms,
        )

    async def send(call: JobCall) -> None:
        exchange = exchange_of(call)
        await exchange.send_due()
        exchange.verify_reached()

    async def fetch(call: JobCall) -> None:
        exchange = exchange_of(call)
        await exchange.fetch_returns()
        exchange.verify_reached()

    return (
        Job(name="payouts.send_files", schedule=every(often), run=send),
        Job(name="payouts.fetch_returns", schedule=every(often), run=fetch),
    )
