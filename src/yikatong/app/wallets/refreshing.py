"""Certificate refreshes of a worker: those that arrive while some commit are given together, each with its record."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from yikatong.access import service as access
from yikatong.access.model import Record
from yikatong.app.house import House
from yikatong.app.http.reasons import Reason
from yikatong.app.wallets.calls import Answered, Turns, WalletCall, repeat
from yikatong.codes import service as codes
from yikatong.codes.api import refresh_route, show_refreshed
from yikatong.codes.model import Refreshed
from yikatong.codes.service import RefreshWork
from yikatong.kernel.ids import DeviceId, bucket_of
from yikatong.kernel.outcomes import Change, Refused
from yikatong.plumbing.batching import Connect, Transactions
from yikatong.plumbing.gathering import Gathering
from yikatong.plumbing.pipeline import BEGIN, COMMIT, ROLLBACK, BatchConnection, Statement
from yikatong.trust.model import KeyHolder

WHAT = refresh_route().name
"""The route's name, under which a refresh stands in the record."""
BATCH_MAX = 64
LINE_MAX = 1_024

_encode = msgspec.json.Encoder().encode


class RefreshCall(NamedTuple):
    """A wallet's call, and what it asks."""

    wallet: WalletCall
    request: bytes

    @property
    def work(self) -> RefreshWork:
        """What the wallet asks of codes."""
        device_id = self.wallet.caller.device_id
        assert device_id is not None
        return RefreshWork(self.wallet.resident_id, DeviceId(device_id), self.request)


class _Written(NamedTuple):
    """A batch's answers in the order of its calls, and what must be written before they are told."""

    answers: list[Answered | Refused]
    statements: list[Statement[Any]]


class Refreshing:
    """The refreshes of one worker: one batch at a time, on a connection of its own."""

    def __init__(self, house: House, *, holder: KeyHolder, connect: Connect) -> None:
        """`connect` gives a connection of its own with the first refresh, and again when one was lost."""
        self._house = house
        self._holder = holder
        self._bucket_count = house.settings.bucket_count
        self._transactions: Transactions[RefreshCall, Answered | Refused] = Transactions(
            self._transact, connect=connect
        )
        self._calls: Gathering[RefreshCall, Answered] = Gathering(
            self._transactions.serve,
            key_of=self._bucket_of,
            batch_max=BATCH_MAX,
            line_max=LINE_MAX,
            busy=Reason.SERVER_IS_BUSY,
        )
        self._turns = Turns()

    async def close(self) -> None:
        """Finish the batch at hand; calls still in line are refused."""
        await self._calls.close()
        await self._transactions.close()

    @property
    def backend_pid(self) -> int | None:
        """The server process behind the connection of the batches."""
        return self._transactions.backend_pid

    async def refresh(self, call: RefreshCall) -> Answered:
        """Give a wallet its certificates, in the transaction of its record and of its kept answer.

        Refuses, in this order: IDEMPOTENCY_KEY_IS_TAKEN, ANSWER_CANNOT_BE_REPEATED; then as `codes.give_certificates`.
        """
        async with self._turns.of(call.wallet):
            return await self._calls.submit(call)

    def _bucket_of(self, call: RefreshCall) -> int:
        return bucket_of(call.wallet.resident_id, self._bucket_count)

    async def _transact(self, conn: BatchConnection, calls: Sequence[RefreshCall]) -> list[Answered | Refused]:
        """One transaction: lock and read; decide; write, and commit where every write won what it must."""
        now = self._house.clock.now()
        bucket = self._bucket_of(calls[0])
        kept = [one.wallet.kept for one in calls if one.wallet.kept is not None]
        reading = codes.lock_for_refresh([call.work for call in calls], bucket=bucket, now=now)
        asking = [access.load_kept_answers(kept)] if kept else []
        _, *read = await conn.run([BEGIN, *reading, *asking])
        before = {(caller_id, key): answer for caller_id, key, answer in read[len(reading)].rows} if kept else {}
        repeated = [repeat(call.wallet, before) for call in calls]
        fresh = [call for call, answer in zip(calls, repeated, strict=True) if answer is None]
        given = await codes.give_certificates(
            conn.run,
            [call.work for call in fresh],
            read,
            bucket=bucket,
            holder=self._holder,
            now=now,
            ids=self._house.ids,
        )
        written = self._write(fresh, given.answers, bucket=bucket, now=now)
        statements = [*given.statements, *written.statements]
        await conn.run([*statements, COMMIT] if statements else [ROLLBACK])
        answers = iter(written.answers)
        return [next(answers) if answer is None else answer for answer in repeated]

    def _write(
        self, calls: Sequence[RefreshCall], given: Sequence[Refreshed | Refused], *, bucket: int, now: datetime
    ) -> _Written:
        """What each call is answered, and the records and kept answers of those that were not refused."""
        answers: list[Answered | Refused] = []
        records: list[Record] = []
        kept: list[access.AnswerToKeep] = []
        for call, one in zip(calls, given, strict=True):
            if isinstance(one, Refused):
                answers.append(one)
                continue
            record = call.wallet.record(WHAT, record_id=self._house.ids.new(), outcome=Change.DONE.value, now=now)
            answer = Answered(200, _encode(show_refreshed(one)))
            records.append(record)
            answers.append(answer)
            if call.wallet.kept is not None:
                kept.append(
                    call.wallet.kept.to_keep(
                        status=answer.status, answer=answer.content, record_id=record.record_id, ids=self._house.ids
                    )
                )
        statements = access.write_own_records(records, bucket=bucket, now=now) if records else []
        if kept:
            statements.append(access.keep_answers(kept, made_at=now))
        return _Written(answers, statements)
