"""Taking taps: an authenticated terminal in, a receipt out."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from hashlib import blake2b
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from yikatong.access import service as access
from yikatong.codes.model import Presented
from yikatong.kernel.ids import least_id_at
from yikatong.kernel.instants import day_of
from yikatong.kernel.outcomes import Reason as AnyReason
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing import versions
from yikatong.plumbing.clock import Clock
from yikatong.plumbing.database import Database
from yikatong.plumbing.http import Caller, CallerKind
from yikatong.taps import store
from yikatong.taps.bank import AtTheBank
from yikatong.taps.counter.counter import Caches, CallersMustReturn, Counter
from yikatong.taps.counter.works import TapWork
from yikatong.taps.late import (
    Earlier,
    LateRequest,
    find_earlier,
    late_tap_of,
    payment_of,
    transfer_id_of,
    write_late_tap,
)
from yikatong.taps.learning import tell_learned
from yikatong.taps.leaves import find_seal_again
from yikatong.taps.model import (
    Reason,
    Receipt,
    SealedTapRow,
    SecondUse,
    TapBody,
    TapRow,
    UnreadCount,
    UnreadTap,
    WaitingRow,
)
from yikatong.taps.presenting import Presenting, attestation_request, read_presentation
from yikatong.taps.receipts import receipt_of, receipt_of_waiting
from yikatong.taps.rules import bucket_of_tap, derive_tap_id
from yikatong.taps.told import draft_of

__all__ = [
    "Earlier",
    "Known",
    "LateRequest",
    "Tapping",
    "bucket_of_tap",
    "count_unread",
    "derive_tap_id",
    "draft_of",
    "find_earlier",
    "forget_reversals",
    "forget_second_uses",
    "forget_taps",
    "forget_unread",
    "late_tap_of",
    "list_overdue_taps",
    "list_second_uses",
    "payment_of",
    "transfer_id_of",
    "write_late_tap",
]

Conn = psycopg.AsyncConnection[Any]


class Known(NamedTuple):
    """An authenticated terminal, and the version of keys for which it was."""

    caller: Caller
    access_version: int


async def list_overdue_taps(conn: Conn, *, now: datetime, bank_before: datetime, count_max: int) -> list[WaitingRow]:
    """Waiting taps past their deadline, and those that were sent to a bank before `bank_before`."""
    return await store.list_overdue(conn, now=now, bank_before=bank_before, count_max=count_max)


async def list_second_uses(
    conn: Conn, *, provider_ids: Sequence[UUID], until: datetime, before: UUID, count_max: int
) -> list[SecondUse]:
    """Codes that came again at some providers, before an instant and, seen at it, a tap; the newest first."""
    return await store.list_second_uses(
        conn, provider_ids=provider_ids, until=until, before=before, count_max=count_max
    )


async def count_unread(conn: Conn, *, terminal_ids: Sequence[UUID], day: date) -> list[UnreadCount]:
    """What some terminals sent on a day and no card was known for, by terminal and reason."""
    return await store.count_unread(conn, terminal_ids=terminal_ids, day=day)


async def forget_taps(conn: Conn, *, bucket: int, after: UUID, before: datetime, limit: int) -> UUID | None:
    """Forget at most `limit` taps after one, with their requests, that moved no money and ended before an instant.

    Gives the last of them, or None when there were fewer. What a second use still names is kept, and so is what moved
    money: it is a voucher of the ledger. A tap dated ahead of its end stays until its date, by which it is found, is
    as old. All that is forgotten here is deleted by the schema's owner.
    """
    rows = await store.forget(
        conn,
        query="forget_taps",
        bucket=bucket,
        after=after,
        bound=least_id_at(before),
        before=before,
        limit=limit,
    )
    if rows:
        await store.forget(
            conn,
            query="forget_requests",
            terminal_ids=[row[1] for row in rows],
            request_ids=[row[2] for row in rows],
            before=before,
        )
    return max((row[0] for row in rows), key=lambda id: id.int) if len(rows) == limit else None


async def forget_reversals(conn: Conn, *, bucket: int, before: datetime, limit: int) -> int:
    """Forget at most `limit` reversals that undid no payment and came before an instant; gives how many."""
    bound = least_id_at(before)
    return len(
        await store.forget(conn, query="forget_reversals", bucket=bucket, bound=bound, before=before, limit=limit)
    )


async def forget_second_uses(conn: Conn, *, bucket: int, before: datetime, limit: int) -> int:
    """Forget at most `limit` second uses that were seen before an instant; gives how many."""
    return len(await store.forget(conn, query="forget_second_uses", bucket=bucket, before=before, limit=limit))


async def forget_unread(conn: Conn, *, before: datetime, limit: int) -> int:
    """Forget at most `limit` refusals before a card was known, of days before an instant's; gives how many."""
    return len(await store.forget(conn, query="forget_unread", before=day_of(before), limit=limit))


