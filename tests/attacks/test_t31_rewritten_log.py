"""T31 A rewritten log (docs/threats.md): whoever owns the database and the log's keys makes all of it anew."""

from pathlib import Path

import pytest

from tests.support.builders.sealing import a_day, a_log_of_its_own, a_witness, make_the_log_anew
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.database import Database
from yikatong.sealing import service as sealing
from yikatong.sealing.model import Reason

pytestmark = pytest.mark.anyio


async def test_who_rewrites_the_whole_log_with_its_own_keys_is_found_by_the_witness_alone(
    db: Database, tmp_path: Path
) -> None:
    async with a_log_of_its_own(db) as log:
        world = await a_day(log)
        witness = a_witness(tmp_path, log=log)
        await sealing.show_to_witness(world.db, witness, now=world.clock.now())
        await log.change("DELETE FROM access.record")
        await log.change("DELETE FROM sealing.batch WHERE kinds = '\\x04'::bytea")
        await log.change("DELETE FROM sealing.series WHERE series NOT IN (SELECT series FROM sealing.batch)")
        await make_the_log_anew(log)

        alone, witnessed = await log.differences(), await log.differences(witness=witness)

        assert () == alone
        assert [one for one in witnessed if "the witness signed" in one]


async def test_a_witness_signs_no_log_that_was_rewritten(db: Database, tmp_path: Path) -> None:
    async with a_log_of_its_own(db) as log:
        world = await a_day(log)
        witness = a_witness(tmp_path, log=log)
        first = await sealing.show_to_witness(world.db, witness, now=world.clock.now())
        await log.change("DELETE FROM sealing.batch WHERE kinds = '\\x04'::bytea")
        await log.change("DELETE FROM sealing.series WHERE series NOT IN (SELECT series FROM sealing.batch)")
        await make_the_log_anew(log)
        await log.paid(await world.a_phone(purse_fen=5_000))
        await log.append()

        with pytest.raises(Refused) as refused:
            await sealing.show_to_witness(world.db, witness, now=world.clock.now())

        assert refused.value.reason is Reason.SEAL_DOES_NOT_MATCH
        assert first is not None
        assert first == await witness.find_last()
