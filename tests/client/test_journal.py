"""What the journal said it has, it has after any crash; and it belongs to one caller and one process."""

import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.client.world import JOURNAL_KEY, TILL
from tests.support.processes import a_python_process, next_line
from tests.support.world import NOON
from yikatong.client.journal import Entry, Journal, Kind
from yikatong.client.problems import JournalError, JournalIsAnothers, JournalIsInUse, RequestIdIsTaken

CONTENT = b"a request with the number 99010119550307003X in it"


def a_journal(folder: Path, *, owner: str = TILL.terminal, key: bytes = JOURNAL_KEY) -> Journal:
    return Journal.open(folder / "till.journal", owner=owner, key=key)


def begin(journal: Journal, request_id: str, *, content: bytes = CONTENT, at: datetime = NOON) -> Entry:
    return journal.begin(Kind.TAP, request_id, content=content, made_at=at)


def end(journal: Journal, entry: Entry) -> None:
    journal.hear(entry, outcome="admitted", answer=b"receipt", seen_at=NOON, tap="tap_1")


def files(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_a_request_stands_open_until_an_answer_ends_it(tmp_path: Path) -> None:
    with a_journal(tmp_path) as journal:
        entry = begin(journal, "request-1")
        journal.hear(entry, outcome="waiting", answer=b"", seen_at=NOON, tap="tap_1", ends=False)
        assert [("request-1", "waiting")] == [(open_.request_id, open_.outcome) for open_ in journal.list_open()]
        end(journal, entry)

        assert [] == journal.list_open()
        found = journal.find_tap("tap_1")
        assert found is not None
        assert (CONTENT, NOON, "admitted", True) == (found.content, found.made_at, found.outcome, found.has_ended)


def test_what_was_written_is_there_when_the_journal_is_opened_again(tmp_path: Path) -> None:
    with a_journal(tmp_path) as journal:
        begin(journal, "request-1")
        written = journal.list_all()

    with a_journal(tmp_path) as journal:
        assert written == journal.list_all()


def test_the_same_request_again_is_the_same_entry_and_another_content_is_refused(tmp_path: Path) -> None:
    with a_journal(tmp_path) as journal:
        assert begin(journal, "request-1") == begin(journal, "request-1", at=NOON + timedelta(hours=1))
        with pytest.raises(RequestIdIsTaken):
            begin(journal, "request-1", content=b"another")

        assert 1 == len(journal.list_all())


def test_a_refund_may_have_the_request_id_of_a_tap(tmp_path: Path) -> None:
    with a_journal(tmp_path) as journal:
        begin(journal, "request-1")
        journal.begin(Kind.REFUND, "request-1", content=b"another", made_at=NOON)

        assert [Kind.TAP, Kind.REFUND] == [entry.kind for entry in journal.list_open()]


def test_neither_the_file_nor_a_representation_shows_what_a_request_holds(tmp_path: Path) -> None:
    with a_journal(tmp_path) as journal:
        entry = begin(journal, "request-1")
        on_disk = b"".join(files(tmp_path).values())

        assert b"request-1" in on_disk
        assert b"99010119550307003X" not in on_disk
        assert "99010119550307003X" not in repr(entry) + repr(journal)
    assert 0o600 == (tmp_path / "till.journal").stat().st_mode & 0o777


def test_a_journal_opens_for_its_owner_with_its_key_alone(tmp_path: Path) -> None:
    a_journal(tmp_path).close()

    with pytest.raises(JournalIsAnothers):
        a_journal(tmp_path, owner="trm_" + "c" * 32)
    with pytest.raises(JournalIsAnothers):
        a_journal(tmp_path, key=b"k" * 32)
    a_journal(tmp_path).close()


@pytest.mark.parametrize("content", [b"no journal at all, but some text that is long enough" * 20, b"\x00" * 4_096])
def test_a_file_that_is_no_journal_is_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "till.journal").write_bytes(content)

    with pytest.raises(JournalError):
        a_journal(tmp_path)
    assert content == (tmp_path / "till.journal").read_bytes()


