"""Applications of a worker: those that arrive while some commit are admitted together, each whole or not at all.

A crowd for the last places of a budget is so turned away by a few looks, not by one for each. What a call leaves, its
line of the record and its kept answer, is written in the commit of its end.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec
import psycopg

from yikatong.access import service as access
from yikatong.app.http.problems import problem_of
from yikatong.app.http.reasons import Reason
from yikatong.app.http.recording import SUBJECTS_MAX, find_ids
from yikatong.app.wallets.calls import Answered, Turns, WalletCall, repeat
from yikatong.cards.model import Vault
from yikatong.kernel.ids import bucket_of
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.batching import CONTENDED
from yikatong.plumbing.clock import Clock
from yikatong.plumbing.database import Connection
from yikatong.plumbing.gathering import Gathering
from yikatong.plumbing.ids import Ids
from yikatong.plumbing.pipeline import BatchMustRerun
from yikatong.plumbing.statements import run_in_order
from yikatong.trade_in import service as trade_in
from yikatong.trade_in.api import qualify_route, show_qualified
from yikatong.trade_in.model import Application, ChainTerms, Qualified

BATCH_MAX = 256
LINE_MAX = 16_384
WHAT = qualify_route(()).name
"""The route's name, under which an application stands in the record."""
_STATUS = 201
_TRIES_MAX = 4

_encode = msgspec.json.Encoder().encode

Complete = Callable[[Application], Awaitable[Application]]
"""Gives an application with what organisations outside know of it; asked only where money is left."""


class _Work(NamedTuple):
    """An application, and the call that brought it; without one, whoever asks leaves the record."""

    application: Application
    wallet: WalletCall | None


class _Ended(NamedTuple):
    """How an application ended; a refusal is an end, and not raised like what meets a whole line.

    `end` is None for one that goes on, or whose answer was given before.
    """

    end: Qualified | Refused | None
    answered: Answered | None = None


_GOES_ON = _Ended(None)


