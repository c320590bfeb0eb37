"""Lists and prices come in by the command line: whole or not at all, with every wrong line and a record."""

from collections.abc import AsyncIterator
from pathlib import Path

import anyio.to_thread
import msgspec
import pytest
from typer.testing import CliRunner, Result

from tests.support.builders.store_lists import PLEDGE_HEADINGS, a_code, a_row, a_spreadsheet, a_text_table
from tests.support.database import a_fresh_database
from yikatong.app.cli import app
from yikatong.plumbing.clock import SystemClock
from yikatong.plumbing.database import Database
from yikatong.plumbing.migrations import apply_migrations

pytestmark = pytest.mark.anyio

PLACE = ("--place", "320100")


class Shell:
    """A prepared database, and the command line beside it."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.folder = folder

    async def run(self, command: str, content: bytes, *words: str) -> Result:
        """One command on a file."""
        file = self.folder / "list"
        file.write_bytes(content)
        environment = {
            "YIKATONG_DATA_FOLDER": str(self.folder),
            "YIKATONG_DATABASE_URL": self.database.address.conninfo,
            "YIKATONG_SERVING_DATABASE_URL": self.database.address.serving_conninfo or "",
            "COLUMNS": "200",
        }
        asked = ["trade-in", command, str(file), *PLACE, *words]
        return await anyio.to_thread.run_sync(lambda: CliRunner().invoke(app, asked, env=environment))

    async def records(self) -> list[str]:
        """What was recorded."""
        async with self.database.transaction() as conn:
            cursor = await conn.execute("SELECT what FROM access.record ORDER BY record_id")
            return [row[0] for row in await cursor.fetchall()]


@pytest.fixture
async def shell(db: Database, tmp_path: Path) -> AsyncIterator[Shell]:
    with a_fresh_database(db.address.conninfo) as address:
        async with await Database.open(address) as database:
            conn = await database.connect_owner()
            await apply_migrations(conn, now=SystemClock().now())
            await conn.close()
            yield Shell(database, tmp_path)


async def test_a_list_and_its_prices_come_in_and_leave_their_records(shell: Shell) -> None:
    listed = await shell.run("parties", a_spreadsheet([a_row(number) for number in range(5)]), "--json")
    prices = a_text_table([[a_code(1), "A", "2399", "2024-10-01", "", ""]], headings=PLEDGE_HEADINGS)
    priced = [await shell.run("prices", prices) for _ in range(2)]

    assert {"change": "done", "encoding": "xlsx", "added_count": 5, "changed_count": 0, "same_count": 0} == (
        msgspec.json.decode(listed.stdout)
    )
    assert ["1 added, 0 changed", "0 added, 0 changed"] == [ended.stdout.splitlines()[1][:18] for ended in priced]
    assert ["trade_in.import_parties", "trade_in.import_prices", "trade_in.import_prices"] == await shell.records()


async def test_every_wrong_line_is_told_in_both_languages_and_nothing_is_taken_in(shell: Shell) -> None:
    wrong = a_text_table([a_row(1), [a_code(2), "", "超市", "2024-13-01", ""], ["1", "车行", "门店", "2024-10-20", ""]])
    ended, again = await shell.run("parties", wrong), await shell.run("parties", wrong, "--json")

    assert (1, 1) == (ended.exit_code, again.exit_code)
    assert "第3行 line 3  名称 name: 单元格为空 the cell is empty; 类别 kind: 类别应为门店或回收企业" in ended.stderr
    assert "第4行 line 4  统一社会信用代码 credit_code:" in ended.stderr
    said = msgspec.json.decode(again.stdout)
    assert ("LIST_HAS_ERRORS", 4, {"error_count", "line_3", "line_4"}) == (
        said["reason"],
        said["about"]["error_count"],
        set(said["about"]),
    )
    assert [] == await shell.records()