def test_a_database_of_something_else_is_left_as_it_is(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "till.journal")
    other.execute("CREATE TABLE stamps (name TEXT)")
    other.close()
    content = (tmp_path / "till.journal").read_bytes()

    with pytest.raises(JournalIsAnothers):
        a_journal(tmp_path)
    assert content == (tmp_path / "till.journal").read_bytes()


def test_one_process_at_a_time_has_the_journal(tmp_path: Path) -> None:
    with a_journal(tmp_path) as journal:
        with pytest.raises(JournalIsInUse):
            a_journal(tmp_path)
        begin(journal, "request-1")
        with a_python_process("tests.client.opens_journal", str(tmp_path)) as other:
            assert "JournalIsInUse" == next_line(other)
    with a_python_process("tests.client.opens_journal", str(tmp_path)) as other:
        assert "1" == next_line(other)
        with pytest.raises(JournalIsInUse):
            a_journal(tmp_path)
        other.kill()
        other.wait()
        a_journal(tmp_path).close()


def test_compaction_drops_what_ended_long_ago_and_nothing_else(tmp_path: Path) -> None:
    with a_journal(tmp_path) as journal:
        for number in range(200):
            end(journal, begin(journal, f"ended-{number:03}", content=CONTENT * 40))
        begin(journal, "open-and-old")
        end(journal, begin(journal, "ended-now", at=NOON + timedelta(days=30)))
        size_before = sum(map(len, files(tmp_path).values()))

        assert 200 == journal.compact(before=NOON + timedelta(days=1))
        assert ["open-and-old", "ended-now"] == [entry.request_id for entry in journal.list_all()]
        assert 0 == journal.compact(before=NOON + timedelta(days=1))
        assert size_before / 4 > sum(map(len, files(tmp_path).values()))


def test_entries_that_were_exchanged_in_the_file_do_not_open(tmp_path: Path) -> None:
    with a_journal(tmp_path) as journal:
        begin(journal, "request-1", content=b"for request 1")
        begin(journal, "request-2", content=b"for request 2")
    forger = sqlite3.connect(tmp_path / "till.journal")
    forger.execute("UPDATE request SET request_id = request_id || '-'")
    forger.commit()
    forger.close()

    with a_journal(tmp_path) as journal, pytest.raises(JournalError, match="changed in the file"):
        journal.list_open()


def test_made_at_keeps_its_instant_whatever_the_zone_of_the_till(tmp_path: Path) -> None:
    local = datetime(2026, 11, 25, 12, 0, 0, 5, tzinfo=UTC).astimezone()
    with a_journal(tmp_path) as journal:
        assert local == begin(journal, "request-1", at=local).made_at


STEPS = st.lists(st.tuples(st.booleans(), st.integers(0, 3_000)), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS, data=st.data())
def test_a_journal_cut_at_any_byte_has_every_step_that_was_complete_before(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[bool, int]], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    log = folder / "till.journal-wal"
    states: list[tuple[int, list[tuple[str, bool]]]] = []
    with a_journal(folder) as journal:
        states.append((log.stat().st_size, []))
        for number, (ends, size) in enumerate(steps):
            entry = begin(journal, f"request-{number}", content=b"x" * size)
            states.append((log.stat().st_size, read(journal)))
            if ends:
                end(journal, entry)
                states.append((log.stat().st_size, read(journal)))
        whole = files(folder)
    cut_at = data.draw(st.integers(states[0][0], states[-1][0]), label="cut at byte")
    torn = data.draw(st.sampled_from([b"", b"\x00" * 500, b"\xff" * 5_000]), label="what the disk left behind it")
    crashed = tmp_path_factory.mktemp("crashed")
    (crashed / "till.journal").write_bytes(whole["till.journal"])
    (crashed / "till.journal-wal").write_bytes(whole["till.journal-wal"][:cut_at] + torn)

    with a_journal(crashed) as journal:
        assert next(state for size, state in reversed(states) if size <= cut_at) == read(journal)
        begin(journal, "request-after-the-crash")
    with a_journal(crashed) as journal:
        assert "request-after-the-crash" == journal.list_open()[-1].request_id
    shutil.rmtree(folder)
    shutil.rmtree(crashed)


def read(journal: Journal) -> list[tuple[str, bool]]:
    return [(entry.request_id, entry.has_ended) for entry in journal.list_all()]
