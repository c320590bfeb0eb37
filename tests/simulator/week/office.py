"""The office: commands of operators, under a key each, sent again until they are acknowledged."""

from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from tests.simulator.week.journal import Commanded
from tests.simulator.week.network import Network
from tests.simulator.week.place import OUTPOSTS, Place, Worker
from tests.simulator.week.told import Acknowledged, Told
from tests.support.builders.cards import OPERATOR
from tests.support.builders.counter import BUCKET
from yikatong.access import service as access
from yikatong.access.model import Record, RecordKind
from yikatong.cards import service as cards
from yikatong.codes.model import SceneGroup
from yikatong.desk import service as desk
from yikatong.kernel.outcomes import Change, Refused
from yikatong.offline import service as offline
from yikatong.offline.model import Side
from yikatong.plumbing.database import Connection

TO_THEIR_PLACE, AT_THE_COUNTER = "grant to their place", "grant without a password"
GRANTS = ("grant to outpost 0", "grant to outpost 1", TO_THEIR_PLACE, AT_THE_COUNTER)
"""The last at a counter, for a plastic card that will take from it without its password."""
STATES = "say what happened in a dispute"
ANSWERS = ("agree in a dispute", "deny in a dispute")
DECISIONS = {"decide for the provider": Side.PROVIDER, "decide for the resident": Side.RESIDENT}
_TOKEN = "the operator's token"
_TRIES = 4


class Office:
    """All operators of the place, and residents who say in their wallets what is done under a key as well."""

    def __init__(self, place: Place, network: Network, told: Told) -> None:
        self._place = place
        self._network = network
        self._told = told
        self._count = 0

    async def command(self, what: str, resident: int, *, fen: int = 0, tap_id: UUID | None = None) -> str:
        """Have a command done once, however often it is sent; says what it came to, as far as is known.

        `tap_id` names the dispute of which it is, if it is of one.
        """
        key = f"command-{self._count:05d}"
        self._count += 1
        sent_at = self._place.clock.now()
        answer: str | Refused | None = None
        for _ in range(_TRIES):
            call = partial(self._serve, what=what, resident=resident, fen=fen, key=key, tap_id=tap_id)
            answer = await self._network.ask(f"{key} {what} of {resident} {fen}", call)
            if answer is not None:
                break
        came_to = answer.reason.name if isinstance(answer, Refused) else answer or "unknown"
        at = None if answer is None else self._place.clock.now()
        self._told.commands.append(Acknowledged(sent_at, at, what, resident, key, fen, came_to))
        return came_to

    async def _serve(self, worker: Worker, *, what: str, resident: int, fen: int, key: str, tap_id: UUID | None) -> str:
        """What the edge does with a command: claim its key, do it, record it, keep the answer, in one transaction."""
        now = self._place.clock.now()
        digest = access.digest_request((what.encode(), str(resident).encode(), str(fen).encode()), key=key)
        kept = access.KeptCommand(caller_id=OPERATOR.id, key=key, token=_TOKEN, request_digest=digest)
        async with worker.db.transaction() as conn:
            before = await kept.claim(conn, now=now)
            if before is not None:
                return before[1].decode()
            if tap_id is not None:
                came_to = await self._dispute(conn, what=what, resident=resident, tap_id=tap_id, now=now)
                made_id: UUID | None = tap_id
            else:
                came_to, made_id = await self._do(worker, conn, what=what, resident=resident, fen=fen, now=now)
            record_id = await self._record(conn, what=what, resident=resident, key=key, came_to=came_to, now=now)
            await kept.keep(conn, status=200, answer=came_to.encode(), record_id=record_id, ids=self._place.ids)
        self._place.journal.append(Commanded(now, what, resident, fen, came_to, made_id))
        return came_to

    async def _record(
        self, conn: Connection, *, what: str, resident: int, key: str, came_to: str, now: datetime
    ) -> UUID:
        record = Record(
            record_id=self._place.ids.new(),
            recorded_at=now,
            kind=RecordKind.COMMAND,
            what=what.replace(" ", "_"),
            by_kind="operator",
            by_id=OPERATOR.id,
            region=self._place.first.region,
            resident_ids=(self._place.phones[resident].resident.resident_id,),
            subjects=(),
            request_id=key,
            request_digest=None,
            outcome=came_to,
            purpose=None,
            approval_id=None,
        )
        await access.write_record(conn, record=record, bucket_count=1)
        return record.record_id

    async def _do(
        self, worker: Worker, conn: Connection, *, what: str, resident: int, fen: int, now: datetime
    ) -> tuple[str, UUID | None]:
        person = self._place.phones[resident].resident
        key: dict[str, Any] = {"bucket": BUCKET, "resident_id": person.resident_id}
        step: dict[str, Any] = {"by": OPERATOR, "now": now, "ids": self._place.ids}
        change: Change | int | None = Change.DONE
        made_id: UUID | None = None
        if what == "top up":
            await worker.give(conn, person, "purse", fen)
        elif what == "report lost":
            change = await desk.report_loss(conn, **key, formal=False, **step)
        elif what == "release":
            change = await desk.release(conn, **key, **step)
        elif what == "associate":
            change = await desk.associate(conn, **key, now=now)
        elif what == "freeze":
            change = await cards.freeze_payments(conn, **key, now=now)
        elif what == "unfreeze":
            change = await cards.unfreeze_payments(conn, **key)
        elif what == "set limits":
            change = await cards.set_small_payment_limit(
                conn, **key, limit_fen=fen, day_limit_fen=2 * fen, unknown_posture_allowed=False,
                vault=worker.vault, now=now, ids=self._place.ids,
            )  # fmt: skip
        elif what in GRANTS:
            made_id = await self._grant(worker, conn, key, what=what, fen=fen, now=now)
        else:
            assert what == "revoke the last till"
            await access.revoke_keys_of(conn, subject_id=self._place.tills[-1].terminal.id, now=now)
        return "already" if change is Change.ALREADY_SO else "done", made_id

    async def _dispute(self, conn: Connection, *, what: str, resident: int, tap_id: UUID, now: datetime) -> str:
        """What a side says of a dispute, or how an operator decides it."""
        whose, change = self._place.phones[resident].resident.resident_id, Change.DONE
        if what == STATES:
            change = await offline.state_dispute(
                conn, bucket=BUCKET, provider_id=self._place.first.provider.id, tap_id=tap_id, says="断网，先后收款"
            )
        elif what in ANSWERS:
            change = await offline.answer_dispute(
                conn, bucket=BUCKET, resident_id=whose, tap_id=tap_id, agrees=what == ANSWERS[0]
            )
        else:
            change, _ = await offline.decide_dispute(
                conn,
                bucket=BUCKET,
                region=self._place.first.region,
                tap_id=tap_id,
                decided_for=DECISIONS[what],
                now=now,
            )
        return "already" if change is Change.ALREADY_SO else "done"

    async def _grant(
        self, worker: Worker, conn: Connection, of: dict[str, Any], *, what: str, fen: int, now: datetime
    ) -> UUID:
        """An allowance for one outpost, or for all of their place."""
        allowance = await offline.grant_allowance(
            conn, **of, terminal=self._place.outposts[GRANTS.index(what) % OUTPOSTS].terminal,
            whole_place=what in (TO_THEIR_PLACE, AT_THE_COUNTER), scene_group=SceneGroup.RETAIL, amount_fen=fen,
            days=4, with_e_card=what != AT_THE_COUNTER, without_pin=what == AT_THE_COUNTER, vault=worker.vault,
            now=now, ids=self._place.ids,
        )  # fmt: skip
        return allowance.id
