"""T31 A rewritten log (docs/threats.md): whoever owns the database and the log's keys makes all of it anew."""

from pathlib import Path

import pytest
from anyio import to_thread

from tests.support.builders.sealing import (
    ToldToATerminal,
    a_day,
    a_log_of_its_own,
    a_witness,
    make_the_log_anew,
)
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.database import Database
from yikatong.sealing import service as sealing
from yikatong.sealing.model import Reason
from yikatong.terminal.model import Followed
from yikatong.terminal.model import Reason as TerminalReason
from yikatong.terminal.offline import open_memory
from yikatong.terminal.seals import KeptLog

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


@pytest.mark.parametrize(
    ("grows", "reason"), [(False, TerminalReason.LOG_WAS_CUT_BACK), (True, TerminalReason.LOG_WAS_FORKED)]
)
async def test_a_terminal_that_saw_the_log_tells_a_rewritten_one_by_name(
    db: Database, tmp_path: Path, grows: bool, reason: TerminalReason
) -> None:
    async with a_log_of_its_own(db) as log:
        world = await a_day(log)
        keys = [key.public_key for key in log.log_keys.values()]
        asked = ToldToATerminal(log)

        def follow() -> Followed:
            with open_memory(tmp_path / "memory") as memory:
                return KeptLog(memory, log_keys=keys).follow(asked, now=world.clock.now())

        seen = await to_thread.run_sync(follow)
        await log.change("DELETE FROM sealing.batch WHERE kinds = '\\x04'::bytea")
        await log.change("DELETE FROM sealing.series WHERE series NOT IN (SELECT series FROM sealing.batch)")
        await make_the_log_anew(log)
        if grows:
            phone = await world.a_phone(purse_fen=5_000)
            for _ in range(3):
                await log.paid(phone)
            await log.append()

        with pytest.raises(Refused) as refused:
            await to_thread.run_sync(follow)

        assert seen.head is not None
        assert reason is refused.value.reason
