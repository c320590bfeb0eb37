"""What sealing does by itself: append to the log, and show its head to the witness."""

from datetime import timedelta

import structlog

from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.ids import Ids
from yikatong.plumbing.jobs import Job, JobCall, every
from yikatong.sealing import service
from yikatong.sealing.outside import Witness, WitnessIsSilent
from yikatong.trust.model import KeyHolder

log = structlog.get_logger("yikatong.sealing")


def jobs(*, holder: KeyHolder, ids: Ids, witness: Witness | None) -> tuple[Job, ...]:
    """Append every two seconds; with a witness, show it the head every ten."""
    sealer = service.Sealer(holder, ids=ids)

    async def append(call: JobCall) -> None:
        await sealer.run_once(call.database, now=call.clock.now())

    async def show(call: JobCall) -> None:
        assert witness is not None
        try:
            await service.show_to_witness(call.database, witness, now=call.clock.now())
        except WitnessIsSilent as silent:
            log.warning("the witness is silent", error=str(silent))
        except Refused as refused:
            log.error(
                "the witness does not sign: the log did not only grow, or its key is not believed there",
                reason=refused.reason.name,
            )
            raise

    appending = Job(name="sealing.append", schedule=every(timedelta(seconds=2)), run=append)
    showing = Job(name="sealing.show_to_witness", schedule=every(timedelta(seconds=10)), run=show)
    return (appending,) if witness is None else (appending, showing)
