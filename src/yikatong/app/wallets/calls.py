"""Calls of wallets that are served in batches: who calls, what the record says, what was answered before."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from yikatong.access import service as access
from yikatong.access.model import KeptAnswer, Record, RecordKind
from yikatong.kernel.ids import ResidentId
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.http import Caller


class WalletCall(NamedTuple):
    """A wallet's call, authenticated: what its record says, and `kept`, where it sent an Idempotency-Key."""

    caller: Caller
    request_id: str
    request_digest: bytes
    purpose: str | None
    kept: access.KeptCommand | None

    @property
    def resident_id(self) -> ResidentId:
        """Whose wallet calls."""
        assert self.caller.resident_id is not None
        return ResidentId(self.caller.resident_id)

    def record(
        self, what: str, *, record_id: UUID, outcome: str, now: datetime, subjects: tuple[str, ...] = ()
    ) -> Record:
        """The call's line of the record."""
        return Record(
            record_id=record_id,
            recorded_at=now,
            kind=RecordKind.COMMAND,
            what=what,
            by_kind=self.caller.kind.value,
            by_id=self.caller.id,
            region=self.caller.region,
            resident_ids=(self.resident_id,),
            subjects=subjects,
            request_id=self.request_id,
            request_digest=self.request_digest,
            outcome=outcome,
            purpose=self.purpose,
            approval_id=None,
        )


class Answered(NamedTuple):
    """The answer to a call; `is_repeated` says that it was given before, under the same key."""

    status: int
    content: bytes
    is_repeated: bool = False


class Turns:
    """Of two calls with one key the second waits, as it would for another worker's, and then hears the answer."""

    def __init__(self) -> None:
        """Nobody waits."""
        self._turns: dict[tuple[UUID, bytes], asyncio.Event] = {}

    @asynccontextmanager
    async def of(self, call: WalletCall) -> AsyncIterator[None]:
        """A call's turn; one without a key waits for nobody."""
        if call.kept is None:
            yield
            return
        key = call.kept.caller_and_key
        while (other := self._turns.get(key)) is not None:
            await other.wait()
        mine = self._turns[key] = asyncio.Event()
        try:
            yield
        finally:
            del self._turns[key]
            mine.set()


KeptAnswers = Mapping[tuple[UUID, bytes], KeptAnswer]
"""What was answered before, by caller and digest of the key."""


def repeat(call: WalletCall, before: KeptAnswers) -> Answered | Refused | None:
    """What a call with the same key was answered before; None where none was."""
    kept = None if call.kept is None else before.get(call.kept.caller_and_key)
    if call.kept is None or kept is None:
        return None
    try:
        status, content = call.kept.repeat(kept)
    except Refused as refused:
        return refused
    return Answered(status, content, is_repeated=True)