class Qualifying:
    """The applications of one worker: one batch at a time, all of it of one bucket."""

    def __init__(
        self,
        own_commit: trade_in.OwnCommit,
        *,
        chain: ChainTerms,
        vault: Vault,
        clock: Clock,
        ids: Ids,
        writer: int = 0,
    ) -> None:
        """`own_commit` opens transactions apart from those that wait here; `writer` numbers who counts refusals."""
        self._own_commit = own_commit
        self._chain = chain
        self._vault = vault
        self._clock = clock
        self._ids = ids
        self._writer = writer
        self._turns = Turns()
        self._looks = self._a_line(self._look)
        self._line = self._a_line(self._admit)

    async def apply(self, application: Application) -> Qualified | Refused:
        """Bring an application to its end; everything is committed then. Refuses SERVER_IS_BUSY by raising it."""
        end = (await self._line.submit(_Work(application, None))).end
        assert end is not None, "only a call has an answer that was given before"
        return end

    async def answer(self, application: Application, wallet: WalletCall, *, complete: Complete | None) -> Answered:
        """Answer a wallet's application, with its record; whoever comes too late hears it before `complete` is asked.

        Raises, in this order: SERVER_IS_BUSY, IDEMPOTENCY_KEY_IS_TAKEN, ANSWER_CANNOT_BE_REPEATED; what `complete`
        raises. What the application itself is refused with is an answer.
        """
        async with self._turns.of(wallet):
            if complete is not None:
                looked = await _again(self._looks, _Work(application, wallet))
                if looked is not _GOES_ON:
                    return _answer_of(looked)
                application = await complete(application)
            return _answer_of(await _again(self._line, _Work(application, wallet)))

    async def close(self) -> None:
        """Finish the batches at hand; applications still in line are refused."""
        await self._looks.close()
        await self._line.close()

    def _a_line(
        self, serve: Callable[[Sequence[_Work]], Awaitable[Sequence[_Ended | Exception]]]
    ) -> Gathering[_Work, _Ended]:
        return Gathering(
            serve,
            key_of=self._bucket_of,
            batch_max=BATCH_MAX,
            line_max=LINE_MAX,
            busy=Reason.SERVER_IS_BUSY,
        )

    def _bucket_of(self, work: _Work) -> int:
        return bucket_of(work.application.resident_id, self._chain.bucket_count)

    async def _look(self, works: Sequence[_Work]) -> Sequence[_Ended | Exception]:
        """End what was answered before and what comes too late, in one commit; the others go on."""
        async with self._own_commit() as conn:
            ends = await self._repeated(conn, works)
            fresh = [work for place, work in enumerate(works) if place not in ends]
            late: trade_in.Ends = {}
            if fresh:
                late = await trade_in.turn_away(
                    conn,
                    bucket=self._bucket_of(works[0]),
                    applications=[work.application for work in fresh],
                    chain=self._chain,
                    now=self._clock.now(),
                    writer=self._writer,
                )
            answers = await self._leave(conn, {place: (fresh[place], end) for place, end in late.items()})
        found = iter(
            _Ended(late[place], answers.get(place)) if place in late else _GOES_ON for place in range(len(fresh))
        )
        return [ends[place] if place in ends else next(found) for place in range(len(works))]

    async def _admit(self, works: Sequence[_Work]) -> Sequence[_Ended | Exception]:
        """Admit a batch; what was committed before an error has its end, whatever became of the others."""
        ends: dict[int, _Ended | Exception] = {}
        try:
            if any(work.wallet is not None and work.wallet.kept is not None for work in works):
                async with self._own_commit() as conn:
                    ends |= await self._repeated(conn, works)
            await self._bring_through(works, [place for place in range(len(works)) if place not in ends], ends)
        except (psycopg.Error, BatchMustRerun) as error:
            return [ends.get(place, error) for place in range(len(works))]
        return [ends[place] for place in range(len(works))]

    async def _bring_through(
        self, works: Sequence[_Work], places: Sequence[int], ends: dict[int, _Ended | Exception]
    ) -> None:
        """Bring the works of some places to their ends, which are noted as soon as they are committed."""
        answers: dict[int, Answered] = {}

        async def beside(conn: Connection, some: trade_in.Ends) -> None:
            nonlocal answers
            answers = await self._leave(conn, {place: (works[places[place]], end) for place, end in some.items()})

        if not places:
            return
        async for some in trade_in.admit_in_turn(
            self._own_commit,
            bucket=self._bucket_of(works[0]),
            applications=[works[place].application for place in places],
            chain=self._chain,
            vault=self._vault,
            now=self._clock.now(),
            ids=self._ids,
            writer=self._writer,
            beside=beside,
        ):
            ends |= {places[place]: _Ended(end, answers.get(place)) for place, end in some.items()}

    async def _repeated(self, conn: Connection, works: Sequence[_Work]) -> dict[int, _Ended | Exception]:
        """What works were answered before under their keys, by their places."""
        kept = [work.wallet.kept for work in works if work.wallet is not None and work.wallet.kept is not None]
        if not kept:
            return {}
        (found,) = await run_in_order(conn, [access.load_kept_answers(kept)])
        before = {(caller_id, key): answer for caller_id, key, answer in found.rows}
        repeated = {place: repeat(work.wallet, before) for place, work in enumerate(works) if work.wallet is not None}
        return {
            place: said if isinstance(said, Refused) else _Ended(None, said)
            for place, said in repeated.items()
            if said is not None
        }

    async def _leave(
        self, conn: Connection, ended: Mapping[int, tuple[_Work, Qualified | Refused]]
    ) -> dict[int, Answered]:
        """Write the records and kept answers of calls that end in this transaction; gives what they are answered."""
        now = self._clock.now()
        answers: dict[int, Answered] = {}
        records = []
        kept = []
        for place, (work, end) in ended.items():
            if work.wallet is None:
                continue
            answer = answers[place] = _content_of(end, work.wallet)
            record = work.wallet.record(
                WHAT,
                record_id=self._ids.new(),
                outcome=end.reason.name if isinstance(end, Refused) else end.change.value,
                now=now,
                subjects=tuple(name.decode() for name in find_ids(answer.content)[:SUBJECTS_MAX]),
            )
            records.append(record)
            if work.wallet.kept is not None:
                kept.append(
                    work.wallet.kept.to_keep(
                        status=answer.status, answer=answer.content, record_id=record.record_id, ids=self._ids
                    )
                )
        if records:
            bucket = self._bucket_of(next(iter(ended.values()))[0])
            keeping = [access.keep_answers(kept, made_at=now)] if kept else []
            await run_in_order(conn, [*access.write_own_records(records, bucket=bucket, now=now), *keeping])
        return answers


async def _again(line: Gathering[_Work, _Ended], work: _Work) -> _Ended:
    """Submit a work, and again when another worker was first at what it needs."""
    for _ in range(_TRIES_MAX - 1):
        try:
            return await line.submit(work)
        except CONTENDED:
            continue
    return await line.submit(work)


def _answer_of(ended: _Ended) -> Answered:
    assert ended.answered is not None, "a call has its answer"
    return ended.answered


def _content_of(end: Qualified | Refused, wallet: WalletCall) -> Answered:
    if isinstance(end, Refused):
        problem = problem_of(end, request_id=wallet.request_id)
        return Answered(problem.status, _encode(problem))
    return Answered(_STATUS, _encode(show_qualified(end)))
