"""A till that runs by itself in a process of its own, so that tests can kill it."""

import os
from pathlib import Path

from tests.client.world import CODE, JOURNAL_KEY, TILL, TILL_KEY
from yikatong.client.connection import Connection, Patience
from yikatong.client.journal import Journal
from yikatong.client.receipts import Admitted
from yikatong.client.terminal import Terminal


def run_till(address: str, folder: Path, taps_count: int) -> None:
    """Bring to an end what is open, then make taps, writing down each one that was acknowledged."""
    notebook = os.open(folder / "acknowledged", os.O_APPEND | os.O_CREAT | os.O_WRONLY)
    journal = Journal.open(folder / "till.journal", owner=TILL.terminal, key=JOURNAL_KEY)
    connection = Connection(address, token="yk_t", patience=Patience(answer_seconds=30), sleep=lambda seconds: None)
    with Terminal(connection, journal, identity=TILL, signing_key=TILL_KEY) as till:
        till.recover()
        for _ in range(taps_count):
            tap = till.tap(item="meal", amount_fen=100, code=CODE)
            if isinstance(tap, Admitted):
                os.write(notebook, f"{tap.request_id}\n".encode())
    os.close(notebook)
