"""What follows a tap: the resident's answer, a reversal, a refund, a question how it stands."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
import psycopg
from msgspec import Meta

from yikatong.cards import service as cards
from yikatong.codes import service as codes
from yikatong.kernel.ids import DeviceId, ResidentId, TapId, TapIdText, bucket_of, read_id
from yikatong.kernel.outcomes import Reason as AnyReason
from yikatong.kernel.outcomes import Refused
from yikatong.ledger.model import digest_id
from yikatong.plumbing.http import Caller
from yikatong.taps import store
from yikatong.taps.bank import AtTheBank
from yikatong.taps.counter.counter import Caches, Counter, Ended
from yikatong.taps.counter.works import ConfirmWork, Refunded, RefundWork, Reversed, ReverseWork
from yikatong.taps.learning import tell_learned
from yikatong.taps.leaves import find_seal_again
from yikatong.taps.model import Reason, Receipt, RequestId, TapBody, TapRow, WaitingRow
from yikatong.taps.presenting import Presenting, read_presentation
from yikatong.taps.receipts import decode_work, receipt_of, receipt_of_waiting
from yikatong.taps.rules import bucket_of_tap
from yikatong.trust import service as trust

Conn = psycopg.AsyncConnection[Any]
TOLD_MAX = 200


class ReversalBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which tap to take back: by the presentation it carried under its request id, or by its id."""

    request_id: RequestId
    code: Annotated[str, Meta(max_length=520)] | None = None
    chip: Annotated[str, Meta(max_length=1024)] | None = None
    answers: Annotated[str, Meta(pattern="^[0-9a-f]{16}$")] | None = None
    item: Annotated[str, Meta(max_length=48)] = ""
    amount_fen: Annotated[int, Meta(ge=0)] = 0
    tap: TapIdText | None = None


