"""Applications of a worker: those that arrive while some commit are admitted together, each whole or not at all.

A crowd for the last places of a budget is so turned away by a few looks, not by one for each.
"""

from collections.abc import Sequence
from typing import NamedTuple

from yikatong.app.http.reasons import Reason
from yikatong.cards.model import Vault
from yikatong.kernel.ids import bucket_of
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.clock import Clock
from yikatong.plumbing.gathering import Gathering
from yikatong.plumbing.ids import Ids
from yikatong.trade_in import service as trade_in
from yikatong.trade_in.model import Application, ChainTerms, Qualified

BATCH_MAX = 256
LINE_MAX = 16_384


class _Ended(NamedTuple):
    """How an application ended; a refusal is an end, and not raised like what meets a whole line."""

    end: Qualified | Refused


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
        self._line: Gathering[Application, _Ended] = Gathering(
            self._admit,
            key_of=lambda one: bucket_of(one.resident_id, chain.bucket_count),
            batch_max=BATCH_MAX,
            line_max=LINE_MAX,
            busy=Reason.SERVER_IS_BUSY,
        )

    async def apply(self, application: Application) -> Qualified | Refused:
        """Bring an application to its end; everything is committed then. Refuses SERVER_IS_BUSY by raising it."""
        return (await self._line.submit(application)).end

    async def close(self) -> None:
        """Finish the batch at hand; applications still in line are refused."""
        await self._line.close()

    async def _admit(self, applications: Sequence[Application]) -> Sequence[_Ended | Exception]:
        """Admit a batch, whole."""
        ends = await trade_in.admit_many(
            self._own_commit,
            bucket=bucket_of(applications[0].resident_id, self._chain.bucket_count),
            applications=applications,
            chain=self._chain,
            vault=self._vault,
            now=self._clock.now(),
            ids=self._ids,
            writer=self._writer,
        )
        return [_Ended(end) for end in ends]
