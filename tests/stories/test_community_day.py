"""One day in Tingting community, played on a server of its own with the outside world beside it."""

import asyncio
import re
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from msgspec.structs import replace
from rich.cells import cell_len
from rich.console import Console

from simulator.stories import Day, StoryFailedError, play
from simulator.stories.telling import NARROWEST
from simulator.trouble import Trouble
from tests.support.database import a_database_to_serve_from, folder_of_our_own
from yikatong.app import demo
from yikatong.app.audits.rooms import CHECKS
from yikatong.ledger.model import AccountKind
from yikatong.plumbing.database import Database
from yikatong.plumbing.settings import Settings

WRONG_TAPS = {
    "ALIAS_IS_FALSE",
    "BALANCE_IS_TOO_LOW",
    "CARD_IS_TEMPORARILY_REPORTED_LOST",
    "CODE_ALREADY_USED",
    "CODE_IS_TOO_OLD",
    "STRENGTH_IS_TOO_LOW",
    "TAP_WAS_REVERSED",
    "TERMINAL_MAY_NOT_LEARN_THIS",
    "TERMINAL_MAY_NOT_OFFER_THIS_ITEM",
}


class Played(NamedTuple):
    """A story that was played, what it said, and how to play it again."""

    platform: demo.Platform
    day: Day
    text: str
    again: Callable[[], Day]
    console_text: Callable[[], str]


@pytest.fixture(scope="module")
def played(db: Database) -> Iterator[Played]:
    """The day, played once on an empty database."""
    said = Console(file=StringIO(), width=NARROWEST)
    folder = folder_of_our_own()
    with a_database_to_serve_from(db.address.conninfo) as address, demo.outside_world(said, folder=folder) as outside:
        settings = replace(demo.demo_settings(Settings(), folder=folder, outside=outside), port=0)
        with demo.running(settings, address, outside=outside, console=said) as platform:

            def again() -> Day:
                return play(
                    demo.DEMO_STORY,
                    base_url=platform.base_url,
                    outside_url=outside.outside_url,
                    first_operators=platform.operators,
                    console=said,
                    crew_file=folder / demo.CREW_FILE,
                )

            day = again()
            assert isinstance(said.file, StringIO)
            text = said.file.getvalue()
            yield Played(platform=platform, day=day, text=text, again=again, console_text=said.file.getvalue)


def lines_of_taps(text: str) -> list[str]:
    """The lines that tell a tap: they begin with a time and have the milliseconds it took."""
    return [line for line in text.splitlines() if line[2:3] == ":" and "ms " in line]


def test_every_wrong_tap_is_refused_for_its_own_reason(played: Played) -> None:
    assert WRONG_TAPS == set(played.day.reasons)


def test_each_tap_is_one_line(played: Played) -> None:
    assert played.day.told == len(lines_of_taps(played.text))


def test_no_line_of_the_demo_is_wider_than_eighty_columns(played: Played) -> None:
    books = Console(file=StringIO(), width=NARROWEST)
    asyncio.run(demo.close_books(played.platform.settings, played.platform.address, books))
    assert isinstance(books.file, StringIO)

    said = played.text.splitlines() + books.file.getvalue().splitlines()

    assert 150 < len(said)
    assert [] == [line for line in said if cell_len(line) > NARROWEST]


def test_no_line_of_the_demo_ends_in_blanks_and_no_blank_line_follows_another(played: Played) -> None:
    assert [] == [line for line in played.text.splitlines() if line != line.rstrip()]
    assert "\n\n\n" not in played.text


def test_the_day_says_where_it_plays_and_counts_as_taps_what_is_one(played: Played) -> None:
    said = played.day.says_what_was_counted()

    assert "Luohuang town, Jiangjin district" in played.text
    assert said.en.startswith("29 taps: 18 admitted (1 of them confirmed on the phone first), 11 refused for 9 ")
    assert said.zh.endswith("另有退款1次、冲正2次，不计入用卡。")
    # Beside the taps: the line of the tap that waited, and those of a refund and a reversal.
    assert 29 + 3 == played.day.told


def test_notices_are_shown_at_the_times_of_the_story(played: Played) -> None:
    notices = played.text.partition("the latest")[2]

    assert {"06:30", "07:10", "17:21", "14:01", "17:00", "07:40", "07:55", "12:51", "08:30"} == set(
        re.findall(r"\b\d\d:\d\d\b", notices)
    )


def test_every_kind_of_account_and_every_audited_room_has_a_name_in_both_languages() -> None:
    assert set(AccountKind) == set(demo.KIND_NAMES)
    assert {room for room, _ in CHECKS} == set(demo.ROOM_NAMES_ZH)


def test_no_id_number_is_shown(played: Played) -> None:
    assert "9901" not in played.text


def test_the_server_logs_no_id_number_and_no_account_number(played: Played) -> None:
    log = (Path(played.platform.settings.data_folder) / demo.LOG_FILE).read_text(encoding="utf-8")

    assert '"route":"enrol_device"' in log
    assert [] == re.findall(r"9901\d{13}[\dX]|62102000\d+", log)


def test_the_books_balance_and_the_audit_finds_nothing(played: Played) -> None:
    asyncio.run(demo.close_books(played.platform.settings, played.platform.address, Console(file=StringIO())))


def test_the_same_day_can_be_played_again_on_the_same_platform(played: Played) -> None:
    again = played.again()

    assert played.day.reasons == again.reasons
    assert (False, True) == (played.day.again, again.again)
    said = played.console_text()
    assert 1 == said.count("这个数据目录里演过这一天")
    # A statement's table has the second day alone, though the platform's has both.
    assert 2 == said.count("亭亭社区食堂                           4   55.50")
    assert "应付合计1769.20" in said


def test_an_outcome_that_is_not_as_told_ends_the_story(played: Played) -> None:
    trouble = {"trouble": Trouble.NO_FUNDS.value, "times": 1}
    httpx.post(f"{played.platform.outside.bank_url}/simulator/trouble", json=trouble).raise_for_status()

    with pytest.raises(StoryFailedError, match="BANK_REFUSED_THE_DEBIT"):
        played.again()


def test_the_bank_goes_on_where_it_stopped(tmp_path: Path) -> None:
    said = Console(file=StringIO())
    account = {
        "number": "6210000000000000", "name": "陈爷爷", "id_number": "1", "phone": "2", "balance_fen": 100
    }  # fmt: skip
    check = {
        "bank_code": "102",
        "bank_card_number": account["number"],
        "name": "陈爷爷",
        "id_number": "1",
        "phone": "2",
    }
    with demo.outside_world(said, folder=tmp_path) as outside:
        httpx.post(f"{outside.bank_url}/simulator/accounts", json=account).raise_for_status()
    with demo.outside_world(said, folder=tmp_path) as outside:
        assert "good" == httpx.post(f"{outside.bank_url}/account-checks", json=check).json()["verdict"]