class Tapping:
    """Everything a worker needs to take taps: the counter, the caches, the keys, the banks."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        counter: Counter,
        caches: Caches,
        callers: access.CallerCache,
        presenting: Presenting,
        at_the_bank: AtTheBank,
        reasons: Mapping[str, AnyReason],
        unread_quota: int,
    ) -> None:
        """`reasons` are all reasons of the house by name; a terminal may leave `unread_quota` unread taps a day."""
        self._database = database
        self._clock = clock
        self._counter = counter
        self._caches = caches
        self._callers = callers
        self._presenting = presenting
        self._at_the_bank = at_the_bank
        self._reasons = reasons
        self._unread_quota = unread_quota

    async def authenticate(self, token: str) -> Known:
        """Say which terminal calls; from memory while no key was revoked since. Refuses as `access.authenticate`."""
        now = self._clock.now()
        digest = access.digest_of(token)
        version = self._callers.version
        caller = self._callers.find(digest, now=now)
        if caller is None:
            async with self._database.transaction() as conn:
                authenticated = await access.authenticate_for_cache(conn, token=token, now=now)
            self._callers.put(digest, authenticated, version=version)
            caller = authenticated.caller
        access.verify_kind(caller, admitted=(CallerKind.TERMINAL,))
        return Known(caller, version)

    async def take(self, *, token: str, body: TapBody, body_bytes: bytes, known: Known | None = None) -> Receipt:
        """Take one tap to its end or its wait; `known` is who was authenticated by the token a moment ago.

        Raises Refused for a refusal that leaves no tap: before a card is known it is kept under the terminal, within
        its quota of the day, and without a terminal's key nothing is kept. A key revoked meanwhile counts at once.
        """
        body_digest = blake2b(body_bytes, digest_size=16).digest()
        while True:
            try:
                return await self._take(known or await self.authenticate(token), body, body_digest)
            except CallersMustReturn:
                known = None

    async def _take(self, known: Known, body: TapBody, body_digest: bytes) -> Receipt:
        now = self._clock.now()
        try:
            work = await self._read(known, body, body_digest, now=now)
            stands = await (self._serve(work) if body.attested is None else self._serve_attested(work, now=now))
        except Refused as refused:
            stands = await self._find_earlier(known.caller, body, body_digest, refused, now=now)
        return await self._receipt(stands)

    async def _serve(self, work: TapWork) -> TapRow | WaitingRow:
        """Bring a work through the counter, and to its end if it waits for a bank that answers soon."""
        ended = await self._counter.submit(work)
        if isinstance(ended, WaitingRow):
            ended = await self._at_the_bank.wait_for(ended)
        if isinstance(ended, Refused):
            raise ended
        assert isinstance(ended, TapRow | WaitingRow)
        return ended

    async def _serve_attested(self, work: TapWork, *, now: datetime) -> TapRow | WaitingRow:
        """Serve an operator's tap; refused with or without a row, it uses up nothing of the operator's limits."""
        try:
            stands = await self._serve(work)
        except (Refused, CallersMustReturn):
            await self._release_attestation(work, now=now)
            raise
        if isinstance(stands, TapRow) and stands.reason is not None:
            await self._release_attestation(work, now=now)
        return stands

    async def _read(self, known: Known, body: TapBody, body_digest: bytes, *, now: datetime) -> TapWork:
        """Read the presentation; a refusal by a catalogue or regions that are no longer true is tried once more."""
        try:
            return await self._read_once(known, body, body_digest, now=now)
        except Refused:
            async with self._database.transaction() as conn:
                present = await versions.read_all(conn)
            if not await self._caches.renew(present):
                raise
        return await self._read_once(known, body, body_digest, now=now)

    async def _read_once(self, known: Known, body: TapBody, body_digest: bytes, *, now: datetime) -> TapWork:
        item = self._caches.snapshot.find_item(known.caller.region, body.item, day_of(now))
        return await read_presentation(
            self._presenting,
            caller=known.caller,
            body=body,
            body_digest=body_digest,
            item=item,
            now=now,
            access_version=known.access_version,
        )

    async def _find_earlier(
        self, caller: Caller, body: TapBody, body_digest: bytes, refused: Refused, *, now: datetime
    ) -> TapRow | WaitingRow:
        """A repeated request gets its first answer, however old its code is now; any other refusal is kept."""
        async with self._database.transaction() as conn:
            earlier = await store.find_request(conn, terminal_id=caller.id, request_id=body.request_id)
            if earlier is not None and earlier.body_digest == body_digest:
                stands = await store.find_standing(conn, bucket=earlier.bucket, tap_id=earlier.tap_id)
                assert stands is not None
                return stands
            if refused.reason is not Reason.COUNTER_IS_BUSY:
                unread = UnreadTap(
                    terminal_id=caller.id,
                    day=day_of(now),
                    request_id=body.request_id,
                    reason=refused.reason.name,
                    seen_at=now,
                )
                await store.write_unread(conn, unread, quota=self._unread_quota)
        raise refused

    async def _release_attestation(self, work: TapWork, *, now: datetime) -> None:
        """Give back what an operator's tap counted, unless a tap under its request id waits or was admitted."""
        assert isinstance(work.read, Presented)
        assert work.read.operator_id is not None
        request_id = work.body.request_id
        async with self._database.transaction() as conn:
            earlier = await store.find_request(conn, terminal_id=work.terminal_id, request_id=request_id)
            if earlier is not None:
                made = await store.find_made(conn, bucket=earlier.bucket, tap_id=earlier.tap_id)
                if not isinstance(made, TapRow) or made.reason is None:
                    return
            await access.release_attestation(
                conn,
                operator_id=work.read.operator_id,
                tap_request=attestation_request(work.terminal_id, request_id),
                now=now,
            )

    async def _receipt(self, stands: TapRow | WaitingRow) -> Receipt:
        """Its terminal's receipt: to no other does this request id lead."""
        if isinstance(stands, WaitingRow):
            return receipt_of_waiting(stands)
        if not isinstance(stands, SealedTapRow):
            async with self._database.transaction() as conn:
                stands = await find_seal_again(conn, stands)
        receipt = receipt_of(stands, reasons=self._reasons)
        if not stands.learned:
            return receipt
        async with self._database.transaction() as conn:
            return await tell_learned(conn, receipt, row=stands, vault=self._presenting.vault)
