"""Opens the journal of a till in a folder, says how that went, and holds it until its input ends."""

import sys
from pathlib import Path

from tests.client.world import JOURNAL_KEY, TILL
from yikatong.client.journal import Journal
from yikatong.client.problems import JournalError

if __name__ == "__main__":
    try:
        with Journal.open(Path(sys.argv[1]) / "till.journal", owner=TILL.terminal, key=JOURNAL_KEY) as journal:
            sys.stdout.write(f"{len(journal.list_all())}\n")
            sys.stdout.flush()
            sys.stdin.read()
    except JournalError as fault:
        sys.stdout.write(f"{type(fault).__name__}\n")