class FollowUps(msgspec.Struct, frozen=True, kw_only=True):
    """Serves what follows a tap, through the same counter."""

    counter: Counter
    caches: Caches
    presenting: Presenting
    at_the_bank: AtTheBank
    reasons: Mapping[str, AnyReason]

    def bucket_of(self, tap_id: UUID) -> int:
        """The bucket that holds a tap."""
        return bucket_of_tap(tap_id, bucket_count=self.presenting.bucket_count, locator_key=self.presenting.locator_key)

    async def poll(self, conn: Conn, *, caller: Caller, tap_id: TapId) -> Receipt:
        """Say how a tap stands, to the provider at whose terminal it was made. Refuses TAP_IS_UNKNOWN.

        What a tap that waited may tell is told here, and to the terminal that asked for it alone.
        """
        found = await store.find_standing(conn, bucket=self.bucket_of(tap_id), tap_id=tap_id)
        if found is None or caller.provider_id is None or provider_of(found) != caller.provider_id:
            raise Refused(Reason.TAP_IS_UNKNOWN)
        if isinstance(found, TapRow):
            found = await find_seal_again(conn, found)
        receipt = self._receipt(found)
        if isinstance(found, TapRow) and found.learned and found.terminal_id == caller.id:
            return await tell_learned(conn, receipt, row=found, vault=self.presenting.vault)
        return receipt

    async def list_waiting(self, conn: Conn, *, resident_id: ResidentId) -> list[WaitingRow]:
        """A resident's waiting taps."""
        bucket = bucket_of(resident_id, self.presenting.bucket_count)
        return await store.list_waiting_of_resident(conn, bucket=bucket, resident_id=resident_id)

    async def list_told(self, conn: Conn, *, resident_id: ResidentId) -> list[TapRow]:
        """The latest taps at which a terminal learned something of a resident."""
        bucket = bucket_of(resident_id, self.presenting.bucket_count)
        return await store.list_taps_that_told(conn, bucket=bucket, resident_id=resident_id, count_max=TOLD_MAX)

    async def confirm(self, conn: Conn, *, caller: Caller, tap_id: TapId, data: bytes, now: datetime) -> Receipt:
        """Carry the resident's signed yes or no to the waiting tap.

        Refuses codes' reasons for the signature, then those of `take_confirmation`. The resident's receipt tells no
        data: those are for the terminal that asked, when it polls.
        """
        assert caller.resident_id is not None
        assert caller.device_id is not None
        resident_id = ResidentId(caller.resident_id)
        bucket = bucket_of(resident_id, self.presenting.bucket_count)
        device = await cards.get_device(
            conn, bucket=bucket, resident_id=resident_id, device_id=DeviceId(caller.device_id)
        )
        confirmation = codes.read_confirmation(data, device_key=trust.parse_verifying_key(device.key), now=now)
        if confirmation.tap_id != tap_id:
            raise Refused(Reason.CONFIRMATION_IS_FOR_ANOTHER_TAP)
        work = ConfirmWork(tap_id=tap_id, bucket=bucket, resident_id=resident_id, confirmation=confirmation)
        ended = await self.counter.submit(work)
        if isinstance(ended, WaitingRow):
            ended = await self.at_the_bank.wait_for(ended)
        return self._receipt(ended)

    async def reverse(self, conn: Conn, *, caller: Caller, body: ReversalBody, now: datetime) -> Reversed:
        """Take a tap of this terminal back, arrived or not. Refuses as the presentation does, or TAP_IS_UNKNOWN."""
        work = await self._reversal(conn, caller=caller, body=body, now=now)
        ended = await self.counter.submit(work)
        if isinstance(ended, Refused):
            raise ended
        assert isinstance(ended, Reversed)
        return ended

    async def _reversal(self, conn: Conn, *, caller: Caller, body: ReversalBody, now: datetime) -> ReverseWork:
        if body.tap is not None:
            tap_id = TapId(read_tap_id(body.tap))
            bucket = self.bucket_of(tap_id)
            found = await store.find_made(conn, bucket=bucket, tap_id=tap_id)
            if found is None or terminal_of(found) != caller.id:
                raise Refused(Reason.TAP_IS_UNKNOWN)
            return ReverseWork(tap_id=tap_id, bucket=bucket, resident_id=found.resident_id, terminal_id=caller.id)
        tap = TapBody(
            request_id=body.request_id,
            item=body.item or "-",
            amount_fen=body.amount_fen or None,
            code=body.code,
            chip=body.chip,
            answers=body.answers,
        )
        item = self.caches.snapshot.find_item(caller.region, body.item, None)
        read = await read_presentation(self.presenting, caller=caller, body=tap, body_digest=b"", item=item, now=now)
        return ReverseWork(tap_id=read.tap_id, bucket=read.bucket, resident_id=read.resident_id, terminal_id=caller.id)

    async def refund(self, conn: Conn, *, caller: Caller, tap_id: TapId, request_id: str, amount_fen: int) -> Refunded:
        """Give money back for an admitted tap of the caller's provider, once per request id."""
        assert caller.provider_id is not None
        row = await store.find_tap(conn, bucket=self.bucket_of(tap_id), tap_id=tap_id)
        if row is None or row.provider_id != caller.provider_id:
            raise Refused(Reason.TAP_IS_UNKNOWN)
        work = RefundWork(
            tap_id=tap_id,
            bucket=row.bucket,
            resident_id=row.resident_id,
            terminal_id=caller.id,
            provider_id=caller.provider_id,
            refund_id=_refund_id(tap_id, provider_id=caller.provider_id, request_id=request_id),
            amount_fen=amount_fen,
        )
        ended = await self.counter.submit(work)
        if isinstance(ended, Refused):
            raise ended
        assert isinstance(ended, Refunded)
        return ended

    def _receipt(self, ended: Ended) -> Receipt:
        if isinstance(ended, Refused):
            raise ended
        if isinstance(ended, WaitingRow):
            return receipt_of_waiting(ended)
        assert isinstance(ended, TapRow)
        return receipt_of(ended, reasons=self.reasons)


def _refund_id(tap_id: TapId, *, provider_id: UUID, request_id: str) -> UUID:
    """A request id is once for each tap: two taps of one instant may be given back under the same."""
    return digest_id(b"refund request", provider_id.bytes, tap_id.bytes, request_id.encode(), time_of=tap_id)


def read_tap_id(text: str) -> UUID:
    """Read a tap's id. Refuses TAP_IS_UNKNOWN for anything else."""
    try:
        return read_id("tap", text)
    except ValueError:
        raise Refused(Reason.TAP_IS_UNKNOWN) from None


def provider_of(found: TapRow | WaitingRow) -> UUID:
    """The provider at whose terminal a tap was made."""
    return found.provider_id if isinstance(found, TapRow) else decode_work(found.work).provider_id


def terminal_of(found: TapRow | WaitingRow) -> UUID:
    """The terminal at which a tap was made."""
    return found.terminal_id if isinstance(found, TapRow) else decode_work(found.work).terminal_id
