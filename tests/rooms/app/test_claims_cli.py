"""Whoever runs the platform says why a claim got what it got, replays it, reports; a look leaves its record."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import anyio.to_thread
import msgspec
import pytest
from typer.testing import CliRunner, Result

from tests.support.builders.access import an_operator
from tests.support.builders.chain import BUCKETS, Place
from tests.support.builders.ledger import IDS
from tests.support.database import a_fresh_database
from yikatong.app.cli import app
from yikatong.app.commands.explaining import open_keys_of
from yikatong.kernel.ids import bucket_of, show_id
from yikatong.ledger.model import name_budget
from yikatong.plumbing.clock import SystemClock
from yikatong.plumbing.database import Database
from yikatong.plumbing.migrations import apply_migrations
from yikatong.plumbing.settings import read_settings
from yikatong.programmes import service as programmes
from yikatong.trade_in.model import KeptClaim
from yikatong.trade_in.rules.keeping import claim_id_of

pytestmark = pytest.mark.anyio

IN_2024 = datetime(2024, 10, 20, 4, tzinfo=UTC)
ONE = 60_000


class Jiangsu:
    """Claims under the published sheet of Jiangsu of 2024, and the command line beside them."""

    def __init__(self, db: Database, folder: Path) -> None:
        self.db = db
        self.folder = folder
        self.place = Place(db, now=IN_2024)
        self.place.code = "320000"
        self.place.chain = msgspec.structs.replace(self.place.chain, shelf=programmes.read_shelf())
        self.place.budget = name_budget("trade_in:320000:2024")
        settings = read_settings(given={"data_folder": str(folder)}, environment={})
        self.place.vault = self.place.world.vault = open_keys_of(settings)

    async def qualified(self) -> KeptClaim:
        """A claim with its money."""
        await self.place.funded(ONE)
        return await self.place.qualified()

    async def refused(self) -> UUID:
        """The id under which an application was refused."""
        await self.place.funded(ONE)
        application = self.place.an_application(await self.place.a_resident(born_on=date(2019, 5, 5)))
        await self.place.admit(application)
        return claim_id_of(application)

    async def run(self, *words: str) -> Result:
        """One command."""
        environment = {
            "YIKATONG_DATA_FOLDER": str(self.folder),
            "YIKATONG_DATABASE_URL": self.db.address.conninfo,
            "YIKATONG_SERVING_DATABASE_URL": self.db.address.serving_conninfo or "",
            "YIKATONG_BUCKET_COUNT": str(BUCKETS),
            "COLUMNS": "160",
        }
        return await anyio.to_thread.run_sync(lambda: CliRunner().invoke(app, list(words), env=environment))

    async def said(self, *words: str) -> Any:
        """What a command that goes well says in JSON."""
        ended = await self.run(*words, "--json")
        assert 0 == ended.exit_code, ended.output
        return msgspec.json.decode(ended.stdout)

    async def token(self, *, region: str = "320000", permission: str = "trade_in.commerce") -> str:
        """A file with the token of an operator who is signed in now."""
        async with self.db.transaction() as conn:
            known = await an_operator(conn, region=region, permissions=(permission,), now=SystemClock().now())
        file = self.folder / "token"
        file.write_text(known.token, encoding="ascii")
        return str(file)

    async def looks(self, claim_id: UUID) -> list[tuple[str, str]]:
        """The looks that stand in the record about a claim."""
        async with self.db.transaction() as conn:
            rows = await conn.execute(
                "SELECT what, purpose FROM access.record WHERE subjects @> ARRAY[%s]", [show_id("claim", claim_id)]
            )
            return [(what, purpose) for what, purpose in await rows.fetchall()]


@pytest.fixture(scope="module")
async def prepared(db: Database) -> AsyncIterator[Database]:
    """A database as `yikatong db migrate` makes it, which the commands ask for."""
    with a_fresh_database(db.address.conninfo) as address:
        async with await Database.open(address) as database:
            conn = await database.connect_owner()
            await apply_migrations(conn, now=SystemClock().now())
            await conn.close()
            yield database


@pytest.fixture
def jiangsu(prepared: Database, tmp_path: Path) -> Jiangsu:
    """The place of these tests."""
    return Jiangsu(prepared, tmp_path)


async def test_explaining_tells_steps_with_clauses_and_nothing_of_the_person(jiangsu: Jiangsu) -> None:
    kept = await jiangsu.qualified()
    claim = show_id("claim", kept.claim.claim_id)

    (said,) = (await jiangsu.said("explain", claim))["decisions"]
    words = await jiangsu.run("explain", claim)

    assert ("qualify", None, None) == (said["act"], said["reason"], said["decision"])
    assert "qualify 2024-10-20 12:00:00\n" in words.stdout
    assert {"base", "capped", "amount"} <= {step["name"] for step in said["steps"] if step["clause"]}
    assert "trade_in/320000-2024-09-14" == said["sheet"]
    assert "Reports of the Jiangsu trade-in of 2024" in words.stdout
    assert "old_battery" not in words.stdout
    assert [] == await jiangsu.looks(kept.claim.claim_id)


async def test_who_may_look_is_told_what_was_stated_and_leaves_a_record(jiangsu: Jiangsu) -> None:
    claim_id = await jiangsu.refused()
    more = ("--token-file", await jiangsu.token(), "--purpose", "an objection")

    (said,) = (await jiangsu.said("explain", show_id("claim", claim_id), *more))["decisions"]
    words = await jiangsu.run("explain", show_id("claim", claim_id), *more)

    assert "APPLICANT_IS_TOO_YOUNG" == said["reason"]
    assert "lithium" == said["decision"]["inputs"]["old_battery"]
    assert ["age_years"] == [change["fact"] for change in said["single_changes"]]
    assert "any one of these alone would have changed the answer" in words.stdout
    assert [("trade_in.explain", "an objection")] * 2 == await jiangsu.looks(claim_id)


@pytest.mark.parametrize(
    ("operator", "purpose", "reason"),
    [
        ({"permission": "cards.view"}, "an objection", "PERMISSION_IS_MISSING"),
        ({}, "", "PURPOSE_IS_MISSING"),
        ({"region": "330000"}, "an objection", "CLAIM_IS_UNKNOWN"),
    ],
)
async def test_who_may_not_look_is_refused_by_name(
    jiangsu: Jiangsu, operator: dict[str, str], purpose: str, reason: str
) -> None:
    claim_id = await jiangsu.refused()
    file = await jiangsu.token(**operator)

    ended = await jiangsu.run(
        "explain", show_id("claim", claim_id), "--token-file", file, "--purpose", purpose, "--json"
    )

    assert (1, reason) == (ended.exit_code, msgspec.json.decode(ended.stdout)["reason"])
    assert [] == await jiangsu.looks(claim_id)


async def test_a_claim_replays_under_the_rule_and_the_knowledge_of_its_day(jiangsu: Jiangsu) -> None:
    kept = await jiangsu.qualified()
    claim = show_id("claim", kept.claim.claim_id)

    (said,) = (await jiangsu.said("replay", claim))["decisions"]
    words = await jiangsu.run("replay", claim)

    assert ("2024-10-20", []) == (said["known_on"], said["differences"])
    assert "一致 equal" in words.stdout


async def test_a_row_that_was_changed_is_found_by_its_replay(jiangsu: Jiangsu) -> None:
    kept = await jiangsu.qualified()
    claim_id = kept.claim.claim_id
    async with jiangsu.db.owner_transaction() as conn:
        await conn.execute(
            "UPDATE trade_in.decision SET amount_fen = amount_fen + 1 WHERE bucket = %s AND claim_id = %s",
            [bucket_of(claim_id, BUCKETS), claim_id],
        )

    ended = await jiangsu.run("replay", show_id("claim", claim_id), "--json")

    (said,) = msgspec.json.decode(ended.stdout)["decisions"]
    assert (1, ["row.amount_fen"]) == (ended.exit_code, [one["field"] for one in said["differences"]])


async def test_an_audit_decides_every_decision_again_and_names_the_claim_of_one_that_was_changed(
    jiangsu: Jiangsu,
) -> None:
    (jiangsu.folder / "keys" / "held").mkdir(parents=True, exist_ok=True)
    kept = await jiangsu.qualified()
    claim_id = kept.claim.claim_id
    where = [bucket_of(claim_id, BUCKETS), claim_id]
    async with jiangsu.db.owner_transaction() as conn:
        await conn.execute(
            "UPDATE trade_in.decision SET amount_fen = amount_fen + 1 WHERE bucket = %s AND claim_id = %s", where
        )

    ended = await jiangsu.run("audit", "--decisions", "--json")
    words = await jiangsu.run("audit", "--decisions")

    said = msgspec.json.decode(ended.stdout)
    mine = [line for line in said["decisions"]["differences"] if show_id("claim", claim_id) in line]
    assert (1, 1) == (ended.exit_code, len(mine))
    assert mine[0].endswith("has a row that is not what was sealed: amount_fen")
    assert set(mine) <= set(said["differences"])
    assert said["decisions"]["decisions"] >= 1
    assert show_id("claim", claim_id) in words.stdout
    assert "lithium" not in words.stdout


async def test_an_audit_of_decisions_without_keys_says_so_and_makes_none(jiangsu: Jiangsu, tmp_path: Path) -> None:
    jiangsu.folder = tmp_path / "elsewhere"
    jiangsu.folder.mkdir()

    ended = await jiangsu.run("audit", "--decisions", "--json")

    assert "There are no keys in" in str(ended.exception)
    assert not (jiangsu.folder / "keys").exists()


async def test_a_claim_that_is_none_is_refused(jiangsu: Jiangsu) -> None:
    unknown = await jiangsu.run("explain", show_id("claim", IDS.new()), "--json")
    in_words = await jiangsu.run("explain", show_id("claim", IDS.new()))
    other = await jiangsu.run("replay", "cl_1")

    assert "CLAIM_IS_UNKNOWN" == in_words.stderr.splitlines()[-1]
    assert (1, "CLAIM_IS_UNKNOWN") == (unknown.exit_code, msgspec.json.decode(unknown.stdout)["reason"])
    assert (2, "") == (other.exit_code, other.stdout)


async def test_a_report_of_the_place_has_its_claims(jiangsu: Jiangsu) -> None:
    await jiangsu.qualified()
    await jiangsu.refused()
    days = ("--from", "2024-10-20", "--until", "2024-10-21")

    ended = await jiangsu.run("report", "trade-in", "--place", "320000", *days, "--format", "json")
    files = await jiangsu.run(
        "report", "trade-in", "--place", "320000", *days, "--format", "csv", "--into", str(jiangsu.folder)
    )
    turned = await jiangsu.run("report", "trade-in", "--from", "2024-10-20", "--until", "2024-10-19")
    unknown = await jiangsu.run("report", "trade-in", "--format", "pdf")

    said = msgspec.json.decode(ended.stdout)
    assert said["total"]["qualified"] >= 1
    assert "APPLICANT_IS_TOO_YOUNG" in {one["reason"] for one in said["refusals"]}
    assert "trade_in:320000:2024" in {one["budget"] for one in said["budgets"]}
    assert 0 == files.exit_code
    assert (jiangsu.folder / "by_day.csv").read_text(encoding="utf-8").startswith("place,day,qualified")
    assert 1 == turned.exit_code
    assert "REPORT_SPANS_NO_DAY" in turned.stderr
    assert 2 == unknown.exit_code
